"""Gradients of the caller's own: any values, or a function that returns them, as a `Gradient`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gradlab.comparison.verdicts import DOUBLE
from gradlab.errors import PointError, ShapeError
from gradlab.graph import Function, Gradient, Point
from gradlab.graph.point import detached

if TYPE_CHECKING:
    from gradlab.graph.point import Array

BITS = {"float32": 24, "float16": 11, "bfloat16": 8}
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


def judged_in(gradient: Gradient, bits: int) -> Gradient:
    """Return a caller's gradient with the precision to judge it by, where f or its point has so many *bits*.

    Values that are all numbers of a shorter dtype were computed in it, whatever holds them now.
    """
    if bits >= gradient.precision:
        return gradient
    are_short = all((rounded_to(bits, array) == array).all() for array in gradient.partials.values())
    return replace(gradient, precision=bits) if are_short else gradient


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


def from_caller(function: Function, point: Point, names: tuple[str, ...], route: str, given: Any) -> Gradient:
    """Return a caller's gradient: *given* is a mapping, an array, a number, or a function of the variables.

    Raises PointError where it fits no variable, ShapeError where it has another shape than its variable.
    """
    value = replace(function, code=given, output=None).run_code(point) if callable(given) else given
    partials = {name: _as_partial(route, name, entry, point) for name, entry in _by_name(route, names, value).items()}
    unknown = [name for name in partials if name not in names]
    if unknown:
        raise PointError(f"{route} names {', '.join(unknown)}; the variables compared are {', '.join(names)}")
    return Gradient(point, float("nan"), partials, route, precision=precision_of([value]))


def _by_name(route: str, names: tuple[str, ...], value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {str(name): entry for name, entry in value.items()}
    if len(names) == 1:
        return {names[0]: value}
    if isinstance(value, (tuple, list)) and len(value) == len(names):
        return dict(zip(names, value, strict=True))
    wanted = ", ".join(f'"{name}": …' for name in names)
    raise PointError(f"{route} is {value!r:.60}; for {len(names)} variables give a mapping {{{wanted}}}")


def _as_partial(route: str, name: str, value: Any, point: Point) -> Array:
    import numpy as np

    if np.iscomplexobj(detached(value)):
        raise PointError(f"{route} gives {value!r:.60} for {name}, which is complex; gradlab works with real numbers")
    try:
        array = np.asarray(detached(value), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise PointError(f"{route} gives {value!r:.60} for {name}, which is no number or array of numbers") from error
    if name in point and array.shape != point[name].shape:
        raise ShapeError(
            f"{route} has shape {array.shape} for {name}, and {name} has shape {point[name].shape}: "
            "a gradient has the shape of its variable"
        )
    return array
