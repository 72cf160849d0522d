"""Where the sliders begin and end, and what a list may answer."""

from __future__ import annotations

from collections.abc import Iterable
from math import log10

_PER_DECADE = 12
_DECADES = (-6, 1)


def rates(default: float) -> list[float]:
    """Return the rates of the slider: twelve to a decade, from a millionth to ten, and *default* among them.

    >>> len(rates(0.1)), rates(0.1)[0], rates(0.1)[-1]
    (85, 1e-06, 10.0)
    """
    first, last = (_PER_DECADE * decade for decade in _DECADES)
    grid = {float(f"{10 ** (place / _PER_DECADE):.3g}") for place in range(first, last + 1)}
    near = {value for value in grid if abs(log10(value / default)) < 0.2 / _PER_DECADE}
    return sorted((grid - near) | {default})


def reach(value: float) -> tuple[float, float, float]:
    """Return the ends and the step of the slider of a number that starts at *value*.

    >>> reach(3.0)
    (-5.0, 5.0, 0.1)
    """
    far = 5.0 if abs(value) <= 5 else 10.0 ** (int(log10(abs(value))) + 1)
    return -far, far, far / 50


def batches(examples: int) -> list[int]:
    """Return the sizes of batches to choose from, the last one being all examples.

    >>> batches(20)
    [1, 2, 5, 10, 20]
    """
    return [size for size in (1, 2, 5, 10, 20, 50) if size < examples] + [examples]


def chosen(value: object, among: Iterable[str], what: str) -> tuple[str, str]:
    """Return what is picked of a list and "", or its first entry and why not *value*: a client may send anything.

    >>> chosen(None, ["HTML", "PDF"], "format")
    ('HTML', 'no format None in the list; there are HTML, PDF')
    """
    entries = list(among)
    if isinstance(value, str) and value in entries:
        return value, ""
    return entries[0], f"no {what} {value!r} in the list; there are {', '.join(entries)}"
