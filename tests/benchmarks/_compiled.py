"""A compiled gradient beside `torch.autograd.grad`, forward pass and gradient, float64, the same values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.benchmarks import Figure, in_turns


def beside_autograd(
    what: str,
    loss: Callable[..., Any],
    torch_loss: Callable[..., Any],
    values: Mapping[str, Any],
    at_most: float,
    repeats: int,
    backend: str = "numpy",
    calls: int = 1,
) -> Figure:
    """Return the time of a compiled value and gradient as a ratio to that of torch's autograd.

    calls: how many of each are timed together, as in a loop; one call of a few microseconds is not measured alone.
    """
    import numpy as np
    import torch

    shapes = {name: np.shape(value) for name, value in values.items()}
    gradient = derive(as_function(loss, shapes=shapes)).compile(backend)
    given = list(values.values())
    leaves = [torch.tensor(value, requires_grad=True) for value in given]

    def by_autograd() -> Any:
        value = torch_loss(*leaves)
        return value, torch.autograd.grad(value, leaves)

    value, partials = gradient(*given)
    expected, torch_partials = by_autograd()
    np.testing.assert_allclose(value, expected.item(), rtol=1e-9)
    for mine, theirs in zip(partials.values(), torch_partials, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-7, atol=1e-12)

    def repeated(call: Callable[[], object]) -> Callable[[], None]:
        def loop() -> None:
            for _ in range(calls):
                call()

        return loop

    ratio, ours, theirs = in_turns(repeated(lambda: gradient(*given)), repeated(by_autograd), repeats)
    how = f"value and gradient ({_scaled(ours / calls)}) / torch.autograd.grad ({_scaled(theirs / calls)})"
    several = f" of {calls} calls each" if calls > 1 else ""
    if calls > 1 and find_spec("numba") is not None:
        looped = derive(as_function(loss, shapes=shapes)).compile("numba")
        fast, machine, _ = in_turns(repeated(lambda: looped(*given)), repeated(by_autograd), repeats)
        several += f'; with "numba" {fast:.2g} ({_scaled(machine / calls)})'
    return Figure(what, ratio, at_most, f"{how}, median of {repeats:,} pairs{several}")


def _scaled(seconds: float) -> str:
    return f"{1e6 * seconds:.0f} µs" if seconds < 1e-3 else f"{1e3 * seconds:.1f} ms"
