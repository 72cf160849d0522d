"""Inverses, determinants, Cholesky factors, triangles and norms in each arithmetic: methods for each backend.

All of them act on the last two axes, a norm on axes counted from the end. What does not exist (the inverse of a
singular matrix) is nan, for that one matrix of many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan, prod
from typing import Any, Protocol


class MatrixBackend(Protocol):
    """What the kinds of linear algebra need of an arithmetic."""

    def inverse(self, array: Any) -> Any:
        """Return the inverse; nan for a singular matrix."""

    def solve(self, matrix: Any, right: Any) -> Any:
        """Return X with matrix X = right, a matrix too; nan for a singular matrix."""

    def determinant(self, array: Any) -> Any:
        """Return the determinant."""

    def determinant_sign(self, array: Any) -> Any:
        """Return the sign of the determinant, which has one also where the determinant itself overflows."""

    def log_determinant(self, array: Any, absolute: bool) -> Any:
        """Return the logarithm of the determinant, -inf or nan for 0, nan below; *absolute*: of its absolute value."""

    def cholesky(self, array: Any) -> Any:
        """Return the lower factor L, L L^T = array, of a symmetric matrix; nan where not positive definite."""

    def triangle(self, array: Any, offset: int, upper: bool) -> Any:
        """Return the entries on one side of a diagonal and on it, zeros elsewhere."""

    def norm(self, array: Any, axes: Sequence[int]) -> Any:
        """Return the Euclidean norm over *axes*."""


def _factored(np: Any, array: Any, zero: Any, root: Callable[[Any], Any]) -> Any:
    """Return Cholesky's factor column by column; *root* takes square roots of the pivots, nan where there are none."""
    factor = np.full(array.shape, zero, dtype=array.dtype)
    for column in range(array.shape[-1]):
        known = factor[..., column:, :column] * factor[..., column : column + 1, :column]
        below = array[..., column:, column] - known.sum(axis=-1)
        pivot = root(below[..., :1])
        factor[..., column, column] = pivot[..., 0]
        factor[..., column + 1 :, column] = below[..., 1:] / pivot
    return factor


def _with_columns(np: Any, matrix: Any, right: Any, solve: Callable[[Any, Any], Any]) -> Any:
    """Return what *solve* returns, many right sides of one matrix being the columns of one."""
    size = matrix.shape[-1]
    if right.ndim == 2 or matrix.size != size * size:
        return solve(matrix, right)
    columns = np.moveaxis(right, -2, 0)
    found = solve(matrix.reshape(size, size), columns.reshape(size, -1)).reshape(columns.shape)
    return np.moveaxis(found, 0, -2)


class NumpyMatrices:
    """Linear algebra in NumPy, whose functions raise for all matrices as soon as one is singular."""

    np: Any

    def inverse(self, array: Any) -> Any:
        linalg = self.np.linalg
        try:
            return linalg.inv(array)
        except linalg.LinAlgError:
            regular, singular = self._regular(array)
            return self.np.where(singular, nan, linalg.inv(regular))

    def solve(self, matrix: Any, right: Any) -> Any:
        linalg = self.np.linalg

        def solved(matrix: Any, right: Any) -> Any:
            try:
                return linalg.solve(matrix, right)
            except linalg.LinAlgError:
                regular, singular = self._regular(matrix)
                return self.np.where(singular, nan, linalg.solve(regular, right))

        return self.np.asarray(_with_columns(self.np, matrix, right, solved))

    def _regular(self, array: Any) -> tuple[Any, Any]:
        """Return *array* with the identity for each singular matrix, and which ones are."""
        np = self.np
        # A zero pivot makes a matrix singular in floating point; its transpose may be the one that has it.
        singular = (np.linalg.slogdet(array)[0] == 0) | (np.linalg.slogdet(array.swapaxes(-1, -2))[0] == 0)
        singular = singular[..., None, None]
        return np.where(singular, np.eye(array.shape[-1], dtype=array.dtype), array), singular

    def determinant(self, array: Any) -> Any:
        return self.np.asarray(self.np.linalg.det(array))

    def determinant_sign(self, array: Any) -> Any:
        return self.np.asarray(self.np.linalg.slogdet(array)[0])

    def log_determinant(self, array: Any, absolute: bool) -> Any:
        sign, logarithm = self.np.linalg.slogdet(array)
        return self.np.asarray(logarithm if absolute else self.np.where(sign < 0, nan, logarithm))

    def cholesky(self, array: Any) -> Any:
        np = self.np
        try:
            return np.linalg.cholesky(array)
        except np.linalg.LinAlgError:
            return _factored(np, array, 0.0, lambda pivot: np.sqrt(np.where(pivot > 0, pivot, nan)))

    def triangle(self, array: Any, offset: int, upper: bool) -> Any:
        return self.np.triu(array, offset) if upper else self.np.tril(array, offset)

    def norm(self, array: Any, axes: Sequence[int]) -> Any:
        return self.np.asarray(self.np.sqrt((array * array).sum(axis=tuple(axes))))


