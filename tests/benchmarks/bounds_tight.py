"""How much larger than the error its bound is, in the median over components of random functions."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.benchmarks._coverage import beside, coverage
from tests.benchmarks._estimates import missing


def measure() -> Figure:
    """Return the median of bound / error."""
    own = coverage("gradlab")
    how = f"over {own.count:,} components of random functions{beside()}{missing()}"
    return Figure("bound on the error of an estimate / the error, median", own.looseness, 10, how)
