"""What slopes that approach their limit slowly, or have none, still hide below the smallest step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlab.numeric.extrapolation import ROUNDING, SAFETY, SCATTER, coarser
from gradlab.numeric.noise import STEADY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.graph.point import Array

SLOW = 0.45
"""Changes that shrink by no more than this per step are slow: |x|^1.5 at 0 has 0.5, smooth functions at most 0.25."""

RUN = 3
"""So many slow ratios in a row, up to the last change that is clear of noise, are a law and no chance."""

RESOLVED = 2.0**10
"""Changes this many times the noise give ratios to about one part in 400: enough to tell |x|^1.01 from |x| log |x|."""


@dataclass(frozen=True, eq=False)
class Tail:
    """What comes after the smallest step, per component.

    size: shape (r,): a bound on how far the slopes still go; 0 where the extrapolation's own bound says enough, and
        infinite where their changes do not shrink.
    endless: shape (r,): infinity, with its sign, where the slopes grow without bound; 0 elsewhere.
    """

    size: Array
    endless: Array

    @property
    def slow(self) -> NDArray[np.bool_]:
        """Where the slopes crawl: to a limit, or to one that cannot be told."""
        return (self.size > 0) & (self.endless == 0)


def tail(quotients: Array, steps: Array, noise: Array) -> Tail:
    """Return how far *quotients* go on beyond the last of their changes that is clear of noise.

    quotients, steps, noise: shape (r, k), as for `limit`.

    Changes c with c_new / c_old = r tending to a constant leave c (r + r^2 + ...) = c r / (1 - r): Aitken's
    extrapolation, Stoer & Bulirsch (2002), section 5.10. Where r is 1 or more the sum has no limit.
    SAFETY times that also holds where r itself still creeps up, as for 1 / log |x|.
    """
    import numpy as np

    count = quotients.shape[1]
    with np.errstate(all="ignore"):
        change = quotients - coarser(quotients)
        spread = SCATTER * noise / steps + ROUNDING * np.abs(quotients)
        doubt = spread + coarser(spread)
        ratio = change / coarser(change)
        clear = np.abs(change) > RESOLVED * doubt
        column = np.arange(count)
        last = np.where(clear, column, -1).max(axis=1, initial=-1)
        recent = (column > last[:, None] - RUN) & (column <= last[:, None])
        steady = (last >= RUN + 1) & (~recent | (clear & _shifted(clear) & (ratio > SLOW))).all(axis=1)
        place = np.maximum(last, 0)[:, None]
        at_last = (np.take_along_axis(array, place, axis=1)[:, 0] for array in (change, ratio, doubt, quotients))
        step, rate, unsure, reached = at_last
        # Further on the changes may shrink faster, seen less clearly: then this was no law.
        expected = np.abs(step)[:, None] * (rate[:, None] / STEADY) ** (column - place)
        faded = ((column > place) & (np.abs(change) + doubt < expected)).any(axis=1)
        slow = steady & ~faded
        # The older change, too, is known only but for its noise.
        highest = rate + (1 + rate) * unsure / np.abs(step)
        size = np.where(highest < 1, SAFETY * np.abs(step) * highest / (1 - highest), np.inf)
        endless = slow & (highest >= 1) & (step * reached > 0)
    return Tail(np.where(slow, size, 0.0), np.where(endless, np.copysign(np.inf, step), 0.0))


def _shifted(clear: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return for each entry whether its neighbour at the next larger step is clear; False for the first."""
    import numpy as np

    shifted = np.zeros_like(clear)
    shifted[:, 1:] = clear[:, :-1]
    return shifted
