"""The ladder: difference quotients at steps from a quarter of |x| down to its last bits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gradlab.numeric.extrapolation import RATIO, Limit, limit
from gradlab.numeric.measured import Measured
from gradlab.numeric.noise import remainder, rounding_noise
from gradlab.numeric.regression import FEWEST_BITS, fitted
from gradlab.numeric.rungs import Rungs, binade, climbed
from gradlab.numeric.tails import Tail, tail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.graph.point import Array
    from gradlab.numeric.lines import Lines

SMALL = -10
"""Entries below 2^-10 also get larger steps, up to about 1/4: steps relative to them alone drown in rounding."""

MOST_EXTRA_RUNGS = 30
"""Enough to reach 1/4 from 1e-18."""

PLAIN = 2.0**-20
"""A bound relative to the value below this, and two sides that agree, leave no kink, edge or tail to look for."""

CLEAR = 4.0
"""One-sided slopes further apart than this many times their bounds are a kink."""

FEW = 4
"""With fewer central quotients than this the domain ends close by, and one-sided ones are used."""

KEPT = 0.2
"""A function whose rounding noise leaves less of its bits than this cannot be differentiated numerically."""

GROWTH = 1 / 3
"""A quotient that grows by 2^(rungs / 3) over the finer half of the rungs has no limit.

