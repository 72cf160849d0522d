"""`gradcheck`: every entry of the Jacobian of a function of tensors, for authors of ``torch.autograd.Function``."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlab.comparison import Comparison, Verdict, compare
from gradlab.comparison.verdicts import RANKED
from gradlab.errors import GradientNotConfirmed, GradlabError, NoFormulaError
from gradlab.graph import Function
from gradlab.graph.gradient import component_name
from gradlab.graph.guards import frozen_names
from gradlab.graph.point import brief
from gradlab.sources import as_function
from gradlab.testing import passes
from gradlab.testing.assertions import failing
from gradlab.testing.tensor_functions import TensorFunction, check_arguments, differentiable, steady_outputs
from gradlab.testing.wording import HEADS, SHOWN, counted, difference, values

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

CACHED = 2**25
"""Numbers of outputs that are kept, 256 MiB: each point is evaluated once for all entries of an output."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
    kinks: bool = False,
) -> bool:
    """Return True if the backward pass of *func* gives every entry of its Jacobian; raise, or return False, if not.

    In place of ``torch.autograd.gradcheck``, with the same arguments.
    func: takes the *inputs*, returns a tensor or several, of any shape.
    inputs: a tensor or a sequence; differentiated are those that require a gradient, in the dtype they have.
    raise_exception: False to return False instead.  nondet_tol: how far two passes may be apart.
    check_undefined_grad: try a pass in which an output is not used.  check_forward_ad: check forward mode too.
    check_backward_ad: False to leave the backward pass out.  check_grad_dtypes: nothing more, torch sees to it.
    kinks: take values between the slopes on the two sides of a kink.

    The reference is the exact Jacobian where gradlab can read what *func* computes, its ``forward``; else finite
    differences of *func* in the dtype of the inputs, with their own error bound. There are no tolerances: *eps*,
    *atol* and *rtol* are accepted, so that a call need not change, and not used, with a warning.

    Raises GradientNotConfirmed, an AssertionError, where an entry differs, is at a kink or cannot be decided; where
    *func* answers differently to the same inputs, changes them, or returns no floating-point tensor; where the
    backward pass is not linear in the gradient it is given, changes that, or answers differently. ValueError for
    ``fast_mode=True``, for the checks under ``vmap``, and for complex or sparse inputs.

    >>> import torch
    >>> gradcheck(torch.sin, torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True))
    True
    """
    _refuse(fast_mode=fast_mode, batched=check_batched_grad or check_batched_forward_grad, masked=masked)
    _warn_unused({"eps": eps, "atol": atol, "rtol": rtol})
    if not (check_backward_ad or check_forward_ad):
        raise ValueError("check_backward_ad=False and check_forward_ad=False leave nothing to check")
    checked = TensorFunction(func, tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,))
    check_arguments(checked)
    try:
        outputs = steady_outputs(checked, nondet_tol)
        places = differentiable(checked, outputs)
        if check_backward_ad:
            rows = [passes.backward_rows(checked, outputs, place, nondet_tol) for place in places]
            _check(checked, outputs, places, rows, "backward", kinks)
        if check_forward_ad:
            _check(checked, outputs, places, passes.forward_rows(checked, places), "forward mode", kinks)
        if check_undefined_grad and check_backward_ad:
            passes.check_undefined(checked, outputs, places)
    except GradientNotConfirmed:
        if raise_exception:
            raise
        return False
    return True


def _refuse(*, fast_mode: bool, batched: bool, masked: bool | None) -> None:
    if fast_mode:
        raise ValueError(
            "fast_mode=True looks along one direction, and one direction is not a check: a flipped sign in one "
            "component of many is missed; leave it out"
        )
    if batched:
        raise ValueError("passes under vmap are not checked here; use torch.autograd.gradcheck for check_batched_grad")
    if masked:
        raise ValueError("masked=True is for sparse tensors; gradlab works with dense ones")


def _warn_unused(tolerances: Mapping[str, float | None]) -> None:
    given = [name for name, value in tolerances.items() if value is not None]
    if given:
        warnings.warn(
            f"{', '.join(given)} not used: gradlab measures its own error and decides by that; leave "
            f"{'it' if len(given) == 1 else 'them'} out",
            stacklevel=3,
        )


# The entries of the Jacobian -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Row:
    """The comparison for one entry of an output, and which of its components are not confirmed."""

    output: str
    comparison: Comparison
    failed: NDArray[np.bool_]


def _check(
    checked: TensorFunction,
    outputs: Sequence[Tensor],
    places: Sequence[int],
    rows: Sequence[Sequence[Tensor]],
    route: str,
    kinks: bool,
) -> None:
    """Raise GradientNotConfirmed unless all *rows*, per output and argument, are those of the Jacobian."""
    import numpy as np

    variables = {name: value for name, value in checked.variables.items() if value.numel()}
    kept = [name for name in checked.variables if name in variables]
    at = {name: value.detach() for name, value in variables.items()}
    found: list[_Row] = []
    for place, of_output in zip(places, rows, strict=True):
        by_name = dict(zip(checked.variables, of_output, strict=True))
        entries = _Entries(checked, place, tuple(outputs[place].shape), kept)
        for entry in range(outputs[place].numel()) if variables else ():
            claimed = {name: by_name[name][entry] for name in kept}
            comparison = entries.compared(entry, at, claimed)
            position = tuple(int(axis) for axis in np.unravel_index(entry, outputs[place].shape))
            label = "output" if len(outputs) == 1 else f"output{place}"
            found.append(_Row(component_name(label, position), comparison, failing(comparison, ("claimed",), kinks)))
    if any(row.failed.any() for row in found):
        raise GradientNotConfirmed(_told(checked, found, route, kinks))


