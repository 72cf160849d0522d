"""How far rounding may take a right gradient from the exact one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradlab.comparison.verdicts import OWN
from gradlab.graph import Gradient, Point, bounds
from gradlab.graph.bounded import MARGIN
from gradlab.graph.nodes import switches, topological
from gradlab.graph.precision import DOUBLE
from gradlab.symbolic import Derivation
from gradlab.symbolic.enclosing import EXACT, enclosed

if TYPE_CHECKING:
    from gradlab.graph.point import Array

BESIDE = 2.0**10
"""Roundings of the inputs by which a point is moved to lie beside a switch and no longer on it."""


def allowed(derivation: Derivation, gradient: Gradient, working: int) -> Mapping[str, Array]:
    """Return per variable how far rounding may take a right gradient from the exact one.

    torch's own: MARGIN times what its precision cannot know. Anybody else's: MARGIN times the rounding of one
    evaluation from these very inputs, and twice what rounded inputs do: for a formula that is rearranged, and for
    data that f has in float32 and the formula of its gradient has not.
    working: the fewest bits of the point and of the routes.
    """
    at, bits = gradient.at, gradient.precision
    if gradient.route in OWN:
        return {name: MARGIN * radius for name, radius in knowable(derivation, at, bits, bits).items()}
    own = knowable(derivation, at, bits, None)
    moved = conditioning(derivation, at, min(bits, working))
    return {name: MARGIN * own[name] + 2 * radius for name, radius in moved.items()}


def conditioning(derivation: Derivation, point: Point, bits: int) -> dict[str, Array]:
    """Return per variable how far the exact gradient moves where the inputs are known to so many *bits* only.

    No evaluation can be expected to be closer; one that is much further off loses digits by the way it goes.
    """
    return knowable(derivation, point, EXACT, bits)


def knowable(derivation: Derivation, point: Point, precision: int, input_bits: int | None) -> dict[str, Array]:
    """Return per variable what an evaluation in so many bits cannot know of the gradient at *point*.

    input_bits: bits to which the inputs are known; exact if None.

    On a switch, such as |x| ≤ 1 at 1, an enclosure takes both ways at once in each term by itself: Huber's slope comes
    out as anything in [0, 2]. Each way by itself gives 1, and so the points on both sides are asked too.
    """
    import numpy as np

    found = _enclosed(derivation, point, precision, input_bits)
    bits = min(precision, input_bits or precision, DOUBLE)
    if not _on_a_switch(derivation, point, bits):
        return {name: radius for name, (_, radius) in found.items()}
    exact = _enclosed(derivation, point, EXACT, None)
    sides = [
        _enclosed(derivation, _beside(point, sign * BESIDE * 2.0**-bits), precision, input_bits) for sign in (1, -1)
    ]
    radii: dict[str, Array] = {}
    for name, (_, radius) in found.items():
        reaches = [np.abs(side[name][0] - exact[name][0]) + side[name][1] for side in sides]
        # Where a side has no value there is nothing to be learnt from it.
        radii[name] = np.fmin(radius, np.maximum(*reaches))
    return radii


def _enclosed(
    derivation: Derivation, point: Point, precision: int, input_bits: int | None
) -> dict[str, tuple[Array, Array]]:
    function = derivation.function
    outputs, values = list(derivation.partials.values()), {**function.data, **point}
    found = enclosed(outputs, values, function.sizes(point), precision=precision, input_bits=input_bits)
    return dict(zip(derivation.wrt, found, strict=True))


def _on_a_switch(derivation: Derivation, point: Point, bits: int) -> bool:
    """Return whether an operation turns at the point, or so close that inputs in so many bits cannot tell."""
    import numpy as np

    function = derivation.function
    turning = [switch for node in topological([function.formula]) for switch in switches(node)]
    if not turning:
        return False
    found = bounds.with_bounds(turning, {**function.data, **point}, function.sizes(point), rounded_inputs=True)
    return any(np.any(np.abs(one.value) <= 2.0 ** (DOUBLE - bits) * one.error) for one in found)


def _beside(point: Point, by: float) -> Point:
    """Return the point with every entry moved by a part of itself, and zeros by that part of 1.

    All by the same part, so that two entries that are equal stay so: how a tie is decided is not asked.
    """
    import numpy as np

    return Point({name: x + by * np.where(x == 0, 1.0, np.abs(x)) for name, x in point.items()})
