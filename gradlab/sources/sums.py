"""Sums over an index that counts: sum(k x^k, k, 1, 5) as one axis of five entries, added up.

The index of the outermost sum runs along the last axis, those of sums inside it along the axes before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from gradlab.errors import TraceError
from gradlab.graph.kinds import Linear, Variable
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.kinds.positions import positions_from
from gradlab.graph.nodes import Node, topological
from gradlab.graph.sizes import Coefficient, Size
from gradlab.sources.builder import Builder


def placed(builder: Builder, node: Node, level: int) -> Node:
    """Return *node*, which has one axis, along the axis of the sum that stands inside *level* - 1 others."""
    for _ in range(level - 1):
        node = builder.expand(node, node.rank)
    return node


def counted(builder: Builder, first: int, count: Size, level: int) -> Node:
    """Return the numbers *first*, *first* + 1, … that the index of a sum of this *level* stands for."""
    return builder.constant(first) if count == 1 else placed(builder, positions_from(first, count), level)


def entry(builder: Builder, array: Node, levels: Sequence[int]) -> Node:
    """Return the entries of *array*, each of its axes along that of the sum of one of these *levels*.

    A level that stands twice takes the diagonal, as ``X_ii`` does.
    """
    present = sorted(set(levels), reverse=True)
    output: list[Any] = [level if level in present else (("new", level), 1) for level in range(present[0], 0, -1)]
    return contraction([array], [list(levels)], output)


def summed(builder: Builder, body: Node, count: Size, level: int, entries: Collection[str] = ()) -> Node:
    """Return the sum of *body* over the index of this *level*; without the index in it, *count* equal terms.

    entries: the arrays of which *body* has single entries.
    Raises TraceError where *body* is no number.
    """
    for node in topological([body]):
        if isinstance(node, Variable) and node.axes and node.name not in entries:
            raise TraceError(
                f"a sum over an index adds up numbers, and {node.name} has shape {builder.sizes.shape_text(node)}; "
                f"write sum({node.name}) for the sum of its entries"
            )
    if body.rank == level and builder.sizes.root(body.axes[0]) != 1:
        return builder.total(body, 0)
    term = builder.drop_axis(body, 0) if body.rank == level else body
    return term if count == 1 else Linear((Coefficient.of_size(count),), (term,))
