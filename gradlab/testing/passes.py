"""The Jacobian as torch's passes give it: row by row with backward(), column by column in forward mode."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradlab.errors import GradientNotConfirmed
from gradlab.graph.raising import spoken
from gradlab.testing.tensor_functions import TensorFunction, check_kept, copies

if TYPE_CHECKING:
    from torch import Tensor

SCALE = -4.0
"""A pass is linear in what it is given: times -4, a power of two, it gives -4 times as much, to the last bit."""

ROUNDINGS = 64
"""So many roundings of its largest entry are granted to a row all the same, for sums in another order."""


def backward_rows(checked: TensorFunction, outputs: Sequence[Tensor], place: int, within: float) -> list[Tensor]:
    """Return per differentiated argument the rows of the Jacobian of one output: shape (m, *shape of the argument).

    place: of the output.  within: how far two passes may be apart.
    Raises GradientNotConfirmed where a pass raises, changes what it is given, or is not linear in it.
    """
    import torch

    output = outputs[place]
    variables = list(checked.variables.values())
    rows = [torch.zeros((output.numel(), *v.shape), dtype=v.dtype, device=v.device) for v in variables]
    if not output.requires_grad:
        return rows
    before = copies(checked)
    for entry in range(output.numel()):
        found = _one_row(checked, output, variables, entry, within, before)
        for row, value in zip(rows, found, strict=True):
            row[entry] = value
    if not output.numel():
        _pass_back(checked, output, variables, torch.zeros_like(output))
    return rows


def _one_row(
    checked: TensorFunction,
    output: Tensor,
    variables: Sequence[Tensor],
    entry: int,
    within: float,
    before: Sequence[Tensor | None],
) -> list[Tensor]:
    import torch

    above = torch.zeros_like(output, memory_format=torch.contiguous_format)
    above.view(-1)[entry] = 1.0
    found = _pass_back(checked, output, variables, above)
    check_kept(checked, before, f"the backward pass of {checked.called} changes")
    scaled = _pass_back(checked, output, variables, above * SCALE)
    for name, one, other in zip(checked.variables, found, scaled, strict=True):
        if _far(one * SCALE, other, within * abs(SCALE)):
            again = _pass_back(checked, output, variables, above)
            repeated = dict(zip(checked.variables, again, strict=True))[name]
            if _far(one, repeated, within):
                apart = float((one - repeated).abs().max())
                raise GradientNotConfirmed(
                    f"the backward pass of {checked.called} answers differently to the same gradient: "
                    f"what it returns for {name} changes by up to {apart:.3g}; allow that with nondet_tol={apart:.1g}"
                )
            raise GradientNotConfirmed(
                f"the backward pass of {checked.called} is not linear in the gradient that it is given: for {SCALE:g} "
                f"times as much it does not return {SCALE:g} times as much for {name}; does it multiply by grad_output?"
            )
    return found


def _pass_back(checked: TensorFunction, output: Tensor, variables: Sequence[Tensor], above: Tensor) -> list[Tensor]:
    import torch

    kept = above.clone()
    try:
        found = _grad(output, variables, above)
    except Exception as error:  # whatever the author's code raises
        raise GradientNotConfirmed(f"the backward pass of {checked.called} raises {spoken(error)}") from error
    if not torch.equal(kept, above):
        raise GradientNotConfirmed(
            f"the backward pass of {checked.called} changes the gradient that it is given, in place; "
            "others use it too: work on grad_output.clone()"
        )
    return [
        torch.zeros_like(variable) if value is None else value.detach()
        for variable, value in zip(variables, found, strict=True)
    ]


def _grad(output: Tensor, variables: Sequence[Tensor], above: Tensor) -> Sequence[Tensor | None]:
    """Return what the pass back gives for each argument; None for one that the output does not depend on."""
    import torch

    return torch.autograd.grad(output, variables, above, retain_graph=True, allow_unused=True)


def _far(one: Tensor, other: Tensor, within: float) -> bool:
    import torch

    one, other = one.nan_to_num(), other.nan_to_num()
    largest = float(one.abs().max()) if one.numel() else 0.0
    return bool(((one - other).abs() > within + ROUNDINGS * torch.finfo(one.dtype).eps * largest).any())


def check_undefined(checked: TensorFunction, outputs: Sequence[Tensor], places: Sequence[int]) -> None:
    """Raise GradientNotConfirmed where a pass back from an output that nothing depends on gives anything but nothing.

    Torch hands the backward pass None for such an output where set_materialize_grads(False) is set, else zeros.
    """
    import torch

    variables = list(checked.variables.values())
    for place in [place for place in places if outputs[place].requires_grad]:
        unused = _unused()(outputs[place])
        try:
            found = _grad(unused, variables, torch.ones_like(unused))
        except Exception as error:  # whatever the author's code raises on None
            raise GradientNotConfirmed(
                f"the backward pass of {checked.called} raises {type(error).__name__} where output {place} is not "
                f"used, and its gradient None: {error}"
            ) from error
        for name, value in zip(checked.variables, found, strict=True):
            if value is not None and bool((value != 0).any()):
                raise GradientNotConfirmed(
                    f"the backward pass of {checked.called} returns {float(value.abs().max()):.6g} for {name} where "
                    f"output {place} is not used; it has to return None or zeros"
                )


def _unused() -> Any:
    import torch

    class Unused(torch.autograd.Function):
        """Passes on nothing of the gradient that it is given."""

        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x.view_as(x)

        @staticmethod
        def backward(ctx: Any, *above: Any) -> Any:
            return None

    return Unused.apply


def forward_rows(checked: TensorFunction, places: Sequence[int]) -> list[list[Tensor]]:
    """Return per output and per differentiated argument the Jacobian in forward mode, in the form of `backward_rows`.

    Raises GradientNotConfirmed where forward mode raises.
    """
    import torch

    variables = [value.detach() for value in checked.variables.values()]
    by_output: list[list[Tensor]] = [[] for _ in places]
    for moving, variable in enumerate(variables):
        columns = [_moved(checked, variables, moving, entry, places) for entry in range(variable.numel())]
        for number, found in enumerate(by_output):
            of_output = [column[number].reshape(-1) for column in columns]
            rows = torch.stack(of_output, dim=1) if columns else torch.zeros((0, 0), dtype=variable.dtype)
            found.append(rows.reshape(-1, *variable.shape) if columns else rows)
    return by_output


def _moved(
    checked: TensorFunction, variables: Sequence[Tensor], moving: int, entry: int, places: Sequence[int]
) -> list[Tensor]:
    """Return the derivative of each output by one entry of one argument."""
    import torch
    from torch.autograd import forward_ad

    direction = torch.zeros_like(variables[moving], memory_format=torch.contiguous_format)
    direction.view(-1)[entry] = 1.0
    with warnings.catch_warnings(), forward_ad.dual_level():
        warnings.filterwarnings("ignore", "`torch.jit.script`", DeprecationWarning)  # torch's own use of it
        try:
            given = [forward_ad.make_dual(v, direction) if i == moving else v for i, v in enumerate(variables)]
            outputs = checked.with_values(given)
            parts = [forward_ad.unpack_dual(outputs[place]) for place in places]
        except (RuntimeError, NotImplementedError) as error:  # torch's, where a Function has no jvp
            raise GradientNotConfirmed(f"the forward mode of {checked.called} raises: {error}") from error
        return [torch.zeros_like(p) if moved is None else moved.detach().clone() for p, moved in parts]
