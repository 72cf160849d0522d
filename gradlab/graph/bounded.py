"""A float64 value with a bound on its rounding error."""

from __future__ import annotations

from typing import Any, NamedTuple

UNIT = 2.0**-53
"""The largest relative error of one correctly rounded float64 operation."""

MARGIN = 16.0
"""Times a bound on the rounding of one order of evaluation: what a correct evaluation in another order may be off.

torch's may round a few times more often.
"""


class Bounded(NamedTuple):
    """Values and a bound on the error of each."""

    value: Any
    error: Any
