"""Arrays put together, taken apart and overlapped, by the functions that NumPy and torch share by name.

Axes are counted from the end, so that extra leading axes (one evaluation for many points) change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

WHOLE = slice(None)


def reshaped(array: Any, rank: int, shape: tuple[int, ...]) -> Any:
    """Return the last *rank* axes of *array* in another *shape*, in the order in which the entries are."""
    return array.reshape(tuple(array.shape[: array.ndim - rank]) + shape)


def concatenated(module: Any, arrays: Sequence[Any], axis: int) -> Any:
    """Return *arrays* one after the other along *axis*; leading axes that some lack are filled up."""
    shapes = [tuple(array.shape) for array in arrays]
    if len({shape[:axis] for shape in shapes}) > 1:
        before = module.broadcast_shapes(*(shape[:axis] for shape in shapes))
        arrays = [
            module.broadcast_to(array, tuple(before) + shape[axis:])
            for array, shape in zip(arrays, shapes, strict=True)
        ]
    return module.concatenate(tuple(arrays), axis)


def span(length: int, dilation: int) -> int:
    """Return from its first entry to its last how many places a window covers."""
    return (length - 1) * dilation + 1


def numpy_windows(numpy: Any, array: Any, axis: int, length: int, stride: int, dilation: int) -> Any:
    """Return *axis* as two, position and offset, without copying an entry."""
    count = (array.shape[axis] - span(length, dilation)) // stride + 1
    step = array.strides[axis]
    after = array.ndim + axis + 1
    return numpy.lib.stride_tricks.as_strided(
        array,
        (*array.shape[: after - 1], count, length, *array.shape[after:]),
        (*array.strides[: after - 1], step * stride, step * dilation, *array.strides[after:]),
    )


def torch_windows(array: Any, axis: int, length: int, stride: int, dilation: int) -> Any:
    """Return *axis* as two, position and offset; autograd follows it."""
    found = array.unfold(axis, span(length, dilation), stride)[..., ::dilation]
    return found.movedim(-1, axis) if axis < -1 else found


def overlapped(array: Any, zeros: Any, axis: int, stride: int, dilation: int) -> Any:
    """Return *zeros* with the windows of *array* added back to where they come from.

    axis: of the result; *array* has there the positions and then the offsets.
    """
    after = (WHOLE,) * (-axis - 1)
    count, length = array.shape[axis - 1], array.shape[axis]
    # One slice for each offset, or for each position, whichever are fewer.
    if length <= count:
        for offset in range(length):
            start = offset * dilation
            places = slice(start, start + (count - 1) * stride + 1, stride)
            zeros[(..., places, *after)] += array[(..., offset, *after)]
    else:
        for position in range(count):
            start = position * stride
            places = slice(start, start + (length - 1) * dilation + 1, dilation)
            zeros[(..., places, *after)] += array[(..., position, WHOLE, *after)]
    return zeros
