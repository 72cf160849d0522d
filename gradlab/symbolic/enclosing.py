"""Values that are enclosed: what is exactly true, and what a given precision can know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradlab.graph import bounds, evaluation
from gradlab.graph.nodes import Node, topological
from gradlab.graph.sizes import shape_of

if TYPE_CHECKING:
    from gradlab.graph.point import Array

BALL_BUDGET = 100_000
"""Scalar operations up to which a gradient is evaluated in ball arithmetic: about a tenth of a second.

Beyond it float64 with running error bounds takes over, which is a thousand times faster and nearly as tight.
"""

DOUBLE = 53
"""Bits of double precision."""

EXACT = 128
"""Bits in which the gradient is evaluated to be rounded once to double precision."""


def enclosed(
    outputs: Sequence[Node],
    values: Mapping[str, Any],
    sizes: Mapping[str, int],
    *,
    precision: int = EXACT,
    input_bits: int | None = None,
) -> list[tuple[Array, Array]]:
    """Return each output as float64 and a radius around it that holds the exact value.

    precision: bits in which it is evaluated; as exact as can be if not given.
    input_bits: bits to which the *values* are known; exact if not given.
    """
    import numpy as np

    if _scalar_operations(outputs, sizes) > BALL_BUDGET:
        bits = min(precision, input_bits or precision, DOUBLE)
        pairs = bounds.with_bounds(outputs, values, sizes, rounded_inputs=input_bits is not None)
        return [(np.asarray(pair.value), np.asarray(pair.error) * 2.0 ** (DOUBLE - bits)) for pair in pairs]
    given = values if input_bits is None else {name: _known_to(input_bits, value) for name, value in values.items()}
    balls = evaluation.with_balls(outputs, given, sizes, precision)
    middle = np.vectorize(lambda ball: float(ball.mid()), otypes=[float])
    radius = np.vectorize(lambda ball: float(ball.rad()), otypes=[float])
    with np.errstate(under="ignore"):  # half of the smallest number is 0
        return [(middle(array), radius(array) + np.spacing(np.abs(middle(array))) / 2) for array in balls]


def _known_to(bits: int, value: Any) -> Any:
    """Return numbers as balls that hold all that rounds to them in so many bits; -∞, a mask, as it is."""
    import flint
    import numpy as np

    def ball(number: float) -> Any:
        return flint.arb(number, abs(number) * 2.0**-bits) if number > float("-inf") else flint.arb.neg_inf()

    given = np.asarray(value, dtype=float)
    found = np.empty(given.shape, dtype=object)
    for place in np.ndindex(given.shape):
        found[place] = ball(float(given[place]))
    return found


def _scalar_operations(outputs: Sequence[Node], sizes: Mapping[str, int]) -> int:
    total = 0
    for node in topological(outputs):
        count = 1
        for length in shape_of(getattr(node, "extents", None) or node.axes, sizes):
            count *= length
        total += count
    return total
