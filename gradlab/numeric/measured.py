"""What a numeric method finds out about the lines of one variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.graph.point import Array


@dataclass(frozen=True, eq=False)
class Measured:
    """The slopes of r lines.

    value, error, step: shape (r,); the error bounds |value - truth|; the step is the smallest that was used.
    slopes: shape (r, 2), to the left and to the right of a kink, NaN elsewhere; infinite at a jump or a vertical
        tangent; None if there is nothing of the kind.
    tried: shape (r,): at how many points the line was evaluated.
    said: per remark on some of the lines, which those are: shape (r,).
    """

    value: Array
    error: Array
    step: Array
    slopes: Array | None
    tried: NDArray[np.int_]
    said: dict[str, NDArray[np.bool_]]