class TorchMatrices:
    """Linear algebra in torch, by the functions that do not raise."""

    torch: Any

    def _unless(self, failed: Any, values: Any) -> Any:
        return self.torch.where((failed != 0)[..., None, None], nan, values)

    def inverse(self, array: Any) -> Any:
        values, failed = self.torch.linalg.inv_ex(array)
        return self._unless(failed, values)

    def solve(self, matrix: Any, right: Any) -> Any:
        if right.ndim < matrix.ndim:  # torch would take a matrix of the right size for many vectors
            right = right.expand(*matrix.shape[:-2], *right.shape[-2:])
        values, failed = self.torch.linalg.solve_ex(matrix, right)
        return self._unless(failed, values)

    def determinant(self, array: Any) -> Any:
        return self.torch.linalg.det(array)

    def determinant_sign(self, array: Any) -> Any:
        return self.torch.linalg.slogdet(array)[0]

    def log_determinant(self, array: Any, absolute: bool) -> Any:
        return self.torch.linalg.slogdet(array)[1] if absolute else self.torch.logdet(array)

    def cholesky(self, array: Any) -> Any:
        values, failed = self.torch.linalg.cholesky_ex(array)
        return self._unless(failed, values)

    def triangle(self, array: Any, offset: int, upper: bool) -> Any:
        return self.torch.triu(array, offset) if upper else self.torch.tril(array, offset)

    def norm(self, array: Any, axes: Sequence[int]) -> Any:
        return self.torch.linalg.vector_norm(array, dim=tuple(axes)) if axes else abs(array)


class BallMatrices:
    """Linear algebra in balls: Arb's own, matrix by matrix."""

    np: Any
    flint: Any
    _array: Callable[[Any], Any]

    def _each(self, call: Callable[..., Sequence[Any]], array: Any, shape: tuple[int, ...]) -> Any:
        """Return what *call* makes of every matrix, entries row by row; nan for all of them where Arb divides by 0."""
        lead = array.shape[:-2]
        found = self.np.empty((*lead, prod(shape)), dtype=object)
        for place in self.np.ndindex(lead):
            try:
                found[place] = call(self._matrix(array[place]), place)
            except ZeroDivisionError:
                found[place] = self.flint.arb(nan)
        return self._array(found.reshape((*lead, *shape)))

    def _matrix(self, array: Any) -> Any:
        return self.flint.arb_mat(*array.shape, array.ravel().tolist())

    def inverse(self, array: Any) -> Any:
        return self._each(lambda matrix, _: matrix.inv().entries(), array, array.shape[-2:])

    def solve(self, matrix: Any, right: Any) -> Any:
        def solved(matrix: Any, right: Any) -> Any:
            lead = self.np.broadcast_shapes(matrix.shape[:-2], right.shape[:-2])
            wide = self.np.broadcast_to(right, (*lead, *right.shape[-2:]))
            every = self.np.broadcast_to(matrix, (*lead, *matrix.shape[-2:]))
            return self._each(lambda a, place: a.solve(self._matrix(wide[place])).entries(), every, right.shape[-2:])

        return _with_columns(self.np, matrix, right, solved)

    def determinant(self, array: Any) -> Any:
        return self._each(lambda matrix, _: [matrix.det()], array, ())

    def determinant_sign(self, array: Any) -> Any:
        return self._ball(lambda ball: ball.sgn(), self.determinant(array))

    def log_determinant(self, array: Any, absolute: bool) -> Any:
        return self._ball(lambda ball: (abs(ball) if absolute else ball).log(), self.determinant(array))

    def _ball(self, call: Callable[[Any], Any], array: Any) -> Any:
        return self._array(self.np.frompyfunc(call, 1, 1)(array))

    def cholesky(self, array: Any) -> Any:
        none = self.flint.arb(nan)

        def root(pivot: Any) -> Any:
            return self._ball(lambda ball: ball.sqrt() if ball > 0 else none, pivot)

        return _factored(self.np, array, self.flint.arb(0), root)

    def triangle(self, array: Any, offset: int, upper: bool) -> Any:
        kept = self.np.tri(*array.shape[-2:], offset - upper, dtype=bool)
        return self.np.where(~kept if upper else kept, array, self.flint.arb(0))

    def norm(self, array: Any, axes: Sequence[int]) -> Any:
        if not axes:
            return self._ball(abs, array)
        return self._ball(lambda ball: self.flint.arb(ball).sqrt(), (array * array).sum(axis=tuple(axes)))
