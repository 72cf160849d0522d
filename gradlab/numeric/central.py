"""Central differences at one step: the formula that courses teach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlab.numeric.extrapolation import ROUNDING, SCATTER
from gradlab.numeric.measured import Measured
from gradlab.numeric.noise import SMALLEST

if TYPE_CHECKING:
    from gradlab.numeric.probing import Probe

STEP = 2.0**-17
"""About the cube root of 2^-52, relative to |x|: truncation and rounding are then of one size.

Nocedal & Wright, Numerical Optimization, 2nd ed. (2006), section 8.1.
"""

ALIKE = 1.2
"""Gaps between the slopes of the two sides at h and 2h that differ by less than this factor do not shrink."""

CLEAR = 2.0**10
"""Times what rounding one value may change a slope by: a gap above it is no rounding."""


def central(probe: Probe, variable: str) -> Measured:
    """Return the partials (f(x + h) - f(x - h)) / 2h, h = STEP |x| (STEP at 0), divided by the step represented.

    The error is estimated from a second quotient at 2h, whose truncation is four times as large, and from the
    rounding that the second differences show. At a kink the value is the mean of the slopes of the two sides.
    """
    import numpy as np

    x = probe.point[variable].reshape(-1, 1)
    scale = np.where(x == 0, 1.0, np.ldexp(1.0, np.frexp(x)[1] - 1))
    step = scale * STEP * np.array([1.0, 2.0])
    with np.errstate(all="ignore"):
        above, below = x + step, x - step
        up, down = above - x, x - below
        up, down = (np.where((up > 0) & (down > 0), side, np.nan) for side in (up, down))
        values = probe.along(variable, np.hstack([above, below]))
        right = (values[:, :2] - probe.centre) / up
        left = (probe.centre - values[:, 2:]) / down
        quotients = (values[:, :2] - values[:, 2:]) / (up + down)
        # (right - left) h is f'' h^2 and rounding; at 2h the first part is four times as large.
        bends = (right - left) * (up + down) / 2
        floor = ROUNDING * np.abs(values).max(axis=1) + SMALLEST
        noise = np.fmax(np.abs(bends[:, 1] - 4 * bends[:, 0]) / 4, floor)
        value = quotients[:, 0]
        error = np.abs(quotients[:, 1] - value) + 2 * SCATTER * noise / up[:, 0]
        gap = np.abs(right - left)
        # Away from a kink the gap between the two slopes is f'' h: it halves with h.
        alike = (gap[:, 0] > gap[:, 1] / ALIKE) & (gap[:, 0] < gap[:, 1] * ALIKE)
        kink = alike & (gap[:, 0] > CLEAR * floor / up[:, 0])
        error = np.where(kink, gap[:, 0] / 2 + gap.max(axis=1) - gap.min(axis=1) + CLEAR * floor / up[:, 0], error)
        slopes = np.where(kink[:, None], np.stack([left[:, 0], right[:, 0]], axis=1), np.nan)
    error = np.where(np.isfinite(value) & np.isfinite(error), error, np.inf)
    return Measured(
        value=np.where(np.isfinite(error), value, np.nan),
        error=error,
        step=up[:, 0],
        slopes=slopes if kink.any() else None,
        lost=int(np.isnan(values).sum()),
        tried=values.size,
    )
