"""Difference quotients at one step or a few: the formulas that courses teach, each with an estimate of its error.

Their steps are powers of two times that below |x| (of 1 at 0), near the ones at which truncation and rounding are of
one size: Nocedal & Wright, Numerical Optimization, 2nd ed. (2006), section 8.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlab.numeric.extrapolation import SAFETY, SCATTER, limit
from gradlab.numeric.measured import Measured
from gradlab.numeric.noise import SMALLEST, remainder
from gradlab.numeric.rungs import Rungs, binade, climbed

if TYPE_CHECKING:
    from gradlab.graph.point import Array
    from gradlab.numeric.lines import Lines

LEVELS = 8
"""Steps of `richardson`, from |x| / 8 on, each half of the one before."""

CLEAR = 8.0
"""A gap between the slopes of two sides is a kink where it is so many times what the bend of one side explains."""

MOST = 0.9
"""The share of the lines of a variable whose differences are no larger than what is taken for the rounding of all."""


def forward(lines: Lines) -> Measured:
    """Return ``(f(x + h) - f(x)) / h``, with h near the square root of the precision times |x|.

    The error is estimated from a second quotient at 2h, whose truncation f'' h / 2 is twice as large.
    """
    import numpy as np

    step = binade(lines.x)[:, None] * 2.0 ** -(lines.probe.bits // 2)
    rungs = climbed(lines, step * np.array([2.0, 1.0]), downward=slice(0))
    with np.errstate(all="ignore"):
        quotients = (rungs.above - rungs.centre) / rungs.up
        value = quotients[:, 1]
        truncation = np.abs(quotients[:, 0] - value)
        rounding = np.fmax(_rounding(lines, rungs), _shown_by_others(truncation * rungs.up[:, 1]))
        error = SAFETY * truncation + 2 * rounding / rungs.up[:, 1]
    return _measured(rungs, value, error)


def central(lines: Lines) -> Measured:
    """Return ``(f(x + h) - f(x - h)) / 2h``, with h near the cube root of the precision times |x|.

    The error is estimated from f(x + 2h): a third difference shows the truncation f''' h^2 / 6, or the rounding of f
    where that is larger. The second differences of the one side and across the point show a kink; the value is then
    the mean of the two slopes.
    """
    import numpy as np

    step = binade(lines.x)[:, None] * 2.0 ** -(lines.probe.bits // 3)
    rungs = climbed(lines, step * np.array([2.0, 1.0]), downward=slice(1, 2))
    with np.errstate(all="ignore"):
        far, near, below, centre = rungs.above[:, 0], rungs.above[:, 1], rungs.below[:, 1], rungs.centre[:, 0]
        up, down = rungs.up[:, 1], rungs.down[:, 1]
        right, left = (near - centre) / up, (centre - below) / down
        value = (near - below) / (up + down)
        bend = ((far - centre) / rungs.up[:, 0] - right) / (rungs.up[:, 0] - up)
        across = (right - left) / (up + down)
        # f'' / 2 twice: their difference is f''' h / 2 where f is smooth; h times that is three times the truncation.
        truncation = np.abs(bend - across) * up
        rounding = 2 * _rounding(lines, rungs) / up
        kink = np.abs(right - left) > CLEAR * (np.abs(bend) * up + rounding)
        slopes = np.where(kink[:, None], np.stack([left, right], axis=1), np.nan)
        spread = np.abs(right - left) / 2 + np.abs(bend) * up + rounding
        shown = _shown_by_others(np.where(kink, np.nan, truncation * up))
        error = np.where(kink, spread, truncation + np.fmax(rounding, 2 * shown / up))
    return _measured(rungs, value, error, slopes if kink.any() else None)


def richardson(lines: Lines) -> Measured:
    """Return central differences at eight steps from |x| / 8 on, each half of the one before, extrapolated twice.

    Richardson, "The approximate arithmetical solution by finite differences", Phil. Trans. R. Soc. A 210 (1911).
    """
    import numpy as np

    steps = binade(lines.x)[:, None] * 2.0 ** -(3.0 + np.arange(min(LEVELS, lines.probe.bits - 5)))
    rungs = climbed(lines, steps)
    with np.errstate(all="ignore"):
        both = rungs.up + rungs.down
        floor = _rounding(lines, rungs)[:, None]
        noise = np.fmax(floor, remainder(rungs, 2.0))
        found = limit((rungs.above - rungs.below) / both, both / 2, noise, (2, 4, 6), 2.0)
        gaps = (rungs.above - rungs.centre) / rungs.up - (rungs.centre - rungs.below) / rungs.down
        apart = limit(gaps, both / 2, 2 * floor, (1, 3, 5), 2.0)
        kink = np.abs(apart.value) > CLEAR * apart.error
        half = apart.value[:, None] / 2 * np.array([-1.0, 1.0])
        slopes = np.where(kink[:, None], found.value[:, None] + half, np.nan)
        error = np.where(kink, found.error + np.abs(half[:, 1]) + apart.error, found.error)
    return _measured(rungs, found.value, error, slopes if kink.any() else None, found.step)


def _shown_by_others(differences: Array) -> float:
    """Return a size that most of some differences of f stay below; they are truncation and rounding of about one size.

    It is what rounding inside f shows where no formula tells of it, and many lines show more than one does.
    """
    import numpy as np

    known = differences[np.isfinite(differences)]
    return float(np.quantile(known, MOST)) if known.size else 0.0


def _rounding(lines: Lines, rungs: Rungs) -> Array:
    """Return how far rounding may move each value: a bound from the formula, or without one SCATTER roundings."""
    import numpy as np

    values = np.nan_to_num(np.hstack([rungs.above, rungs.below, rungs.centre]))
    floor = 2.0**-rungs.bits * np.abs(values).max(axis=1) + SMALLEST[rungs.bits] + rungs.unrest
    return np.fmax(SCATTER * floor, lines.rounding)


def _measured(
    rungs: Rungs, value: Array, error: Array, slopes: Array | None = None, step: Array | None = None
) -> Measured:
    import numpy as np

    error = np.where(np.isfinite(value) & np.isfinite(error), error, np.inf)
    return Measured(
        value=np.where(np.isfinite(error), value, np.nan),
        error=error,
        step=rungs.up[:, -1] if step is None else step,
        slopes=slopes,
        tried=rungs.tried,
        said={},
    )
