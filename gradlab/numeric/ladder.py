"""The ladder: difference quotients at steps from a quarter of |x| down to its last bits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

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
"""A quotient that grows by 2^(rungs / 3) over the finer half of the rungs has no limit; the root of |x| by 2^(rungs / 2)."""

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
    rungs = _on(lines)
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


def _on(lines: Lines) -> Rungs:
    import numpy as np

    x = lines.x
    near = number_of_rungs(lines.probe.bits)
    size = binade(x)
    exponent = np.where(x == 0, 0, np.frexp(x)[1] - 1)
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


def _looked_at(rungs: Rungs, noise: Array, cancelled: Array) -> Measured:
    """Return what the two sides of each line say.

    Where their slopes tend to different limits, the value is their mean. Where they still creep, the bound covers
    what is left (`tails`); a kink is one only if they differ beyond it.
    """
    import numpy as np

    up, down, above, below, centre = rungs.up, rungs.down, rungs.above, rungs.below, rungs.centre
    near, unit = rungs.near, 2.0**-rungs.bits
    highest = np.fmax(np.abs(np.nan_to_num(np.hstack([above, below]))).max(axis=1), np.abs(centre[:, 0]))
    noise = np.fmax(noise, np.where(_stuck(above, near) & _stuck(below, near), cancelled, 0.0)[:, None])
    right, left = (above - centre) / up, (centre - below) / down
    central, steps = _central(rungs)
    # One-sided quotients hold the rounding of f at the centre too.
    on_right = limit(right, up, 2 * noise, (1, 2, 3))
    on_left = limit(left, down, 2 * noise, (1, 2, 3))
    chosen = _best(central, steps, np.fmax(noise, remainder(rungs)), near)
    after_left, after_right = _near_tail(left, down, 2 * noise, near), _near_tail(right, up, 2 * noise, near)
    after_both = _near_tail(central, steps, noise, near)
    few: NDArray[np.bool_] = np.isfinite(central).sum(axis=1) < FEW
    chosen, (from_left, from_right) = _one_sided(chosen, on_left, on_right, few)
    after_side = np.where(from_left, after_left.size, after_right.size)
    chosen = _with_tail(chosen, np.where(from_left | from_right, after_side, after_both.size))
    on_left, on_right = _with_tail(on_left, after_left.size), _with_tail(on_right, after_right.size)
    kink: NDArray[np.bool_] = np.abs(on_right.value - on_left.value) > CLEAR * (on_right.error + on_left.error)
    sides = np.stack([on_left.value, on_right.value], axis=1)
    half = np.abs(sides[:, 1] - sides[:, 0]) / 2
    value = np.where(kink, sides.mean(axis=1), chosen.value)
    error = np.where(kink, half + on_left.error + on_right.error, chosen.error)
    # A bend so close that no step comes between it and the point looks like a kink too, but a slight one.
    kink &= half > PLAIN * np.abs(sides).max(axis=1)
    slopes = np.where(kink[:, None], sides, np.nan)
    jump = 2.0 ** (near * GROWTH) * np.fmax(unit * highest, cancelled)
    leftward = _unbounded(left, down, noise, jump, after_left, near)
    rightward = _unbounded(right, up, noise, jump, after_right, near)
    vertical = ~kink & ((leftward != 0) | (rightward != 0))
    endless = [
        np.where(endless != 0, endless, found.value) for endless, found in ((leftward, on_left), (rightward, on_right))
    ]
    slopes = np.where(vertical[:, None], np.stack(endless, axis=1), slopes)
    blurred = ~kink & ~vertical & (noise[:, -1] > 2.0 ** (-KEPT * rungs.bits) * highest) & (centre[:, 0] != 0)
    hopeless = vertical | blurred
    slow = ~hopeless & (after_left.slow | after_right.slow | after_both.slow)
    return Measured(
        value=np.where(hopeless, np.nan, value),
        error=np.where(hopeless, np.inf, error),
        step=chosen.step,
        slopes=slopes,
        tried=rungs.tried,
        said={VERTICAL: vertical, BLURRED: blurred, SLOW: slow, LEFT: from_left, RIGHT: from_right},
    )


def _merged(whole: Measured, part: Measured, rows: NDArray[np.int_]) -> Measured:
    """Return the whole with the lines that were looked at again in their places."""
    import numpy as np

    def placed(before: Array, after: Array) -> Array:
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


def _one_sided(
    chosen: Limit, on_left: Limit, on_right: Limit, few: NDArray[np.bool_]
) -> tuple[Limit, tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return the limits, with those of the side inside the domain where there are few central quotients."""
    import numpy as np

    left = few & (on_left.error < np.minimum(chosen.error, on_right.error))
    right = few & ~left & (on_right.error < chosen.error)

    triples = zip(on_left.parts, on_right.parts, chosen.parts, strict=True)
    picked = (np.where(left, one, np.where(right, other, both)) for one, other, both in triples)
    return Limit(*picked), (left, right)


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


def _unbounded(quotients: Array, steps: Array, noise: Array, jump: Array, after: Tail, near: int) -> Array:
    """Return infinity, with its sign, where the quotients grow without bound as the step shrinks; 0 elsewhere.

    They grow by a steady law, or beyond what noise explains, or exactly as a jump of one size makes them grow.
    jump: shape (r,): the smallest that is no rounding.
    """
    import numpy as np

    fine, growth = slice(-near // 2, None), 2.0 ** (near * GROWTH)
    sizes = np.abs(quotients[:, fine])
    grows = (sizes[:, -1] > growth * sizes[:, 0]) & (sizes[:, -1] > growth * noise[:, -1] / steps[:, -1])
    jumps = sizes * steps[:, fine]
    largest, smallest = jumps.max(axis=1), jumps.min(axis=1)
    grows |= (largest < SAME * smallest) & (smallest > jump)
    return np.where(grows, np.copysign(np.inf, quotients[:, -1]), after.endless)
