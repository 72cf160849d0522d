"""The figures that gradlab promises, measured beside other libraries: ``python -m tests.benchmarks``.

One file for each figure, with a function ``measure() -> Figure``, and the text that stands on the page beside what was
measured: ``WHY``, and ``SHORT`` for a goal that is missed. ``{name}`` in either is one of the figure's `values`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

Points = tuple[tuple[float, float], ...]
"""Pairs of a size and what was measured there."""


@dataclass(frozen=True)
class Growth:
    """How something grows: by what, in which unit, and for each name the measured values; gradlab's own first."""

    by: str
    unit: str
    curves: Mapping[str, Points]


@dataclass(frozen=True)
class Counts:
    """Counts side by side: for each name one number of each of the kinds."""

    of: str
    kinds: tuple[str, ...]
    rows: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Figure:
    """One promise and what was measured.

    what: the promise, in words that stay; they are its heading.  ratio: measured.  at_most: promised; None: nothing.
    how: what was divided by what.  values: what the text beside the figure names.
    """

    what: str
    ratio: float
    at_most: float | None
    how: str
    growth: Growth | None = None
    counts: Counts | None = None
    values: Mapping[str, float] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        return self.at_most is None or self.ratio <= self.at_most


class NotMeasured(Exception):
    """A figure cannot be measured here; the message says what is missing."""


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


def side_by_side(calls: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median seconds of each of the calls, taken in turns."""
    for call in calls.values():
        call()  # what is done only once is not what is measured
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            taken[name].append(seconds(call))
    return {name: statistics.median(each) for name, each in taken.items()}


def grown(
    by: str,
    sizes: Iterable[int],
    calls_at: Callable[[int], Mapping[str, Callable[[], object]]],
    repeats: int = 5,
    unit: str = "s",
) -> Growth:
    """Return how the time of calls grows; those that a size does not name are not measured there."""
    curves: dict[str, list[tuple[float, float]]] = {}
    for size in sizes:
        for name, taken in side_by_side(calls_at(size), repeats).items():
            curves.setdefault(name, []).append((size, taken))
    return Growth(by, unit, {name: tuple(points) for name, points in curves.items()})
