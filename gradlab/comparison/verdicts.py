"""From the gradients of several routes to a verdict on each component: no tolerance, only bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from gradlab.graph.bounded import MARGIN
from gradlab.graph.precision import DOUBLE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.graph.point import Array

OWN = ("symbolic", "numeric", "autodiff")
"""The routes that gradlab has itself, in the order in which they are shown."""

ROUNDING = 2.0**-53
"""Half a unit in the last place of 1."""

DECIDES = 4e-7
"""Without a formula, a bound relative to the value above this leaves too few digits to confirm anything.

It must be below half of the errors that are to be found, 1e-6; the ladder's bounds are mostly near 1e-12.
"""

DECIDES_COARSELY = 2.0**-11
"""The same for a function that computes in float32 or less: its values have seven digits, their differences four."""

WITNESSED = 2.0**-8
"""A bound relative to the value that is enough where torch and the caller have the same value to ALIKE roundings.

Two gradients found apart from each other are not wrong in the same last digit, and the measurement sees the rest.
"""

ALIKE = 64
"""So many roundings apart, two values are one."""

NIL = 2.0**-40
"""Without a formula, a bound this small relative to the largest component confirms a zero."""


class Verdict(StrEnum):
    """What the routes say of a gradient, or of one component."""

    AGREE = "agree"
    DIFFER = "differ"
    KINK = "kink"
    UNSTABLE = "unstable"
    UNDECIDED = "undecided"


RANKED = (Verdict.AGREE, Verdict.KINK, Verdict.UNSTABLE, Verdict.UNDECIDED, Verdict.DIFFER)
"""From good to bad; the worst component gives the verdict on the whole."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the routes found, all components in one row: arrays of shape (n,).

    values: per route; NaN where a route gave none (see *given*) or found none.
    given: per route, whether it speaks of the component at all.
    precisions: per route, the bits it computes in: 53 for float64, 24 for float32.
    error: of the numeric route; infinite without one.  left, right: slopes at kinks, infinite at jumps, NaN elsewhere.
    allowed: per route, how far rounding at its precision may take it from the exact gradient; None without a formula.
    symbolic_error: of the exact gradient itself.
    hidden: how far the numeric value may be off because f loses digits as it is written; 0 where not looked at.
    scale: the largest value of the numeric route within the same variable.
    unstable: per route, where it is off for the one reason that f, as it is written, loses the digits.
    switches: operations of the formula that are at a kink of theirs, in words: their derivative is a convention.
    """

    values: Mapping[str, Array]
    given: Mapping[str, NDArray[np.bool_]]
    precisions: Mapping[str, int]
    error: Array
    left: Array
    right: Array
    allowed: Mapping[str, Array] | None
    symbolic_error: Array
    hidden: Array
    scale: Array
    unstable: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    switches: tuple[str, ...] = ()

    @cached_property
    def reference(self) -> str | None:
        """The route that the others are measured against."""
        return next((name for name in ("symbolic", "numeric") if name in self.values), None)

    @cached_property
    def kinks(self) -> NDArray[np.bool_]:
        """Where the two sides have different slopes, by more than errors that are to be found."""
        import numpy as np

        with np.errstate(all="ignore"):
            seen = np.abs(self.right - self.left) > DECIDES * np.maximum(np.abs(self.left), np.abs(self.right))
        return np.isfinite(self.left) & np.isfinite(self.right) & seen

    @cached_property
    def jumps(self) -> NDArray[np.bool_]:
        """Where difference quotients grow without bound: a jump, or a vertical tangent."""
        import numpy as np

        return np.isinf(self.left) | np.isinf(self.right)

    def bound(self, route: str) -> Array:
        """Return how far a route may be from the reference if both are right."""
        import numpy as np

        if self.allowed is not None:
            own = self.allowed[route] + self.symbolic_error
            return own + self.error + self.hidden if route == "numeric" else own
        if self.reference == "numeric":
            return self.error + self._rounding(route) * np.abs(self.values["numeric"])
        return np.zeros_like(self.error)

    def _rounding(self, route: str) -> float:
        """Return what rounding may do to a value, relative to it, where no formula tells."""
        return MARGIN * 2.0 ** -self.precisions[route]

    def ulps(self, route: str) -> Array:
        """Return how far a route is from the exact value in units of the last place of its dtype; NaN where unknown."""
        import numpy as np

        if self.reference != "symbolic":
            return np.full_like(self.error, np.nan)
        exact = self.values["symbolic"]
        with np.errstate(all="ignore"):
            unit = np.spacing(np.abs(exact)) * 2.0 ** (DOUBLE - self.precisions[route])
            rated = np.abs(self.values[route] - exact) / unit
        return np.where(self.given[route] & (self.symbolic_error <= unit), rated, np.nan)

    def blurred(self, route: str) -> NDArray[np.bool_]:
        """Return where a value computed in fewer bits is off by no more than sums of that precision may lose.

        Terms as large as the largest component may cancel in any of them, and without a formula nobody knows.
        """
        import numpy as np

        if self.allowed is not None or self.reference is None or self.precisions[route] >= DOUBLE:
            return np.zeros(self.error.size, dtype=bool)
        apart = np.abs(self.values[route] - self.values[self.reference])
        return (apart > self.bound(route)) & (apart <= self.error + self._rounding(route) * self.scale)

    def excess(self, route: str) -> Array:
        """Return the distance of a route from the reference in multiples of the bound; 0 where there is none.

        At a kink, from the interval between the two slopes. Infinite where the route's value is not finite.
        """
        import numpy as np

        assert self.reference is not None
        value, reference, bound = self.values[route], self.values[self.reference], self.bound(route)
        with np.errstate(all="ignore"):
            apart = np.abs(value - reference)
            off = np.where(apart == 0, 0.0, apart / bound)
            low, high = np.minimum(self.left, self.right), np.maximum(self.left, self.right)
            slack = np.maximum(self.error - (high - low) / 2, 0) + MARGIN * ROUNDING * np.maximum(abs(low), abs(high))
            outside = np.maximum(np.maximum(low - value, value - high), 0.0)
            off = np.where(self.kinks, np.where(outside == 0, 0.0, outside / slack), off)
        off = np.where(np.isfinite(value), off, np.inf)
        # Where the reference or the bound says nothing, nothing is exceeded.
        silent = ~self.kinks & ~(np.isfinite(reference) & np.isfinite(bound))
        if route == "numeric":
            silent |= ~np.isfinite(value)
        return np.where(silent | ~self.given[route], 0.0, off)


@dataclass(frozen=True, eq=False)
class Judgement:
    """The verdict on each component: indices into RANKED, and the largest excess and whose it is."""

    ranks: NDArray[np.int_]
    excess: Array
    culprit: NDArray[np.int_]
    routes: tuple[str, ...]

    def any(self, verdict: Verdict) -> bool:
        """Return whether any component has this verdict."""
        return bool((self.ranks == RANKED.index(verdict)).any())

    @cached_property
    def order(self) -> NDArray[np.int_]:
        """The components, worst first."""
        import numpy as np

        return np.lexsort((-self.excess, -self.ranks))


def judge(evidence: Evidence) -> Judgement:
    """Return the verdicts.

    *differ*: a route is further from the reference than the bound; at a kink, a route of the caller's own is outside
    the slopes.  *kink*: the slopes on the two sides differ.  *unstable*: the gradient is known, but what torch makes
    of f as it is written has lost it.  *undecided*: fewer than two routes have a value, or the bound is too large.
    """
    import numpy as np

    n = evidence.error.size
    routes = tuple(name for name in evidence.values if name != evidence.reference)
    if evidence.reference is None or not routes:
        none = np.zeros(n, dtype=int)
        return Judgement(none + RANKED.index(Verdict.UNDECIDED), np.zeros(n), none, routes)
    shaky = np.array([evidence.unstable.get(name, np.zeros(n, dtype=bool)) for name in routes])
    blurred = np.array([evidence.blurred(name) for name in routes])
    raw = np.array([evidence.excess(name) for name in routes])
    excesses = np.where(shaky | blurred, 0.0, raw)
    excess = excesses.max(axis=0)
    ranks = np.where(_decided(evidence), RANKED.index(Verdict.AGREE), RANKED.index(Verdict.UNDECIDED))
    ranks = np.where(blurred.any(axis=0), RANKED.index(Verdict.UNDECIDED), ranks)
    # Where an operation is at its kink, the formula's value is a convention that the function need not follow.
    mismatch = Verdict.KINK if evidence.switches else Verdict.DIFFER
    ranks = np.where(excess > 1, RANKED.index(mismatch), ranks)
    # A rule that has no value at a point (1/√0) does not contradict one that has.
    lost = [~np.isfinite(v) & evidence.given[r] for r, v in evidence.values.items() if r in ("symbolic", "autodiff")]
    ranks = np.where(np.any([ranks < 0, *lost], axis=0), RANKED.index(Verdict.UNDECIDED), ranks)
    # torch's and the formula's choices at a kink are conventions; what the caller claims must lie between the slopes.
    claimed = [place for place, name in enumerate(routes) if name not in OWN]
    wrong = (excesses[claimed] > 1).any(axis=0) if claimed else np.zeros(n, dtype=bool)
    trouble = shaky.any(axis=0)
    ranks = np.where(trouble, RANKED.index(Verdict.UNSTABLE), ranks)
    at_kink = np.where(wrong, RANKED.index(Verdict.DIFFER), RANKED.index(Verdict.KINK))
    ranks = np.where(evidence.kinks, at_kink, ranks)
    ranks = np.where(trouble & wrong, RANKED.index(Verdict.DIFFER), ranks)
    for place in claimed if evidence.switches else ():
        refuted = ~evidence.kinks & _refuted_by_measurement(evidence, routes[place])
        ranks = np.where(refuted, RANKED.index(Verdict.DIFFER), ranks)
    # Formulas give the derivative beside a jump, not at it.
    ranks = np.where(evidence.jumps, RANKED.index(Verdict.UNDECIDED), ranks)
    culprit = np.where(excess > 0, excesses.argmax(axis=0), (raw + shaky).argmax(axis=0))
    return Judgement(ranks, np.where(excess > 0, excess, raw.max(axis=0)), culprit, routes)


def _refuted_by_measurement(evidence: Evidence, route: str) -> NDArray[np.bool_]:
    """Return where a value is neither the formula's nor the measured one."""
    import numpy as np

    if "numeric" not in evidence.values:
        return evidence.excess(route) > 1
    value, measured = evidence.values[route], evidence.values["numeric"]
    near = np.abs(value - measured) <= evidence.error + MARGIN * ROUNDING * np.abs(measured)
    return evidence.given[route] & ~near & (evidence.excess(route) > 1)


