"""The descent loop through torch, with its full history, beside the loop that torch users write by hand."""

from __future__ import annotations

from typing import Any

from gradlab import data
from gradlab.descent import GradientDescent, descend
from tests.benchmarks import Figure, in_turns

START = [-0.57139085, -0.11943031, -1.26767105]
RATE = 1e-5
STEPS = 1000


def measure(repeats: int = 41) -> Figure:
    """Return what 1,000 recorded steps cost, as a ratio to the same steps by hand, in the same dtype."""
    import torch

    ride = data.load("rollercoaster")
    time, speed = torch.tensor(ride["time"]), torch.tensor(ride["speed"])

    def f(t: Any, params: Any) -> Any:
        a, b, c = params
        return a * (t**2) + (b * t) + c

    def mse(preds: Any, targets: Any) -> Any:
        return ((preds - targets) ** 2).mean()

    def loss(params: Any) -> Any:
        return mse(f(time, params), speed)

    def by_hand() -> list[float]:
        params = torch.tensor(START).requires_grad_()
        losses = []
        for _ in range(STEPS):
            preds = f(time, params)
            loss = mse(preds, speed)
            loss.backward()
            params.data -= RATE * params.grad.data
            params.grad = None
            losses.append(loss.item())
        return losses

    def recorded() -> Any:
        start = torch.tensor(START)
        return descend(loss, start, rule=GradientDescent(RATE), steps=STEPS, engine="torch", check=False)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # twenty points: more threads only disturb each other
    try:
        ratio, ours, hand = in_turns(recorded, by_hand, repeats)
    finally:
        torch.set_num_threads(threads)
    return Figure(
        "descent through torch, every point, loss and gradient kept",
        ratio,
        1.1,
        f"{STEPS:,} steps of the three-parameter fit ({1e6 * ours / STEPS:.0f} µs each) / the loop by hand "
        f"({1e6 * hand / STEPS:.0f} µs each), median of {repeats} pairs",
    )
