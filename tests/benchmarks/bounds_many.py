"""On how many of forty thousand components a bound does not hold: eight draws of random functions."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.numeric.test_bounds_hold import covered

WHY = """
More functions than [beside other packages](#components-of-an-estimate-outside-of-their-bound), by gradlab alone; the median bound is {looseness:.1f} times the true error.
What lies outside is a fast and faint oscillation, which the values of the function hardly show.
"""

SEEDS, COMPONENTS = range(4, 12), 6_500


def measure() -> Figure:
    """Return the share of components outside, of one in ten thousand."""
    found = [covered(seed, COMPONENTS) for seed in SEEDS]
    count, outside = (sum(each[place] for each in found) for place in (0, 1))
    looseness = sum(each[2] for each in found) / len(found)
    return Figure(
        "share of components outside of their bound, in double precision",
        outside / count,
        1e-4,
        f"{outside} of {count:,} components, {len(SEEDS)} draws of random functions",
        values={"looseness": looseness},
    )
