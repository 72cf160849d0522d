"""`backward`: the gradient as PyTorch computes it."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gradlab.errors import GradlabError, NoFormulaError, NotScalarError
from gradlab.graph import Function, Gradient, Point, evaluation
from gradlab.graph.domain import first_not_finite
from gradlab.graph.function import torch_default
from gradlab.graph.guards import is_frozen
from gradlab.graph.nodes import topological
from gradlab.sources import at_point

if TYPE_CHECKING:
    from torch import Tensor

PRECISIONS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}
"""Bits of each dtype in which the pass can be run."""


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
    Raises NotScalarError if the value is no single number and no cotangent is given, PointError where the point does
    not fit, GradlabError where the code cuts its result off from the variables.

    >>> backward("x**2 + y", at={"x": 3, "y": 1}).partials["x"]
    array(6.)
    """
    import torch

    function, point = at_point(f, at)
    names = function.chosen(wrt)
    chosen = _dtype(dtype)
    notes: list[str] = []
    leaves, output = _forward(function, point, names, chosen, only=dtype is not None, notes=notes)
    _run(function, names, output, _weights(function, output, cotangent), [leaves[name] for name in names])
    partials = {}
    for name in names:
        found = leaves[name].grad
        if found is None:
            notes.append(_unreached(function, name))
            found = torch.zeros_like(leaves[name])
        partials[name] = found.detach().double().numpy()
    value = output.detach().double() if cotangent is None else (output.detach().double() * _as_tensor(cotangent)).sum()
    notes += _not_finite(function, point, partials)
    # Code that brings float32 tensors of its own computes in float32, whatever it is given.
    precision = min(PRECISIONS.get(_spoken(tensor.dtype), 53) for tensor in (output, *leaves.values()))
    if precision < PRECISIONS[_spoken(chosen)]:
        lowest = next(name for name, bits in PRECISIONS.items() if bits == precision)
        notes.append(f"the code computes in {lowest}, because its own tensors are of it")
    return Gradient(point, float(value), partials, "autodiff", notes=tuple(notes), precision=precision)


def _spoken(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def _unreached(function: Function, name: str) -> str:
    if function.output is not None and not _occurs(function, name):
        return f"{name} does not occur in the result: its derivative is 0"
    why = "the code detaches it" if function.output is not None else "it does not occur there, or the code detaches it"
    return f"backward() finds no way from the result to {name}: {why}; its derivative counts as 0"


def _occurs(function: Function, name: str) -> bool:
    return function.output is not None and function.nodes[name] in topological([function.output])


def _dtype(dtype: Any) -> Any:
    import torch

    if dtype is None:
        return torch.float64
    found = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        raise ValueError(f"dtype={dtype!r} is no floating dtype of torch; choose from {', '.join(PRECISIONS)}")
    return found


def _forward(
    function: Function, point: Point, names: Sequence[str], dtype: Any, *, only: bool, notes: list[str]
) -> tuple[Mapping[str, Tensor], Tensor]:
    """Return the leaves and the value: by the writer's own code where it takes tensors, else by formula.

    only: do not try another dtype.  Code whose own tensors are float32 may refuse float64 leaves; it is run in float32.
    """
    import torch

    if function.code is None or function.style not in ("torch", "python"):
        return _by_formula(function, point, names, dtype)
    refused: list[str] = []
    for tried in dict.fromkeys([dtype] if only else [dtype, torch.float32]):
        leaves = _leaves(point, names, tried)
        try:
            with _conversions_refused(function), torch_default(tried):
                return leaves, _as_result(function, function.code(*leaves.values()))
        except (TypeError, AttributeError, RuntimeError, ValueError, IndexError) as error:
            refused.append(f"on {_spoken(tried)} tensors: {_first_line(error)}")
            if not isinstance(error, RuntimeError):
                break
    # Torch code that fails must not be answered for by its formula: it is what was to be checked.
    if function.output is None or function.style == "torch":
        raise GradlabError(f"{function.signature} does not run on torch tensors; {'; '.join(refused)}")
    notes.append(f"the code does not run {refused[0]}; its formula was evaluated in torch instead")
    return _by_formula(function, point, names, dtype)


def _leaves(point: Point, names: Sequence[str], dtype: Any) -> dict[str, Tensor]:
    import torch

    return {name: torch.tensor(array.copy(), dtype=dtype, requires_grad=name in names) for name, array in point.items()}


def _as_result(function: Function, result: Any) -> Tensor:
    import torch

    if isinstance(result, torch.Tensor):
        return result
    try:
        return torch.as_tensor(result)
    except (TypeError, ValueError, RuntimeError) as error:
        raise GradlabError(f"{function.signature} returns {result!r:.40}; return a number or a tensor") from error


def _by_formula(
    function: Function, point: Point, names: Sequence[str], dtype: Any
) -> tuple[Mapping[str, Tensor], Tensor]:
    import torch

    if function.output is None:
        raise NoFormulaError(f"{function.signature} has no formula and is not written for torch: {function.no_formula}")
    leaves = _leaves(point, names, dtype)
    bound = {name: torch.tensor(array.copy(), dtype=dtype) for name, array in function.data.items()}
    (output,) = evaluation.with_torch([function.output], {**bound, **leaves}, function.sizes(point), dtype)
    return leaves, output


@contextmanager
def _conversions_refused(function: Function) -> Generator[None]:
    """Raise TypeError where code turns a tensor that needs a gradient into a plain number.

    torch only warns, and once in a process: math.sin(x) then counts as a constant, and the gradient is silently wrong.
    Where the formula of *function* holds such a value constant too, that is said already.
    """
    import torch

    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings():
            action = "ignore" if is_frozen(function) else "error"
            warnings.filterwarnings(action, message="Converting a tensor with requires_grad=True")
            yield
    except UserWarning as warning:
        if "Converting a tensor" not in str(warning):
            raise
        raise TypeError("the code cuts it off: it turns a tensor into a plain number, as float() does") from warning
    finally:
        torch.set_warn_always(before)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:120]


