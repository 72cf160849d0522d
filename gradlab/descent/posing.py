"""What is descended, and on which data: the function read for the shapes of the start and of the first batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gradlab.descent.batches import Batch, Batches, Feed, batches_of, parts_of
from gradlab.descent.history import Layout
from gradlab.errors import PointError
from gradlab.graph import Function, Point
from gradlab.graph.point import as_array
from gradlab.sources import as_function, at_point


@dataclass(frozen=True, eq=False)
class Posed:
    """A function with the point to start from.

    start: the values of the variables that move.  given: the first batch, by the names of the data variables.
    feed: all batches; None where there are none.  dtype: the torch dtype to compute in, float64 if None; the engines
    that need no torch compute in float64.
    """

    function: Function
    start: Point
    given: Batch
    feed: Feed | None
    dtype: Any = None

    @cached_property
    def layout(self) -> Layout:
        """Of the variables that move, in one flat vector."""
        return Layout({name: array.shape for name, array in self.start.items()})

    @property
    def point(self) -> Point:
        """All values, in the order of the function's variables."""
        values: dict[str, Any] = {**self.start, **self.given}
        return Point({name: values[name] for name in self.function.variables})

    @property
    def whole(self) -> Function:
        """The function of the variables that move alone, over all examples, where the batches are cut from arrays.

        Where they come from elsewhere it is the function of one batch.
        """
        source = None if self.feed is None else self.feed.source
        if self.feed is None or not isinstance(source, Batches):
            return self.function
        data = dict(zip(self.feed.names, source.arrays, strict=True))
        return at_point(as_function(self.function, data=data), self.start)[0]


def posed(
    f: Any, start: Any, batches: Any = None, batch_size: int | None = None, seed: int = 0, epochs: int | None = None
) -> Posed:
    """Return *f* read for the shapes of *start* and of the batches, see `descend`.

    A size without batches cuts the data that are bound to *f*.
    Raises PointError where the start or a batch does not fit the function, ValueError where there is no batch.
    """
    if batches is None and batch_size is None:
        function, point = at_point(f, start)
        return Posed(function, point, {}, None)
    function = as_function(f)
    source = _cut(function, batch_size, seed) if batches is None else batches_of(batches, batch_size, seed)
    feed = Feed(source, epochs)
    first = feed.first()
    names = list(first) if isinstance(first, Mapping) else list(feed.names)
    feed.names = tuple(names or _data_names(function, start, len(parts_of(first))))
    function = _unbound(function, feed.names)
    unknown = [name for name in feed.names if name not in function.variables]
    if unknown:
        raise PointError(
            f"batches give {', '.join(unknown)}; the variables of {function.name} are {', '.join(function.variables)}"
        )
    given = feed.bound(first)
    values = {**_moving(function, start, feed.names), **{name: as_array(name, value) for name, value in given.items()}}
    function, point = at_point(function, values)
    moving = {name: array for name, array in point.items() if name not in given}
    return Posed(function, Point(moving), given, feed)


def _cut(function: Function, size: int | None, seed: int) -> Batches:
    """Return the data bound to *function* in batches: those with as many examples as most of them have."""
    arrays = {name: as_array(name, value, data=True) for name, value in _bound(function).items()}
    arrays = {name: array for name, array in arrays.items() if array.ndim}
    longest = max((len(array) for array in arrays.values()), default=0)
    if not longest:
        raise ValueError(
            f"batch_size={size!r}, but {function.signature} has no data: write batches=(X, y), or bind them with "
            "as_function(f, data={'X': X, 'y': y})"
        )
    return Batches({name: array for name, array in arrays.items() if len(array) == longest}, size=size, seed=seed)


def _data_names(function: Function, start: Any, parts: int) -> Sequence[str]:
    """Return the variables that the *parts* of a batch belong to: those that the start does not give."""
    free = [name for name in function.variables if name not in function.defaults]
    if isinstance(start, Mapping):
        free = [name for name in free if name not in start] or list(_bound(function))
    else:
        free = free[1:] or list(_bound(function))
    if len(free) != parts:
        raise PointError(
            f"a batch of {parts} {'part' if parts == 1 else 'parts'}, but {function.signature} has "
            f"{len(free)} data variables{': ' if free else ''}{', '.join(free)}; the start gives the others, and each "
            "part of a batch belongs to one of these, in order"
        )
    return free


def _moving(function: Function, start: Any, data: Sequence[str]) -> Mapping[str, Any]:
    """Return the start as a mapping; a bare value is that of the one variable that is neither data nor has a value."""
    if isinstance(start, Mapping):
        twice = [name for name in data if name in start]
        if twice:
            raise PointError(f"{', '.join(twice)} is given by the start and by the batches; leave it out of the start")
        return start
    free = [name for name in function.variables if name not in data and name not in function.defaults]
    if len(free) != 1:
        wanted = ", ".join(f'"{name}": …' for name in free)
        raise PointError(f"a start of {len(free)} variables is a mapping: {{{wanted}}}, not {start!r:.60}")
    return {free[0]: start}


def _bound(function: Function) -> Mapping[str, Any]:
    """Return the data that were bound to *function* by name; what its code holds itself cannot be cut."""
    data: Mapping[str, Any] = getattr(function.reading, "data", {})
    return data


def _unbound(function: Function, names: Sequence[str]) -> Function:
    """Return *function* with the data of these *names* as variables again."""
    data = _bound(function)
    bound = [name for name in names if name in data]
    if not bound:
        return function
    reading: Any = function.reading
    variables = None if callable(reading.source) else [*function.variables, *bound]
    rest = {name: value for name, value in data.items() if name not in bound}
    return as_function(reading.source, variables=variables, shapes=reading.shapes, data=rest, name=function.name)
