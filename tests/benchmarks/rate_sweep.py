"""What a sweep of a thousand learning rates costs beside one run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradlab import data
from gradlab.descent import GradientDescent, descend, sweep_rates
from gradlab.sources import at_point
from tests.benchmarks import Figure, grown, in_turns
from tests.benchmarks._descent import START, by_hand, by_jax_at_rates, loss_on
from tests.benchmarks._threads import one_thread

WHY = """
All rates step together, as one array; jax does the same by `vmap` of a compiled `scan`, and by hand one run follows another.
"""

STEPS, MOST_BY_HAND = 1000, 10


def _function() -> Any:
    import numpy as np

    ride = data.load("rollercoaster")
    t, speed = np.array(ride["time"]), np.array(ride["speed"])

    def loss(params):  # type: ignore[no-untyped-def]  # as a student writes it
        a, b, c = params
        return ((a * t**2 + b * t + c - speed) ** 2).mean()

    return at_point(loss, START)[0]


def _calls(function: Any, count: int) -> dict[str, Callable[[], object]]:
    import numpy as np
    import torch

    rates = np.geomspace(1e-9, 1e-3, count)
    calls: dict[str, Callable[[], object]] = {
        "gradlab, sweep_rates": lambda: sweep_rates(function, START, rates=rates, steps=STEPS),
        "jax, jit(vmap(scan))": by_jax_at_rates(rates, STEPS),
    }
    if count <= MOST_BY_HAND:
        loss = loss_on(torch.float64)
        calls["torch, by hand"] = lambda: [by_hand(loss, STEPS, torch.float64) for _ in rates]
    return calls


def measure() -> Figure:
    """Return the time of 1,000 rates x 1,000 steps on the fit, in units of one run of 1,000 steps."""
    function = _function()
    with one_thread():
        ratio, many, one = in_turns(
            _calls(function, 1000)["gradlab, sweep_rates"],
            lambda: descend(function, START, rule=GradientDescent(1e-5), steps=STEPS, check=False, engine="exact"),
            11,
        )
        growth = grown("learning rates", (MOST_BY_HAND, 100, 1000), lambda count: _calls(function, count), repeats=3)
    return Figure(
        "1,000 learning rates at once",
        ratio,
        20.0,
        f"1,000 rates x 1,000 steps of the fit ({many * 1e3:.0f} ms) / one run of 1,000 steps by the exact gradient "
        f"({one * 1e3:.0f} ms), median of 11 pairs",
        growth=growth,
    )
