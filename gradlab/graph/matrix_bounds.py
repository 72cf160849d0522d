"""First-order error bounds of linear algebra in float64.

Gaussian elimination with partial pivoting solves a system whose matrix is off by a few n units of rounding of its
largest entries, column by column; Cholesky's method by those of |L| |L^T| (Higham, *Accuracy and Stability of
Numerical Algorithms*, 2nd ed. 2002, theorems 9.5 and 10.4). What that and the errors of the inputs do to the result,
its derivative says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradlab.graph.bounded import UNIT, Bounded

GROWTH = 4
"""Room for the growth of the pivots and for the steps after them."""


class MatrixBounds:
    """Linear algebra on `Bounded` pairs; see `gradlab.graph.backends.matrices`."""

    plain: Any
    np: Any

    def _backward(self, array: Bounded) -> Any:
        """Return how far off the matrix may be for which elimination is exact, the error of its entries included."""
        size = array.value.shape[-1]
        largest = abs(array.value).max(axis=-2, keepdims=True, initial=0.0)
        return array.error + GROWTH * size * UNIT * largest

    def inverse(self, array: Bounded) -> Bounded:
        value = self.plain.inverse(array.value)
        size = abs(value)
        return Bounded(value, size @ self._backward(array) @ size)

    def solve(self, matrix: Bounded, right: Bounded) -> Bounded:
        value = self.plain.solve(matrix.value, right.value)
        off = self._backward(matrix) @ abs(value) + right.error
        return Bounded(value, abs(self.plain.inverse(matrix.value)) @ off + UNIT * abs(value))

    def _relative(self, array: Bounded) -> Any:
        """Return a bound on the relative error of the determinant: tr(A^-1 dA)."""
        turned = abs(self.plain.inverse(array.value)).swapaxes(-1, -2)
        return (turned * self._backward(array)).sum(axis=(-2, -1)) + 2 * array.value.shape[-1] * UNIT

    def determinant(self, array: Bounded) -> Bounded:
        value = self.plain.determinant(array.value)
        return Bounded(value, abs(value) * self._relative(array))

    def determinant_sign(self, array: Bounded) -> Bounded:
        value = self.plain.determinant_sign(array.value)
        return Bounded(value, self.np.where(self._relative(array) < 1, 0.0, 2.0))

    def log_determinant(self, array: Bounded, absolute: bool) -> Bounded:
        np = self.np
        value = self.plain.log_determinant(array.value, absolute)
        # The logarithms of the pivots, which are no larger than these, are rounded and added up.
        size = array.value.shape[-1]
        largest = abs(np.log(abs(array.value).max(axis=(-2, -1))))
        smallest = abs(np.log(abs(self.plain.inverse(array.value)).max(axis=(-2, -1))))
        return Bounded(value, self._relative(array) + GROWTH * size * UNIT * (1 + largest + smallest + abs(value)))

    def cholesky(self, array: Bounded) -> Bounded:
        np = self.np
        value = self.plain.cholesky(array.value)
        lower, upper = abs(value), abs(value).swapaxes(-1, -2)
        off = array.error + GROWTH * value.shape[-1] * UNIT * (lower @ upper)
        inverse = abs(self.plain.inverse(value))
        # dL = L Φ(L^-1 dA L^-T), Φ the lower triangle with half of the diagonal.
        return Bounded(value, lower @ np.tril(inverse @ off @ inverse.swapaxes(-1, -2)))

    def triangle(self, array: Bounded, offset: int, upper: bool) -> Bounded:
        return Bounded(*(self.plain.triangle(part, offset, upper) for part in array))

    def norm(self, array: Bounded, axes: Sequence[int]) -> Bounded:
        value = self.plain.norm(array.value, axes)
        terms = 1
        for axis in axes:
            terms *= array.value.shape[axis]
        # A norm moves by no more than the norm of the errors.
        return Bounded(value, self.plain.norm(self.np.asarray(array.error), axes) + (terms + 2) * UNIT * value)
