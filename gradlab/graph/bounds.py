"""Running error bounds: float64 values that carry a bound on their own rounding error.

Each operation adds its own rounding to the error passed on by its inputs, to first order (Higham, *Accuracy
and Stability of Numerical Algorithms*, 2nd ed. 2002, section 3.3). It says what Arb says, vectorised: for
arrays too large for ball arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from gradlab.graph import algebra
from gradlab.graph.backends import Key, NumpyBackend, Row
from gradlab.graph.backends.contracting import as_float
from gradlab.graph.bounded import UNIT, Bounded
from gradlab.graph.evaluation import evaluate
from gradlab.graph.kinds import Elementwise, Variable
from gradlab.graph.matrix_bounds import MatrixBounds
from gradlab.graph.nodes import Node
from gradlab.graph.operations import LETTERS, WHERE, Operation
from gradlab.graph.sizes import Axes, Coefficient, Size, shape_of

LIBRARY_ROUNDINGS = 4
"""Units of rounding allowed to a library function such as exp: NumPy's and torch's stay within 4 ulp."""


class BoundBackend(MatrixBounds):
    """float64 arithmetic on `Bounded` pairs; see `gradlab.graph.backends.Backend`.

    rounded_inputs: take every input as rounded to float64, instead of as exact.
    """

    def __init__(self, values: Mapping[str, Any], sizes: Mapping[str, int], *, rounded_inputs: bool = False) -> None:
        self.plain: Any = NumpyBackend(values, sizes)
        self.np: Any = self.plain.np
        self.unit: float = UNIT if rounded_inputs else 0.0

    def variable(self, name: str) -> Bounded:
        value = self.plain.variable(name)
        return Bounded(value, self._exact_where_infinite(value, self.unit * abs(value)))

    def constant(self, value: Coefficient | str, axes: Axes) -> Bounded:
        number = self.plain.constant(value, axes)
        return Bounded(number, self._exact_where_infinite(number, UNIT * abs(number)))

    def _exact_where_infinite(self, value: Any, error: Any) -> Any:
        """Return *error*, and 0 where *value* is -∞: what masks a score is no rounded number."""
        return self.np.where(self.np.isneginf(value), 0.0, error)

    def linear(self, coefficients: Sequence[Coefficient], arrays: Sequence[Bounded]) -> Bounded:
        value = self.plain.linear(coefficients, [array.value for array in arrays])
        sizes = [abs(as_float(c, self.plain.sizes)) for c in coefficients]
        passed = sum(size * array.error for size, array in zip(sizes, arrays, strict=True))
        total = sum(size * abs(array.value) for size, array in zip(sizes, arrays, strict=True))
        rounded = (len(arrays) + 1) * UNIT * total
        return Bounded(
            value, passed + self.np.where(self.np.isfinite(passed), self._exact_where_infinite(value, rounded), rounded)
        )

    def apply(self, operation: Operation, arrays: Sequence[Bounded]) -> Bounded:
        inputs = [array.value for array in arrays]
        value = self.plain.apply(operation, inputs)
        if operation is WHERE:
            return Bounded(value, self.plain.apply(WHERE, [inputs[0], arrays[1].error, arrays[2].error]))
        slopes = evaluate(_partials(operation), NumpyBackend(dict(zip(LETTERS, inputs, strict=False)), {}))
        passed = sum(self._passed(slope, array.error) for slope, array in zip(slopes, arrays, strict=True))
        size = value if operation.scale is None else operation.scale(self.np, *inputs)
        return Bounded(value, passed + operation.roundings * UNIT * abs(size))

    def _passed(self, slope: Any, error: Any) -> Any:
        # What is exact passes nothing on, not even at a pole.
        return self.np.where(error == 0, 0.0, abs(slope) * error)

    def contract(self, arrays: Sequence[Bounded], inputs: Sequence[Row], output: Row, extents: Axes) -> Bounded:
        def contracted(parts: Sequence[Any]) -> Any:
            return self.plain.contract(parts, inputs, output, extents)

        value = contracted([array.value for array in arrays])
        sizes = [abs(array.value) for array in arrays]
        passed: Any = 0.0
        for place, array in enumerate(arrays):
            passed = passed + contracted([*sizes[:place], array.error, *sizes[place + 1 :]])
        numbers = shape_of(extents, self.plain.sizes)
        terms = 1
        for index in {index for row in inputs for index in row} - set(output):
            terms *= numbers[index]
        if len(arrays) == 1 and terms == 1:  # the same numbers, in other places
            return Bounded(value, passed)
        return Bounded(value, passed + (terms + len(arrays)) * UNIT * contracted(sizes))

    def index(self, array: Bounded, key: Key) -> Bounded:
        return Bounded(*(self.plain.index(part, key) for part in array))

    def scatter(self, array: Bounded, key: Key, axes: Axes) -> Bounded:
        return Bounded(*(self.plain.scatter(part, key, axes) for part in array))

    def replace(self, base: Bounded, value: Bounded, key: Key) -> Bounded:
        return Bounded(*(self.plain.replace(whole, part, key) for whole, part in zip(base, value, strict=True)))

    def frozen(self, array: Bounded) -> Bounded:
        return array

    def stack(self, arrays: Sequence[Bounded], axis: int) -> Bounded:
        return Bounded(*(self.plain.stack(parts, axis) for parts in zip(*arrays, strict=True)))

    def reshape(self, array: Bounded, rank: int, axes: Axes) -> Bounded:
        return Bounded(*(self.plain.reshape(part, rank, axes) for part in array))

    def concatenate(self, arrays: Sequence[Bounded], axis: int) -> Bounded:
        return Bounded(*(self.plain.concatenate(parts, axis) for parts in zip(*arrays, strict=True)))

    def windows(self, array: Bounded, axis: int, length: int, stride: int, dilation: int) -> Bounded:
        return Bounded(*(self.plain.windows(part, axis, length, stride, dilation) for part in array))

    def overlapped(self, array: Bounded, axis: int, size: int, stride: int, dilation: int) -> Bounded:
        value, passed, total = (
            self.plain.overlapped(part, axis, size, stride, dilation) for part in (*array, abs(array.value))
        )
        return Bounded(value, passed + array.value.shape[axis] * UNIT * total)

    def log_sum_exp(self, array: Bounded, axis: int) -> Bounded:
        # The largest derivative sum is 1, so no error grows; the sum's own relative error becomes absolute.
        # What is -∞ is left out, and its error with it.
        value = self.plain.log_sum_exp(array.value, axis)
        own = (array.value.shape[axis] + 2 * LIBRARY_ROUNDINGS) * UNIT + 2 * UNIT * abs(value)
        return Bounded(value, array.error.max(axis=axis) + own)

    def softmax(self, array: Bounded, axis: int) -> Bounded:
        value = self.plain.softmax(array.value, axis)
        below = self._exact_where_infinite(array.value, abs(array.value - array.value.max(axis=axis, keepdims=True)))
        own = (array.value.shape[axis] + 2 * LIBRARY_ROUNDINGS + below) * UNIT
        return Bounded(value, value * (2 * array.error.max(axis=axis, keepdims=True) + own))

    def gather(self, array: Bounded, indices: Sequence[Bounded], rank: int, axis: int, index_rank: int) -> Bounded:
        places = [index.value for index in indices]
        return Bounded(*(self.plain.gather(part, places, rank, axis, index_rank) for part in array))

    def scatter_add(
        self, array: Bounded, indices: Sequence[Bounded], axes: Axes, axis: int, index_rank: int
    ) -> Bounded:
        def added(part: Any) -> Any:
            return self.plain.scatter_add(part, [index.value for index in indices], axes, axis, index_rank)

        sizes = abs(array.value)
        terms = added(self.np.ones_like(sizes))  # how many were added up at each place
        return Bounded(added(array.value), added(array.error) + terms * UNIT * added(sizes))

    def extremum(self, array: Bounded, axes: Row, largest: bool, shared: bool) -> Bounded:
        # The largest of numbers that are off by e is off by e at most.
        value = self.plain.extremum(array.value, axes, largest, shared)
        return Bounded(value, self.plain.extremum(array.error, axes, True, shared))

    def winners(self, array: Bounded, axes: Row, largest: bool, shared: bool) -> Bounded:
        value = self.plain.winners(array.value, axes, largest, shared)
        return Bounded(value, UNIT * value)

    def cumulative(self, array: Bounded, axis: int, reverse: bool) -> Bounded:
        value, passed = (self.plain.cumulative(part, axis, reverse) for part in array)
        total = self.plain.cumulative(abs(array.value), axis, reverse)
        return Bounded(value, passed + array.value.shape[axis] * UNIT * total)

    def roll(self, array: Bounded, shift: int, axis: int) -> Bounded:
        return Bounded(*(self.plain.roll(part, shift, axis) for part in array))

    def positions(self, size: Size) -> Bounded:
        value = self.plain.positions(size)
        return Bounded(value, self.np.zeros_like(value))

    def one_hot(self, array: Bounded, size: Size) -> Bounded:
        value = self.plain.one_hot(array.value, size)
        return Bounded(value, self.np.zeros_like(value))


@cache
def _partials(operation: Operation) -> tuple[Node, ...]:
    operands = tuple(Variable(letter) for letter in LETTERS[: operation.arity])
    return tuple(operation.partials(algebra, operands, Elementwise(operation, operands)))


def with_bounds(
    outputs: Sequence[Node], values: Mapping[str, Any], sizes: Mapping[str, int], *, rounded_inputs: bool = False
) -> list[Bounded]:
    """Return each output in float64 with a first-order bound on its rounding error.

    rounded_inputs: whether the inputs are known to float64 precision only; exact if not.
    """
    import numpy

    with numpy.errstate(all="ignore"):
        return evaluate(outputs, BoundBackend(values, sizes, rounded_inputs=rounded_inputs))  # type: ignore[arg-type]  # pairs instead of arrays
