"""A function of tensors under check: what it is called with, what it returns, and whether it keeps still."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradlab.errors import GradientNotConfirmed
from gradlab.graph.gradient import component_name
from gradlab.graph.point import brief

if TYPE_CHECKING:
    from torch import Tensor

REPEATS = 8
"""Calls of a function that draws random numbers: dropout of one entry in two is the same in all with odds 1 in 128."""


@dataclass(frozen=True, eq=False)
class TensorFunction:
    """A function and the arguments at which it is checked.

    Differentiated are the tensors among the arguments that require a gradient; everything else stays as it is.
    trouble: what it raised away from the point, the first time, with that point.
    """

    func: Callable[..., Any]
    arguments: tuple[Any, ...]
    trouble: list[str] = field(default_factory=list)

    @cached_property
    def called(self) -> str:
        """What the function is called."""
        owner = getattr(self.func, "__self__", None)
        named = owner if isinstance(owner, type) else self.func
        name = str(getattr(named, "__name__", type(named).__name__))
        return name if name.isidentifier() else "func"

    @cached_property
    def places(self) -> tuple[int, ...]:
        """Which of the arguments are differentiated; one that is given twice counts once."""
        import torch

        firsts = {id(given): place for place, given in reversed([*enumerate(self.arguments)])}
        tensors = [place for place in sorted(firsts.values()) if isinstance(self.arguments[place], torch.Tensor)]
        return tuple(place for place in tensors if self.arguments[place].requires_grad)

    @cached_property
    def names(self) -> dict[int, str]:
        """A name for each differentiated argument: that of the parameter, where the function has one."""
        known = _parameters(self.func)
        if len(self.arguments) == 1 and not known:
            known = ["x"]
        return {place: known[place] if place < len(known) else f"x{place}" for place in self.places}

    @property
    def variables(self) -> dict[str, Tensor]:
        """The differentiated arguments by name."""
        return {self.names[place]: self.arguments[place] for place in self.places}

    def outputs(self) -> tuple[Any, ...]:
        """Return what the function returns at its arguments, as a tuple; with the graph behind it."""
        return _as_tuple(self.func(*self.arguments))

    def with_values(self, values: Sequence[Any]) -> tuple[Any, ...]:
        """Return what the function returns for other values of the differentiated arguments, as a tuple."""
        replaced = {id(self.arguments[place]): value for place, value in zip(self.places, values, strict=True)}
        return _as_tuple(self.func(*(replaced.get(id(given), given) for given in self.arguments)))

    def near(self, values: Sequence[Any]) -> tuple[Any, ...] | None:
        """Return the same for arrays of numbers, as tensors of the dtype and the strides of the arguments.

        None where the function raises; the first time it does is kept in `trouble`.
        """
        import torch

        given = [like(self.arguments[place], value) for place, value in zip(self.places, values, strict=True)]
        try:
            with torch.no_grad():
                return self.with_values(given)
        except Exception as error:  # anybody's code may raise anything, and a step may leave its domain
            if not self.trouble:
                where = ", ".join(f"{name} = {shown(v)}" for name, v in zip(self.variables, given, strict=True))
                self.trouble.append(f"{self.called} raises {type(error).__name__} at {where}: {error}")
            return None


def _parameters(func: Callable[..., Any]) -> list[str]:
    """Return the names of the parameters by position; for ``Function.apply``, those of its forward pass."""
    owner = getattr(func, "__self__", None)
    told = owner.forward if isinstance(owner, type) and hasattr(owner, "forward") else func
    try:
        parameters = inspect.signature(told).parameters.values()
    except (TypeError, ValueError):  # built-in functions have none
        return []
    names = [kind.name for kind in parameters if kind.kind in (kind.POSITIONAL_ONLY, kind.POSITIONAL_OR_KEYWORD)]
    has_context = told is not func and len(names) > 0 and not _sets_up_apart(owner)
    return names[1:] if has_context else names


def _sets_up_apart(owner: Any) -> bool:
    import torch

    return owner.setup_context is not torch.autograd.Function.setup_context


def _as_tuple(returned: Any) -> tuple[Any, ...]:
    return tuple(returned) if isinstance(returned, (tuple, list)) else (returned,)


def like(tensor: Tensor, values: Any) -> Tensor:
    """Return *values* as a tensor with the dtype, the device and, where entries do not share memory, the strides."""
    import torch

    filled = torch.as_tensor(values).to(tensor.dtype).to(tensor.device)
    if 0 in tensor.stride() or not tensor.numel():
        return filled.reshape(tensor.shape)
    laid_out = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=tensor.device)
    return laid_out.copy_(filled.reshape(tensor.shape))


def shown(tensor: Tensor) -> str:
    """Return the values of a tensor on one line."""
    return brief(tensor.detach().double().cpu().numpy())


# What can be checked at all -------------------------------------------------------------------------


def check_arguments(checked: TensorFunction) -> None:
    """Raise ValueError, naming the argument, where gradlab cannot differentiate by it; TypeError for no function."""
    import torch

    if not callable(checked.func):
        raise TypeError(f"func={checked.func!r:.60} is no function; give the function itself, f and not f(x)")
    if not checked.places:
        raise ValueError(
            f"no argument of {checked.called} requires a gradient; write torch.tensor(…, requires_grad=True)"
        )
    for place in checked.places:
        given, name = checked.arguments[place], f"inputs[{place}]"
        if given.is_meta:
            raise ValueError(f"{name} is on the device meta, where tensors have no values; make it on another")
        if given.is_inference():
            raise ValueError(
                f"{name} was made under torch.inference_mode(), where torch records nothing; make it outside of that"
            )
        if given.is_complex():
            raise ValueError(
                f"{name} is {str(given.dtype).removeprefix('torch.')}; gradlab works with real numbers. "
                "Check the function of torch.view_as_real(z) instead"
            )
        if given.layout is not torch.strided:
            raise ValueError(
                f"{name} is {str(given.layout).removeprefix('torch.')}; give it dense, as {name}.to_dense()"
            )


def differentiable(checked: TensorFunction, outputs: tuple[Any, ...]) -> tuple[int, ...]:
    """Return which outputs are to be checked: those that require a gradient, or if none does, all floating ones.

    Raises GradientNotConfirmed where the function returns anything but tensors, or only whole numbers.
    """
    import torch

    for place, output in enumerate(outputs):
        if not isinstance(output, torch.Tensor):
            raise GradientNotConfirmed(
                f"{checked.called} returns {output!r:.60} ({type(output).__name__}) as output {place}; "
                "return a tensor, or a tuple of tensors"
            )
        if output.is_complex():
            raise GradientNotConfirmed(
                f"output {place} of {checked.called} is {str(output.dtype).removeprefix('torch.')}; gradlab works with "
                "real numbers. Return torch.view_as_real(output) instead"
            )
    real = tuple(place for place, output in enumerate(outputs) if output.is_floating_point())
    if not real:
        kinds = ", ".join(str(output.dtype).removeprefix("torch.") for output in outputs) or "nothing"
        raise GradientNotConfirmed(f"{checked.called} returns {kinds}, of which there is no gradient")
    # What torch knows to depend on nothing has the gradient 0, and that is checked; beside other outputs, as
    # torch's own check does, it is taken for marked as not differentiable.
    return tuple(place for place in real if outputs[place].requires_grad) or real


# Whether it keeps still -----------------------------------------------------------------------------


def steady_outputs(checked: TensorFunction, within: float) -> tuple[Any, ...]:
    """Return the outputs; raise GradientNotConfirmed where two calls differ, or a call changes its arguments.

    within: how far two calls may be apart.
    """
    import torch

    before = copies(checked)
    state = torch.get_rng_state()
    outputs = checked.outputs()
    check_kept(checked, before, f"{checked.called} changes")
    draws = not torch.equal(state, torch.get_rng_state())
    for _ in range(REPEATS if draws else 1):
        _check_same(checked, outputs, checked.outputs(), within)
    return outputs


def copies(checked: TensorFunction) -> list[Tensor | None]:
    """Return a copy of each argument that is a tensor."""
    import torch

    return [given.detach().clone() if isinstance(given, torch.Tensor) else None for given in checked.arguments]


def check_kept(checked: TensorFunction, before: Sequence[Tensor | None], who: str) -> None:
    """Raise GradientNotConfirmed where an argument is not what it was *before*; *who* changes it, in words."""
    import torch

    for place, (kept, given) in enumerate(zip(before, checked.arguments, strict=True)):
        if kept is None or torch.equal(kept.nan_to_num(), given.detach().nan_to_num()):
            continue
        at = tuple(int(axis) for axis in (kept != given.detach()).nonzero()[0])
        raise GradientNotConfirmed(
            f"{who} its argument in place: {component_name(f'inputs[{place}]', at)} was {kept[at].item():.10g} before "
            f"and is {given[at].item():.10g} after; work on a copy, as {f'inputs[{place}]'}.clone()"
        )


def _check_same(checked: TensorFunction, first: Sequence[Any], second: Sequence[Any], within: float) -> None:
    import torch

    if len(first) != len(second):
        raise GradientNotConfirmed(f"{checked.called} returned {len(first)} outputs, then {len(second)}")
    for place, (one, other) in enumerate(zip(first, second, strict=True)):
        if not (isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor)):
            continue
        if one.shape != other.shape:
            raise GradientNotConfirmed(
                f"output {place} of {checked.called} had shape {tuple(one.shape)}, then {tuple(other.shape)}"
            )
        apart = (one.detach() - other.detach()).abs().nan_to_num(0.0) if one.is_floating_point() else one != other
        if bool((apart > within).any()):
            at = tuple(int(axis) for axis in (apart > within).nonzero()[0])
            entry = component_name(f"output {place}", at)
            raise GradientNotConfirmed(
                f"{checked.called} answers differently to the same arguments: {entry} was {one[at].item():.10g}, then "
                f"{other[at].item():.10g}. It draws random numbers or keeps a state; "
                "seed it inside the function, or switch it off as model.eval() does"
            )
