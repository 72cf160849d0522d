"""The three arithmetics in which a graph can be evaluated: NumPy, torch, and balls (Arb).

Each offers the same few operations; the kinds of node are written in terms of them. In all of them arrays
may have extra leading axes, so that one evaluation serves many points at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from math import e, pi
from typing import Any, Protocol

from gradlab.graph.operations import Operation
from gradlab.graph.sizes import Axes, Coefficient, Size, shape_of

Key = tuple[int | slice, ...]
Row = tuple[int, ...]


class Backend(Protocol):
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

    def stack(self, arrays: Sequence[Any], axis: int) -> Any:
        """Return *arrays* side by side along a new axis, counted from the end."""

    def log_sum_exp(self, array: Any, axis: int) -> Any:
        """Return ln Σ e^x along an axis, counted from the end, which is dropped."""

    def softmax(self, array: Any, axis: int) -> Any:
        """Return e^x over its sum along an axis, counted from the end."""

    def one_hot(self, array: Any, size: Size) -> Any:
        """Return 1 where a new last axis has the position that *array* names, else 0."""


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _contract(module: Any, arrays: Sequence[Any], inputs: Sequence[Row], output: Row, extents: Row) -> Any:
    """Contract with the functions that NumPy and torch share by name."""
    core, repeated, stretched = _shape_plan(tuple(inputs), output)
    result = _core(module, arrays, inputs, core)
    if not hasattr(result, "shape"):  # NumPy hands out the entries of object arrays bare
        result = _boxed(module, result)
    if repeated:
        return _on_diagonal(module, result, core, output, extents)
    if stretched is not None:
        lead = len(result.shape) - len(core)
        batch = tuple(result.shape[:lead])
        shape = batch + tuple(extents[index] if kept else 1 for index, kept in zip(output, stretched, strict=True))
        result = module.broadcast_to(result.reshape(shape), batch + tuple(extents[index] for index in output))
    return result


def _boxed(numpy: Any, value: Any) -> Any:
    box = numpy.empty((), dtype=object)
    box[()] = value
    return box


@lru_cache(maxsize=4096)
def _shape_plan(inputs: tuple[Row, ...], output: Row) -> tuple[Row, bool, tuple[bool, ...] | None]:
    """Return the output indices that stand in an input, whether one repeats, and which ones are no broadcasts."""
    present = {index for row in inputs for index in row}
    core = tuple(index for index in dict.fromkeys(output) if index in present)
    stretched = tuple(index in present for index in output) if core != output else None
    return core, len(set(output)) < len(output), stretched


LARGE = 100_000
"""Entries from which einsum's own planning, a tenth of a millisecond, pays: it finds matrix products."""


def _core(module: Any, arrays: Sequence[Any], inputs: Sequence[Row], output: Row) -> Any:
    """Contract to indices that all stand in the inputs: by a library call faster than einsum where one fits."""
    rows = tuple(inputs)
    if all(array.ndim == len(row) for array, row in zip(arrays, rows, strict=True)):
        how, detail = _call_plan(rows, output)
        if how == "same":
            return arrays[0]
        if how == "multiply":
            return arrays[0] * arrays[1]
        if how == "sum":
            return arrays[0].sum()
        if how == "matmul":
            first, second = detail
            return (arrays[0].T if first else arrays[0]) @ (arrays[1].T if second else arrays[1])
        if how == "tensordot":
            return module.tensordot(arrays[0], arrays[1], detail)
    elif len(arrays) == 1 and rows[0] == output:
        return arrays[0]
    large = module.__name__ == "numpy" and sum(array.size for array in arrays) > LARGE
    options = {"optimize": True} if large and arrays[0].dtype != object else {}
    return module.einsum(_equation(rows, output), *arrays, **options)


@lru_cache(maxsize=4096)
def _equation(inputs: tuple[Row, ...], output: Row) -> str:
    sides = ["..." + "".join(_LETTERS[index] for index in row) for row in inputs]
    return ",".join(sides) + "->..." + "".join(_LETTERS[index] for index in output)


