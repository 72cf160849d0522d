"""Where the gradient of a run comes from: one entry for each way, all of the same shape.

An engine is prepared once, at the start; then `evaluate` is called once for each point, with the flat
vector of all variables. What can be done before the first step is done there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlab.descent.history import Layout
from gradlab.descent.optimizers import Vector
from gradlab.errors import DomainError, GradlabError
from gradlab.graph import Function, Point
from gradlab.sources import at_point

if TYPE_CHECKING:
    from gradlab.graph.nodes import Node
    from gradlab.graph.point import Array


@dataclass(frozen=True, eq=False)
class Engine:
    """One way to get a gradient, prepared for one function.

    start: the flat vector to begin with, in the engine's own kind of array.
    evaluate: the loss, as float, and its flat gradient at a flat vector.
    stacked: vectors of that kind as the rows of a NumPy array.
    notes: what there is to say after the run.
    """

    name: str
    start: Vector
    evaluate: Callable[[Vector], tuple[float, Vector]]
    stacked: Callable[[Sequence[Vector]], Array]
    notes: Callable[[], Sequence[str]] = tuple


def prepare(name: str, function: Function, start: Point, dtype: Any = None) -> Engine:
    """Return the engine called *name*, ready to step *function* from *start*.

    name: one of `ENGINES`, or "auto": exact where there is a formula, else torch where the code takes tensors,
        else numeric.
    dtype: the torch dtype to compute in, float64 if not given; the other engines compute in float64.
    Raises ValueError for another name; NoFormulaError and NotScalarError as the routes do.
    """
    chosen = _automatic(function, start) if name == "auto" else name
    if chosen not in ENGINES:
        raise ValueError(f"no engine named {name!r}; there are {', '.join(ENGINES)} and auto")
    layout = Layout({variable: array.shape for variable, array in start.items()})
    return ENGINES[chosen](function, start, layout, dtype)


def _automatic(function: Function, start: Point) -> str:
    if function.output is not None:
        return "exact"
    return "torch" if _takes_tensors(function, start) else "numeric"


def _takes_tensors(function: Function, start: Point) -> bool:
    """Return whether the code, given tensors, returns one that backward() can start from."""
    torch = sys.modules.get("torch")  # code that needs torch has imported it
    if torch is None or function.code is None:
        return False
    try:
        loss = function.code(*(torch.tensor(array, requires_grad=True) for array in start.values()))
    except Exception:  # whatever it raises: it is not for tensors
        return False
    return isinstance(loss, torch.Tensor) and loss.requires_grad


def _exact(function: Function, start: Point, layout: Layout, dtype: Any) -> Engine:
    """The derived gradient, evaluated by NumPy; what does not depend on the variables is computed once.

    Where the code decides by its values (``if``), each step looks whether it still goes the same way; where it does
    not, the way that it goes there is derived too, and the engine remembers both.
    """
    branches = [_Branch(function, start, layout)]
    if not function.guards:
        return Engine("exact", layout.flat(start), branches[0].evaluate, _rows)

    def evaluate(x: Array) -> tuple[float, Array]:
        for branch in branches:
            found = branch.evaluate(x)
            if branch.holds():
                return found
        point = Point(layout.unpacked(x))
        branches.append(_Branch(at_point(function, point)[0], point, layout))
        return branches[-1].evaluate(x)

    def notes() -> Sequence[str]:
        ways = len(branches)
        return (f"the code went {ways} ways (if, while); the gradient of each was derived",) if ways > 1 else ()

    return Engine("exact", layout.flat(start), evaluate, _rows, notes)


class _Branch:
    """The value and the gradient of a formula, and whether the formula is the function there."""

    def __init__(self, function: Function, start: Point, layout: Layout) -> None:
        from gradlab.graph.backends import NumpyBackend
        from gradlab.graph.nodes import compute, topological
        from gradlab.symbolic import derive

        partials = derive(function).partials
        self._layout = layout
        self._guards = function.guards
        self._outputs = [function.formula, *(partials[name] for name in layout.shapes)]
        self._values: dict[str, Any] = dict(function.data)
        self._values.update(layout.unpacked(layout.flat(start)))
        self._backend = NumpyBackend(self._values, function.sizes(start))
        self._compute = compute
        moving: set[Node] = set(function.nodes.values())
        self._varying: list[Node] = []
        self._known: dict[Node, Any] = {}
        for node in topological([*self._outputs, *(guard.condition for guard in function.guards)]):
            if node in moving or not moving.isdisjoint(node.operands):
                moving.add(node)
                self._varying.append(node)
            else:
                self._known[node] = compute(node, [self._known[operand] for operand in node.operands], self._backend)

    def evaluate(self, x: Array) -> tuple[float, Array]:
        import numpy as np

        known, compute, backend = self._known, self._compute, self._backend
        self._values.update(self._layout.unpacked(x))
        for node in self._varying:
            known[node] = compute(node, [known[operand] for operand in node.operands], backend)
        loss, *partials = (known[output] for output in self._outputs)
        return float(loss), np.concatenate([np.reshape(partial, -1) for partial in partials])

    def holds(self) -> bool:
        """Return whether the code goes this way where `evaluate` was last called."""
        return all(bool(self._known[guard.condition] != 0) == guard.holds for guard in self._guards)


def _numeric(function: Function, start: Point, layout: Layout, dtype: Any) -> Engine:
    """Finite differences at every point: the slow way, which needs nothing but values."""
    import numpy as np

    from gradlab.numeric import estimate

    def evaluate(x: Array) -> tuple[float, Array]:
        point = layout.unpacked(x)
        try:
            found = estimate(function, point)
        except DomainError:  # the loop tells inf from nan, and knows the point before
            return float(function(point)), np.full(layout.size, np.nan)
        return found.value, layout.flat(found.partials)

    return Engine("numeric", layout.flat(start), evaluate, _rows)


def _torch(function: Function, start: Point, layout: Layout, dtype: Any) -> Engine:
    """backward(), as in the loop that torch users write by hand::

    for step in range(steps):
        loss = mse(f(t, params), y)
        loss.backward()
        with torch.no_grad():
            params -= rate * params.grad
        params.grad = None
    """
    import torch

    from gradlab.autodiff import backward

    dtype = dtype or torch.float64
    counts, shapes = layout.counts, list(layout.shapes.values())
    vector = torch.tensor(layout.flat(start), dtype=dtype)

    def apart(x: Any) -> list[Any]:
        return [part.view(shape).requires_grad_() for part, shape in zip(x.split(counts), shapes, strict=True)]

    def several(x: Any) -> tuple[float, Any]:
        leaves = apart(x)
        loss = call(*leaves)
        if loss.requires_grad:
            loss.backward(inputs=leaves if shared else None)
        partials = [torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in leaves]
        return loss.item(), torch.cat([partial.reshape(-1) for partial in partials])

    def one(x: Any) -> tuple[float, Any]:
        # As `several` for a single vector. Turning the flag on and off is cheaper than a detached copy.
        x.requires_grad_()
        loss = call(x)
        loss.backward()
        x.requires_grad_(False)
        gradient, x.grad = x.grad, None
        return loss.item(), gradient

    leaves = apart(vector)
    call, loss = _torch_code(function, start, leaves, dtype)
    if loss.ndim or not loss.requires_grad:
        backward(function, start, dtype=dtype)  # raises, and says what to write, unless the loss is constant
    # To name the inputs costs a tenth of a small step; without it, weights that the code holds gather gradients.
    shared = _reaches_others(loss, leaves)
    alone = len(shapes) == 1 and len(shapes[0]) == 1 and loss.requires_grad and not shared

    def rows(tensors: Sequence[Any]) -> Array:
        return torch.stack(list(tensors)).double().numpy()

    return Engine("torch", vector, one if alone else several, rows)


def _reaches_others(loss: Any, leaves: Sequence[Any]) -> bool:
    """Return whether ``loss.backward()`` would leave a gradient in tensors that are not among *leaves*."""
    known = {id(leaf) for leaf in leaves}
    seen: set[Any] = set()
    pending = [loss.grad_fn]
    while pending:
        node = pending.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)
        if variable is not None and id(variable) not in known:
            return True
        pending.extend(following for following, _ in node.next_functions)
    return False


def _torch_code(function: Function, start: Point, leaves: Sequence[Any], dtype: Any) -> tuple[Callable[..., Any], Any]:
    """Return the loss as a function of tensors, and its value: the writer's code if it takes them, else the graph."""
    import torch

    if function.code is not None and (function.style in ("torch", "python") or function.output is None):
        with suppress(TypeError, AttributeError, RuntimeError, ValueError):
            loss = function.code(*leaves)
            if isinstance(loss, torch.Tensor):
                return function.code, loss
    if function.output is None:
        from gradlab.autodiff import backward

        backward(function, start, dtype=dtype)  # raises, and says why the code does not run
    from gradlab.graph.backends import TorchBackend
    from gradlab.graph.evaluation import evaluate_all
    from gradlab.graph.nodes import topological

    if function.guards:
        raise GradlabError(
            f"{function.signature} decides by its values and is not written in torch: its formula holds for "
            f"{function.guards[0]} alone; choose engine='exact', which follows the code from way to way"
        )
    output = function.formula
    ordered = topological([output])
    values: dict[str, Any] = {name: torch.tensor(array, dtype=dtype) for name, array in function.data.items()}
    backend = TorchBackend(values, function.sizes(start), dtype)
    names = list(function.variables)

    def call(*leaves: Any) -> Any:
        values.update(zip(names, leaves, strict=True))
        return evaluate_all(ordered, backend)[output]

    return call, call(*leaves)


def _rows(vectors: Sequence[Array]) -> Array:
    import numpy as np

    return np.stack(list(vectors))


ENGINES: Mapping[str, Callable[[Function, Point, Layout, Any], Engine]] = {
    "exact": _exact,
    "torch": _torch,
    "numeric": _numeric,
}
"""The ways to a gradient, by the word for `engine`."""
