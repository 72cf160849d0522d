"""How accurate an estimate is at worst, on the problems of Moré, Garbow and Hillstrom."""

from __future__ import annotations

import numpy as np

from tests.benchmarks import Figure
from tests.benchmarks._accuracy import measured


def measure() -> Figure:
    """Return the largest relative error."""
    return measured("relative error of an estimate, worst", np.max, 1e-8)
