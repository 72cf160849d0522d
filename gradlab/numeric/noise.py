"""How far rounding moves a function, measured on the ladder's own values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlab.numeric.extrapolation import RATIO, coarser

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.graph.point import Array
    from gradlab.numeric.rungs import Rungs

RUN = 3
"""So many steps in a row at which the remainder shrinks as theory promises are a smooth function, no chance."""

STEADY = 1.25
"""Ratios within this factor of each other are one and the same decline: h at a kink, the root of h at a cusp."""

SMALLEST = {53: 2.0**-1072, 24: 2.0**-147, 11: 2.0**-22, 8: 2.0**-131}
"""What rounding costs where numbers underflow, by their bits: some steps of the smallest, 2^-1074 in float64."""

MANY = 24
"""Steps whose largest remainder, times SCATTER, bounds the noise: those of float64."""

LEVEL = 4.0
"""Pairs of remainders within this factor of each other, two steps apart, do not shrink."""


def rounding_noise(rungs: Rungs) -> Array:
    """Return a bound on the rounding error of (above - below) / 2 at each step: shape (r, k).

    Sums and differences of the two sides, freed from their smooth part by extrapolation, leave rounding error.
    Both are needed: an error made inside f is often the same on both sides of the centre and cancels in the sum.
    Larger steps can round what smaller ones leave alone, but not the reverse: a step has the noise of all finer ones.
    """
    import numpy as np

    above, below, centre, near = rungs.above, rungs.below, rungs.centre, slice(-rungs.near, None)
    unit = 2.0**-rungs.bits
    with np.errstate(all="ignore"):
        even = ((above - centre) - (centre - below))[:, near]
        odd = (above - below)[:, near]
        folded = np.tile(_folded(even), 2)
        orders = np.repeat([2.0, 1.0], len(even))[:, None]
        seen = _scatter(np.concatenate([even, odd]), orders, folded).reshape(2, *even.shape).max(axis=0) / 2
        largest = seen.max(axis=1, initial=0.0)
        # Where the finer steps do not move f on either side, the coarser ones tell what they may have lost.
        stuck = (_still(above, centre, rungs.near) & _still(below, centre, rungs.near))[:, None]
        finer = np.maximum.accumulate(seen[:, ::-1], axis=1)[:, ::-1]
        half = seen.shape[1] // 2
        finer[:, half:] = finer[:, half, None]
        measured = np.empty(above.shape)
        measured[:] = largest[:, None]
        measured[:, near] = np.where(stuck, largest[:, None], finer)
        # Entries of one variable go through much the same code: those that show little are given the average.
        measured = np.maximum(measured, measured[:, -1].sum() / max(len(measured), 1))
        # Fewer steps show less of what rounding can do.
        measured *= np.sqrt(MANY / rungs.near)
        rounding = unit * np.fmax(np.abs(above), np.abs(below)) + SMALLEST[rungs.bits] + rungs.unrest
        result = np.fmax(measured, rounding)
        # A function that never moves shows no rounding: it may be lost behind a number such as the 1 in 1 + x^9 - 1.
        still = ((above == centre) | np.isnan(above)).all(axis=1) & ((below == centre) | np.isnan(below)).all(axis=1)
        lost = np.where(still[:, None], unit * np.where(centre == 0, 1.0, np.abs(centre)), 0.0)
    return np.fmax(result, lost)


def _still(values: Array, centre: Array, near: int) -> NDArray[np.bool_]:
    """Return where f stays what it is at the point for the finer half of the steps, and moves at a larger one."""
    import numpy as np

    moves = (values != centre) & ~np.isnan(values)
    return ~moves[:, -(near // 2) :].any(axis=1) & moves.any(axis=1)


def remainder(rungs: Rungs, ratio: float = RATIO) -> Array:
    """Return half of what is left of the second differences at each step after removing h^2, h^4 and h^6.

    Larger steps can round parts of f that smaller ones leave alone; at a kink this is no rounding but the kink.
    """
    import numpy as np

    even = (rungs.above - rungs.centre) - (rungs.centre - rungs.below)
    left = np.zeros_like(even)
    for removed, order in enumerate((2, 4, 6), start=1):
        even = even - coarser(even) / ratio**order
        left[:, removed:] = np.abs(even[:, removed:])
    return np.where(left < np.inf, left, 0.0) / 2


def _scatter(differences: Array, order: Array, folded: Array) -> Array:
    """Return *differences*, freed from their part of this *order*, where they no longer shrink; 0 elsewhere.

    differences: shape (r, k).  order: shape (r, 1).

    The remainder of a smooth function shrinks by RATIO^-(order + 2) from step to step, at once or, where it varies
    faster than the coarsest steps, after some steps; that of a kink shrinks steadily too, like h. What comes after
    is rounding, and counts where it is level over four steps, or among the finest steps.
    folded: shape (r,): steps before this one cross a kink, and do not count.
    """
    import numpy as np

    left = np.abs(differences - coarser(differences) / RATIO**order)[:, 1:]
    count = left.shape[1]
    step = np.arange(count)
    shrunk = left[:, 1:] / left[:, :-1]
    # As promised, give or take: a vanishing derivative makes it faster.
    smooth = (shrunk <= 1 / 8) & (shrunk >= RATIO ** -(order + 2) / 2**8)
    at_once = np.logical_and.accumulate(smooth | np.isnan(shrunk), axis=1).sum(axis=1)
    runs = smooth[:, 2:] & smooth[:, 1:-1] & smooth[:, :-2]
    alike = (shrunk[:, 1:] <= STEADY * shrunk[:, :-1]) & (shrunk[:, :-1] <= STEADY * shrunk[:, 1:])
    steady = _after_last(alike[:, 1:] & alike[:, :-1] & (shrunk[:, 2:] <= 0.75))
    steady += steady > 0  # the last of a steady decline belongs to it
    start = np.max([at_once, _after_last(runs), steady, folded], axis=0)[:, None]
    left = np.where(left < np.inf, left, 0.0)
    pairs = np.maximum(left[:, 1:], left[:, :-1])
    level = (pairs[:, 2:] >= pairs[:, :-2] / LEVEL) & (pairs[:, :-2] >= pairs[:, 2:] / 64)
    level &= step[: count - 3] >= start
    # At the finer half of the steps, below 2^-24 of |x|, what is left of a smooth function is far below rounding.
    counts = (step >= count - (count + 1) // 2) & (step >= start)
    for offset in range(4):
        counts[:, offset : count - 3 + offset] |= level
    found = np.zeros(differences.shape)
    found[:, 1:] = np.where(counts, left, 0.0)
    return found


def _folded(even: Array) -> Array:
    """Return the first step that does not cross a kink beside the point: shape (r,).

    Beyond the kink second differences shrink like h, and the odd part of f stands still: no rounding, though level.
    """
    import numpy as np

    shrunk = np.abs(even[:, 1:] / coarser(even)[:, 1:])
    like_h = (shrunk > 1 / RATIO / STEADY) & (shrunk < STEADY / RATIO)
    # Two more: the step at the kink itself, and what extrapolation carries over from it.
    after = _after_last(like_h[:, 2:] & like_h[:, 1:-1] & like_h[:, :-2])
    return np.where(after > 0, after + 2, 0)


def _after_last(runs: NDArray[np.bool_]) -> Array:
    """Return the step after the last run of RUN shrinking steps, 0 if there is none."""
    import numpy as np

    return np.where(runs.any(axis=1), runs.shape[1] - np.argmax(runs[:, ::-1], axis=1) + RUN - 1, 0)