That of the root of |x| grows by 2^(rungs / 2).
"""

CANCELLATION = 2.0**16
"""A rounding error this many times that of the result alone is more than sums of 65,000 terms of one sign explain."""

SAME = 1.001
"""A jump is of one size at all of the finer steps, within this factor; noise is not."""


VERTICAL = "the difference quotients grow without bound as the step shrinks: a jump or a vertical tangent"
BLURRED = "rounding leaves too few digits of f: no difference of its values means anything"
SLOW = "the slopes still change steadily at the smallest step: few digits can be given"
LEFT = "the domain ends just above: slope from the left only"
RIGHT = "the domain ends just below: slope from the right only"


def ladder(lines: Lines) -> Measured:
    """Return the slopes of the lines from central differences at some two dozen steps.

    Steps are powers of two, so that x + h and x - h are exact but for a change of binade.
    Where two sides and two dozen quotients agree closely, as those of a smooth function do, that is all. Elsewhere
    each side is looked at alone (`_looked_at`). Numbers of fewer than 20 bits have too few steps (`regression`).
    """
    import numpy as np

    if lines.probe.bits < FEWEST_BITS:
        return fitted(lines)
    rungs = on_ladder(lines)
    with np.errstate(all="ignore"):
        noise = rounding_noise(rungs)
        central, steps = _central(rungs)
        chosen = _best(central, steps, np.fmax(noise, remainder(rungs)), rungs.near)
        plain = _plain(rungs, noise, chosen, central, steps)
        rest = np.flatnonzero(~plain)
        found = Measured(chosen.value, chosen.error, chosen.step, None, rungs.tried, {})
        if rest.size:
            cancelled = _cancelled(lines, rungs)
            part = _looked_at(rungs.of(rest), noise[rest], cancelled[rest])
            found = _merged(found, part, rest)
    return found


def number_of_rungs(bits: int) -> int:
    """Return how many steps fit between |x| / 4 and 16 units in the last place of x; smaller ones would be rounded.

    >>> number_of_rungs(53), number_of_rungs(24)
    (24, 9)
    """
    return (bits - 5) // 2


def on_ladder(lines: Lines) -> Rungs:
    """Return the lines at all steps of the ladder."""
    import numpy as np

    x = lines.x
    near = number_of_rungs(lines.probe.bits)
    size = binade(x)
    exponent = np.frexp(x)[1] - 1  # -1 where x is 0
    extra = np.where(exponent < SMALL, np.minimum(-exponent // 2, MOST_EXTRA_RUNGS), 0)
    rung = np.arange(-int(extra.max(initial=0)), near)
    steps = size[:, None] * RATIO ** (-1.0 - rung)
    return replace(climbed(lines, np.where(rung >= -extra[:, None], steps, np.nan)), near=near)


def _central(rungs: Rungs) -> tuple[Array, Array]:
    """Return the central difference quotients and their steps."""
    both = rungs.up + rungs.down
    return (rungs.above - rungs.below) / both, both / 2


def _plain(rungs: Rungs, noise: Array, chosen: Limit, central: Array, steps: Array) -> NDArray[np.bool_]:
    """Return which lines are smooth beyond doubt.

    All values are finite, the bound is small beside the slope, and the slopes of the two sides, which differ by
    f'' h + f'''' h^3 / 12 + … where f is smooth, tend to one limit.
    """
    import numpy as np

    finite = np.isfinite(central[:, -rungs.near :]).all(axis=1)
    gap = (rungs.above - rungs.centre) / rungs.up - (rungs.centre - rungs.below) / rungs.down
    near = slice(-rungs.near, None)
    apart = limit(gap[:, near], steps[:, near], 2 * noise[:, near], (1, 3, 5))
    small = PLAIN * np.abs(chosen.value)
    alike = (np.abs(apart.value) <= CLEAR * apart.error) & (apart.error <= 2.0**10 * small)
    after = _near_tail(central, steps, noise, rungs.near)
    return finite & (chosen.error < small) & alike & (after.size == 0) & (after.endless == 0)


@dataclass(frozen=True, eq=False)
class _Side:
    """One side of the point, or both: difference quotients at all steps, their limit, and what comes after the last."""

    quotients: Array
    steps: Array
    noise: Array
    limit: Limit
    after: Tail

    def unbounded(self, jump: Array, near: int) -> Array:
        """Return infinity, with its sign, where the quotients grow without bound as the step shrinks; 0 elsewhere.

        They grow by a steady law, or beyond what noise explains, or exactly as a jump of one size makes them grow.
        jump: shape (r,): the smallest that is no rounding.
        """
        import numpy as np

        fine, growth = slice(-near // 2, None), 2.0 ** (near * GROWTH)
        sizes, steps = np.abs(self.quotients[:, fine]), self.steps[:, fine]
        grows = (sizes[:, -1] > growth * sizes[:, 0]) & (sizes[:, -1] > growth * self.noise[:, -1] / steps[:, -1])
        jumps = sizes * steps
        largest, smallest = jumps.max(axis=1), jumps.min(axis=1)
        grows |= (largest < SAME * smallest) & (smallest > jump)
        return np.where(grows, np.copysign(np.inf, self.quotients[:, -1]), self.after.endless)


def _looked_at(rungs: Rungs, noise: Array, cancelled: Array) -> Measured:
    """Return what the two sides of each line say.

    Where their slopes tend to different limits, the value is their mean. Where they still creep, the bound covers
    what is left (`tails`); a kink is one only if they differ beyond it.
    """
    import numpy as np

    near, centre = rungs.near, rungs.centre
    values = np.nan_to_num(np.hstack([rungs.above, rungs.below, centre]))
    highest = np.abs(values).max(axis=1)
    stuck = _stuck(rungs.above, near) & _stuck(rungs.below, near)
    noise = np.fmax(noise, np.where(stuck, cancelled, 0.0)[:, None])
    left, both, right = _sides(rungs, noise)
    chosen, (from_left, from_right) = _one_sided(both, left, right)
    kink: NDArray[np.bool_] = np.abs(right.limit.value - left.limit.value) > CLEAR * (
        right.limit.error + left.limit.error
    )
    slopes = np.stack([left.limit.value, right.limit.value], axis=1)
    half = np.abs(slopes[:, 1] - slopes[:, 0]) / 2
    value = np.where(kink, slopes.mean(axis=1), chosen.value)
    error = np.where(kink, half + left.limit.error + right.limit.error, chosen.error)
    # A bend so close that no step comes between it and the point looks like a kink too, but a slight one.
    said_kink = kink & (half > PLAIN * np.abs(slopes).max(axis=1))
    jump = 2.0 ** (near * GROWTH) * np.fmax(2.0**-rungs.bits * highest, cancelled)
    ends = np.stack([side.unbounded(jump, near) for side in (left, right)], axis=1)
    vertical = ~kink & (ends != 0).any(axis=1)
    slopes[~said_kink] = np.nan
    limits = np.stack([left.limit.value, right.limit.value], axis=1)
    slopes = np.where(vertical[:, None], np.where(ends != 0, ends, limits), slopes)
    blurred = ~kink & ~vertical & (noise[:, -1] > 2.0 ** (-KEPT * rungs.bits) * highest) & (centre[:, 0] != 0)
    hopeless = vertical | blurred
    slow = ~hopeless & (left.after.slow | right.after.slow | both.after.slow)
    return Measured(
        value=np.where(hopeless, np.nan, value),
        error=np.where(hopeless, np.inf, error),
        step=chosen.step,
        slopes=slopes,
        tried=rungs.tried,
        said={VERTICAL: vertical, BLURRED: blurred, SLOW: slow, LEFT: from_left, RIGHT: from_right},
    )


def _sides(rungs: Rungs, noise: Array) -> tuple[_Side, _Side, _Side]:
    """Return the left side, both together, and the right one."""
    import numpy as np

    def side(quotients: Array, steps: Array, noise: Array, found: Limit) -> _Side:
        after = _near_tail(quotients, steps, noise, rungs.near)
        return _Side(quotients, steps, noise, _with_tail(found, after.size), after)

    right, left = (rungs.above - rungs.centre) / rungs.up, (rungs.centre - rungs.below) / rungs.down
    central, steps = _central(rungs)
    best = _best(central, steps, np.fmax(noise, remainder(rungs)), rungs.near)
    # One-sided quotients hold the rounding of f at the centre too.
    twice = 2 * noise
    return (
        side(left, rungs.down, twice, limit(left, rungs.down, twice, (1, 2, 3))),
        side(central, steps, noise, best),
        side(right, rungs.up, twice, limit(right, rungs.up, twice, (1, 2, 3))),
    )


def _merged(whole: Measured, part: Measured, rows: NDArray[np.int_]) -> Measured:
    """Return the whole with the lines that were looked at again in their places."""
    import numpy as np

    def placed(before: Any, after: Any) -> Any:
        copy = before.copy()
        copy[rows] = after
        return copy

    count = len(whole.value)
    slopes = placed(np.full((count, 2), np.nan), part.slopes) if part.slopes is not None else None
    return replace(
        whole,
        value=placed(whole.value, part.value),
        error=placed(whole.error, part.error),
        step=placed(whole.step, part.step),
        slopes=slopes if slopes is not None and not np.isnan(slopes).all() else None,
        said={text: placed(np.zeros(count, dtype=bool), where) for text, where in part.said.items() if where.any()},
    )


def _best(central: Array, steps: Array, noise: Array, near: int) -> Limit:
    """Return the limits; those that use steps larger than |x| / 4 only where the smaller steps allow them.

    Far from the point f may look flat, or like another function altogether.
    """
    import numpy as np

    close = limit(central[:, -near:], steps[:, -near:], noise[:, -near:], (2, 4, 6))
    if central.shape[1] == near:
        return close
    far = limit(central, steps, noise, (2, 4, 6))
    better = np.isnan(close.value) | (np.abs(far.value - close.value) <= close.error)
    return Limit(*(np.where(better, *pair) for pair in zip(far.parts, close.parts, strict=True)))


def _one_sided(both: _Side, left: _Side, right: _Side) -> tuple[Limit, tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return the limits, with those of the side inside the domain where there are few central quotients."""
    import numpy as np

    few: NDArray[np.bool_] = np.isfinite(both.quotients).sum(axis=1) < FEW
    on_left = few & (left.limit.error < np.fmin(both.limit.error, right.limit.error))
    on_right = few & ~on_left & (right.limit.error < both.limit.error)
    triples = zip(left.limit.parts, right.limit.parts, both.limit.parts, strict=True)
    picked = (np.where(on_left, one, np.where(on_right, other, two)) for one, other, two in triples)
    return Limit(*picked), (on_left, on_right)


def _cancelled(lines: Lines, rungs: Rungs) -> Array:
    """Return the rounding error of the formula of f where numbers far larger than f cancel in it: shape (r,).

    Elsewhere 0: the values themselves tell their rounding, and more closely than a bound.
    """
    import numpy as np

    values = np.hstack([rungs.above, rungs.below, rungs.centre])
    highest = np.abs(np.nan_to_num(values)).max(axis=1)
    return np.where(lines.rounding > CANCELLATION * 2.0**-rungs.bits * highest, lines.rounding, 0.0)


def _stuck(values: Array, near: int) -> NDArray[np.bool_]:
    """Return where all finer steps give one value.

    It may be that f is flat there, or jumps, or that every value is rounded to this one, as in x + 1e16 - 1e16.
    """
    import numpy as np

    return np.ptp(np.nan_to_num(values[:, -near // 2 :]), axis=1) == 0


def _near_tail(quotients: Array, steps: Array, noise: Array, near: int) -> Tail:
    """Return what is left after the smallest step, judged by steps up to |x| / 4 alone."""
    return tail(quotients[:, -near:], steps[:, -near:], noise[:, -near:])


def _with_tail(found: Limit, size: Array) -> Limit:
    """Return the limits with bounds that cover what comes after the smallest step, and no value where that is all."""
    import numpy as np

    error = found.error + size
    return Limit(np.where(np.isfinite(error), found.value, np.nan), error, found.step)
