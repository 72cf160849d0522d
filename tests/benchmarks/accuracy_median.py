"""How accurate an estimate is in the median, on the problems of Moré, Garbow and Hillstrom."""

from __future__ import annotations

import numpy as np

from tests.benchmarks import Figure
from tests.benchmarks._accuracy import measured

WHY = """
Each at its starting point and at one nearby; the truth is the formula's, in ball arithmetic.
Components that f does not show to eight digits in double precision are left out.
"""


def measure() -> Figure:
    """Return the median relative error."""
    return measured("relative error of an estimate, median", np.median, 1e-13)
