"""The complex step: no difference is taken, so that nothing cancels."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from gradlab.errors import NotAnalyticError
from gradlab.graph.gradient import component_name
from gradlab.numeric.extrapolation import SAFETY
from gradlab.numeric.measured import Measured
from gradlab.numeric.rungs import binade
from gradlab.numeric.simple import central

if TYPE_CHECKING:
    from gradlab.graph.point import Array
    from gradlab.numeric.lines import Lines

SMALL = 2.0**-66
"""The imaginary step relative to |x|: its square is far below the precision of any number here."""

NEIGHBOURS = 4
"""Points on each side, some units in the last place away, whose slopes show what rounding does to this one."""

ALIKE = 2.0**6
"""The real part may be so many roundings from f itself: complex functions are computed in another way."""


def complex_step(lines: Lines) -> Measured:
    """Return ``Im f(x + ih) / h`` for a step so small that its truncation, f''' h^2 / 6, cannot be seen.

    Squire & Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40 (1998).
    It is the slope only where f is analytic: there the slope along the imaginary axis is that along the real one,
    which a central difference shows. The error is estimated from the slopes at neighbours of x, some units in its last
    place away: they differ by rounding, and by f'' times that distance.

    Raises NotAnalyticError where the two slopes are not the same, or where f takes no complex numbers.
    """
    import numpy as np

    probe = lines.probe
    x, size = lines.x[:, None], binade(lines.x)[:, None]
    ulps = 2.0 ** (1 - probe.bits) * np.arange(-NEIGHBOURS, NEIGHBOURS + 1)
    ends = x + size * ulps + 1j * size * SMALL
    try:
        # Some functions of NumPy and SciPy drop imaginary parts with a warning.
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            values = lines.along(ends)
    except (TypeError, np.exceptions.ComplexWarning) as error:
        raise NotAnalyticError(
            f"{probe.f.signature} takes no complex numbers: {error}. Choose another method, such as 'central'"
        ) from error
    step = (size * SMALL)[lines.entries]
    slopes = values.imag.astype(float) / step
    value = slopes[:, NEIGHBOURS]
    with np.errstate(all="ignore"):
        error = SAFETY * np.abs(slopes - value[:, None]).max(axis=1) + 2.0 ** (3 - probe.bits) * np.abs(value)
    along = central(lines)
    tried = along.tried + ends.shape[1]
    found = Measured(value, np.where(np.isfinite(error), error, np.inf), step[:, 0], None, tried, {})
    _check(lines, found, along, values.real[:, NEIGHBOURS].astype(float))
    return found


def _check(lines: Lines, found: Measured, along: Measured, real: Array) -> None:
    """Raise NotAnalyticError where the slope along the imaginary axis is not that along the real one."""
    import numpy as np

    probe = lines.probe
    with np.errstate(all="ignore"):
        apart = np.abs(along.value - found.value) > along.error + found.error
        apart |= ~np.isfinite(found.value) | np.isnan(along.value)
        # At a kink the value is the mean of two slopes, which the complex step may be too.
        apart |= np.isfinite(along.slopes).any(axis=1) if along.slopes is not None else False
        apart |= np.abs(real - lines.centre) > ALIKE * 2.0**-probe.bits * np.abs(lines.centre)
    wrong = np.flatnonzero(apart)
    if wrong.size:
        line = int(wrong[0])
        entry = int(lines.entries[line])
        shape = probe.point[lines.variable].shape
        name = component_name(lines.variable, tuple(int(i) for i in np.unravel_index(entry, shape)))
        slope = f"{along.value[line]:.6g}"
        if along.slopes is not None and np.isfinite(along.slopes[line]).any():
            slope = "{:.6g} to the left and {:.6g} to the right".format(*along.slopes[line])
        raise NotAnalyticError(
            f"{probe.f.signature} is not analytic as it is written, at {name} = {lines.x[entry]:.6g}: the complex "
            f"step gives the slope {found.value[line]:.6g}, and along the real axis it is {slope}. Absolute values, "
            "maxima and comparisons have no complex derivative; choose another method, such as 'central'"
        )
