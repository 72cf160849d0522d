"""Rules that look for the length of each step along the negative gradient: siblings of those in `optimizers`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlab.descent.ground import Ground
from gradlab.descent.optimizers import State, Vector
from gradlab.descent.second_order import grounded
from gradlab.descent.settings import fraction, positive
from gradlab.misuse import explains_misuse

if TYPE_CHECKING:
    from collections.abc import Callable

_DOUBLINGS = 200
_HALVINGS = 200
"""Evaluations after which a search ends with what it has: no float64 has more than these binary digits to settle."""


@explains_misuse
@dataclass(frozen=True)
class ExactLineSearch:
    """Steepest descent to the lowest point on the way: x_{k+1} = x_k - t g with the t that minimises f(x_k - t g).

    For a quadratic t = g^T g / g^T H g. For any other f it is the first zero of the slope φ'(t) = -g^T ∇f(x_k - t g),
    bracketed by doubling from *first* and found by the Illinois method (false position).
    Nocedal & Wright, *Numerical Optimization* (2nd ed. 2006), equations 3.3 and 3.25; M. Dowell & P. Jarratt,
    BIT 11 (1971), 168-174.

    >>> from gradlab import descend
    >>> descend("x^2 + 10 y^2", {"x": 10.0, "y": 1.0}, rule=ExactLineSearch(), steps=2).losses.round(2)
    array([110.  ,  73.64,  49.29])
    """

    first: float = 0.01
    ground: Ground | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", positive("ExactLineSearch", "first", self.first))

    def initial(self, x: Vector) -> State:
        return ()

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        ground = grounded(self)
        slope = ground.row(gradient)
        squared = float(slope @ slope)
        if squared == 0:
            return x, state
        if ground.is_quadratic():
            curvature = float(slope @ ground.hessian(ground.row(x)) @ slope)
            if curvature > 0:
                return x - squared / curvature * gradient, state

        def along(length: float) -> float:
            return -ground.slope(x - length * gradient, slope)

        return x - zero_after(along, -squared, self.first) * gradient, state


@explains_misuse
@dataclass(frozen=True)
class Armijo:
    """Backtracking: t = first, first shrink, first shrink², …, until f(x_k - t g) ≤ f(x_k) - decrease t g^T g.

    first: the step to try first.  decrease: how much of the fall that the gradient promises is asked for.
    shrink: what a step that is too long is multiplied by.
    L. Armijo, Pacific J. Math. 16 (1966), 1-3; Nocedal & Wright, *Numerical Optimization* (2nd ed. 2006),
    algorithm 3.1.

    >>> from gradlab import descend
    >>> descend("x^2 + 10 y^2", {"x": 10.0, "y": 1.0}, rule=Armijo(), steps=2).losses.round(2)
    array([110.  ,  78.75,  44.47])
    """

    first: float = 1.0
    decrease: float = 1e-4
    shrink: float = 0.5
    ground: Ground | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", positive("Armijo", "first", self.first))
        for name in ("decrease", "shrink"):
            value = fraction("Armijo", name, getattr(self, name))
            object.__setattr__(self, name, positive("Armijo", name, value))

    def initial(self, x: Vector) -> State:
        return ()

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        ground = grounded(self)
        slope = ground.row(gradient)
        squared, value, length = float(slope @ slope), ground.value(x), self.first
        for _ in range(_HALVINGS):
            # `not >` would let a value that is no number pass.
            if ground.value(x - length * gradient) <= value - self.decrease * length * squared:
                return x - length * gradient, state
            length *= self.shrink
        return x, state  # rounding hides any fall: the run ends here


def zero_after(slope: Callable[[float], float], at_zero: float, first: float) -> float:
    """Return the first t > 0 where *slope*, which is *at_zero* < 0 at t = 0, is zero, as bracketed by doubling.

    Where it stays negative, or is no number further on, the longest step with a negative slope that was tried.

    >>> round(zero_after(lambda t: t**3 - 8.0, -8.0, 0.1), 12)
    2.0
    """
    low, slope_low, high = 0.0, at_zero, first
    for _ in range(_DOUBLINGS):
        slope_high = slope(high)
        if slope_high >= 0:
            return _illinois(slope, (low, slope_low), (high, slope_high))
        if slope_high != slope_high:
            return _before_nothing(slope, (low, slope_low), high)
        low, slope_low, high = high, slope_high, 2 * high
    return low


def _before_nothing(slope: Callable[[float], float], below: tuple[float, float], beyond: float) -> float:
    """Return where *slope* is zero between a point where it is negative and one where it is no number."""
    (low, slope_low), high = below, beyond
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        found = slope(middle)
        if found >= 0:
            return _illinois(slope, (low, slope_low), (middle, found))
        if found < 0:
            low, slope_low = middle, found
        else:
            high = middle
    return low


def _illinois(slope: Callable[[float], float], below: tuple[float, float], above: tuple[float, float]) -> float:
    """Return where *slope* is zero between two points, given with their slopes, the first below 0 and the other not."""
    (low, slope_low), (high, slope_high) = below, above
    side = 0
    for _ in range(_HALVINGS):
        if slope_high == 0 or high - low <= 4e-16 * high:
            return high
        middle = (low * slope_high - high * slope_low) / (slope_high - slope_low)
        if not low < middle < high:
            middle = (low + high) / 2
        found = slope(middle)
        if found >= 0:
            high, slope_high = middle, found
            slope_low, side = (slope_low / 2 if side > 0 else slope_low), 1
        else:
            low, slope_low = middle, found
            slope_high, side = (slope_high / 2 if side < 0 else slope_high), -1
    return (low + high) / 2
