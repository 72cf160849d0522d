"""Ball arithmetic (Arb): numbers with a radius that encloses the exact value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.backends.contracting import boxed, combined, contracted
from gradlab.graph.backends.matrices import BallMatrices
from gradlab.graph.backends.moving import NumpyMoves
from gradlab.graph.backends.protocol import Key, Row
from gradlab.graph.backends.selecting import (
    added,
    chosen_lengths,
    cumulated,
    flat_positions,
    gathered,
    largest_balls,
    winning_balls,
)
from gradlab.graph.backends.shaping import overlapped
from gradlab.graph.operations import Operation
from gradlab.graph.sizes import Axes, Coefficient, Size, shape_of


class BallBackend(NumpyMoves, BallMatrices):
    """Arb ball arithmetic: every number comes with a radius that encloses the exact value.

    precision: bits of the midpoints, 53 for double precision.  Values are NumPy object arrays of `flint.arb`.
    rounded_inputs: take every input as known to that precision only, instead of exactly.
    """

    def __init__(
        self, values: Mapping[str, Any], sizes: Mapping[str, int], precision: int = 128, *, rounded_inputs: bool = False
    ) -> None:
        import flint
        import numpy

        self.np = numpy
        self.flint = flint
        self.precision = precision
        self.unit: float = 2.0**-precision if rounded_inputs else 0.0
        self.sizes = sizes
        self.values = values

    def _arb(self, value: Coefficient | str) -> Any:
        flint = self.flint
        if isinstance(value, str):
            return {"pi": flint.arb.pi, "e": flint.arb.const_e, "-inf": flint.arb.neg_inf}[value]()
        rational, root = value.number(self.sizes)
        number = flint.arb(flint.fmpq(rational.numerator, rational.denominator))
        return number if root == 1 else number * flint.arb(root).sqrt()

    def _box(self, value: Any) -> Any:
        # The sum of no entries is Python's 0.
        return boxed(self.np, self.flint.arb(value) if isinstance(value, int) else value)

    def _array(self, value: Any) -> Any:
        if not isinstance(value, self.np.ndarray):
            return self._box(value)
        return value if value.ndim else self._box(value[()])

    def variable(self, name: str) -> Any:
        given = self.np.asarray(self.values[name])
        if given.dtype == object:
            return given
        unit = self.unit
        ball = self.np.frompyfunc(lambda number: self._enclosed(float(number), unit), 1, 1)
        return self._array(ball(given))

    def _enclosed(self, number: float, unit: float) -> Any:
        return self.flint.arb(number, abs(number) * unit) if number > float("-inf") else self.flint.arb.neg_inf()

    def constant(self, value: Coefficient | str, axes: Axes) -> Any:
        number = self._arb(value)
        return self.np.broadcast_to(self._box(number), shape_of(axes, self.sizes))

    def linear(self, coefficients: Sequence[Coefficient], arrays: Sequence[Any]) -> Any:
        return self._array(combined(coefficients, arrays, self._arb))

    def apply(self, operation: Operation, arrays: Sequence[Any]) -> Any:
        flint = self.flint
        call = self.np.frompyfunc(lambda *numbers: operation.ball(flint, *numbers), operation.arity, 1)
        return self._array(call(*arrays))

    def contract(self, arrays: Sequence[Any], inputs: Sequence[Row], output: Row, extents: Axes) -> Any:
        return self._array(contracted(self.np, arrays, inputs, output, shape_of(extents, self.sizes)))

    def index(self, array: Any, key: Key) -> Any:
        return self._array(array[(..., *key)])

    def scatter(self, array: Any, key: Key, axes: Axes) -> Any:
        lead = array.ndim - sum(isinstance(part, slice) for part in key)
        zeros = self.np.full(array.shape[:lead] + shape_of(axes, self.sizes), self.flint.arb(0), dtype=object)
        zeros[(..., *key)] = array
        return zeros

    def overlapped(self, array: Any, axis: int, size: int, stride: int, dilation: int) -> Any:
        shape = (*array.shape[: axis - 1], size, *array.shape[array.ndim + axis + 1 :])
        return overlapped(array, self.np.full(shape, self.flint.arb(0), dtype=object), axis, stride, dilation)

    def _shifted(self, array: Any, axis: int) -> tuple[Any, Any]:
        """Return a number near the largest entry, which is exact, and e to the entries less that number."""
        middle = self.np.vectorize(lambda ball: float(ball.mid()), otypes=[float])(array)
        shift = self._array(self.np.frompyfunc(self.flint.arb, 1, 1)(middle.max(axis=axis, keepdims=True)))
        return shift, self._array(self.np.frompyfunc(lambda ball: ball.exp(), 1, 1)(array - shift))

    def log_sum_exp(self, array: Any, axis: int) -> Any:
        shift, raised = self._shifted(array, axis)
        total = self._array(self.np.frompyfunc(lambda ball: ball.log(), 1, 1)(raised.sum(axis=axis)))
        return self._array(shift.squeeze(axis) + total)

    def softmax(self, array: Any, axis: int) -> Any:
        _, raised = self._shifted(array, axis)
        return raised / raised.sum(axis=axis, keepdims=True)

    def _middle(self, array: Any) -> Any:
        return self.np.vectorize(lambda ball: float(ball.mid()), otypes=[float])(array)

    def gather(self, array: Any, indices: Sequence[Any], rank: int, axis: int, index_rank: int) -> Any:
        lengths = chosen_lengths(array, rank, axis, len(indices))
        flat = flat_positions([self._middle(index) for index in indices], lengths)
        return self._array(gathered(self.np, array, flat, rank, axis, len(indices), index_rank))

    def scatter_add(self, array: Any, indices: Sequence[Any], axes: Axes, axis: int, index_rank: int) -> Any:
        shape = shape_of(axes, self.sizes)
        flat = flat_positions([self._middle(index) for index in indices], shape[axis : axis + len(indices)])
        return self._array(added(self.np, array, flat, shape, axis, len(indices), index_rank, self._added))

    def _added(self, shape: tuple[int, ...], axis: int, places: Any, values: Any) -> Any:
        zeros = self.np.full(shape, self.flint.arb(0), dtype=object)
        key: Any = (*(slice(None),) * axis, places)
        self.np.add.at(zeros, key, values)
        return zeros

    def extremum(self, array: Any, axes: Row, largest: bool, shared: bool) -> Any:
        return self._array(largest_balls(self.np, array, axes, largest))

    def winners(self, array: Any, axes: Row, largest: bool, shared: bool) -> Any:
        return self._array(winning_balls(self.flint, self.np, array, axes, largest, shared))

    def cumulative(self, array: Any, axis: int, reverse: bool) -> Any:
        return cumulated(self.np, array, axis, reverse)

    def roll(self, array: Any, shift: int, axis: int) -> Any:
        return self.np.roll(array, shift, axis=axis)

    def positions(self, size: Size) -> Any:
        return self.np.frompyfunc(self.flint.arb, 1, 1)(self.np.arange(*shape_of((size,), self.sizes)).astype(object))

    def one_hot(self, array: Any, size: Size) -> Any:
        classes = self.np.arange(*shape_of((size,), self.sizes))
        equal = self._middle(array)[..., None] == classes
        return self._array(self.np.frompyfunc(lambda same: self.flint.arb(int(same)), 1, 1)(equal))
