"""Compiled gradients beside `torch.autograd.grad` and jax: value and gradient, float64, the same values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.benchmarks import Figure, Growth, grown, in_turns
from tests.benchmarks._threads import one_thread
from tests.benchmarks._words import quantity

GRADLAB, TORCH, JAX = "gradlab, compiled", "torch.autograd.grad", "jax, jit"


@dataclass(frozen=True)
class Loss:
    """One loss at one size.

    f: called with a module of functions (NumPy, torch, jax.numpy), and then with the values of the variables.
    data: what it also takes, by name, as arrays; each library has it in its own form.
    written_in: the module of functions from which gradlab reads it.
    """

    f: Callable[..., Any]
    values: Mapping[str, Any]
    data: Mapping[str, Any]
    written_in: str = "numpy"

    def gradlab(self, backend: str = "numpy") -> Callable[[], Any]:
        """Return a call of the compiled value and gradient."""
        library = import_module(self.written_in)
        data = {name: library.asarray(each) for name, each in self.data.items()}
        shapes = {name: np.shape(value) for name, value in self.values.items()}
        read = as_function(partial(self.f, library), shapes=shapes, data=data, name="loss")
        gradient, given = derive(read, list(self.values)).compile(backend), list(self.values.values())
        return lambda: gradient(*given)

    def torch(self) -> Callable[[], Any]:
        """Return a call of torch's value and gradient."""
        import torch

        data = {name: torch.tensor(each) for name, each in self.data.items()}
        leaves = [torch.tensor(value, requires_grad=True) for value in self.values.values()]

        def by_autograd() -> Any:
            value = self.f(torch, *leaves, **data)
            return value, torch.autograd.grad(value, leaves)

        return by_autograd

    def jax(self) -> Callable[[], Any]:
        """Return a call of jax's compiled value and gradient."""
        import jax

        jax.config.update("jax_enable_x64", True)
        data = {name: jax.numpy.asarray(each) for name, each in self.data.items()}
        given = [jax.numpy.asarray(value) for value in self.values.values()]
        numbers = tuple(range(len(given)))
        compiled = jax.jit(jax.value_and_grad(lambda *given: self.f(jax.numpy, *given, **data), argnums=numbers))
        return lambda: jax.block_until_ready(compiled(*given))

    def agreed(self) -> None:
        """Raise AssertionError where the three disagree."""
        value, partials = self.gradlab()()
        for their_value, their_partials in (self.torch()(), self.jax()()):
            np.testing.assert_allclose(value, their_value.item(), rtol=1e-9)
            for mine, theirs in zip(partials.values(), their_partials, strict=True):
                np.testing.assert_allclose(mine, theirs, rtol=1e-7, atol=1e-12)


def beside_autograd(
    what: str,
    loss_at: Callable[[int], Loss],
    by: str,
    sizes: tuple[int, int, int],
    at: int,
    at_most: float,
    repeats: int,
    calls: int = 1,
) -> Figure:
    """Return the time of a compiled value and gradient at one size as a ratio to torch's, and the growth of both.

    calls: how many of each are timed together, as in a loop; one call of a few microseconds is not measured alone.
    """
    with one_thread():
        loss = loss_at(at)
        loss.agreed()
        ratio, ours, theirs = in_turns(_repeated(loss.gradlab(), calls), _repeated(loss.torch(), calls), repeats)
        growth = _grown(loss_at, by, sizes, calls)
    how = f"value and gradient ({quantity(ours / calls, 's')}) / torch.autograd.grad ({quantity(theirs / calls, 's')})"
    several = f" of {calls} calls each" if calls > 1 else ""
    return Figure(what, ratio, at_most, f"{how}, {by} {at:,}, median of {repeats} pairs{several}", growth=growth)


def beside_numba(loss: Loss, calls: int, repeats: int = 51) -> dict[str, float]:
    """Return what machine code takes: as a ratio to torch, and in microseconds."""
    with one_thread():
        ratio, ours, _ = in_turns(_repeated(loss.gradlab("numba"), calls), _repeated(loss.torch(), calls), repeats)
    return {"numba": ratio, "numba_us": 1e6 * ours / calls}


def _grown(loss_at: Callable[[int], Loss], by: str, sizes: tuple[int, ...], calls: int) -> Growth:
    def calls_at(size: int) -> dict[str, Callable[[], object]]:
        loss = loss_at(size)
        made = {GRADLAB: loss.gradlab(), TORCH: loss.torch(), JAX: loss.jax()}
        return {name: _repeated(call, calls) for name, call in made.items()}

    found = grown(by, sizes, calls_at, repeats=11)
    curves = {name: tuple((size, each / calls) for size, each in points) for name, points in found.curves.items()}
    return Growth(by, "s", curves)


def _repeated(call: Callable[[], object], calls: int) -> Callable[[], None]:
    def loop() -> None:
        for _ in range(calls):
            call()

    return loop
