"""Compiled descent with its full history, beside the loop that torch users write by hand."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from gradlab.descent import GradientDescent, descend
from tests.benchmarks import Figure, in_turns
from tests.benchmarks._descent import RATE, START, by_hand, loss_on, one_thread

BY_HAND = 1000


def measure(repeats: int = 11) -> Figure:
    """Return what a step costs in a run that keeps every point, all that comes before and after it included."""
    return (
        measured(1_000_000, 0.001, "numba", repeats) if find_spec("numba") else measured(10_000, 0.1, "NumPy", repeats)
    )


def measured(steps: int, promised: float, by: str, repeats: int) -> Figure:
    """Return the figure for a run of so many steps."""
    import torch

    loss = loss_on(torch.float64)

    def recorded() -> Any:
        rule = GradientDescent(RATE)
        return descend(loss, START, rule=rule, steps=steps, engine="compiled", check=False, keep=steps + 1)

    run = recorded()
    assert len(run.points) == steps + 1
    assert f"compiled by {by}" in run.notes[0]
    with one_thread():
        ratio, ours, hand = in_turns(recorded, lambda: by_hand(loss, BY_HAND, torch.float64), repeats)
    return Figure(
        f"compiled descent ({by}), every point, loss and gradient kept",
        ratio * BY_HAND / steps,
        promised,
        f"a step of {steps:,} of the three-parameter fit ({1e9 * ours / steps:.0f} ns) / a step of the loop by hand "
        f"({1e6 * hand / BY_HAND:.0f} µs), median of {repeats} pairs",
    )
