"""What a sweep of a thousand learning rates costs beside one run."""

from __future__ import annotations

from gradlab import data
from gradlab.descent import GradientDescent, descend, sweep_rates
from gradlab.sources import at_point
from tests.benchmarks import Figure, in_turns

STEPS = 1000


def measure() -> Figure:
    """Return the time of 1,000 rates x 1,000 steps on the fit, in units of one run of 1,000 steps."""
    import numpy as np

    ride = data.load("rollercoaster")
    t, speed = np.array(ride["time"]), np.array(ride["speed"])

    def loss(params):  # type: ignore[no-untyped-def]  # as a student writes it
        a, b, c = params
        return ((a * t**2 + b * t + c - speed) ** 2).mean()

    start = [-0.57139085, -0.11943031, -1.26767105]
    function = at_point(loss, start)[0]
    rates = np.geomspace(1e-9, 1e-3, 1000)
    ratio, many, one = in_turns(
        lambda: sweep_rates(function, start, rates=rates, steps=STEPS),
        lambda: descend(function, start, rule=GradientDescent(1e-5), steps=STEPS, check=False, engine="exact"),
        11,
    )
    return Figure(
        "1,000 learning rates at once",
        ratio,
        20.0,
        f"1,000 rates x 1,000 steps of the fit ({many * 1e3:.0f} ms) / one run of 1,000 steps by the exact gradient "
        f"({one * 1e3:.0f} ms), median of 11 pairs",
    )