@lru_cache(maxsize=4096)
def _call_plan(inputs: tuple[Row, ...], output: Row) -> tuple[str, Any]:
    """Return which library call contracts arrays without leading axes, and its arguments."""
    simple = all(len(set(row)) == len(row) for row in inputs)
    if len(inputs) == 1:
        if inputs[0] == output:
            return "same", None
        return ("sum", None) if simple and not output else ("einsum", None)
    if len(inputs) != 2 or not simple:
        return "einsum", None
    first, second = inputs
    if (not first and second == output) or (not second and first == output) or first == second == output:
        return "multiply", None
    shared = [index for index in first if index in second]
    kept = tuple(index for index in (*first, *second) if index not in shared)
    if not shared or kept != output or set(shared) & set(output):
        return "einsum", None
    if len(shared) == 1 and len(first) <= 2 and len(second) <= 2:
        return "matmul", (len(first) == 2 and first[0] == shared[0], len(second) == 2 and second[1] == shared[0])
    return "tensordot", ([first.index(index) for index in shared], [second.index(index) for index in shared])


def _on_diagonal(module: Any, values: Any, core: Row, output: Row, extents: Row) -> Any:
    """Return an array that holds *values* where equal indices are equal, and zeros elsewhere."""
    masks = []
    rows: list[Row] = []
    seen: dict[int, int] = {}
    fresh = max(extents and range(len(extents)), default=0) + 1
    labels: list[int] = []
    for index in output:
        if index in seen:
            masks.append(module.eye(extents[index], dtype=values.dtype))
            rows.append((index, fresh))
            labels.append(fresh)
            fresh += 1
        else:
            seen[index] = index
            labels.append(index)
    return module.einsum(_equation((core, *rows), tuple(labels)), values, *masks)


class NumpyBackend:
    """float64 (or another NumPy dtype) arithmetic; never raises on overflow, the result says inf or nan."""

    def __init__(self, values: Mapping[str, Any], sizes: Mapping[str, int], dtype: Any = None) -> None:
        import numpy

        self.np = numpy
        self.dtype = numpy.dtype(dtype or numpy.float64)
        self.sizes = sizes
        self.values = values
        self._numbers: dict[Coefficient, Any] = {}

    def variable(self, name: str) -> Any:
        return self.np.asarray(self.values[name], dtype=self.dtype)

    def _number(self, coefficient: Coefficient) -> Any:
        # Exact arithmetic takes longer than the operation that it serves; a descent repeats it at every step.
        found = self._numbers.get(coefficient)
        if found is None:
            found = self._numbers[coefficient] = self.dtype.type(_float(coefficient, self.sizes))
        return found

    def constant(self, value: Coefficient | str, axes: Axes) -> Any:
        number = self.np.asarray(_float(value, self.sizes), dtype=self.dtype)
        return self.np.broadcast_to(number, shape_of(axes, self.sizes)) if axes else number

    def linear(self, coefficients: Sequence[Coefficient], arrays: Sequence[Any]) -> Any:
        return _linear(coefficients, arrays, self._number)

    def apply(self, operation: Operation, arrays: Sequence[Any]) -> Any:
        return self.np.asarray(operation.numpy(self.np, *arrays))

    def contract(self, arrays: Sequence[Any], inputs: Sequence[Row], output: Row, extents: Axes) -> Any:
        return self.np.asarray(_contract(self.np, arrays, inputs, output, shape_of(extents, self.sizes)))

    def index(self, array: Any, key: Key) -> Any:
        return self.np.asarray(array[(..., *key)])

    def scatter(self, array: Any, key: Key, axes: Axes) -> Any:
        lead = array.ndim - sum(isinstance(part, slice) for part in key)
        zeros = self.np.zeros(array.shape[:lead] + shape_of(axes, self.sizes), dtype=array.dtype)
        zeros[(..., *key)] = array
        return zeros

    def stack(self, arrays: Sequence[Any], axis: int) -> Any:
        return self.np.stack(self.np.broadcast_arrays(*arrays), axis=axis)

    def log_sum_exp(self, array: Any, axis: int) -> Any:
        largest = array.max(axis=axis, keepdims=True)
        return largest.squeeze(axis) + self.np.log(self.np.exp(array - largest).sum(axis=axis))

    def softmax(self, array: Any, axis: int) -> Any:
        raised = self.np.exp(array - array.max(axis=axis, keepdims=True))
        return raised / raised.sum(axis=axis, keepdims=True)

    def one_hot(self, array: Any, size: Size) -> Any:
        classes = self.np.arange(*shape_of((size,), self.sizes))
        return (array[..., None] == classes).astype(self.dtype)


