"""Frames: a length, a header in JSON, and raw numbers. Both sides speak them; nothing in one is ever executed.

    b"GLF1"  length of the header (4 bytes)  length of the numbers (8 bytes)  header  numbers

The header lists each array as name, dtype, shape; their numbers follow one another in that order, C-contiguous and
little-endian. What does not come out exactly is refused: it was not written by `packed`.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

MAGIC = b"GLF1"
_START = struct.Struct("<4sIQ")
START_SIZE = _START.size
DTYPES = (
    "float64",
    "float32",
    "float16",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint8",
    "bool",
    "complex128",
    "complex64",
)
"""Types of numbers that may come back; others are made one of these, or refused, by a driver."""
LARGEST_HEADER = 1 << 20
LARGEST_AXIS = 1 << 32
MOST_AXES = 16
MOST_ARRAYS = 4096


class Malformed(Exception):
    """Bytes that are no frame."""


def packed(notes: Mapping[str, Any], arrays: Mapping[str, Any]) -> bytes:
    """Return a frame of *arrays*, of the dtypes in `DTYPES`, with *notes* that JSON can hold.

    >>> import numpy as np
    >>> notes, arrays = unpacked(packed({"ran": 1}, {"g": np.array([1.0, 2.0])}))
    >>> notes, arrays["g"]
    ({'ran': 1}, array([1., 2.]))
    """
    import numpy as np

    bodies: list[bytes] = []
    listed: list[tuple[str, str, list[int]]] = []
    for name, array in arrays.items():
        if array.dtype.name not in DTYPES:
            raise TypeError(f"{name} has dtype {array.dtype}, which is no number that can be compared")
        listed.append((name, array.dtype.name, list(array.shape)))
        bodies.append(np.ascontiguousarray(array).tobytes())
    header = json.dumps({"notes": notes, "arrays": listed}).encode()
    numbers = b"".join(bodies)
    return _START.pack(MAGIC, len(header), len(numbers)) + header + numbers


def unpacked(frame: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the notes and the arrays of a frame, each array a copy of its own.

    Raises Malformed for anything that is not exactly one frame.
    """
    header, numbers = _parts(frame)
    try:
        told = json.loads(header)
        notes, listed = told["notes"], told["arrays"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed(f"the header cannot be read: {error}") from None
    if not isinstance(notes, dict) or not isinstance(listed, list) or len(listed) > MOST_ARRAYS:
        raise Malformed("the header is not that of a frame")
    arrays: dict[str, Any] = {}
    place = 0
    for entry in listed:
        name, array, place = _array(entry, numbers, place)
        if name in arrays:
            raise Malformed(f"two arrays are called {name!r}")
        arrays[name] = array
    if place != len(numbers):
        raise Malformed(f"{len(numbers) - place} bytes are left over")
    return notes, arrays


def _parts(frame: bytes) -> tuple[bytes, memoryview]:
    if len(frame) < START_SIZE:
        raise Malformed(f"{len(frame)} bytes are too few for a frame")
    magic, header, numbers = _START.unpack_from(frame)
    if magic != MAGIC or header > LARGEST_HEADER or len(frame) != START_SIZE + header + numbers:
        raise Malformed("the lengths do not fit what was sent")
    return frame[START_SIZE : START_SIZE + header], memoryview(frame)[START_SIZE + header :]


def _array(entry: Any, numbers: memoryview, place: int) -> tuple[str, Any, int]:
    """Return the name and the array that begins at *place*, and where the next one begins."""
    import numpy as np

    if not isinstance(entry, list) or len(entry) != 3:
        raise Malformed("an array is listed as something else than name, dtype and shape")
    name, dtype, shape = entry
    if not isinstance(name, str) or dtype not in DTYPES or not isinstance(shape, list) or len(shape) > MOST_AXES:
        raise Malformed("an array is listed as something else than name, dtype and shape")
    if not name.isprintable():
        raise Malformed(f"{name!r:.40} is no name")
    if any(type(size) is not int or not 0 <= size <= LARGEST_AXIS for size in shape):
        raise Malformed(f"{name!r:.40} has no shape")
    kind = np.dtype(dtype)
    # Empty axes count as one: NumPy refuses a shape that would be too large without them.
    if math.prod(max(1, size) for size in shape) > LARGEST_AXIS:
        raise Malformed(f"{name!r:.40} is said to be larger than anything is")
    end = place + math.prod(shape) * kind.itemsize
    if end > len(numbers):
        raise Malformed(f"{name!r:.40} is said to be larger than what was sent")
    part = numbers[place:end]
    # A truth value is any byte but 0: one that is neither 0 nor 1 would equal neither True nor False.
    flat = np.frombuffer(part, np.uint8) != 0 if dtype == "bool" else np.frombuffer(part, kind)
    return name, flat.reshape(shape).copy(), end
