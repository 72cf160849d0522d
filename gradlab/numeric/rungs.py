"""f on both sides of the point, at many steps: what all methods but one start from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradlab.graph.precision import DOUBLE, rounded_to

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.graph.point import Array
    from gradlab.numeric.lines import Lines


@dataclass(frozen=True, eq=False)
class Rungs:
    """Lines at the steps of a ladder: all arrays of shape (r, k), steps shrinking to the right.

    up, down: the steps as represented, NaN where there is none; above, below: f there, NaN where it has no value.
    centre: f at the point: shape (r, 1).
    tried: at how many points each line was evaluated: shape (r,).
    near: how many of the steps, counted from the smallest, are small beside the entry.
    bits: of the arithmetic that f was evaluated in.  unrest: by how much f changes its answers between calls.
    """

    up: Array
    down: Array
    above: Array
    below: Array
    centre: Array
    tried: NDArray[np.int_]
    near: int
    bits: int
    unrest: float

    def of(self, lines: NDArray[np.int_]) -> Rungs:
        """Return those of some lines alone."""
        up, down, above, below, centre = (
            array[lines] for array in (self.up, self.down, self.above, self.below, self.centre)
        )
        return replace(self, up=up, down=down, above=above, below=below, centre=centre, tried=self.tried[lines])


def binade(x: Array) -> Array:
    """Return the power of two below |x|; 1 at 0. Steps that are powers of two are represented exactly."""
    import numpy as np

    return np.where(x == 0, 1.0, np.ldexp(1.0, np.frexp(x)[1] - 1))


def climbed(lines: Lines, steps: Array, *, downward: slice = slice(None)) -> Rungs:
    """Return the lines at *steps*, shape (m, k), above each entry, and below it at those of the steps in *downward*.

    A step is left out where it is too small to move the entry, or takes it out of the range of its numbers.
    """
    import numpy as np

    x, bits = lines.x[:, None], lines.probe.bits
    with np.errstate(over="ignore", invalid="ignore"):
        ends = x + steps, x - steps
        above, below = ends if bits == DOUBLE else (rounded_to(bits, end) for end in ends)
        up, down = above - x, x - below
    usable = (up > 0) & (down > 0) & np.isfinite(above) & np.isfinite(below)
    up, down = np.where(usable, up, np.nan), np.where(usable, down, np.nan)
    points = np.where(usable, above, np.nan), np.where(usable, below, np.nan)[:, downward]
    values = lines.along(np.hstack(points))
    count = steps.shape[1]
    beyond = np.full((len(values), count), np.nan)
    beyond[:, downward] = values[:, count:]
    own, tried = lines.entries, np.isfinite(np.hstack(points)).sum(axis=1)
    unrest = lines.probe.unrest
    return Rungs(up[own], down[own], values[:, :count], beyond, lines.centre[:, None], tried[own], 0, bits, unrest)
