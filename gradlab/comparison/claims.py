"""Gradients of the caller's own: any values, or a function that returns them, as a `Gradient`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gradlab.errors import PointError, ShapeError
from gradlab.graph import Function, Gradient, Point
from gradlab.graph.point import detached
from gradlab.graph.precision import precision_of, rounded_to

if TYPE_CHECKING:
    from gradlab.graph.point import Array


def judged_in(gradient: Gradient, bits: int) -> Gradient:
    """Return a caller's gradient with the precision to judge it by, where f or its point has so many *bits*.

    Values that are all numbers of a shorter dtype were computed in it, whatever holds them now.
    """
    if bits >= gradient.precision:
        return gradient
    are_short = all((rounded_to(bits, array) == array).all() for array in gradient.partials.values())
    return replace(gradient, precision=bits) if are_short else gradient


def from_caller(function: Function, point: Point, names: tuple[str, ...], route: str, given: Any) -> Gradient:
    """Return a caller's gradient: *given* is a mapping, an array, a number, or a function of the variables.

    Raises PointError where it fits no variable, ShapeError where it has another shape than its variable.
    """
    value = replace(function, code=given, output=None).run_code(point) if callable(given) else given
    named = _by_name(route, names, _listed(value, names, point))
    partials = {name: _as_partial(route, name, entry, point) for name, entry in named.items()}
    unknown = [name for name in partials if name not in names]
    if unknown:
        raise PointError(f"{route} names {', '.join(unknown)}; the variables compared are {', '.join(names)}")
    return Gradient(point, float("nan"), partials, route, precision=precision_of([value]))


def _listed(value: Any, names: tuple[str, ...], point: Point) -> Any:
    """Return an array with one entry for each of several numbers as a list of them, anything else as it is."""
    import numpy as np

    numbers = all(name in point and not point[name].ndim for name in names)
    array = detached(value)
    return list(array) if numbers and isinstance(array, np.ndarray) and array.ndim == 1 else value


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

    try:
        if value is None or isinstance(value, str):  # which NumPy would read: "6" is 6.0 to it, and None nan
            raise TypeError(value)
        if np.iscomplexobj(detached(value)):
            raise PointError(
                f"{route} gives {value!r:.60} for {name}, which is complex; gradlab works with real numbers"
            )
        array = np.asarray(detached(value), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise PointError(
            f"{route} gives {value!r:.60} for {name}, which is no number or array of numbers; "
            "write numbers, without quotes"
        ) from error
    if name in point and array.shape != point[name].shape:
        raise ShapeError(
            f"{route} has shape {array.shape} for {name}, and {name} has shape {point[name].shape}: "
            "a gradient has the shape of its variable"
        )
    return array
