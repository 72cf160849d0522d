"""The three-parameter fit and the loop over it that torch users write: what the figures of descent divide by."""

from __future__ import annotations

from collections.abc import Callable
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


def by_jax(steps: int) -> Callable[[], Any]:
    """Return a call of the same run compiled by jax's `scan`, float64, every point, loss and gradient kept."""
    import jax

    start, rates = _in_double(START), _in_double([RATE] * steps)
    run = jax.jit(lambda start, rates: jax.lax.scan(_jax_step(), start, rates))
    return lambda: jax.block_until_ready(run(start, rates))


def by_jax_at_rates(rates: Any, steps: int) -> Callable[[], Any]:
    """Return a call of such a run at each of the rates at once, every loss kept."""
    import jax

    step, start, given = _jax_step(), _in_double(START), _in_double(rates)

    def losses(rate: Any) -> Any:
        return jax.lax.scan(lambda at, _: step(at, rate), start, None, length=steps)[1][1]

    run = jax.jit(jax.vmap(losses))
    return lambda: jax.block_until_ready(run(given))


def _jax_step() -> Callable[[Any, Any], Any]:
    """Return one step for `scan`: to the next point, keeping point, loss and gradient."""
    import jax

    ride = data.load("rollercoaster")
    time, speed = (_in_double(ride[name]) for name in ("time", "speed"))

    def loss(params: Any) -> Any:
        a, b, c = params
        return ((a * time**2 + b * time + c - speed) ** 2).mean()

    def step(params: Any, rate: Any) -> Any:
        value, gradient = jax.value_and_grad(loss)(params)
        return params - rate * gradient, (params, value, gradient)

    return step


def _in_double(values: Any) -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax.numpy.asarray(values, dtype="float64")
