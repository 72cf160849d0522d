"""Derivatives of array operations by power series: what an operation makes of u + ε d, cut off after ε.

The coefficient of ε is the derivative along d. Exponentials, logarithms, roots and quotients of such series are
FLINT's; the operations are carried out by their definitions, matrices by elimination.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from gradlab.graph.backends import BallBackend
from gradlab.graph.backends.protocol import Row
from gradlab.graph.sizes import Size


class Series:
    """a + b ε: FLINT's series in a wrapper, since NumPy takes those for sequences."""

    __slots__ = ("number",)

    def __init__(self, number: Any) -> None:
        self.number: Any = number

    @staticmethod
    def of(value: Any, slope: Any) -> Series:
        import flint

        return Series(flint.arb_series([value, slope], 2))

    def coefficient(self, place: int) -> Any:
        import flint

        found = self.number.coeffs()  # without the zeros at the end
        return found[place] if place < len(found) else flint.arb(0)

    # An array takes care of itself, entry by entry.

    def __add__(self, other: Any) -> Any:
        return NotImplemented if _is_array(other) else Series(self.number + _bare(other))

    def __mul__(self, other: Any) -> Any:
        return NotImplemented if _is_array(other) else Series(self.number * _bare(other))

    def __sub__(self, other: Any) -> Any:
        return NotImplemented if _is_array(other) else Series(self.number - _bare(other))

    def __truediv__(self, other: Any) -> Any:
        return NotImplemented if _is_array(other) else Series(self.number / _bare(other))

    def __rsub__(self, other: Any) -> Series:
        return Series(_bare(other) - self.number)

    def __rtruediv__(self, other: Any) -> Series:
        return Series(_bare(other) / self.number)

    def __pow__(self, exponent: int) -> Series:
        return Series(self.number**exponent)

    def __neg__(self) -> Series:
        return Series(-self.number)

    def __abs__(self) -> Series:
        value = self.coefficient(0)
        return Series.of(abs(value), value.sgn() * self.coefficient(1))

    def log(self) -> Series:
        return Series(self.number.log())

    def sqrt(self) -> Series:
        return Series(self.number.sqrt())

    def __radd__(self, other: Any) -> Any:
        return self.__add__(other)

    def __rmul__(self, other: Any) -> Any:
        return self.__mul__(other)


def _is_array(number: Any) -> bool:
    return hasattr(number, "shape")


def _bare(number: Any) -> Any:
    return number.number if isinstance(number, Series) else number


def _value(number: Any) -> Any:
    return number.coefficient(0) if isinstance(number, Series) else number


def _slope(number: Any) -> Any:
    import flint

    return number.coefficient(1) if isinstance(number, Series) else flint.arb(0)


