"""What a numeric method finds out about one variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradlab.graph.point import Array


@dataclass(frozen=True, eq=False)
class Measured:
    """The partials with respect to one variable, its entries flattened to m components.

    value, error, step: shape (m,); the error bounds |value - truth|; the step is the smallest that was used.
    slopes: shape (m, 2), to the left and to the right of a kink, NaN elsewhere; infinite at a jump or a vertical
        tangent; None if there is nothing of the kind.
    lost, tried: how many evaluations gave no finite value, of how many.
    notes: what a reader should know.
    """

    value: Array
    error: Array
    step: Array
    slopes: Array | None
    lost: int
    tried: int
    notes: tuple[str, ...] = ()
