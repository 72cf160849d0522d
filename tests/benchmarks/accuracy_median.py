"""How accurate an estimate is in the median, on the problems of Moré, Garbow and Hillstrom."""

from __future__ import annotations

import numpy as np

from tests.benchmarks import Figure
from tests.benchmarks._accuracy import beside, errors
from tests.benchmarks._estimates import missing


def measure() -> Figure:
    """Return the median relative error."""
    found = errors("gradlab")
    how = f"{found.size} components of 35 problems{beside()}{missing()}"
    return Figure("relative error of an estimate, median", float(np.median(found)), 1e-13, how)
