"""Lines through the point: functions of one real number each, whose slope at 0 is what is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradlab.errors import GradlabError
from gradlab.numeric import fronts, patterns
from gradlab.numeric.calling import ALIKE
from gradlab.numeric.fronts import Front
from gradlab.numeric.patterns import Pattern
from gradlab.numeric.probing import ENTRIES_AT_ONCE
from gradlab.numeric.rungs import binade

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.graph.point import Array
    from gradlab.numeric.probing import Probe


COARSE = 2.0**-8
"""Slopes that explain a move to this part of it are the right ones: the others are off by slopes of another entry."""


@dataclass(frozen=True, eq=False)
class Lines:
    """The lines along the entries of one variable: r of them, for the partial derivatives that are asked for.

    entries: shape (r,): the entry of the flattened variable that each of them moves.
    pattern: which entries move together, and which values tell of which; None where each entry moves alone and
        every value tells of it.
    front: linear maps at the front of f, where f is evaluated behind them.
    doubted: whether the pattern is the caller's, and to be held against what is seen to move.
    weights: shape (q,): where given, the values are terms of a sum, and a line is the sum over its terms.
    """

    probe: Probe
    variable: str
    entries: NDArray[np.int_]
    pattern: Pattern | None = None
    weights: Array | None = None
    doubted: bool = False
    front: Front | None = None

    @property
    def x(self) -> Array:
        """The entries themselves: shape (m,)."""
        return self.probe.point[self.variable].reshape(-1)

    @cached_property
    def centre(self) -> Array:
        """What moves, at the point: shape (r,)."""
        import numpy as np

        values = self.probe.centre
        if self.pattern is None:
            return np.tile(values, self.x.size)
        return self._gathered(values[self.pattern.values])

    @cached_property
    def rounding(self) -> Array:
        """How far rounding may move the centre, as the formula is written: shape (r,); 0 without one, or a bound."""
        import numpy as np

        errors = self.probe.rounding
        if self.pattern is None:
            return np.tile(errors, self.x.size)
        return self._gathered(errors[self.pattern.values], size=True)

    def along(self, entries: Any) -> Array:
        """Return the values of all lines where their entries are replaced: shape (r, k).

        entries: shape (m, k): k replacements for each entry of the variable; NaN where none is wanted.
        """
        import numpy as np

        steps = entries.shape[1]
        colours = self.colours
        values = np.empty((int(colours.max(initial=-1)) + 1, steps, self.probe.centre.size), entries.dtype)
        chunk = max(1, ENTRIES_AT_ONCE // max(self._entries_at_once(steps), 1))
        for start in range(0, len(values), chunk):
            values[start : start + chunk] = self._moved(entries, range(start, min(start + chunk, len(values))))
        if self.pattern is None:
            found = values.transpose(0, 2, 1).reshape(-1, steps)
        else:
            if self.doubted:
                self._check(values)
            found = self._gathered(values[colours[self.pattern.entries], :, self.pattern.values])
        unasked = np.isnan(entries)[self.entries]
        self.probe.spent.lost += int((np.isnan(found) & ~unasked).sum())
        found[unasked] = np.nan
        return found

    @property
    def told(self) -> NDArray[np.int_]:
        """Which value each line is of, where the value is an array: shape (r,)."""
        import numpy as np

        if self.pattern is None:
            return np.tile(np.arange(self.probe.centre.size), self.x.size)
        return self.pattern.values

    @property
    def colours(self) -> NDArray[np.int_]:
        """Which call moves which entry: shape (m,)."""
        import numpy as np

        return np.arange(self.x.size) if self.pattern is None else self.pattern.colours

    def _entries_at_once(self, steps: int) -> int:
        """Return how many numbers the points of one colour hold, or what is evaluated for them."""
        if self.front is None:
            return steps * self.x.size
        return steps * self.front.rest.entries_moving({self.variable, *self.front.base})

    def _moved(self, entries: Array, calls: range) -> Array:
        """Return all values where the entries of some colours are replaced: shape (c, k, q)."""
        import numpy as np

        places = np.flatnonzero((self.colours >= calls.start) & (self.colours < calls.stop))
        steps = entries.shape[1]
        if self.front is not None:
            return self._behind(self.front, entries, calls)
        points = np.empty((len(calls), steps, self.x.size), entries.dtype)
        points[:] = self.x
        wanted = entries[places]
        points[self.colours[places] - calls.start, :, places] = np.where(np.isnan(wanted), self.x[places, None], wanted)
        flat = points.reshape(len(calls) * steps, *self.probe.point[self.variable].shape)
        return self.probe.at({self.variable: flat}).reshape(len(calls), steps, self.probe.centre.size)

    def _behind(self, front: Front, entries: Array, calls: range) -> Array:
        import numpy as np

        wanted = entries[calls.start : calls.stop]
        values = front.at(calls, np.where(np.isnan(wanted), self.x[calls.start : calls.stop, None], wanted))
        self.probe.spent.calls += wanted.size
        return np.where(np.isfinite(values), values, np.nan)

    def _check(self, values: Array) -> None:
        """Raise GradlabError where a value moves that the pattern says does not."""
        import numpy as np

        assert self.pattern is not None
        still = np.ones((len(values), self.probe.centre.size), dtype=bool)
        still[self.colours[self.pattern.entries], self.pattern.values] = False
        apart = np.abs(values - self.probe.centre).max(axis=1, initial=0.0)
        wrong = still & (apart > ALIKE * 2.0**-self.probe.bits * np.abs(self.probe.centre))
        if wrong.any():
            colour, value = (int(place) for place in np.argwhere(wrong)[0])
            moved = np.flatnonzero(self.colours == colour)
            raise GradlabError(
                f"value {value} of {self.probe.f.signature} changes as the entries "
                f"{', '.join(map(str, moved[:6]))}{' …' if moved.size > 6 else ''} of {self.variable} do, and the "
                "sparsity says that it depends on none of them; give it all entries that are not 0, or leave it out"
            )

    def placed(self, values: Any, otherwise: float) -> Array:
        """Return what the lines of a number have, of the shape of the variable; *otherwise* where there is no line.

        values: shape (r,), or (r, 2).
        """
        import numpy as np

        rest = values.shape[1:]
        whole = np.full((self.x.size, *rest), otherwise)
        whole[self.entries] = values
        return whole.reshape((*self.probe.point[self.variable].shape, *rest))

    def confirm(self, slopes: Array) -> None:
        """Raise GradlabError where the slopes found are not those along a line on which all entries move: one call.

        It shows a pair that the caller's pattern lacks; what moves with it was read off as another's.
        """
        import numpy as np

        assert self.pattern is not None
        probe, shape = self.probe, self.probe.point[self.variable].shape
        signs = np.random.default_rng(0).choice([-1.0, 1.0], self.x.size)
        steps = binade(self.x) * 2.0 ** -(probe.bits * 2 // 5) * signs
        moved = probe.at({self.variable: (self.x + steps).reshape(1, *shape)})[0]
        parts = slopes * steps[self.entries]
        expected, size = np.zeros(probe.centre.size), np.zeros(probe.centre.size)
        np.add.at(expected, self.pattern.values, parts)
        np.add.at(size, self.pattern.values, np.abs(parts))
        rounding = ALIKE * 2.0**-probe.bits * np.abs(probe.centre)
        with np.errstate(all="ignore"):
            wrong = np.flatnonzero(np.abs(moved - probe.centre - expected) > COARSE * size + rounding)
        if wrong.size:
            raise GradlabError(
                f"the sparsity does not hold: value {wrong[0]} of {probe.f.signature} changes otherwise than the "
                f"entries of {self.variable} explain on which it is said to depend; give the sparsity all entries "
                "that are not 0, or leave it out"
            )

    def _gathered(self, told: Array, *, size: bool = False) -> Array:
        """Return what each line sees: the values themselves, or the sums over the terms of an entry."""
        import numpy as np

        if self.weights is None or self.pattern is None:
            return told
        weights = self.weights[self.pattern.values]
        weighted = told * np.expand_dims(np.abs(weights) if size else weights, tuple(range(1, told.ndim)))
        starts = np.searchsorted(self.pattern.entries, self.entries)
        return np.add.reduceat(weighted, starts, axis=0)


def of_number(probe: Probe, variable: str, *, apart: bool = True) -> Lines:
    """Return a line for each entry of the variable, for the gradient of a function whose value is one number.

    apart: whether f may be taken apart, into terms, or into linear maps and what is behind them (`fronts`).

    Where f is a sum of terms that hold few entries each, a line is the sum of those that hold its entry: the others
    do not move, and are not evaluated. Entries that no term holds have no line.
    """
    import numpy as np

    parts = patterns.separated(probe, variable) if apart else None
    if parts is None:
        entries = np.arange(probe.point[variable].size)
        return Lines(probe, variable, entries, front=fronts.front(probe, variable) if apart else None)
    terms, pattern, weights = parts
    return Lines(terms, variable, np.unique(pattern.entries), pattern, weights)


def of_array(probe: Probe, variable: str, sparsity: object = None) -> Lines:
    """Return a line for each pair of an entry of the variable and a value of f that depends on it.

    sparsity: the pattern as the caller states it; looked for in the formula if None.
    """
    import numpy as np

    size = probe.point[variable].size
    if sparsity is not None:
        pattern = patterns.stated(sparsity, probe.centre.size, size)
        return Lines(probe, variable, pattern.entries, pattern, doubted=True)
    pattern = patterns.found(probe, variable) if size >= patterns.FEWEST else None
    if pattern is None:
        return Lines(probe, variable, np.repeat(np.arange(size), probe.centre.size))
    return Lines(probe, variable, pattern.entries, pattern)
