"""How accurate an estimate is at worst, on the problems of Moré, Garbow and Hillstrom."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.benchmarks._accuracy import beside, errors
from tests.benchmarks._estimates import missing


def measure() -> Figure:
    """Return the largest relative error."""
    found = errors("gradlab")
    how = f"{found.size} components of 35 problems{beside()}{missing()}"
    return Figure("relative error of an estimate, worst", float(found.max()), 1e-8, how)
