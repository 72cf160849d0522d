"""Entries of NumPy arrays moved as they are, whatever they are: floats or balls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.backends.contracting import replaced
from gradlab.graph.backends.protocol import Key
from gradlab.graph.backends.shaping import concatenated, numpy_windows, reshaped
from gradlab.graph.sizes import Axes, shape_of


class NumpyMoves:
    """The part of `gradlab.graph.backends.protocol.Backend` that computes nothing."""

    np: Any
    sizes: Mapping[str, int]

    def replace(self, base: Any, value: Any, key: Key) -> Any:
        return replaced(self.np, base, value, key)

    def frozen(self, array: Any) -> Any:
        return array

    def stack(self, arrays: Sequence[Any], axis: int) -> Any:
        return self.np.stack(self.np.broadcast_arrays(*arrays), axis=axis)

    def reshape(self, array: Any, rank: int, axes: Axes) -> Any:
        return reshaped(array, rank, shape_of(axes, self.sizes))

    def concatenate(self, arrays: Sequence[Any], axis: int) -> Any:
        return concatenated(self.np, arrays, axis)

    def windows(self, array: Any, axis: int, length: int, stride: int, dilation: int) -> Any:
        return numpy_windows(self.np, array, axis, length, stride, dilation)