class TorchBackend:
    """torch arithmetic, so that autograd can follow it."""

    def __init__(self, values: Mapping[str, Any], sizes: Mapping[str, int], dtype: Any, device: Any = None) -> None:
        import torch

        self.torch = torch
        self.dtype = dtype
        self.device = device
        self.sizes = sizes
        self.values = values

    def variable(self, name: str) -> Any:
        return self.values[name]

    def constant(self, value: Coefficient | str, axes: Axes) -> Any:
        number = _float(value, self.sizes)
        return self.torch.full(shape_of(axes, self.sizes), number, dtype=self.dtype, device=self.device)

    def linear(self, coefficients: Sequence[Coefficient], arrays: Sequence[Any]) -> Any:
        return _linear(coefficients, arrays, lambda c: _float(c, self.sizes))

    def apply(self, operation: Operation, arrays: Sequence[Any]) -> Any:
        return operation.torch(self.torch, *arrays)

    def contract(self, arrays: Sequence[Any], inputs: Sequence[Row], output: Row, extents: Axes) -> Any:
        return _contract(self.torch, arrays, inputs, output, shape_of(extents, self.sizes))

    def index(self, array: Any, key: Key) -> Any:
        steps = [part.step for part in key if isinstance(part, slice)]
        if any(step is not None and step < 0 for step in steps):
            # torch has no negative steps: turn the axis round first.
            return _reversed_index(self.torch, array, key)
        return array[(..., *key)]

    def scatter(self, array: Any, key: Key, axes: Axes) -> Any:
        lead = array.ndim - sum(isinstance(part, slice) for part in key)
        zeros = self.torch.zeros(
            tuple(array.shape[:lead]) + shape_of(axes, self.sizes), dtype=array.dtype, device=array.device
        )
        position = lead
        forward: list[int | slice] = []
        for part, length in zip(key, zeros.shape[lead:], strict=True):
            if isinstance(part, int):
                forward.append(part)
                continue
            chosen = range(length)[part]
            if chosen.step < 0:  # torch has no negative steps: turn the axis round first
                array = array.flip(position)
                chosen = chosen[::-1]
            forward.append(slice(chosen.start, chosen.stop, chosen.step))
            position += 1
        zeros[(..., *forward)] = array
        return zeros

    def stack(self, arrays: Sequence[Any], axis: int) -> Any:
        return self.torch.stack(self.torch.broadcast_tensors(*arrays), dim=axis)

    def log_sum_exp(self, array: Any, axis: int) -> Any:
        return self.torch.logsumexp(array, dim=axis)

    def softmax(self, array: Any, axis: int) -> Any:
        return self.torch.softmax(array, dim=axis)

    def one_hot(self, array: Any, size: Size) -> Any:
        classes = self.torch.arange(*shape_of((size,), self.sizes), device=array.device)
        return (array[..., None] == classes).to(self.dtype)


