"""The few operations that every arithmetic offers; the kinds of node are written in terms of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from gradlab.graph.backends.matrices import MatrixBackend
from gradlab.graph.operations import Operation
from gradlab.graph.sizes import Axes, Coefficient, Size

Key = tuple[int | slice, ...]
Row = tuple[int, ...]


class Backend(MatrixBackend, Protocol):
    """What a kind of node needs in order to compute its value."""

    def variable(self, name: str) -> Any:
        """Return the value bound to *name*."""

    def constant(self, value: Coefficient | str, axes: Axes) -> Any:
        """Return an exact number in every entry of an array of these axes."""

    def linear(self, coefficients: Sequence[Coefficient], arrays: Sequence[Any]) -> Any:
        """Return the sum of coefficient times array."""

    def apply(self, operation: Operation, arrays: Sequence[Any]) -> Any:
        """Return *operation* entry by entry."""

    def contract(self, arrays: Sequence[Any], inputs: Sequence[Row], output: Row, extents: Axes) -> Any:
        """Return Einstein's summation; see `gradlab.graph.kinds.contraction`."""

    def index(self, array: Any, key: Key) -> Any:
        """Return the entries at *key* of the last axes."""

    def scatter(self, array: Any, key: Key, axes: Axes) -> Any:
        """Return zeros of these axes with *array* at *key*."""

    def replace(self, base: Any, value: Any, key: Key) -> Any:
        """Return *base* with *value* at *key* of the last axes."""

    def frozen(self, array: Any) -> Any:
        """Return *array* cut off from what it was computed from, where this arithmetic keeps that."""

    def stack(self, arrays: Sequence[Any], axis: int) -> Any:
        """Return *arrays* side by side along a new axis, counted from the end."""

    def reshape(self, array: Any, rank: int, axes: Axes) -> Any:
        """Return the last *rank* axes of *array* as these axes, its entries in the order in which they are."""

    def concatenate(self, arrays: Sequence[Any], axis: int) -> Any:
        """Return *arrays* one after the other along an axis, counted from the end."""

    def windows(self, array: Any, axis: int, length: int, stride: int, dilation: int) -> Any:
        """Return an axis, counted from the end, as two: position and offset; see `gradlab.graph.kinds.windows`."""

    def overlapped(self, array: Any, axis: int, size: int, stride: int, dilation: int) -> Any:
        """Return positions and offsets added back to one axis of *size*, counted from the end of the result."""

    def log_sum_exp(self, array: Any, axis: int) -> Any:
        """Return ln Σ e^x along an axis, counted from the end, which is dropped."""

    def softmax(self, array: Any, axis: int) -> Any:
        """Return e^x over its sum along an axis, counted from the end."""

    def gather(self, array: Any, indices: Sequence[Any], rank: int, axis: int, index_rank: int) -> Any:
        """Return the entries at *indices*, one for each of the axes from *axis* on; see `gradlab.graph.kinds.gather`.

        rank, index_rank: the axes of the array and of every index, without leading ones.
        """

    def scatter_add(self, array: Any, indices: Sequence[Any], axes: Axes, axis: int, index_rank: int) -> Any:
        """Return zeros of these axes with the entries of *array* added at *indices*: the adjoint of `gather`."""

    def extremum(self, array: Any, axes: Row, largest: bool, shared: bool) -> Any:
        """Return the largest or smallest entry along *axes*, counted from the end, which are dropped."""

    def winners(self, array: Any, axes: Row, largest: bool, shared: bool) -> Any:
        """Return 1 for the largest or smallest entry along *axes* and 0 for the others.

        shared: those that tie get equal parts of the 1; if not, the first one gets it.
        """

    def cumulative(self, array: Any, axis: int, reverse: bool) -> Any:
        """Return the sums of all entries up to each, or from each on, along an axis, counted from the end."""

    def roll(self, array: Any, shift: int, axis: int) -> Any:
        """Return the entries moved by *shift* along an axis, counted from the end, the last ones to the front."""

    def positions(self, size: Size) -> Any:
        """Return 0, 1, 2, … along one axis."""

    def one_hot(self, array: Any, size: Size) -> Any:
        """Return 1 where a new last axis has the position that *array* names, else 0."""
