"""The ladder: difference quotients at steps from a quarter of |x| down to its last bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlab.numeric.extrapolation import RATIO, ROUNDING, Limit, limit
from gradlab.numeric.measured import Measured
from gradlab.numeric.noise import remainder, rounding_noise
from gradlab.numeric.tails import Tail, tail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.graph.point import Array
    from gradlab.numeric.probing import Probe

RUNGS = 24
"""From |x| / 4 to 16 units in the last place of x; smaller steps would be rounded."""

SMALL = -10
"""Entries below 2^-10 also get larger steps, up to about 1/4: steps relative to them alone drown in rounding."""

MOST_EXTRA_RUNGS = 30
"""Enough to reach 1/4 from 1e-18."""

CLEAR = 4.0
"""One-sided slopes further apart than this many times their bounds are a kink."""

FEW = 4
"""With fewer central quotients than this the domain ends close by, and one-sided ones are used."""

BITS_KEPT = 16
"""A function whose rounding noise leaves fewer bits than this cannot be differentiated numerically."""

GROWTH = 2.0**8
"""A quotient that grows by so much over the finer half of the rungs has no limit: the root of |x| grows by 2^12."""

CANCELLATION = 2.0**16
"""A rounding error this many times that of the result alone is more than sums of 65,000 terms of one sign explain."""

SAME = 1.001
"""A jump is of one size at all of the finer steps, within this factor; noise is not."""


@dataclass(frozen=True, eq=False)
class _Rungs:
    """f on the ladder of one variable: all arrays of shape (m, k), steps shrinking to the right.

    up, down: the steps as represented; above, below: f there, NaN where there is none.
    """

    up: Array
    down: Array
    above: Array
    below: Array


def ladder(probe: Probe, variable: str) -> Measured:
    """Return the partials with respect to *variable* from a ladder of central differences.

    Steps are powers of two, so that x + h and x - h are exact but for a change of binade.
    Where the slopes on the two sides tend to different limits, the value is their mean.
    Where they still creep, the bound covers what is left (`tails`); a kink is one only if they differ beyond it.
    """
    import numpy as np

    rungs = _climbed(probe, variable)
    up, down, above, below = rungs.up, rungs.down, rungs.above, rungs.below
    centre = probe.centre
    with np.errstate(all="ignore"):
        noise = rounding_noise(above, below, centre, RUNGS)
        highest = np.abs(np.nan_to_num(np.hstack([above, below]))).max(axis=1, initial=abs(centre))
        cancelled = _cancelled(probe, highest)
        noise = np.fmax(noise, np.where(_stuck(above) & _stuck(below), cancelled, 0.0)[:, None])
        right, left = (above - centre) / up, (centre - below) / down
        central = (above - below) / (up + down)
        # One-sided quotients hold the rounding of f at the centre too.
        on_right = limit(right, up, 2 * noise, (1, 2, 3))
        on_left = limit(left, down, 2 * noise, (1, 2, 3))
        all_noise = np.fmax(noise, remainder(above, below, centre))
        chosen = _best(central, (up + down) / 2, all_noise)
        after_left, after_right = _near_tail(left, down, 2 * noise), _near_tail(right, up, 2 * noise)
        after_both = _near_tail(central, (up + down) / 2, noise)
        few: NDArray[np.bool_] = np.isfinite(central).sum(axis=1) < FEW
        chosen, sides = _one_sided(chosen, on_left, on_right, few)
        after_side = np.where(sides["left"], after_left.size, after_right.size)
        chosen = _with_tail(chosen, np.where(sides["left"] | sides["right"], after_side, after_both.size))
        on_left, on_right = _with_tail(on_left, after_left.size), _with_tail(on_right, after_right.size)
        kink: NDArray[np.bool_] = np.abs(on_right.value - on_left.value) > CLEAR * (on_right.error + on_left.error)
        slopes = np.where(kink[:, None], np.stack([on_left.value, on_right.value], axis=1), np.nan)
        half = np.abs(slopes[:, 1] - slopes[:, 0]) / 2
        value = np.where(kink, slopes.mean(axis=1), chosen.value)
        error = np.where(kink, half + on_left.error + on_right.error, chosen.error)
        jump = GROWTH * np.fmax(ROUNDING * highest, cancelled)
        leftward = _unbounded(left, down, noise, jump, after_left)
        rightward = _unbounded(right, up, noise, jump, after_right)
        vertical = ~kink & ((leftward != 0) | (rightward != 0))
        endless = [
            np.where(endless != 0, endless, found.value)
            for endless, found in ((leftward, on_left), (rightward, on_right))
        ]
        slopes = np.where(vertical[:, None], np.stack(endless, axis=1), slopes)
        blurred = ~kink & ~vertical & (noise[:, -1] > 2.0**-BITS_KEPT * highest) & (abs(centre) > 0)
    hopeless = vertical | blurred
    slow = ~hopeless & (after_left.slow | after_right.slow | after_both.slow)
    notes = _notes(variable, probe, {"vertical": vertical, "blurred": blurred, "slow": slow, **sides})
    lost = int(np.isnan(above).sum() + np.isnan(below).sum() - np.isnan(up).sum() - np.isnan(down).sum())
    return Measured(
        value=np.where(hopeless, np.nan, value),
        error=np.where(hopeless, np.inf, error),
        step=chosen.step,
        slopes=slopes if (kink | vertical).any() else None,
        lost=lost,
        tried=int(np.isfinite(up).sum() + np.isfinite(down).sum()),
        notes=notes,
    )


def _climbed(probe: Probe, variable: str) -> _Rungs:
    import numpy as np

    x = probe.point[variable].reshape(-1, 1)
    exponent = np.where(x == 0, 0, np.frexp(x)[1] - 1)
    extra = np.where(exponent < SMALL, np.minimum(-exponent // 2, MOST_EXTRA_RUNGS), 0)
    most = int(extra.max(initial=0))
    rung = np.arange(-most, RUNGS)
    step = np.ldexp(1.0, exponent - 2 - int(np.log2(RATIO)) * rung)
    with np.errstate(over="ignore"):
        above, below = x + step, x - step
    up, down = above - x, x - below
    usable = (rung >= -extra) & (up > 0) & (down > 0) & np.isfinite(above) & np.isfinite(below)
    up, down = np.where(usable, up, np.nan), np.where(usable, down, np.nan)
    entries = np.where(np.hstack([usable, usable]), np.hstack([above, below]), np.nan)
    values = probe.along(variable, entries)
    count = rung.size
    return _Rungs(up, down, values[:, :count], values[:, count:])


def _best(central: Array, steps: Array, noise: Array) -> Limit:
    """Return the limits; those that use steps larger than |x| / 4 only where the smaller steps allow them.

    Far from the point f may look flat, or like another function altogether.
    """
    import numpy as np

    near = limit(central[:, -RUNGS:], steps[:, -RUNGS:], noise[:, -RUNGS:], (2, 4, 6))
    if central.shape[1] == RUNGS:
        return near
    far = limit(central, steps, noise, (2, 4, 6))
    better = np.isnan(near.value) | (np.abs(far.value - near.value) <= near.error)
    return Limit(*(np.where(better, *pair) for pair in zip(far.parts, near.parts, strict=True)))


def _one_sided(
    chosen: Limit, on_left: Limit, on_right: Limit, few: NDArray[np.bool_]
) -> tuple[Limit, dict[str, NDArray[np.bool_]]]:
    """Return the limits, with those of the side inside the domain where there are few central quotients."""
    import numpy as np

    left = few & (on_left.error < np.minimum(chosen.error, on_right.error))
    right = few & ~left & (on_right.error < chosen.error)

    triples = zip(on_left.parts, on_right.parts, chosen.parts, strict=True)
    picked = (np.where(left, one, np.where(right, other, both)) for one, other, both in triples)
    return Limit(*picked), {"left": left, "right": right}


def _cancelled(probe: Probe, highest: Array) -> Array:
    """Return the rounding error of the formula of f where numbers far larger than f cancel in it: shape (m,).

    Elsewhere 0: the values themselves tell their rounding, and more closely than a bound.
    """
    import numpy as np

    return np.where(probe.rounding > CANCELLATION * ROUNDING * highest, probe.rounding, 0.0)


def _stuck(values: Array) -> NDArray[np.bool_]:
    """Return where all finer steps give one value.

    It may be that f is flat there, or jumps, or that every value is rounded to this one, as in x + 1e16 - 1e16.
    """
    import numpy as np

    return np.ptp(np.nan_to_num(values[:, -RUNGS // 2 :]), axis=1) == 0


def _near_tail(quotients: Array, steps: Array, noise: Array) -> Tail:
    """Return what is left after the smallest step, judged by steps up to |x| / 4 alone."""
    return tail(quotients[:, -RUNGS:], steps[:, -RUNGS:], noise[:, -RUNGS:])


def _with_tail(found: Limit, size: Array) -> Limit:
    """Return the limits with bounds that cover what comes after the smallest step, and no value where that is all."""
    import numpy as np

    error = found.error + size
    return Limit(np.where(np.isfinite(error), found.value, np.nan), error, found.step)


def _unbounded(quotients: Array, steps: Array, noise: Array, jump: Array, after: Tail) -> Array:
    """Return infinity, with its sign, where the quotients grow without bound as the step shrinks; 0 elsewhere.

    They grow by a steady law, or beyond what noise explains, or exactly as a jump of one size makes them grow.
    jump: shape (m,): the smallest that is no rounding.
    """
    import numpy as np

    fine = slice(-RUNGS // 2, None)
    sizes = np.abs(quotients[:, fine])
    grows = (sizes[:, -1] > GROWTH * sizes[:, 0]) & (sizes[:, -1] > GROWTH * noise[:, -1] / steps[:, -1])
    jumps = sizes * steps[:, fine]
    largest, smallest = jumps.max(axis=1), jumps.min(axis=1)
    grows |= (largest < SAME * smallest) & (smallest > jump)
    return np.where(grows, np.copysign(np.inf, quotients[:, -1]), after.endless)


_SAID = {
    "vertical": "the difference quotients grow without bound as the step shrinks: a jump or a vertical tangent",
    "blurred": f"rounding leaves fewer than {BITS_KEPT} bits of f: no difference of its values means anything",
    "slow": "the slopes still change steadily at the smallest step: few digits can be given",
    "left": "the domain ends just above: slope from the left only",
    "right": "the domain ends just below: slope from the right only",
}


def _notes(variable: str, probe: Probe, found: dict[str, NDArray[np.bool_]]) -> tuple[str, ...]:
    import numpy as np

    from gradlab.graph.gradient import component_name

    notes = []
    shape = probe.point[variable].shape
    for kind, places in found.items():
        where = np.flatnonzero(places)
        if where.size:
            first = component_name(variable, tuple(int(i) for i in np.unravel_index(where[0], shape)))
            more = f" and {where.size - 1} more" if where.size > 1 else ""
            value = probe.point[variable].reshape(-1)[where[0]]
            notes.append(f"at {first} = {value:.6g}{more}: {_SAID[kind]}")
    return tuple(notes)
