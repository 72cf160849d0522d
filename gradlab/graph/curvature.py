"""The Hessian at one point: its numbers, its eigenvalues, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradlab.graph.point import Point

if TYPE_CHECKING:
    from gradlab.graph.point import Array


@dataclass(frozen=True, eq=False)
class Curvature:
    """The Hessian of one function at one point.

    at: the point.
    blocks: per pair of variables, ∂²f / ∂first ∂second, of the axes of the first and then those of the second.
    matrix: all of them as one symmetric matrix, each variable flattened.  labels: what its rows belong to.
    error: of the matrix's shape; a bound on the rounding error of each entry.
    notes: what a reader should know, such as a kink at this point.
    """

    at: Point
    blocks: Mapping[tuple[str, str], Array]
    matrix: Array
    labels: tuple[str, ...]
    error: Array
    notes: tuple[str, ...] = ()

    @cached_property
    def eigenvalues(self) -> Array:
        """The eigenvalues, from the smallest to the largest."""
        import numpy as np

        if not np.isfinite(self.matrix).all():  # an entry that could not be measured
            return _read_only(np.full(len(self.labels), np.nan))
        return _read_only(np.linalg.eigvalsh(self.matrix))

    @cached_property
    def uncertainty(self) -> float:
        """How far an eigenvalue may be off: the norm of the errors (Weyl), and LAPACK's own rounding."""
        import numpy as np

        own = 8 * len(self.labels) * np.finfo(float).eps * float(np.abs(self.matrix).sum(axis=1).max(initial=0))
        return float(np.linalg.norm(self.error)) + own

    @property
    def largest_rate(self) -> float:
        """2 over the largest eigenvalue: gradient descent on a quadratic converges below it and diverges above."""
        largest = float(self.eigenvalues[-1])
        return 2 / largest if not largest <= 0 else float("inf")

    @property
    def condition(self) -> float:
        """The largest eigenvalue over the smallest, by size: how elongated the valley is."""
        import numpy as np

        sizes = np.abs(self.eigenvalues)
        return float(sizes.max() / sizes.min()) if sizes.min() > 0 else float("inf")

    @property
    def definiteness(self) -> str:
        """In words: positive definite, negative definite, indefinite; undecided where an eigenvalue may be 0."""
        smallest, largest = float(self.eigenvalues[0]), float(self.eigenvalues[-1])
        if smallest > self.uncertainty:
            return "positive definite"
        if largest < -self.uncertainty:
            return "negative definite"
        return "indefinite" if smallest < -self.uncertainty and largest > self.uncertainty else "undecided"

    def __repr__(self) -> str:
        from gradlab.graph.point import brief

        lines = [f"Hessian at {self.at!r} ({', '.join(self.labels)}):" if len(self.labels) <= SHOWN else "Hessian:"]
        if len(self.labels) <= SHOWN:
            width = max(len(f"{entry:.6g}") for entry in self.matrix.flat)
            lines += ["  " + "  ".join(f"{entry:.6g}".rjust(width) for entry in row) for row in self.matrix]
        lines.append(f"eigenvalues {brief(self.eigenvalues)}: {self.definiteness}")
        if self.largest_rate < float("inf"):
            lines.append(f"2/λ_max = {self.largest_rate:.6g}")
        return "\n".join([*lines, *self.notes])


SHOWN = 8
"""Rows up to which the matrix itself is printed."""


def assembled(
    at: Point,
    wrt: Sequence[str],
    blocks: Mapping[tuple[str, str], tuple[Array, Array]],
    notes: Sequence[str],
) -> Curvature:
    """Return the record from the value and the error of each block."""
    import numpy as np

    lengths = {name: at[name].size for name in wrt}

    def joined(which: int) -> Array:
        return np.block([[blocks[v, w][which].reshape(lengths[v], lengths[w]) for w in wrt] for v in wrt])

    matrix, error = joined(0), joined(1)
    labels = tuple(label for name in wrt for label in _labels(name, at[name].shape))
    return Curvature(
        at,
        {pair: _read_only(value) for pair, (value, _) in blocks.items()},
        _read_only((matrix + matrix.T) / 2),
        labels,
        _read_only(np.maximum(error, error.T) + np.spacing(np.abs(matrix))),
        tuple(notes),
    )


def _labels(name: str, shape: tuple[int, ...]) -> list[str]:
    import numpy as np

    return [name + "".join(f"[{index}]" for index in place) for place in np.ndindex(shape)]


def _read_only(array: Any) -> Array:
    array.setflags(write=False)
    return array
