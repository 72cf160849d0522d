"""How long the lab takes from a moved slider to the new picture."""

from __future__ import annotations

import statistics

from tests.benchmarks import Figure
from tests.benchmarks._lab import moves, spread

NAMES = ("A parabola: x²", "Rosenbrock's valley", "A fit: the rollercoaster", "Logistic regression")
"""A curve, levels, and losses with data."""


def measure() -> Figure:
    """Return the seconds from a key on the slider of the rate to the picture, the slowest model's median."""
    times = {name: moves(name) for name in NAMES}
    how = "; ".join(f"{name}: {spread(taken)}" for name, taken in times.items())
    worst = max(statistics.median(taken) for taken in times.values())
    return Figure("slider of the lab to the new picture, seconds", worst, 0.5, f"a key on the learning rate, {how}")
