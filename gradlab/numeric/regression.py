"""Slopes in arithmetic of few bits: a curve through many points, as two values alone tell too little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlab.numeric.extrapolation import SCATTER
from gradlab.numeric.measured import Measured
from gradlab.numeric.noise import SMALLEST
from gradlab.numeric.rungs import binade, climbed

if TYPE_CHECKING:
    from gradlab.graph.point import Array
    from gradlab.numeric.lines import Lines

FEWEST_BITS = 20
"""With fewer bits a ladder has too few rungs."""

POINTS = 32
"""On each side, evenly up to half of the power of two below |x|: all of them can be represented with 8 bits."""

ODD = ((1,), (1, 3), (1, 3, 5))
"""Powers of the step that are fitted to the differences of the two sides."""

ONE_SIDED = ((1, 2), (1, 2, 3))
"""The same for one side alone."""

EDGE = 8.0
"""Times the error of one side where f has no values on the other: f may begin there like x^p. The slope that a
polynomial of degree n finds falls like n^(2 - 2p), so that from the second degree to the third it changes by an eighth
of what is left of it, or more, for p from 1.15 on."""


def fitted(lines: Lines) -> Measured:
    """Return the slopes of polynomials fitted, by least squares, to values of the lines on both sides of the point.

    The error has two parts: what the largest residual, taken for the rounding of each value, may do to the slope at
    worst; and how far a polynomial of two degrees more is from this one. The degree with the smaller sum is chosen.
    """
    import numpy as np

    share = np.arange(1, POINTS + 1) / (2 * POINTS)
    rungs = climbed(lines, binade(lines.x)[:, None] * share)
    step = rungs.up[:, :1] * POINTS  # the reach
    values = np.nan_to_num(np.hstack([rungs.above, rungs.below, rungs.centre]))
    noise = 2.0**-rungs.bits * np.abs(values).max(axis=1) + SMALLEST[rungs.bits] + rungs.unrest
    value, error = _fit((rungs.above - rungs.below) / 2, step, noise, ODD)
    right, doubt_right = _fit(rungs.above - rungs.centre, step, 2 * noise, ONE_SIDED)
    left, doubt_left = _fit(rungs.centre - rungs.below, step, 2 * noise, ONE_SIDED, sign=-1)
    kink = np.abs(right - left) > doubt_right + doubt_left
    slopes = np.where(kink[:, None], np.stack([left, right], axis=1), np.nan)
    value = np.where(kink, (left + right) / 2, value)
    half = np.abs(right - left) / 2
    # A kink that the bounds do not single out is within them.
    error = np.where(kink, half + doubt_left + doubt_right, np.fmax(error, half))
    value, error = _inside(value, error, (left, doubt_left), (right, doubt_right))
    return Measured(value, error, rungs.up[:, 0], slopes if kink.any() else None, rungs.tried, {})


def _fit(
    values: Array, reach: Array, noise: Array, degrees: tuple[tuple[int, ...], ...], sign: int = 1
) -> tuple[Array, Array]:
    """Return slope and error of the best of some polynomials through 0: shapes (r,)."""
    import numpy as np

    share = np.arange(1, POINTS + 1) / POINTS
    found, spreads = [], []
    for powers in degrees:
        basis = np.stack([share**power * sign ** (power + 1) for power in powers], axis=1)
        weights = np.linalg.pinv(basis)
        coefficients = values @ weights.T
        residual = np.abs(values - coefficients @ basis.T).max(axis=1)
        found.append(coefficients[:, 0])
        spreads.append((residual, float(np.abs(weights[0]).sum())))
    rounding = SCATTER * np.fmax(spreads[-1][0], noise)
    slopes = np.stack(found, axis=1) / reach
    amplified = rounding[:, None] * np.array([amount for _, amount in spreads]) / reach
    change = np.abs(np.diff(slopes, axis=1))
    truncation = np.concatenate([change, change[:, -1:]], axis=1)
    errors = truncation + amplified
    best = np.argmin(np.where(np.isnan(errors), np.inf, errors), axis=1)[:, None]
    return np.take_along_axis(slopes, best, axis=1)[:, 0], np.take_along_axis(errors, best, axis=1)[:, 0]


def _inside(value: Array, error: Array, left: tuple[Array, Array], right: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return value and error, of one side alone where the other has no values; NaN and infinity without any."""
    import numpy as np

    for one_value, one_error in (left, right):
        missing = ~np.isfinite(value + error)
        value, error = np.where(missing, one_value, value), np.where(missing, EDGE * one_error, error)
    missing = ~np.isfinite(value + error)
    return np.where(missing, np.nan, value), np.where(missing, np.inf, error)
