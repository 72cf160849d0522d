"""The complex step: no difference is taken, so that nothing cancels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlab.errors import NotAnalyticError
from gradlab.graph.gradient import component_name
from gradlab.numeric.extrapolation import SAFETY
from gradlab.numeric.measured import Measured
from gradlab.numeric.rungs import binade, climbed

if TYPE_CHECKING:
    from gradlab.graph.point import Array
    from gradlab.numeric.lines import Lines

SMALL = 2.0**-66
"""The imaginary step relative to |x|: its square is far below the precision of any number here."""

NEIGHBOURS = 4
"""Points on each side, some units in the last place away, whose slopes show what rounding does to this one."""

TRUSTED = 2.0**-8
"""Along the real axis the slope is the same to this part, or f is not analytic as it is written."""


def complex_step(lines: Lines) -> Measured:
    """Return ``Im f(x + ih) / h`` for a step so small that its truncation, f''' h^2 / 6, cannot be seen.

    Squire & Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40 (1998).
    It is the slope only where f is analytic: there the slope along the imaginary axis is that along the real one,
    which a difference shows. The error is estimated from the slopes at neighbours of x, some units in its last
    place away: they differ by rounding, and by f'' times that distance.

    Raises NotAnalyticError where the two slopes are not the same, or where f takes no complex numbers.
    """
    import numpy as np

    probe = lines.probe
    x, size = lines.x[:, None], binade(lines.x)[:, None]
    ulps = 2.0 ** (1 - probe.bits) * np.arange(-NEIGHBOURS, NEIGHBOURS + 1)
    ends = x + size * ulps + 1j * size * SMALL
    try:
        with np.errstate(all="ignore"):
            values = lines.along(ends)
    except TypeError as error:
        raise NotAnalyticError(
            f"{probe.f.signature} takes no complex numbers: {error}. Choose another method, such as 'central'"
        ) from error
    step = (size * SMALL)[lines.entries]
    slopes = values.imag.astype(float) / step
    value = slopes[:, NEIGHBOURS]
    with np.errstate(all="ignore"):
        error = SAFETY * np.abs(slopes - value[:, None]).max(axis=1) + 2.0 ** (3 - probe.bits) * np.abs(value)
    _check(lines, value, values.real[:, NEIGHBOURS].astype(float))
    tried = np.full(len(value), ends.shape[1])
    return Measured(value, np.where(np.isfinite(error), error, np.inf), step[:, 0], None, tried, {})


def _check(lines: Lines, value: Array, real: Array) -> None:
    """Raise NotAnalyticError where the slope along the imaginary axis is not that along the real one."""
    import numpy as np

    probe = lines.probe
    steps = binade(lines.x)[:, None] * 2.0 ** -(probe.bits // 3 + np.array([0.0, 2.0]))
    rungs = climbed(lines, steps)
    with np.errstate(all="ignore"):
        both = (rungs.above - rungs.below) / (rungs.up + rungs.down)
        noise = 2.0 ** (2 - probe.bits) * np.abs(np.nan_to_num(np.hstack([rungs.above, rungs.centre]))).max(axis=1)
        doubt = np.abs(both[:, 0] - both[:, 1]) + noise / rungs.up[:, 0]
        apart = np.abs(both[:, 0] - value) > doubt + TRUSTED * np.abs(value)
        moved = np.abs(real - lines.centre) > noise
    wrong = np.flatnonzero(apart | moved | ~np.isfinite(value))
    if wrong.size:
        line = int(wrong[0])
        entry = int(lines.entries[line])
        shape = probe.point[lines.variable].shape
        name = component_name(lines.variable, tuple(int(i) for i in np.unravel_index(entry, shape)))
        raise NotAnalyticError(
            f"{probe.f.signature} is not analytic as it is written, at {name} = {lines.x[entry]:.6g}: the complex "
            f"step gives the slope {value[line]:.6g}, and along the real axis it is {both[line, 0]:.6g}. Absolute "
            "values, maxima and comparisons have no complex derivative; choose another method, such as 'central'"
        )
