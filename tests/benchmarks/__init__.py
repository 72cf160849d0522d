"""The figures that gradlab promises, measured as ratios within one run: ``python -m tests.benchmarks``.

One file for each figure, with a function ``measure() -> Figure``.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One promise and what was measured.

    what: the promise, in words.  ratio: measured.  at_most: promised.  how: what was divided by what.
    """

    what: str
    ratio: float
    at_most: float
    how: str

    @property
    def held(self) -> bool:
        return self.ratio <= self.at_most


def seconds(call: Callable[[], object]) -> float:
    """Return how long one *call* takes."""
    before = time.perf_counter()
    call()
    return time.perf_counter() - before


def in_turns(first: Callable[[], object], second: Callable[[], object], repeats: int) -> tuple[float, float, float]:
    """Return the median ratio of two calls, first to second, and the median seconds of each.

    They are taken in turns and divided pair by pair, so that a busy machine slows both alike.
    """
    first(), second()  # what is done only once is not what is measured
    pairs: list[tuple[float, float]] = []
    for repeat in range(repeats):
        if repeat % 2:
            after = seconds(second)
            pairs.append((seconds(first), after))
        else:
            pairs.append((seconds(first), seconds(second)))
    ratio = statistics.median(one / other for one, other in pairs)
    return ratio, statistics.median(one for one, _ in pairs), statistics.median(other for _, other in pairs)
