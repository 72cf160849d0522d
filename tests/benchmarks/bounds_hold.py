"""On how many components of random functions an error is larger than its bound."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.benchmarks._coverage import beside, coverage
from tests.benchmarks._estimates import missing


def measure() -> Figure:
    """Return the number of components that are outside of their bound."""
    own = coverage("gradlab")
    how = f"of {own.count:,} components of random functions: {own.said}{beside()}{missing()}"
    return Figure("components of an estimate outside of their bound", own.outside, 0, how)
