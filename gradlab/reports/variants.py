"""Variants of an exercise: the same function with other numbers, for each student their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from gradlab.comparison import Comparison, compare
from gradlab.descent import Trajectory, descend
from gradlab.errors import DomainError, GradlabError
from gradlab.graph import Function
from gradlab.sources import as_function
from gradlab.symbolic import Derivation, derive

if TYPE_CHECKING:
    from gradlab.graph.point import Array

TRIES = 50
"""Draws until a variant is found at which the function and its gradient are finite."""

_NUMBER = re.compile(r"(\*\*\s*|\^\s*)?(?<![\w.])(\d+\.\d+|\d+)(?![\w.])")

T = TypeVar("T")


def varied(records: Sequence[Any], seed: int) -> list[Any]:
    """Return *records* anew, about functions and at points with other numbers; the same seed gives the same.

    The numbers in a function written as text change, 0 and 1 apart, and points by the size of their entries, never
    their sign; code keeps its numbers.  Raises GradlabError where no variant is found whose gradient is finite.
    """
    draw = Random(f"gradlab {seed}")
    found: dict[tuple[str, str], Function] = {}

    def of(function: Function) -> Function:
        key = function.signature, function.source
        if key not in found:
            found[key] = _tried(lambda: _function(function, draw), function)
        return found[key]

    return [_record(record, of, draw) for record in records]


def _record(record: Any, of: Callable[[Function], Function], draw: Random) -> Any:
    if isinstance(record, Function):
        return of(record)
    if isinstance(record, Derivation):
        return derive(of(record.function), record.wrt, order=record.order)
    if isinstance(record, Comparison):
        function = of(record.function)
        return _tried(lambda: _finite(compare(function, _point(record.at, draw), wrt=record.wrt)), function)
    if isinstance(record, Trajectory) and record.function is not None and record.rule is not None:
        function, rule, steps = of(record.function), record.rule, record.steps
        return _tried(
            lambda: descend(function, _point(record.points[0], draw), rule=rule, steps=steps, check=False), function
        )
    return record


def _tried(make: Callable[[], T], function: Function) -> T:
    """Return the first draw that works out."""
    last: GradlabError | None = None
    for _ in range(TRIES):
        try:
            return make()
        except GradlabError as error:
            last = error
    raise GradlabError(f"no variant of {function.signature} works out: {last}") from last


def _finite(comparison: Comparison) -> Comparison:
    """Return a comparison of gradients with numbers in them."""
    import numpy as np

    found = [
        part for gradient in comparison.gradients.values() for part in (gradient.value, *gradient.partials.values())
    ]
    if not found or not all(np.isfinite(part).all() for part in found):
        raise DomainError(f"{comparison.function.signature} or its gradient is not finite at {comparison.at!r}")
    return comparison


def _function(function: Function, draw: Random) -> Function:
    if function.style != "text" or function.code is not None or not function.source:
        return function
    source = _NUMBER.sub(
        lambda number: f"{number[1] or ''}{_number(number[2], bool(number[1]), draw)}", function.source
    )
    return as_function(
        source,
        variables=list(function.variables),
        shapes=dict(function.variables),
        data=dict(function.data) or None,
        name=function.name,
    )


def _number(written: str, is_exponent: bool, draw: Random) -> str:
    """Return another number of the same kind: 0 and 1 stay, a power stays one that is derived by hand."""
    if "." in written:
        places = len(written.partition(".")[2])
        return f"{float(written) * draw.uniform(0.5, 2.0):.{places}f}"
    if int(written) < 2:
        return written
    return str(draw.randint(2, 5 if is_exponent else max(9, int(written))))


def _point(at: Mapping[str, Array], draw: Random) -> dict[str, Any]:
    """Return a point whose entries have the signs of those of *at*; whole numbers stay whole."""
    import numpy as np

    found: dict[str, Any] = {}
    for name, array in at.items():
        whole = bool((array == np.round(array)).all())
        entries = [
            (draw.randint(1, max(3, int(abs(entry)))) if whole else round(abs(entry) * draw.uniform(0.5, 2.0), 2))
            * (np.sign(entry) or 1.0)
            for entry in array.ravel().tolist()
        ]
        found[name] = np.array(entries, dtype=np.float64).reshape(array.shape)
    return found
