"""How much larger than the error its bound is, in the median over components of random functions."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.benchmarks._coverage import coverage
from tests.benchmarks._estimates import ALL

WHY = """
A bound that is too wide holds always and says little; one that is narrow says much and [must hold](#components-of-an-estimate-outside-of-their-bound).
"""


def measure() -> Figure:
    """Return the median of bound / error."""
    own, *others = ((name, coverage(name)) for name in ALL)
    beside = ", ".join(f"{name} {each.looseness:.3g}" for name, each in others)
    how = f"median over {own[1].count:,} components of random functions; {beside}"
    return Figure("bound of an estimate, in units of its error", own[1].looseness, 10, how)
