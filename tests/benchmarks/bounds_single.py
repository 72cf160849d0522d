"""On what share of components a bound does not hold in single precision."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.numeric.test_precision import outside_in_float32

WHY = """
Between nine steps of short numbers, what varies can look like rounding.
"""


def measure() -> Figure:
    """Return the share of components outside, of one in a hundred."""
    outside, seen = outside_in_float32(5, 2800)
    what = "share of components outside of their bound, in single precision"
    return Figure(what, outside / seen, 0.01, f"{outside} of {seen:,} components of random functions")