def _weights(function: Function, output: Tensor, cotangent: Any) -> Tensor | None:
    if cotangent is None:
        if output.ndim or output.numel() != 1:
            raise NotScalarError(
                f"{function.signature} has {output.numel()} values, of shape {tuple(output.shape)}, and backward() "
                "starts from one number: a gradient says how a single number changes; an array of them has a Jacobian, "
                "one row for each. Write .sum() or .mean() at the end, or choose the weights of the sum yourself: "
                f"cotangent={[1.0] * output.numel() if output.ndim == 1 and output.numel() <= 4 else '…'}, "
                "of the shape of the value; then backward() gives their product with the Jacobian"
            )
        return None
    weights = _as_tensor(cotangent).to(output.dtype)
    if weights.shape != output.shape:
        raise NotScalarError(
            f"cotangent has shape {tuple(weights.shape)}, and the value of {function.signature} has shape "
            f"{tuple(output.shape)}; give one weight for each value"
        )
    return weights


def _as_tensor(value: Any) -> Tensor:
    import torch

    return torch.as_tensor(value, dtype=torch.float64)


def _run(
    function: Function, names: Sequence[str], output: Tensor, weights: Tensor | None, leaves: list[Tensor]
) -> None:
    if output.requires_grad:
        # Into these leaves alone: weights that the code holds keep the .grad that they have.
        try:
            output.backward(weights, inputs=leaves)
        except RuntimeError as error:
            raise GradlabError(_refused(function, error)) from error
    elif function.output is None or any(_occurs(function, name) for name in names):
        raise GradlabError(
            f"backward() finds no way from the value of {function.signature} back to its variables; the code cuts it "
            "off: under torch.no_grad(), or where it takes a number out (.item(), float(), .detach(), .numpy(), "
            "torch.tensor([…])); keep tensors throughout, and join them with torch.stack"
        )


def _refused(function: Function, error: RuntimeError) -> str:
    if "modified by an inplace operation" in str(error) or "is a view and" in str(error):
        return (
            f"backward() refuses {function.signature}: an operation in place (+=, x[0] = …, relu_) overwrote a value "
            "that an earlier operation needs for its derivative, as y += 1 does after y = x.exp(); write y = y + 1"
        )
    return f"backward() does not run on {function.signature}: {_first_line(error)}"


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
