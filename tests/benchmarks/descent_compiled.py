"""Compiled descent with its full history, beside the loop that torch users write by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from gradlab.descent import GradientDescent, descend
from tests.benchmarks import Figure, grown, in_turns
from tests.benchmarks._descent import RATE, START, by_hand, by_jax, loss_on
from tests.benchmarks._threads import one_thread

WHY = """
Gradient and rule as one function of machine code, {faster:,.0f} times as fast as the loop that torch users write by hand; it is compiled before, which takes about a second.
jax runs the same steps compiled by `jit` of a `scan`.
"""

BY_HAND = 1000


def recorded(loss: Callable[[Any], Any], steps: int) -> Any:
    """Run so many steps and keep every point."""
    rule = GradientDescent(RATE)
    return descend(loss, START, rule=rule, steps=steps, engine="compiled", check=False, keep=steps + 1)


def _calls(loss: Callable[[Any], Any], steps: int) -> dict[str, Callable[[], object]]:
    import torch

    calls: dict[str, Callable[[], object]] = {
        'gradlab, engine="compiled"': lambda: recorded(loss, steps),
        "jax, jit(scan)": by_jax(steps),
    }
    if steps <= 10 * BY_HAND:
        calls["torch, by hand"] = lambda: by_hand(loss, steps, torch.float64)
    return calls


def measure(repeats: int = 11) -> Figure:
    """Return what a step costs in a run that keeps every point, all that comes before and after it included."""
    return measured((1000, 30_000, 1_000_000), 0.001, "numba", repeats)


def measured(sizes: tuple[int, int, int], promised: float, by: str, repeats: int) -> Figure:
    """Return the figure for a run of as many steps as the last of the sizes."""
    import torch

    loss, steps = loss_on(torch.float64), sizes[-1]
    run = recorded(loss, steps)
    assert len(run.points) == steps + 1
    assert f"compiled by {by}" in run.notes[0]
    with one_thread():
        hand_loop = partial(by_hand, loss, BY_HAND, torch.float64)
        ratio, ours, hand = in_turns(lambda: recorded(loss, steps), hand_loop, repeats)
        growth = grown("steps", sizes, lambda steps: _calls(loss, steps), repeats=3)
    return Figure(
        f"compiled descent, by {by}",
        ratio * BY_HAND / steps,
        promised,
        f"a step of {steps:,} of the three-parameter fit ({1e9 * ours / steps:.0f} ns) / a step of the loop by hand "
        f"({1e6 * hand / BY_HAND:.0f} µs), median of {repeats} pairs",
        growth=growth,
        values={"faster": hand / BY_HAND / (ours / steps)},
    )
