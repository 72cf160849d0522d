"""NumPy arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from gradlab.graph.backends.contracting import as_float, combined, contracted
from gradlab.graph.backends.matrices import NumpyMatrices
from gradlab.graph.backends.moving import NumpyMoves
from gradlab.graph.backends.protocol import Key, Row
from gradlab.graph.backends.selecting import (
    added,
    chosen_lengths,
    cumulated,
    flat_positions,
    gathered,
    laid_out,
)
from gradlab.graph.backends.shaping import overlapped
from gradlab.graph.operations import Operation
from gradlab.graph.sizes import Axes, Coefficient, Size, shape_of


class NumpyBackend(NumpyMoves, NumpyMatrices):
    """float64 (or another NumPy dtype) arithmetic; never raises on overflow, the result says inf or nan."""

    def __init__(self, values: Mapping[str, Any], sizes: Mapping[str, int], dtype: Any = None) -> None:
        import numpy

        self.np = numpy
        self.dtype: Any = numpy.dtype(dtype or numpy.float64)
        self.sizes = sizes
        self.values = values
        self._numbers: dict[Coefficient, Any] = {}

    def variable(self, name: str) -> Any:
        return self.np.asarray(self.values[name], dtype=self.dtype)

    def _number(self, coefficient: Coefficient) -> Any:
        # Exact arithmetic takes longer than the operation that it serves; a descent repeats it at every step.
        found = self._numbers.get(coefficient)
        if found is None:
            found = self._numbers[coefficient] = self.dtype.type(as_float(coefficient, self.sizes))
        return found

    def constant(self, value: Coefficient | str, axes: Axes) -> Any:
        number = self.np.asarray(as_float(value, self.sizes), dtype=self.dtype)
        return self.np.broadcast_to(number, shape_of(axes, self.sizes)) if axes else number

    def linear(self, coefficients: Sequence[Coefficient], arrays: Sequence[Any]) -> Any:
        return combined(coefficients, arrays, self._number)

    def apply(self, operation: Operation, arrays: Sequence[Any]) -> Any:
        return self.np.asarray(operation.numpy(self.np, *arrays))

    def contract(self, arrays: Sequence[Any], inputs: Sequence[Row], output: Row, extents: Axes) -> Any:
        return self.np.asarray(contracted(self.np, arrays, inputs, output, shape_of(extents, self.sizes)))

    def index(self, array: Any, key: Key) -> Any:
        return self.np.asarray(array[(..., *key)])

    def scatter(self, array: Any, key: Key, axes: Axes) -> Any:
        lead = array.ndim - sum(isinstance(part, slice) for part in key)
        zeros = self.np.zeros(array.shape[:lead] + shape_of(axes, self.sizes), dtype=array.dtype)
        zeros[(..., *key)] = array
        return zeros

    def overlapped(self, array: Any, axis: int, size: int, stride: int, dilation: int) -> Any:
        zeros = self.np.zeros((*array.shape[: axis - 1], size, *array.shape[array.ndim + axis + 1 :]), array.dtype)
        return overlapped(array, zeros, axis, stride, dilation)

    def log_sum_exp(self, array: Any, axis: int) -> Any:
        largest = array.max(axis=axis, keepdims=True)
        return largest.squeeze(axis) + self.np.log(self.np.exp(array - largest).sum(axis=axis))

    def softmax(self, array: Any, axis: int) -> Any:
        raised = self.np.exp(array - array.max(axis=axis, keepdims=True))
        return raised / raised.sum(axis=axis, keepdims=True)

    def gather(self, array: Any, indices: Sequence[Any], rank: int, axis: int, index_rank: int) -> Any:
        flat = flat_positions(indices, chosen_lengths(array, rank, axis, len(indices)))
        return self.np.asarray(gathered(self.np, array, flat, rank, axis, len(indices), index_rank))

    def scatter_add(self, array: Any, indices: Sequence[Any], axes: Axes, axis: int, index_rank: int) -> Any:
        shape = shape_of(axes, self.sizes)
        flat = flat_positions(indices, shape[axis : axis + len(indices)])
        return added(self.np, array, flat, shape, axis, len(indices), index_rank, self._added)

    def _added(self, shape: tuple[int, ...], axis: int, places: Any, values: Any) -> Any:
        # bincount adds up numbers ten times faster than add.at: every entry gets its place in one long row.
        before, after = prod(shape[:axis]), prod(shape[axis + 1 :])
        rows = self.np.arange(before)[:, None] * shape[axis] + places
        flat = rows[:, :, None] * after + self.np.arange(after)
        counted = self.np.bincount(flat.reshape(-1), values.reshape(-1), prod(shape))
        return counted.astype(values.dtype).reshape(shape)

    def extremum(self, array: Any, axes: Row, largest: bool, shared: bool) -> Any:
        flat, _ = laid_out(self.np, array, axes)
        return self.np.asarray(flat.max(axis=-1) if largest else flat.min(axis=-1))

    def winners(self, array: Any, axes: Row, largest: bool, shared: bool) -> Any:
        flat, back = laid_out(self.np, array, axes)
        if shared:
            ties = flat == (flat.max(axis=-1, keepdims=True) if largest else flat.min(axis=-1, keepdims=True))
            return back((ties / ties.sum(axis=-1, keepdims=True)).astype(self.dtype))
        first = flat.argmax(axis=-1) if largest else flat.argmin(axis=-1)
        return back((first[..., None] == self.np.arange(flat.shape[-1])).astype(self.dtype))

    def cumulative(self, array: Any, axis: int, reverse: bool) -> Any:
        return cumulated(self.np, array, axis, reverse)

    def roll(self, array: Any, shift: int, axis: int) -> Any:
        return self.np.roll(array, shift, axis=axis)

    def positions(self, size: Size) -> Any:
        return self.np.arange(*shape_of((size,), self.sizes), dtype=self.dtype)

    def one_hot(self, array: Any, size: Size) -> Any:
        classes = self.np.arange(*shape_of((size,), self.sizes))
        return (array[..., None] == classes).astype(self.dtype)
