"""The descent loop through torch, with its full history, beside the loop that torch users write by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradlab.descent import GradientDescent, descend
from tests.benchmarks import Figure, grown, in_turns
from tests.benchmarks._descent import RATE, START, by_hand, loss_on
from tests.benchmarks._threads import one_thread

WHY = """
The same tensors and the same operations, in the same order: what is added is the record.
`engine="exact"` steps by the derived gradient instead, and the loop with `torch.optim.SGD` is the one that many write.
"""

SHORT = """
Each step copies point, loss and gradient; on a busy machine the difference of two nearly equal times is uncertain by some percent.
Next: the copies go into arrays that are there before the run.
"""

STEPS = 1000


def _recorded(loss: Callable[[Any], Any], steps: int, engine: str) -> Any:
    import torch

    start, rule = torch.tensor(START), GradientDescent(RATE)
    return descend(loss, start, rule=rule, steps=steps, engine=engine, check=False)


def _by_optimizer(loss: Callable[[Any], Any], steps: int) -> list[float]:
    import torch

    params = torch.tensor(START).requires_grad_()
    optimizer, losses = torch.optim.SGD([params], lr=RATE), []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(params)
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses


def _calls(loss: Callable[[Any], Any], steps: int) -> dict[str, Callable[[], object]]:
    import torch

    return {
        'gradlab, engine="torch"': lambda: _recorded(loss, steps, "torch"),
        "torch, by hand": lambda: by_hand(loss, steps, torch.float32),
        'gradlab, engine="exact"': lambda: _recorded(loss, steps, "exact"),
        "torch.optim.SGD": lambda: _by_optimizer(loss, steps),
    }


def measure(repeats: int = 41) -> Figure:
    """Return what 1,000 recorded steps cost, as a ratio to the same steps by hand, in the same dtype."""
    import torch

    loss = loss_on(torch.float32)
    with one_thread():
        ratio, ours, hand = in_turns(
            lambda: _recorded(loss, STEPS, "torch"), lambda: by_hand(loss, STEPS, torch.float32), repeats
        )
        growth = grown("steps", (100, STEPS, 10_000), lambda steps: _calls(loss, steps), repeats=3)
    return Figure(
        "descent through torch",
        ratio,
        1.05,
        f"{STEPS:,} steps of the three-parameter fit ({1e6 * ours / STEPS:.0f} µs each) / the loop by hand "
        f"({1e6 * hand / STEPS:.0f} µs each), median of {repeats} pairs",
        growth=growth,
    )