def _reversed_index(torch: Any, array: Any, key: Key) -> Any:
    lead = array.ndim - len(key)
    position = lead
    for part in key:
        if isinstance(part, int):
            array = array.select(position, part)
            continue
        chosen = range(array.shape[position])[part]
        array = array.index_select(position, torch.tensor(list(chosen), dtype=torch.long))
        position += 1
    return array


class BallBackend:
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
        self.unit = 2.0**-precision if rounded_inputs else 0.0
        self.sizes = sizes
        self.values = values

    def _arb(self, value: Fraction | str) -> Any:
        flint = self.flint
        if isinstance(value, str):
            return flint.arb.pi() if value == "pi" else flint.arb.const_e()
        return flint.arb(flint.fmpq(value.numerator, value.denominator))

    def _box(self, value: Any) -> Any:
        # The sum of no entries is Python's 0.
        return _boxed(self.np, self.flint.arb(value) if isinstance(value, int) else value)

    def _array(self, value: Any) -> Any:
        if not isinstance(value, self.np.ndarray):
            return self._box(value)
        return value if value.ndim else self._box(value[()])

    def variable(self, name: str) -> Any:
        given = self.np.asarray(self.values[name])
        if given.dtype == object:
            return given
        unit = self.unit
        ball = self.np.frompyfunc(lambda number: self.flint.arb(float(number), abs(float(number)) * unit), 1, 1)
        return self._array(ball(given))

    def constant(self, value: Coefficient | str, axes: Axes) -> Any:
        number = self._arb(value if isinstance(value, str) else value.value(self.sizes))
        return self.np.broadcast_to(self._box(number), shape_of(axes, self.sizes))

    def linear(self, coefficients: Sequence[Coefficient], arrays: Sequence[Any]) -> Any:
        return self._array(_linear(coefficients, arrays, lambda c: self._arb(c.value(self.sizes))))

    def apply(self, operation: Operation, arrays: Sequence[Any]) -> Any:
        flint = self.flint
        call = self.np.frompyfunc(lambda *numbers: operation.ball(flint, *numbers), operation.arity, 1)
        return self._array(call(*arrays))

    def contract(self, arrays: Sequence[Any], inputs: Sequence[Row], output: Row, extents: Axes) -> Any:
        return self._array(_contract(self.np, arrays, inputs, output, shape_of(extents, self.sizes)))

    def index(self, array: Any, key: Key) -> Any:
        return self._array(array[(..., *key)])

    def scatter(self, array: Any, key: Key, axes: Axes) -> Any:
        lead = array.ndim - sum(isinstance(part, slice) for part in key)
        zeros = self.np.full(array.shape[:lead] + shape_of(axes, self.sizes), self.flint.arb(0), dtype=object)
        zeros[(..., *key)] = array
        return zeros

    def stack(self, arrays: Sequence[Any], axis: int) -> Any:
        return self.np.stack(self.np.broadcast_arrays(*arrays), axis=axis)

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

    def one_hot(self, array: Any, size: Size) -> Any:
        classes = self.np.arange(*shape_of((size,), self.sizes))
        middle = self.np.vectorize(lambda ball: float(ball.mid()), otypes=[float])(array)
        equal = middle[..., None] == classes
        return self._array(self.np.frompyfunc(lambda same: self.flint.arb(int(same)), 1, 1)(equal))


def _linear(coefficients: Sequence[Coefficient], arrays: Sequence[Any], number: Any) -> Any:
    total: Any = None
    for coefficient, array in zip(coefficients, arrays, strict=True):
        if coefficient.is_one:
            term = array
        elif not coefficient.sizes and coefficient.rational == -1:
            if total is not None:
                total = total - array
                continue
            term = -array
        else:
            term = number(coefficient) * array
        total = term if total is None else total + term
    return total


def _float(value: Coefficient | str, sizes: Mapping[str, int]) -> float:
    if isinstance(value, str):
        return pi if value == "pi" else e
    try:
        return float(value.value(sizes))
    except OverflowError:
        return float("inf") if value.rational > 0 else float("-inf")
