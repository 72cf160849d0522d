"""`estimate_hessian`: second derivatives by differences of differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from gradlab.graph.curvature import Curvature, assembled
from gradlab.graph.precision import DOUBLE, precision_of, rounded_to
from gradlab.numeric import lines, patterns
from gradlab.numeric.estimation import check_finite, not_scalar, probing, remarks
from gradlab.numeric.extrapolation import RATIO, Limit, limit
from gradlab.numeric.ladder import CLEAR, on_ladder
from gradlab.numeric.noise import rounding_noise
from gradlab.sources import at_point

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.graph.point import Array
    from gradlab.numeric.probing import Probe

FINEST = 14
"""So many of the ladder's steps: second differences at smaller ones than 2^-28 of |x| are rounding alone."""

AT_ONCE = 2**12
"""Pairs of entries whose points are laid out together."""

SIGNS = ((1, 1), (1, -1), (-1, 1), (-1, -1))
"""The corners of a square around the point: f there, times the product of its signs, is 4 h k ∂²f / ∂x ∂y."""


def estimate_hessian(f: Any, at: Any, *, wrt: str | Sequence[str] | None = None) -> Curvature:
    """Return the Hessian of *f* at a point by finite differences, with a bound on the error of each entry.

    f, at, wrt: as for `gradlab.estimate`.

    ``(f(x + h) - 2 f(x) + f(x - h)) / h^2`` on the diagonal and ``(f(x + h, y + k) - f(x + h, y - k) - f(x - h, y + k)
    + f(x - h, y - k)) / 4 h k`` beside it, at a ladder of steps, extrapolated as in `gradlab.estimate`: Abramowitz &
    Stegun, Handbook of Mathematical Functions (1964), 25.3.23 and 25.3.26. Half of the digits of a first
    derivative is what can be had. Pairs of entries that no term of f holds together are 0 and cost nothing.
    An entry for which no step gave anything is NaN, with an infinite error.

    Raises what `gradlab.estimate` raises.

    >>> found = estimate_hessian("x**2 * y", at={"x": 3, "y": 1})
    >>> found.matrix.round(6).tolist(), found.labels
    ([[2.0, 6.0], [6.0, 0.0]], ('x', 'y'))
    """
    import numpy as np

    function, point = at_point(f, at)
    names = function.chosen(wrt)
    probe = probing(function, point, precision_of([at]))
    if prod(probe.shape) != 1:
        raise not_scalar(probe)
    check_finite(probe)
    blocks: dict[tuple[str, str], tuple[Array, Array]] = {}
    diagonal = {name: _Axis(probe, name) for name in names}
    for place, first in enumerate(names):
        for second in names[place:]:
            found = _block(probe, diagonal[first], diagonal[second])
            shape = (*point[first].shape, *point[second].shape)
            blocks[first, second] = (found[0].reshape(shape), found[1].reshape(shape))
            if first != second:
                turned = (*point[second].shape, *point[first].shape)
                blocks[second, first] = (found[0].T.reshape(turned), found[1].T.reshape(turned))
    notes = remarks(probe, {}, {})
    for name, axis in diagonal.items():
        if axis.kink.any():
            notes.append(f"{name} is at a kink, where there is no second derivative")
    missing = sum(int(np.isnan(value).sum()) for value, _ in blocks.values())
    notes += [f"no step gave a value for {missing} of its entries"] if missing else []
    return assembled(probe.point, names, blocks, notes)


