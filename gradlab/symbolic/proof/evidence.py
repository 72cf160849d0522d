"""How surely a step is known, and what one point says of it."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Any


class Evidence(StrEnum):
    """How surely a step is known.

    exact: rational arithmetic or SymPy's algebra shows it.
    certified: both sides are enclosed at several points, at 256 bits, with a radius below 1e-30.
    sampled: differences in high precision agree to 30 digits, or large arrays do in a drawn direction.
    unproved: none of these could be shown.
    refuted: a point contradicts the step.
    """

    EXACT = "exact"
    CERTIFIED = "certified"
    SAMPLED = "sampled"
    UNPROVED = "unproved"
    REFUTED = "refuted"


PRECISION = 256
"""Bits of the ball arithmetic."""

TIGHTEST = 2.0**-100
"""A radius below this (1e-30) is no accident: two different expressions do not agree to 30 digits at random points."""


class Outcome(Enum):
    """What one point says of a step."""

    HOLDS = 1
    HOLDS_AT_ZERO = 2
    FAILS = 3
    UNDECIDED = 4


def compared(expected: Any, claimed: Any) -> Outcome:
    """Return what two enclosures, balls or arrays of them, say of the equality of what they enclose."""
    import numpy as np

    balls = np.ravel(expected - claimed)
    if not all(ball.is_finite() for ball in balls):
        return Outcome.UNDECIDED
    if not all(ball.contains(0) for ball in balls):
        return Outcome.FAILS
    sides = np.ravel(expected)
    # Relative to the size of the number: 30 digits of 1e40 are as telling as 30 digits of 1.
    if any(
        float(ball.rad()) >= TIGHTEST * max(1.0, abs(float(side.mid())))
        for ball, side in zip(balls, sides, strict=False)
    ):
        return Outcome.UNDECIDED
    zero = all(ball.contains(0) for ball in sides)
    return Outcome.HOLDS_AT_ZERO if zero else Outcome.HOLDS
