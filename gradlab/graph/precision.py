"""Floating-point numbers shorter than float64: how many bits they keep, and who has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradlab.graph.point import Array

DOUBLE = 53
"""Bits of float64."""

SINGLE = 24
"""Bits of float32."""

BITS = {"float32": SINGLE, "float16": 11, "bfloat16": 8}
"""Bits of the floating-point numbers that are shorter than float64."""

DTYPES = {DOUBLE: "float64", **{bits: name for name, bits in BITS.items()}}
"""The same the other way round."""


def precision_of(values: Iterable[Any]) -> int:
    """Return the bits of the shortest floating-point numbers among *values*: arrays, tensors, numbers, lists of them.

    >>> import numpy as np
    >>> precision_of([np.zeros(2, dtype=np.float32), 1.0]), precision_of([1, [2.0]])
    (24, 53)
    """
    return min((_bits(value) for value in values), default=DOUBLE)


def rounded_to(bits: int, values: Array) -> Array:
    """Return numbers rounded to so many *bits*, as a shorter dtype holds them.

    >>> import numpy as np
    >>> bool(rounded_to(24, np.float64(0.1)) == np.float32(0.1))
    True
    """
    import numpy as np

    fractions, exponents = np.frexp(values)
    return np.ldexp(np.round(np.ldexp(fractions, bits)), exponents - bits)


def _bits(value: Any) -> int:
    if isinstance(value, Mapping):
        return precision_of(value.values())
    if isinstance(value, (list, tuple)):
        return precision_of(value)
    return BITS.get(str(getattr(value, "dtype", "")).removeprefix("torch."), DOUBLE)
