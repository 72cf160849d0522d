"""The affine map of a layer: x W^T + b."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.nodes import Node

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


def linear(trace: Trace, x: Any, weight: Any, bias: Any = None) -> Node:
    """Return x W^T + b, the product as one contraction, so that its derivative is δ^T x and no transpose of x^T δ."""
    inputs, weights, sizes = trace.lift(x), trace.lift(weight), trace.builder.sizes
    if not inputs.rank:
        trace.builder.need_axes(inputs, ("n", "d"))  # a layer takes a batch; a point will tell
    if not inputs.rank or not weights.rank:
        trace.builder.matmul(inputs, weights)  # says what shapes are needed
    said = f"linear of shape {sizes.shape_text(inputs)} with weight {sizes.shape_text(weights)}"
    sizes.unify(inputs.axes[-1], weights.axes[-1], said)
    rows = list(range(inputs.rank))
    out = ["out"] * (weights.rank - 1)
    result = contraction([inputs, weights], [rows, [*out, rows[-1]]], [*rows[:-1], *out])
    return result if bias is None else trace.builder.add(result, trace.lift(bias))