class _Entries:
    """The entries of one output, each as a function of the differentiated arguments."""

    def __init__(self, checked: TensorFunction, place: int, shape: tuple[int, ...], names: Sequence[str]) -> None:
        self.checked, self.place, self.shape, self.names = checked, place, shape, tuple(names)
        self.readable = True
        self.seen: dict[bytes, Any] = {}

    def compared(self, entry: int, at: Mapping[str, Tensor], claimed: Mapping[str, Tensor]) -> Comparison:
        """Return the comparison of a claimed row with the formula of the entry, or without one with differences."""
        if self.readable:
            try:
                return compare(
                    self._read(entry, at), at, wrt=self.names, routes=("symbolic", "numeric"), claimed=claimed
                )
            except GradlabError:
                # What is no formula for gradlab can still be called.
                self.readable = False
        return compare(self._called(entry, at), at, wrt=self.names, routes=("numeric",), claimed=claimed)

    def _read(self, entry: int, at: Mapping[str, Tensor]) -> Function:
        def component(*arguments: Any) -> Any:
            return self._chosen(self.checked.with_values(self._all(arguments)), entry)

        function = self._function(component, at, opaque=False)
        held = frozen_names(function.formula)  # raises NoFormulaError where there is no formula
        if held:
            # Differences can hold what is detached; the backward pass of an author is to know nothing of it.
            raise NoFormulaError(f"{self.checked.called} detaches {', '.join(held)}")
        return function

    def _called(self, entry: int, at: Mapping[str, Tensor]) -> Function:
        def component(*arguments: Any) -> float:
            values = self._values(arguments)
            return float(values[entry]) if values is not None else float("nan")

        return self._function(component, at, opaque=True)

    def _function(self, code: Callable[..., Any], at: Mapping[str, Tensor], *, opaque: bool) -> Function:
        parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in self.names]
        vars(code)["__signature__"] = inspect.Signature(parameters)
        shapes = {name: tuple(value.shape) for name, value in at.items()}
        return as_function(code, shapes=shapes, name=self.checked.called, opaque=opaque)

    def _chosen(self, outputs: tuple[Any, ...], entry: int) -> Any:
        import numpy as np

        output = outputs[self.place]
        return output[tuple(int(axis) for axis in np.unravel_index(entry, self.shape))] if self.shape else output

    def _all(self, arguments: Sequence[Any]) -> list[Any]:
        """Return values for all differentiated arguments; those without entries stay as they are."""
        given = dict(zip(self.names, arguments, strict=True))
        return [given.get(name, value) for name, value in self.checked.variables.items()]

    def _values(self, arguments: Sequence[Any]) -> Any:
        """Return all entries of the output, flat, from memory where the point has been seen; None where it raises."""
        import numpy as np

        key = b"".join(np.asarray(argument).tobytes() for argument in arguments)
        if key in self.seen:
            return self.seen[key]
        outputs = self.checked.near(self._all(arguments))
        values = None if outputs is None else self._flat(outputs[self.place], arguments)
        if self.shape and (len(self.seen) + 1) * int(np.prod(self.shape)) <= CACHED:
            self.seen[key] = values
        return values

    def _flat(self, output: Tensor, arguments: Sequence[Any]) -> Any:
        if tuple(output.shape) != self.shape:
            where = ", ".join(f"{n} = {brief(v)}" for n, v in zip(self.names, arguments, strict=True))
            raise GradientNotConfirmed(
                f"output {self.place} of {self.checked.called} has shape {self.shape} at the point, but "
                f"{tuple(output.shape)} at {where}"
            )
        return output.detach().double().cpu().numpy().reshape(-1)


# What a failure says --------------------------------------------------------------------------------


def _told(checked: TensorFunction, rows: Sequence[_Row], route: str, kinks: bool) -> str:
    import numpy as np

    total = sum(row.failed.size for row in rows)
    lines = [f"the {route} {'pass ' if route == 'backward' else ''}of {checked.called} is not confirmed"]
    for verdict, head in HEADS.items():
        rank = RANKED.index(verdict)
        at_fault = [row for row in rows if (row.failed & (row.comparison.judgement.ranks == rank)).any()]
        if not at_fault:
            continue
        count = sum(int((row.failed & (row.comparison.judgement.ranks == rank)).sum()) for row in at_fault)
        lines.append(counted(head, count, total).replace("omponents", "omponents of the Jacobian", 1))
        if verdict is Verdict.DIFFER:
            worst = max(at_fault, key=lambda row: float(np.nan_to_num(row.comparison.judgement.excess).max()))
            lines += _worst(worst, route)
            continue
        for row in at_fault[:SHOWN]:
            place = next(int(p) for p in row.comparison.judgement.order if row.comparison.judgement.ranks[p] == rank)
            component = row.comparison.component(place)
            lines.append(f" ∂{row.output}/∂{component.name}: {component.reason.replace('claimed', route)}")
        if len(at_fault) > SHOWN:
            lines.append(f" … and {len(at_fault) - SHOWN:,} more entries of the output")
    return "\n".join([*lines, *checked.trouble])


def _worst(row: _Row, route: str) -> list[str]:
    comparison = row.comparison
    place = int(comparison.judgement.order[0])
    component, reference = comparison.component(place), comparison.evidence.reference
    assert reference is not None
    if comparison.evidence.kinks[place]:
        return [f" ∂{row.output}/∂{component.name}: {component.reason.replace('claimed', route)}"]
    actual, desired = component.values["claimed"], component.values[reference]
    lines = [difference(f"∂{row.output}/∂{component.name}", abs(actual - desired), component.bound)]
    lines += values(route, reference, (actual, desired))
    cause = comparison.cause.replace("claimed", route)
    return [*lines, *([f"Cause: {cause}"] if cause else [])]