class _Axis:
    """The steps of one variable, and what they tell of its own second derivatives.

    steps: shape (m, k).  noise: the rounding error of f there: shape (m, k).  second: the diagonal.
    """

    def __init__(self, probe: Probe, name: str) -> None:
        import numpy as np

        self.name = name
        along = lines.of_number(probe, name, apart=False)
        rungs = on_ladder(along)
        keep = max(1, rungs.up.shape[1] - rungs.near + min(FINEST, rungs.near))
        with np.errstate(all="ignore"):
            noise = rounding_noise(rungs)[:, :keep]
            self.steps = np.fmin(rungs.up, rungs.down)[:, :keep]
            # Where x + h and x - h lie in two binades the two steps may differ.
            same = (rungs.up == rungs.down)[:, :keep]
            even = ((rungs.above - rungs.centre) - (rungs.centre - rungs.below))[:, :keep]
            quotients = np.where(same, even, np.nan) / self.steps**2
            self.second = limit(quotients, self.steps, 4 * noise / self.steps, (2, 4, 6))
            gaps = limit(even / self.steps, self.steps, 4 * noise, (1, 3, 5))
            # Where two sides have two slopes, a second difference is the gap between them over the step.
            self.kink = np.abs(gaps.value) > CLEAR * gaps.error
        self.noise = noise
        parts = patterns.separated(probe, name)
        self.together = None if parts is None else parts[1]


def _block(probe: Probe, first: _Axis, second: _Axis) -> tuple[Array, Array]:
    """Return the second derivatives by the entries of two variables, and their errors: shape (m, n) each."""
    import numpy as np

    rows, columns = len(first.steps), len(second.steps)
    value, error = np.zeros((rows, columns)), np.zeros((rows, columns))
    for i, j in _pairs(first, second):
        found = _mixed(probe, first, second, i, j)
        value[i, j], error[i, j] = found.value, found.error
        if first is second:
            value[j, i], error[j, i] = found.value, found.error
    if first is second:
        places = np.diag_indices(rows)
        value[places] = np.where(first.kink, np.nan, first.second.value)
        error[places] = np.where(first.kink, np.inf, first.second.error)
    return value, error


def _pairs(first: _Axis, second: _Axis) -> Iterator[tuple[NDArray[np.int_], NDArray[np.int_]]]:
    """Yield the pairs of entries that some term of f holds, a few thousand at a time."""
    import numpy as np

    if first is not second:
        i, j = (each.ravel() for each in np.indices((len(first.steps), len(second.steps))))
    elif first.together is None:
        i, j = np.triu_indices(len(first.steps), 1)
    else:
        i, j = patterns.sharing(first.together)
    for start in range(0, len(i), AT_ONCE):
        yield i[start : start + AT_ONCE], j[start : start + AT_ONCE]


def _mixed(probe: Probe, first: _Axis, second: _Axis, i: NDArray[np.int_], j: NDArray[np.int_]) -> Limit:
    """Return ∂²f / ∂x_i ∂y_j for pairs of entries."""
    import numpy as np

    rungs = min(first.steps.shape[1], second.steps.shape[1])
    h, k = first.steps[i, -rungs:], second.steps[j, -rungs:]
    noise = np.fmax(first.noise[i, -rungs:], second.noise[j, -rungs:])
    total = np.zeros(h.shape)
    for sign, other in SIGNS:
        points = _corners(probe, first.name, second.name, (i, sign * h), (j, other * k))
        values = probe.at(points).reshape(h.shape)
        total += sign * other * np.where(np.isnan(h * k), np.nan, values)
    with np.errstate(all="ignore"):
        return limit(total / (4 * h * k), h, noise / k, (2, 4, 6), RATIO)


def _corners(probe: Probe, first: str, second: str, one: tuple[Any, Any], other: tuple[Any, Any]) -> dict[str, Array]:
    """Return the points at which one entry of each of two variables has moved: shape (pairs * rungs, *shape)."""
    import numpy as np

    points: dict[str, Array] = {}
    for name, (entries, steps) in ((first, one), (second, other)):
        x = probe.point[name].reshape(-1)
        if name not in points:
            points[name] = np.empty((*steps.shape, x.size))
            points[name][:] = x
        moved = x[entries, None] + np.nan_to_num(steps)
        if probe.bits < DOUBLE:
            moved = rounded_to(probe.bits, moved)
        points[name][np.arange(len(entries)), :, entries] = moved
    return {name: values.reshape(-1, *probe.point[name].shape) for name, values in points.items()}
