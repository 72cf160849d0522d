"""The Hessian of all variables together, from the second derivatives of each pair of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradlab.descent.history import Layout
from gradlab.graph import evaluation
from gradlab.graph.nodes import Node

if TYPE_CHECKING:
    from gradlab.graph.point import Array


def assembled(
    blocks: Mapping[tuple[str, str], Node], values: Mapping[str, Any], sizes: Mapping[str, int], layout: Layout
) -> Array:
    """Return a matrix from its blocks, one for each pair of variables, in the order of *layout*."""
    import numpy as np

    found = dict(zip(blocks, evaluation.with_numpy(list(blocks.values()), values, sizes), strict=True))
    counts = dict(zip(layout.shapes, layout.counts, strict=True))
    rows = [
        [
            np.broadcast_to(found[v, w], (*layout.shapes[v], *layout.shapes[w])).reshape(counts[v], counts[w])
            for w in layout.shapes
        ]
        for v in layout.shapes
    ]
    return np.array(np.block(rows), dtype=np.float64)