def _decided(evidence: Evidence) -> NDArray[np.bool_]:
    """Return where two routes have values and the bound is small enough to confirm that they are one.

    With a formula it always is: what is left unknown of the exact gradient is below any error worth the name.
    """
    import numpy as np

    assert evidence.reference is not None
    finite = [np.isfinite(value) & evidence.given[name] for name, value in evidence.values.items()]
    reference = evidence.values[evidence.reference]
    others = {name: value for name, value in evidence.values.items() if name != evidence.reference}
    enough = (np.sum(finite, axis=0) >= 2) & np.isfinite(reference)
    if evidence.reference == "symbolic":
        # A route that rounding may take anywhere confirms nothing; the formula does not need the numeric one.
        held = [name for name in others if name != "numeric"]
        unbounded = [~np.isfinite(evidence.bound(name)) & evidence.given[name] for name in held]
        return enough & ~np.any([np.zeros_like(enough), *unbounded], axis=0)
    bound = evidence.bound("numeric")
    witnessed = _witnessed(evidence)
    zero = np.all([~evidence.given[name] | (value == 0) for name, value in others.items()], axis=0)
    # Beside large components a measurement sees a zero, but not whether a small number is the right one.
    nil = (zero & (reference == 0)) | ((zero | witnessed) & (bound <= NIL * evidence.scale))
    decides = DECIDES if min(evidence.precisions.values()) >= DOUBLE else DECIDES_COARSELY
    decides = np.where(witnessed, max(decides, WITNESSED), decides)
    return enough & ((bound <= decides * np.abs(reference)) | nil)


def _witnessed(evidence: Evidence) -> NDArray[np.bool_]:
    """Return where torch and a gradient of the caller's own have one value."""
    import numpy as np

    torch, others = evidence.values.get("autodiff"), [name for name in evidence.values if name not in OWN]
    if torch is None or not others:
        return np.zeros(evidence.error.size, dtype=bool)
    alike = []
    for name in others:
        unit = 2.0 ** -min(evidence.precisions[name], evidence.precisions["autodiff"])
        near = np.abs(evidence.values[name] - torch) <= ALIKE * unit * np.abs(torch)
        alike.append(near & evidence.given[name])
    return np.all(alike, axis=0)
