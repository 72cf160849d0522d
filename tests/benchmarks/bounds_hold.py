"""On how many components of random functions an error is larger than its bound."""

from __future__ import annotations

from tests.benchmarks import Counts, Figure
from tests.benchmarks._coverage import Coverage, coverage
from tests.benchmarks._estimates import ALL

WHY = """
It is not a proof: what rounding hides from the values of a function, such as a slope lost behind a large number or an oscillation smaller than the rounding, no method that only calls it can see.
"""


def measure() -> Figure:
    """Return the number of components that are outside of their bound."""
    found = {name: coverage(name) for name in ALL}
    own, *others = found.items()
    beside = ", ".join(f"{name} holds {_share(each):.1f} %" for name, each in others)
    return Figure(
        "components of an estimate outside of their bound",
        own[1].outside,
        0,
        f"of {own[1].count:,} components of random functions; {beside}",
        counts=Counts(
            "components",
            ("outside of the bound", "without a bound"),
            {name: (each.outside, each.silent) for name, each in found.items()},
        ),
    )


def _share(found: Coverage) -> float:
    return 100 * (found.count - found.outside - found.silent) / found.count
