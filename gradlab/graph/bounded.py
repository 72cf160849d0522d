"""A float64 value with a bound on its rounding error."""

from __future__ import annotations

from typing import Any, NamedTuple

UNIT = 2.0**-53
"""The largest relative error of one correctly rounded float64 operation."""


class Bounded(NamedTuple):
    """Values and a bound on the error of each."""

    value: Any
    error: Any
