"""Relative errors of finite differences on the problems of Moré, Garbow and Hillstrom."""

from __future__ import annotations

from functools import cache

import numpy as np

from gradlab import derive
from tests.benchmarks._estimates import Array, Estimate, by_gradlab, peers
from tests.more_garbow_hillstrom import PROBLEMS

SHOWN = 2.0**-53 / 1e-8
"""A slope that moves f by less than this part of it over |x| is not in f to eight digits, in double precision."""


@cache
def errors(name: str) -> Array:
    """Return the relative error of every component that is not 0, by gradlab or by a peer.

    Each problem is taken at its starting point and at one nearby. The exact gradient is the formula's, in ball
    arithmetic. Components that f does not show to eight digits, zeros among them, are left out.
    """
    estimate: Estimate = by_gradlab if name == "gradlab" else peers()[name]
    found = []
    for problem in PROBLEMS:
        for at in (problem.at, problem.at * 1.01 + 0.013):
            gradient = derive(problem.in_numpy, at=at).at(at)
            exact, reach = gradient["x"], np.where(at == 0, 1.0, np.abs(at))
            value, _ = estimate(problem.in_numpy, at)
            there = np.abs(exact) * reach > SHOWN * abs(gradient.value)
            made = np.abs(value - exact)[there] / np.abs(exact[there])
            found.append(np.where(np.isfinite(made), made, np.inf))
    return np.concatenate(found)


def said(name: str) -> str:
    """Return the errors in words."""
    found = errors(name)
    return f"median {np.median(found):.2g}, worst {found.max():.2g}"


def beside() -> str:
    """Return the errors of the peers that are installed."""
    return "".join(f"; {name}: {said(name)}" for name in peers())
