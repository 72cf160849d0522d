"""The three-parameter fit and the loop over it that torch users write: what the figures of descent divide by."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from gradlab import data

START = [-0.57139085, -0.11943031, -1.26767105]
RATE = 1e-5


def loss_on(dtype: Any) -> Callable[[Any], Any]:
    """Return the loss as a torch user writes it, with the ride's data in *dtype*."""
    import torch

    ride = data.load("rollercoaster")
    time, speed = (torch.tensor(ride[name], dtype=dtype) for name in ("time", "speed"))

    def f(t: Any, params: Any) -> Any:
        a, b, c = params
        return a * (t**2) + (b * t) + c

    def mse(preds: Any, targets: Any) -> Any:
        return ((preds - targets) ** 2).mean()

    def loss(params: Any) -> Any:
        return mse(f(time, params), speed)

    return loss


def by_hand(loss: Callable[[Any], Any], steps: int, dtype: Any) -> list[float]:
    """Step by backward() and ``params -= rate * params.grad``, and return the losses."""
    import torch

    params = torch.tensor(START, dtype=dtype).requires_grad_()
    losses = []
    for _ in range(steps):
        value = loss(params)
        value.backward()
        with torch.no_grad():
            params -= RATE * params.grad
        params.grad = None
        losses.append(value.item())
    return losses


@contextmanager
def one_thread() -> Generator[None]:
    """Let torch work on one thread: with twenty points, more only disturb each other."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
