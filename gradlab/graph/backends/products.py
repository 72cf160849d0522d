"""Contractions of two arrays as matrix products: einsum alone takes ten times as long for a convolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

from gradlab.graph.backends.protocol import Row

WORTH = 4096
"""Products from which bringing the axes into order takes less time than it saves."""


@dataclass(frozen=True, slots=True)
class Matrices:
    """How two arrays become matrices, in groups of axes by their places in each row.

    kept: the axes that both have and the output too.  own: those that one of them has alone.
    summed: the axes that both have and the output lacks.
    orders: where the axes of the output stand in (kept, first's own, second's own), and with the two exchanged.
    """

    kept: tuple[tuple[int, ...], ...]
    own: tuple[tuple[int, ...], ...]
    summed: tuple[tuple[int, ...], ...]
    orders: tuple[tuple[int, ...], ...]


@lru_cache(maxsize=4096)
def matrices(inputs: tuple[Row, ...], output: Row) -> Matrices | None:
    """Return how to contract as a matrix product, or None where it is none.

    >>> matrices(((0, 1), (2, 1)), (2, 0))
    Matrices(kept=((), ()), own=((0,), (0,)), summed=((1,), (1,)), orders=((1, 0), (0, 1)))
    """
    if len(inputs) != 2 or any(len(set(row)) < len(row) for row in inputs):
        return None
    shared = [index for index in inputs[0] if index in inputs[1]]
    kept = [index for index in shared if index in output]
    summed = [index for index in shared if index not in output]
    own = [[index for index in row if index in output and index not in shared] for row in inputs]
    if (
        not summed
        or not all(own)
        or any(len(shared) + len(mine) < len(row) for mine, row in zip(own, inputs, strict=True))
    ):
        return None

    def places(groups: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(row.index(index) for index in group) for row, group in zip(inputs, groups, strict=True))

    made = ([*kept, *own[0], *own[1]], [*kept, *own[1], *own[0]])
    orders = tuple(tuple(order.index(index) for index in output) for order in made)
    return Matrices(places((kept, kept)), places(own), places((summed, summed)), orders)


def multiplied(numpy: Any, arrays: Sequence[Any], rows: tuple[Row, ...], plan: Matrices) -> Any | None:
    """Return the contraction of *arrays*, which may have leading axes; None where it is too small to be worth it."""
    leads = [array.ndim - len(row) for array, row in zip(arrays, rows, strict=True)]
    kept, own = (
        [
            tuple(array.shape[lead + place] for place in group)
            for array, lead, group in zip(arrays, leads, groups, strict=True)
        ]
        for groups in (plan.kept, plan.own)
    )
    if arrays[0].size * prod(own[1]) < WORTH:
        return None
    # The larger one last: its axes then lie side by side in memory.
    first, second = (0, 1) if prod(own[0]) <= prod(own[1]) else (1, 0)
    left, right = (
        _as_matrix(arrays[which], leads[which], plan.kept[which], groups)
        for which, groups in (
            (first, (plan.own[first], plan.summed[first])),
            (second, (plan.summed[second], plan.own[second])),
        )
    )
    product = numpy.matmul(left, right)
    lead = product.ndim - 3
    split = product.reshape(*product.shape[:lead], *kept[0], *own[first], *own[second])
    return split.transpose(*range(lead), *(lead + place for place in plan.orders[first]))


def _as_matrix(array: Any, lead: int, kept: tuple[int, ...], groups: tuple[tuple[int, ...], tuple[int, ...]]) -> Any:
    """Return *array* with *kept* and the two *groups* as one axis each; copied, if need be, in long runs."""
    axes = [lead + place for group in groups for place in group]
    inner = min(axes, key=lambda axis: (array.strides[axis], -array.shape[axis])) - lead
    ordered = groups if inner in groups[1] else groups[::-1]
    turned = array.transpose(*range(lead), *(lead + place for group in (kept, *ordered) for place in group))
    sizes = [prod(array.shape[lead + place] for place in group) for group in (kept, *ordered)]
    matrix = turned.reshape(*array.shape[:lead], *sizes)
    return matrix if ordered is groups else matrix.swapaxes(-1, -2)
