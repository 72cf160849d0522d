"""torch arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.backends.contracting import as_float, combined, contracted
from gradlab.graph.backends.matrices import TorchMatrices
from gradlab.graph.backends.protocol import Key, Row
from gradlab.graph.backends.selecting import added, chosen_lengths, flat_positions, gathered, laid_out
from gradlab.graph.backends.shaping import concatenated, overlapped, reshaped, torch_windows
from gradlab.graph.operations import Operation
from gradlab.graph.sizes import Axes, Coefficient, Size, shape_of


class TorchBackend(TorchMatrices):
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
        number = as_float(value, self.sizes)
        return self.torch.full(shape_of(axes, self.sizes), number, dtype=self.dtype, device=self.device)

    def linear(self, coefficients: Sequence[Coefficient], arrays: Sequence[Any]) -> Any:
        return combined(coefficients, arrays, lambda c: as_float(c, self.sizes))

    def apply(self, operation: Operation, arrays: Sequence[Any]) -> Any:
        return operation.torch(self.torch, *arrays)

    def contract(self, arrays: Sequence[Any], inputs: Sequence[Row], output: Row, extents: Axes) -> Any:
        return contracted(self.torch, arrays, inputs, output, shape_of(extents, self.sizes))

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
        forward, array = _forward(key, zeros.shape[lead:], array, lead)
        zeros[(..., *forward)] = array
        return zeros

    def replace(self, base: Any, value: Any, key: Key) -> Any:
        lead = base.ndim - len(key)
        kept = sum(isinstance(part, slice) for part in key)
        own = value.ndim - kept
        batch = self.torch.broadcast_shapes(base.shape[:lead], value.shape[:own])
        result = base.expand(*batch, *base.shape[lead:]).clone()
        forward, value = _forward(key, base.shape[lead:], value, own)
        result[(..., *forward)] = value
        return result

    def frozen(self, array: Any) -> Any:
        return array.detach()

    def stack(self, arrays: Sequence[Any], axis: int) -> Any:
        return self.torch.stack(self.torch.broadcast_tensors(*arrays), dim=axis)

    def reshape(self, array: Any, rank: int, axes: Axes) -> Any:
        return reshaped(array, rank, shape_of(axes, self.sizes))

    def concatenate(self, arrays: Sequence[Any], axis: int) -> Any:
        return concatenated(self.torch, arrays, axis)

    def windows(self, array: Any, axis: int, length: int, stride: int, dilation: int) -> Any:
        return torch_windows(array, axis, length, stride, dilation)

    def overlapped(self, array: Any, axis: int, size: int, stride: int, dilation: int) -> Any:
        shape = (*array.shape[: axis - 1], size, *array.shape[array.ndim + axis + 1 :])
        zeros = self.torch.zeros(shape, dtype=array.dtype, device=array.device)
        return overlapped(array, zeros, axis, stride, dilation)

    def log_sum_exp(self, array: Any, axis: int) -> Any:
        return self.torch.logsumexp(array, dim=axis)

    def softmax(self, array: Any, axis: int) -> Any:
        return self.torch.softmax(array, dim=axis)

    def gather(self, array: Any, indices: Sequence[Any], rank: int, axis: int, index_rank: int) -> Any:
        flat = flat_positions([_plain(index) for index in indices], chosen_lengths(array, rank, axis, len(indices)))
        return gathered(self.torch, array, flat, rank, axis, len(indices), index_rank)

    def scatter_add(self, array: Any, indices: Sequence[Any], axes: Axes, axis: int, index_rank: int) -> Any:
        shape = shape_of(axes, self.sizes)
        flat = flat_positions([_plain(index) for index in indices], shape[axis : axis + len(indices)])
        return added(self.torch, array, flat, shape, axis, len(indices), index_rank, self._added)

    def _added(self, shape: tuple[int, ...], axis: int, places: Any, values: Any) -> Any:
        zeros = self.torch.zeros(shape, dtype=values.dtype, device=values.device)
        return zeros.index_add(axis, self.torch.from_numpy(places).to(values.device), values)

    def extremum(self, array: Any, axes: Row, largest: bool, shared: bool) -> Any:
        flat, _ = laid_out(self.torch, array, axes)
        if shared:
            return flat.amax(dim=-1) if largest else flat.amin(dim=-1)
        return (flat.max(dim=-1) if largest else flat.min(dim=-1)).values

    def winners(self, array: Any, axes: Row, largest: bool, shared: bool) -> Any:
        flat, back = laid_out(self.torch, array.detach(), axes)
        if shared:
            ties = flat == (flat.amax(dim=-1, keepdim=True) if largest else flat.amin(dim=-1, keepdim=True))
            return back(ties.to(self.dtype) / ties.sum(dim=-1, keepdim=True))
        first = flat.argmax(dim=-1) if largest else flat.argmin(dim=-1)
        return back((first[..., None] == self.torch.arange(flat.shape[-1], device=array.device)).to(self.dtype))

    def cumulative(self, array: Any, axis: int, reverse: bool) -> Any:
        turned = array.flip(axis) if reverse else array
        summed = self.torch.cumsum(turned, dim=axis)
        return summed.flip(axis) if reverse else summed

    def roll(self, array: Any, shift: int, axis: int) -> Any:
        return self.torch.roll(array, shift, dims=axis)

    def positions(self, size: Size) -> Any:
        return self.torch.arange(*shape_of((size,), self.sizes), dtype=self.dtype, device=self.device)

    def one_hot(self, array: Any, size: Size) -> Any:
        classes = self.torch.arange(*shape_of((size,), self.sizes), device=array.device)
        return (array[..., None] == classes).to(self.dtype)


def _forward(key: Key, lengths: Sequence[int], array: Any, lead: int) -> tuple[list[int | slice], Any]:
    """Return *key* with negative steps turned round, which torch has none of, and *array* turned with it."""
    position = lead
    forward: list[int | slice] = []
    for part, length in zip(key, lengths, strict=True):
        if isinstance(part, int):
            forward.append(part)
            continue
        chosen = range(length)[part]
        if chosen.step < 0:
            array = array.flip(position)
            chosen = chosen[::-1]
        forward.append(slice(chosen.start, chosen.stop, chosen.step))
        position += 1
    return forward, array


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


def _plain(array: Any) -> Any:
    """Return positions as a NumPy array: they are checked there, and carry no derivative."""
    return array.detach().cpu().double().numpy()
