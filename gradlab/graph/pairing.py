"""The order in which a product of several arrays is contracted: two at a time, the cheapest pair first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import prod

from gradlab.graph.sizes import Axes

Row = tuple[int, ...]

TYPICAL = 100
"""What a size that is still a symbol is taken to be where two orders are compared."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One step: the factors at *first* and *second* of those left, and the indices of their product.

    The product replaces *first*; *second* is dropped.
    """

    first: int
    second: int
    row: Row


@lru_cache(maxsize=4096)
def pairs(rows: tuple[Row, ...], output: Row, extents: Axes) -> tuple[Pair, ...]:
    """Return the steps that contract factors with these *rows* of indices down to *output*.

    >>> pairs(((0,), (0, 1), (1,)), (), ("n", "n"))
    (Pair(first=1, second=2, row=(0,)), Pair(first=0, second=1, row=()))
    """
    left = list(rows)
    steps: list[Pair] = []
    while len(left) > 1:
        pair = min(
            (_joined(left, first, second, output) for first, second in combinations(range(len(left)), 2)),
            key=lambda step: _cost(left, step, extents),
        )
        steps.append(pair)
        left[pair.first] = pair.row
        del left[pair.second]
    return tuple(steps)


def _joined(rows: Sequence[Row], first: int, second: int, output: Row) -> Pair:
    """Return the product of two factors, summed over what no other factor and not the *output* has."""
    wanted = set(output).union(*(row for place, row in enumerate(rows) if place not in (first, second)))
    both = dict.fromkeys((*rows[first], *rows[second]))
    if wanted.issuperset(output) and all(index in wanted for index in both) and set(both) == set(output):
        return Pair(first, second, tuple(dict.fromkeys(output)))
    return Pair(first, second, tuple(index for index in both if index in wanted))


def _cost(rows: Sequence[Row], step: Pair, extents: Axes) -> tuple[int, int, int]:
    def entries(row: Sequence[int]) -> int:
        return prod(size if isinstance(size, int) else TYPICAL for size in (extents[index] for index in row))

    involved = tuple({*rows[step.first], *rows[step.second]})
    # Of two orders that cost the same, the one from the right: x^T (A x).
    return entries(involved), entries(step.row), -step.first if len(step.row) < len(involved) else step.first
