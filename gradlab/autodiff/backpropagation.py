"""`backward`: the gradient as PyTorch computes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradlab.autodiff.running import PRECISIONS, Task, as_dtype, as_tensor, forward, occurs, run_backward, spoken
from gradlab.graph import Function, Gradient, Point
from gradlab.graph.domain import first_not_finite
from gradlab.graph.function import recording
from gradlab.misuse import explains_misuse
from gradlab.sources import at_point

if TYPE_CHECKING:
    from gradlab.autodiff.table import Table


@recording()
@explains_misuse
def backward(
    f: Any,
    at: Any,
    *,
    wrt: str | Sequence[str] | None = None,
    dtype: Any = None,
    cotangent: Any = None,
) -> Gradient:
    """Return the gradient of *f* at a point as PyTorch's ``backward()`` computes it.

    f: anything `gradlab.as_function` takes.  Code written in torch or plain Python is run as it is; text, a SymPy
        expression or NumPy code is evaluated in torch from its formula.
    at: a mapping from variable to number, array or tensor, or the bare value of the only variable.
    wrt: the variables to differentiate with respect to; all by default.
    dtype: a torch dtype or its name; float64 by default.
    cotangent: for a function whose value is an array, the weights, of its shape, of the sum that is differentiated.

    The partials have the shape of their variable. The route makes no error bound.
    `Gradient.table` shows the pass operation by operation, beside torch's own graph.
    Raises NotScalarError if the value is no single number and no cotangent is given, PointError where the point does
    not fit, GradlabError where the code cuts its result off from the variables.

    >>> backward("x**2 + y", at={"x": 3, "y": 1}).partials["x"]
    array(6.)
    """
    import torch

    function, point = at_point(f, at)
    task = Task(function, point, function.chosen(wrt), as_dtype(dtype), dtype is not None, cotangent)
    found = forward(task)
    notes = list(found.notes)
    run_backward(task, found)
    partials = {}
    for name in task.names:
        partial = found.leaves[name].grad
        if partial is None:
            notes.append(_unreached(function, name))
            partial = torch.zeros_like(found.leaves[name])
        partials[name] = partial.detach().double().numpy()
    value = found.output.detach().double()
    if cotangent is not None:
        value = (value * as_tensor(cotangent)).sum()
    notes += _not_finite(function, point, partials)
    precision = found.precision
    if precision < PRECISIONS[spoken(task.dtype)]:
        lowest = next(name for name, bits in PRECISIONS.items() if bits == precision)
        notes.append(f"the code computes in {lowest}, because its own tensors are of it")
    return Gradient(
        point,
        float(value),
        partials,
        "autodiff",
        notes=tuple(notes),
        precision=precision,
        tabulate=lambda: _tabulated(task),
    )


def _tabulated(task: Task) -> Table:
    # Nobody pays for what only the table needs before it is asked for.
    from gradlab.autodiff.tabulating import tabulate

    return tabulate(task)


def _unreached(function: Function, name: str) -> str:
    if function.output is not None and not occurs(function, name):
        return f"{name} does not occur in the result: its derivative is 0"
    why = "the code detaches it" if function.output is not None else "it does not occur there, or the code detaches it"
    return f"backward() finds no way from the result to {name}: {why}; its derivative counts as 0"


def _not_finite(function: Function, point: Point, partials: Mapping[str, Any]) -> list[str]:
    import numpy as np

    bad = [name for name, array in partials.items() if not np.isfinite(array).all()]
    if not bad:
        return []
    said = None
    if function.output is not None:
        values = {**function.data, **point}
        said = first_not_finite([function.output], values, function.sizes(point), list(function.variables))
    where = f"the derivative with respect to {', '.join(bad)} is not finite at {point!r}"
    return [f"{where}: {said}" if said else where]
