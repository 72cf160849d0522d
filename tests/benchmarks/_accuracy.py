"""Relative errors of finite differences on the problems of Moré, Garbow and Hillstrom."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from gradlab import derive
from tests.benchmarks import Figure
from tests.benchmarks._estimates import ALL, Array
from tests.more_garbow_hillstrom import PROBLEMS

SHOWN = 2.0**-53 / 1e-8
"""A slope that moves f by less than this part of it over |x| is not in f to eight digits, in double precision."""


@cache
def errors(name: str) -> Array:
    """Return the relative error of every component that is not 0, by one of `ALL`.

    Each problem is taken at its starting point and at one nearby. The exact gradient is the formula's, in ball
    arithmetic. Components that f does not show to eight digits, zeros among them, are left out.
    """
    estimate, found = ALL[name], []
    for problem in PROBLEMS:
        for at in (problem.at, problem.at * 1.01 + 0.013):
            gradient = derive(problem.in_numpy, at=at).at(at)
            exact, reach = gradient["x"], np.where(at == 0, 1.0, np.abs(at))
            value, _ = estimate(problem.in_numpy, at)
            there = np.abs(exact) * reach > SHOWN * abs(gradient.value)
            made = np.abs(value - exact)[there] / np.abs(exact[there])
            found.append(np.where(np.isfinite(made), made, np.inf))
    return np.concatenate(found)


def measured(what: str, of: Callable[[Array], Any], at_most: float) -> Figure:
    """Return one number of the errors, gradlab's beside those of the peers."""
    found = {name: float(of(errors(name))) for name in ALL}
    own, *others = found.items()
    beside = ", ".join(f"{name} {each:.2g}" for name, each in others)
    count = errors(own[0]).size
    return Figure(what, own[1], at_most, f"{count} components of 35 problems of Moré, Garbow and Hillstrom; {beside}")
