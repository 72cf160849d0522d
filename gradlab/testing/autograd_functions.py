"""`gradcheck`: every entry of the Jacobian of a function of tensors, for authors of ``torch.autograd.Function``."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlab.comparison import Comparison, Verdict
from gradlab.comparison.verdicts import RANKED
from gradlab.errors import GradientNotConfirmed
from gradlab.graph.function import recording
from gradlab.graph.gradient import component_name
from gradlab.misuse import explains_misuse
from gradlab.testing import passes
from gradlab.testing.assertions import failing
from gradlab.testing.entries import Entries
from gradlab.testing.tensor_functions import TensorFunction, check_arguments, differentiable, steady_outputs
from gradlab.testing.wording import HEADS, SHOWN, counted, difference, values

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor


@recording()
@explains_misuse
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
    given: Any = nondet_tol
    if not (isinstance(given, (int, float)) and 0 <= given < float("inf")):
        raise ValueError(f"nondet_tol={nondet_tol!r} is no distance; give a number from 0 on, such as 1e-9")
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
        entries = Entries(checked, place, tuple(outputs[place].shape), at)
        for entry in range(outputs[place].numel()) if variables else ():
            claimed = {name: by_name[name][entry] for name in kept}
            comparison = entries.compared(entry, claimed)
            position = tuple(int(axis) for axis in np.unravel_index(entry, outputs[place].shape))
            label = "output" if len(outputs) == 1 else f"output{place}"
            found.append(_Row(component_name(label, position), comparison, failing(comparison, ("claimed",), kinks)))
    if any(row.failed.any() for row in found):
        raise GradientNotConfirmed(_told(checked, found, route, kinks))


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
    if cause.startswith("only"):  # of this row; what the other rows are is not known to it
        there = re.search(r"there it is ([^;]*)", cause)
        cause = f"there {route} is {there[1]}" if there else ""
    return [*lines, *([f"Cause: {cause}"] if cause else [])]
