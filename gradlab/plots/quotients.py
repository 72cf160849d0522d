"""Difference quotients of a user's own function at many steps, and how far each is from the exact slope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, log10
from typing import TYPE_CHECKING, Any

from gradlab.errors import CodeError, DomainError, NoFormulaError
from gradlab.graph import Function, Gradient, Point, evaluation
from gradlab.graph.guards import with_frozen_values
from gradlab.numeric.estimation import gradient_of, probing
from gradlab.symbolic import derive

if TYPE_CHECKING:
    import numpy as np

    from gradlab.graph.point import Array

PER_DECADE = 4
"""Steps per decade: enough to see where rounding scatters."""

DECADES = {53: 21, 24: 12}
"""From |x| downwards, by the bits of the arithmetic: a few beyond its last one, for the complex step."""

MOST_ABOVE = 6
"""Decades of steps above |x|, up to 1: a kink nearby shows there."""

ORDERS: Mapping[str, int] = {"forward": 1, "central": 2, "complex": 2, "Richardson": 4}
"""By which power of the step the truncation error of each method shrinks."""

TRUSTED = 1e-2
"""The complex step is off by less than this part at some step, or f is not analytic as it is written."""


@dataclass(frozen=True, eq=False)
class Quotients:
    """All difference quotients of one component of a function at a point.

    component, position: which.  bits: of the arithmetic, 53 for float64 and 24 for float32.
    """

    function: Function
    point: Point
    variable: str
    position: tuple[int, ...]
    bits: int

    @property
    def x(self) -> float:
        """The component at the point."""
        return float(self.point[self.variable][self.position])

    @cached_property
    def steps(self) -> Array:
        """Nominal steps, largest first: from |x|, or where that is small from 1, down to its last bits and beyond."""
        import numpy as np

        size = abs(self.x) or 1.0
        wider = min(max(-log10(size), 0.0), MOST_ABOVE)
        down = np.arange((DECADES[self.bits] + wider) * PER_DECADE + 1) / PER_DECADE
        return size * 10.0 ** (wider - down)

    @cached_property
    def measured(self) -> Gradient:
        """gradlab's own estimate."""
        return gradient_of(probing(self.function, self.point, self.bits), [self.variable], "ladder")

    @cached_property
    def chosen(self) -> tuple[float, float, float]:
        """The step that the estimate chose, its error, and its bound on that; the bound twice if no error is known."""
        assert self.measured.error is not None
        assert self.measured.steps is not None
        step = float(self.measured.steps[self.variable][self.position])
        value = float(self.measured[self.variable][self.position])
        bound = float(self.measured.error[self.variable][self.position])
        return step, bound if self.exact is None else abs(value - self.exact), bound

    @cached_property
    def exact(self) -> float | None:
        """The exact slope; None without a formula."""
        try:
            found = derive(self.function, self.variable).at(self.point)
        except (NoFormulaError, DomainError):
            return None
        return float(found[self.variable][self.position])

    @property
    def reference(self) -> float:
        """What errors are measured against: the exact slope, or the estimate where there is none."""
        return self.exact if self.exact is not None else float(self.measured[self.variable][self.position])

    @cached_property
    def centre(self) -> float:
        """F at the point."""
        return float(self._values(self._real.type(self.x)[None])[0].real)

    def errors(self) -> dict[str, tuple[Array, Array]]:
        """Return per method its steps and the error there; without what could not be computed.

        Steps of real differences are those that were represented.
        """
        import numpy as np

        with np.errstate(all="ignore"):
            real, wide = self._real.type, np.float64
            x, half = real(self.x), (self.steps / 2).astype(real)
            above, below = x + self.steps.astype(real), x - self.steps.astype(real)
            nearer = x + half, x - half
            f_above, f_below, *f_nearer = (self._values(points).real.astype(wide) for points in (above, below, *nearer))
            up = above.astype(wide) - wide(x)
            both, narrow = above.astype(wide) - below, nearer[0].astype(wide) - nearer[1]
            central = (f_above - f_below) / both
            halved = (f_nearer[0] - f_nearer[1]) / narrow
            found = {
                "forward": (up, (f_above - self.centre) / up),
                "central": (both / 2, central),
                "complex": (self.steps, self._complex()),
                "Richardson": (both / 2, halved + (halved - central) / 3),
            }
            off = {name: (steps, np.abs(value - self.reference)) for name, (steps, value) in found.items()}
        usable = {name: (steps > 0) & np.isfinite(error) for name, (steps, error) in off.items()}
        return {
            name: (steps[usable[name]], error[usable[name]])
            for name, (steps, error) in off.items()
            if usable[name].any()
        }

    @property
    def _real(self) -> np.dtype[Any]:
        import numpy as np

        return np.dtype(np.float64 if self.bits > 24 else np.float32)

    def _complex(self) -> Array:
        """Return Im f(x + ih) / h; NaN throughout where f is not analytic as it is written."""
        import numpy as np

        nowhere = np.full(self.steps.shape, np.nan)
        if self.function.output is None:
            return nowhere
        kind = np.complex128 if self.bits > 24 else np.complex64
        try:
            values = self._values((self.x + 1j * self.steps).astype(kind))
        except TypeError:  # a function of real numbers only, such as logaddexp
            return nowhere
        found = values.imag.astype(float) / self.steps
        off = np.abs(found - self.reference) <= TRUSTED * abs(self.reference)
        return found if off.any() else nowhere

    def _values(self, entries: Any) -> Any:
        """Return f with the component replaced by each of *entries*, in their dtype."""
        import numpy as np

        held = with_frozen_values(self.function, self.point)
        if held.output is None:
            return np.array([self._called(float(entry)) for entry in entries])
        base = self.point[self.variable].astype(entries.dtype)
        points = np.repeat(base[None], entries.size, axis=0)
        points[(slice(None), *self.position)] = entries
        values = {**held.data, **self.point, self.variable: points}
        (found,) = evaluation.with_numpy([held.output], values, held.sizes(self.point), entries.dtype)
        return np.broadcast_to(found, entries.shape)

    def _called(self, entry: float) -> float:
        moved = self.point[self.variable].copy()
        moved[self.position] = entry
        try:
            found = (
                float(self.function.call_code(self.point.replaced({self.variable: moved})))
                if isfinite(entry)
                else entry
            )
        except CodeError:  # outside the domain
            return float("nan")
        return found


def quotients(function: Function, point: Point, variable: str, position: tuple[int, ...], bits: int) -> Quotients:
    """Return the difference quotients of one component; in float32 also the point is rounded to it."""
    import numpy as np

    if bits > 24:
        return Quotients(function, point, variable, position, 53)
    rounded = Point({name: array.astype(np.float32) for name, array in point.items()})
    return Quotients(function, rounded, variable, position, 24)
