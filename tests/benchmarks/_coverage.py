"""Whether bounds on the error of finite differences hold, and how much larger than the error they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from tests.benchmarks._estimates import ALL
from tests.benchmarks._random_functions import Drawn, drawn

SEED, COMPONENTS = 11, 3_000


@cache
def functions() -> tuple[Drawn, ...]:
    """Return the random functions, the same for all."""
    return tuple(drawn(SEED, COMPONENTS))


@dataclass(frozen=True)
class Coverage:
    """Of how many components whose slope f shows the error is *outside* of its bound.

    silent: without a value or a bound.
    looseness: the median of bound / error, where there is an error; infinite without a bound.
    """

    count: int
    outside: int
    silent: int
    looseness: float


@cache
def coverage(name: str) -> Coverage:
    """Return the coverage of one of `ALL`, on the same random functions."""
    estimate = ALL[name]
    count = outside = silent = 0
    ratios: list[float] = []
    for one in functions():
        value, bound = estimate(one.f, one.at)
        made = np.abs(value - one.gradient)
        rounded = np.spacing(np.abs(one.gradient)) / 2  # the exact gradient is rounded once
        for place in np.flatnonzero(one.visible):
            count += 1
            if not (np.isfinite(value[place]) and np.isfinite(bound[place])):
                silent += 1
                ratios.append(np.inf)
                continue
            outside += bool(made[place] > bound[place] + rounded[place])
            if made[place] > 0:
                ratios.append(float(bound[place] / made[place]))
    return Coverage(count, outside, silent, float(np.median(ratios)))
