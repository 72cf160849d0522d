"""The values of derivatives as float64 numbers, each with a radius that holds the exact one."""

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
    outputs: list[Node], values: Mapping[str, Any], sizes: Mapping[str, int], rounded_to: int | None = None
) -> list[tuple[Array, Array]]:
    """Return each output as float64 and a radius around it that holds the exact value.

    rounded_to: bits to which inputs and operations are rounded; as exact as can be if not given.
    """
    import numpy as np

    rounded = rounded_to is not None
    if _scalar_operations(outputs, sizes) > BALL_BUDGET:
        coarser = 2.0 ** (DOUBLE - (rounded_to or DOUBLE))
        pairs = bounds.with_bounds(outputs, values, sizes, rounded_inputs=rounded)
        return [(np.asarray(pair.value), np.asarray(pair.error) * coarser) for pair in pairs]
    balls = evaluation.with_balls(outputs, values, sizes, rounded_to or EXACT, rounded_inputs=rounded)
    middle = np.vectorize(lambda ball: float(ball.mid()), otypes=[float])
    radius = np.vectorize(lambda ball: float(ball.rad()), otypes=[float])
    return [(middle(array), radius(array) + np.spacing(np.abs(middle(array))) / 2) for array in balls]


def _scalar_operations(outputs: Sequence[Node], sizes: Mapping[str, int]) -> int:
    total = 0
    for node in topological(outputs):
        count = 1
        for length in shape_of(getattr(node, "extents", None) or node.axes, sizes):
            count *= length
        total += count
    return total
