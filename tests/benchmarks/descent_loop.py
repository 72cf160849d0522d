"""The descent loop through torch, with its full history, beside the loop that torch users write by hand."""

from __future__ import annotations

from typing import Any

from gradlab.descent import GradientDescent, descend
from tests.benchmarks import Figure, in_turns
from tests.benchmarks._descent import RATE, START, by_hand, loss_on, one_thread

STEPS = 1000


def measure(repeats: int = 41) -> Figure:
    """Return what 1,000 recorded steps cost, as a ratio to the same steps by hand, in the same dtype."""
    import torch

    loss = loss_on(torch.float32)

    def recorded() -> Any:
        start = torch.tensor(START)
        return descend(loss, start, rule=GradientDescent(RATE), steps=STEPS, engine="torch", check=False)

    with one_thread():
        ratio, ours, hand = in_turns(recorded, lambda: by_hand(loss, STEPS, torch.float32), repeats)
    return Figure(
        "descent through torch, every point, loss and gradient kept",
        ratio,
        1.05,
        f"{STEPS:,} steps of the three-parameter fit ({1e6 * ours / STEPS:.0f} µs each) / the loop by hand "
        f"({1e6 * hand / STEPS:.0f} µs each), median of {repeats} pairs",
    )
