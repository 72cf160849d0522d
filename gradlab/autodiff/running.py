"""One pass through torch: the writer's own code, or the formula, on leaves; then ``backward()`` into them."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradlab.errors import GradlabError, NoFormulaError, NotScalarError
from gradlab.graph import Function, Point, evaluation
from gradlab.graph.function import torch_default
from gradlab.graph.guards import is_frozen
from gradlab.graph.nodes import topological
from gradlab.graph.raising import raised

if TYPE_CHECKING:
    from torch import Tensor

PRECISIONS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}
"""Bits of each dtype in which the pass can be run."""


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be differentiated by torch.

    names: the variables to differentiate with respect to.
    dtype: what torch computes in.  strict: do not try another dtype.
    cotangent: the weights of the sum that is differentiated, of the shape of the value; None for a single number.
    """

    function: Function
    point: Point
    names: tuple[str, ...]
    dtype: Any
    strict: bool = False
    cotangent: Any = None


@dataclass(frozen=True, eq=False)
class Pass:
    """A forward pass.

    leaves: the tensor of each variable.  output: the value.
    by_code: whether the writer's own code ran, and not the formula.  notes: what the route wants said.
    """

    leaves: Mapping[str, Tensor]
    output: Tensor
    by_code: bool
    notes: tuple[str, ...] = field(default=())

    @property
    def precision(self) -> int:
        """Bits of the arithmetic: code that brings float32 tensors of its own computes in float32."""
        return min(PRECISIONS.get(spoken(tensor.dtype), 53) for tensor in (self.output, *self.leaves.values()))


def spoken(dtype: Any) -> str:
    """Return the name of a torch dtype."""
    return str(dtype).removeprefix("torch.")


def as_dtype(dtype: Any) -> Any:
    """Return the torch dtype that is named; float64 for None, ValueError for what is no floating dtype."""
    import torch

    if dtype is None:
        return torch.float64
    found = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        raise ValueError(f"dtype={dtype!r} is no floating dtype of torch; choose from {', '.join(PRECISIONS)}")
    return found


def occurs(function: Function, name: str) -> bool:
    """Return whether a variable stands in the formula."""
    return function.output is not None and function.nodes[name] in topological([function.output])


# Forward ---------------------------------------------------------------------------------------------


def forward(task: Task) -> Pass:
    """Return the forward pass: by the writer's own code where it takes tensors, else by formula.

    Code whose own tensors are float32 may refuse float64 leaves; unless the task is strict, it is run in float32.
    """
    import torch

    function = task.function
    if function.code is None or function.style not in ("torch", "python"):
        return _by_formula(task)
    refused: list[str] = []
    for tried in dict.fromkeys([task.dtype] if task.strict else [task.dtype, torch.float32]):
        leaves = leaves_of(task, tried)
        try:
            with _conversions_refused(function), torch_default(tried):
                return Pass(leaves, _as_result(function, function.code(*leaves.values())), by_code=True)
        except (TypeError, AttributeError, RuntimeError, ValueError, IndexError) as error:
            refused.append(f"on {spoken(tried)} tensors: {_first_line(error)}")
            if not isinstance(error, RuntimeError):
                break
        except GradlabError:
            raise
        except Exception as error:
            raise raised(function, error, task.point) from error
    # Torch code that fails must not be answered for by its formula: it is what was to be checked.
    if function.output is None or function.style == "torch":
        raise GradlabError(f"{function.signature} does not run on torch tensors; {'; '.join(refused)}")
    note = f"the code does not run {refused[0]}; its formula was evaluated in torch instead"
    return _by_formula(task, note)


def leaves_of(task: Task, dtype: Any) -> dict[str, Tensor]:
    """Return the tensor of each variable at the point; those to differentiate with respect to require a gradient."""
    import torch

    return {
        name: torch.tensor(array.copy(), dtype=dtype, requires_grad=name in task.names)
        for name, array in task.point.items()
    }


def bound(task: Task) -> dict[str, Tensor]:
    """Return the data of the function as tensors."""
    import torch

    return {name: torch.tensor(array.copy(), dtype=task.dtype) for name, array in task.function.data.items()}


def _by_formula(task: Task, *notes: str) -> Pass:
    function = task.function
    if function.output is None:
        raise NoFormulaError(f"{function.signature} has no formula and is not written for torch: {function.no_formula}")
    leaves = leaves_of(task, task.dtype)
    values, sizes = {**bound(task), **leaves}, function.sizes(task.point)
    (output,) = evaluation.with_torch([function.output], values, sizes, task.dtype)
    return Pass(leaves, output, by_code=False, notes=notes)


def _as_result(function: Function, result: Any) -> Tensor:
    import torch

    if isinstance(result, torch.Tensor):
        return result
    try:
        return torch.as_tensor(result)
    except (TypeError, ValueError, RuntimeError) as error:
        raise GradlabError(f"{function.signature} returns {result!r:.40}; return a number or a tensor") from error


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


# Backward --------------------------------------------------------------------------------------------


def run_backward(task: Task, forward: Pass) -> None:
    """Run ``backward()`` into the leaves alone: weights that the code holds keep the .grad that they have.

    Raises NotScalarError where the weights do not fit the value, GradlabError where no way leads to the variables.
    """
    function, output = task.function, forward.output
    weights = _weights(function, output, task.cotangent)
    if output.requires_grad:
        try:
            output.backward(weights, inputs=[forward.leaves[name] for name in task.names])
        except RuntimeError as error:
            raise GradlabError(_refused(function, error)) from error
    elif function.output is None or any(occurs(function, name) for name in task.names):
        raise GradlabError(
            f"backward() finds no way from the value of {function.signature} back to its variables; the code cuts it "
            "off: under torch.no_grad(), or where it takes a number out (.item(), float(), .detach(), .numpy(), "
            "torch.tensor([…])); keep tensors throughout, and join them with torch.stack"
        )


def as_tensor(value: Any) -> Tensor:
    """Return numbers as a float64 tensor."""
    import torch

    return torch.as_tensor(value, dtype=torch.float64)


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
    weights = as_tensor(cotangent).to(output.dtype)
    if weights.shape != output.shape:
        raise NotScalarError(
            f"cotangent has shape {tuple(weights.shape)}, and the value of {function.signature} has shape "
            f"{tuple(output.shape)}; give one weight for each value"
        )
    return weights


def _refused(function: Function, error: RuntimeError) -> str:
    if "modified by an inplace operation" in str(error) or "is a view and" in str(error):
        return (
            f"backward() refuses {function.signature}: an operation in place (+=, x[0] = …, relu_) overwrote a value "
            "that an earlier operation needs for its derivative, as y += 1 does after y = x.exp(); write y = y + 1"
        )
    return f"backward() does not run on {function.signature}: {_first_line(error)}"