class SeriesBackend(BallBackend):
    """Series of balls, a + b ε, among balls that do not move."""

    def moved(self, array: Any, direction: Any) -> Any:
        """Return array + direction ε; a number that does not move stays a ball."""
        along = self.np.frompyfunc(lambda number, rate: number if rate == 0 else Series.of(number, rate), 2, 1)
        return self._array(along(array, direction))

    def values_of(self, array: Any) -> Any:
        """Return what the series are at ε = 0."""
        return self._each_number(_value, array)

    def slopes_of(self, array: Any) -> Any:
        """Return the coefficients of ε."""
        return self._each_number(_slope, array)

    def _each_number(self, call: Callable[[Any], Any], array: Any) -> Any:
        return self._array(self.np.frompyfunc(call, 1, 1)(array))

    # Sums over axes --------------------------------------------------------------------------------

    def _raised(self, array: Any) -> Any:
        """Return e to the entries: e^a (1 + b ε), which is 0 for a of -∞."""
        return self._each_number(lambda u: _value(u).exp() * Series.of(1, _slope(u)), array)

    def log_sum_exp(self, array: Any, axis: int) -> Any:
        return self._each_number(lambda total: total.log(), self._raised(array).sum(axis=axis))

    def softmax(self, array: Any, axis: int) -> Any:
        raised = self._raised(array)
        return raised / raised.sum(axis=axis, keepdims=True)

    def norm(self, array: Any, axes: Sequence[int]) -> Any:
        if not axes:
            return self._each_number(abs, array)
        return self._each_number(lambda total: total.sqrt(), (array * array).sum(axis=tuple(axes)))

    # Who wins does not change with ε, except where numbers tie: there the balls of the winners are wide.

    def extremum(self, array: Any, axes: Row, largest: bool, shared: bool) -> Any:
        won = self.winners(array, axes, largest, shared)
        kept = self.np.frompyfunc(lambda share, number: share if share == 0 else number * share, 2, 1)(won, array)
        return self._array(kept.sum(axis=tuple(axes)))

    def winners(self, array: Any, axes: Row, largest: bool, shared: bool) -> Any:
        return super().winners(self.values_of(array), axes, largest, shared)

    def one_hot(self, array: Any, size: Size) -> Any:
        return super().one_hot(self.values_of(array), size)

    # Matrices --------------------------------------------------------------------------------------

    def determinant(self, array: Any) -> Any:
        def product(matrix: Any) -> Any:
            pivots, _ = _eliminated(matrix, matrix[:, :0])
            return reduce(lambda first, second: first * second, pivots)

        return self._each_matrix(product, array, ())

    def determinant_sign(self, array: Any) -> Any:
        return super().determinant_sign(self.values_of(array))

    def log_determinant(self, array: Any, absolute: bool) -> Any:
        determinant = self.determinant(array)
        return self._each_number(lambda number: (abs(number) if absolute else number).log(), determinant)

    def inverse(self, array: Any) -> Any:
        unit = self._each_number(self.flint.arb, self.np.eye(array.shape[-1]))
        return self._each_matrix(lambda matrix: _eliminated(matrix, unit)[1], array, array.shape[-2:])

    def solve(self, matrix: Any, right: Any) -> Any:
        lead = self.np.broadcast_shapes(matrix.shape[:-2], right.shape[:-2])
        both = [self.np.broadcast_to(each, (*lead, *each.shape[-2:])) for each in (matrix, right)]
        size = matrix.shape[-1]
        joined = self.np.concatenate(both, axis=-1)
        return self._each_matrix(lambda one: _eliminated(one[:, :size], one[:, size:])[1], joined, right.shape[-2:])

    def cholesky(self, array: Any) -> Any:
        def factor(matrix: Any) -> Any:
            found = self.np.full(matrix.shape, self.flint.arb(0), dtype=object)
            for column in range(len(matrix)):
                below = matrix[column:, column] - found[column:, :column] @ found[column, :column]
                found[column:, column] = below / below[0].sqrt()
            return found

        return self._each_matrix(factor, array, array.shape[-2:])

    def _each_matrix(self, call: Callable[[Any], Any], array: Any, shape: tuple[int, ...]) -> Any:
        """Return what *call* makes of every matrix; nan for one by which the elimination cannot divide."""
        lead = array.shape[:-2]
        found = self.np.empty((*lead, *shape), dtype=object)
        for place in self.np.ndindex(lead):
            try:
                found[place] = call(array[place])
            except (ZeroDivisionError, ValueError):
                found[place] = self.flint.arb("nan")
        return self._array(found)


def _eliminated(matrix: Any, right: Any) -> tuple[list[Any], Any]:
    """Return the pivots of Gauss and Jordan's elimination, whose product is the determinant, and A^-1 B."""
    import numpy as np

    size = len(matrix)
    rows = np.concatenate([matrix, right], axis=1)
    pivots: list[Any] = []
    for column in range(size):
        sizes = [abs(float(_value(number).mid())) for number in rows[column:, column]]
        chosen = column + int(np.argmax(sizes))
        if chosen != column:
            rows[[column, chosen]] = rows[[chosen, column]]
        pivot = rows[column, column]
        pivots.append(pivot if chosen == column else -pivot)
        rows[column] = rows[column] / pivot
        for other in range(size):
            if other != column:
                rows[other] = rows[other] - rows[column] * rows[other, column]
    return pivots, rows[:, size:]
