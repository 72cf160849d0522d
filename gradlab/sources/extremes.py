"""What the largest and smallest entries, cumulative sums, products and reversals mean.

NumPy's ``max(axis)`` returns values and lets ties share the derivative; torch's ``max(dim)`` returns values and
indices and gives it to the first. So these two have entries of their own, "numpy.max" and "torch.max".
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from gradlab.graph.kinds import Cumulative, Extremum, Flip, Positions, Reshape, Roll, Winners
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.nodes import Node
from gradlab.graph.operations import MAXIMUM, MINIMUM
from gradlab.sources.frames import refuse

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


class Best(NamedTuple):
    """What torch's ``x.max(dim)`` returns."""

    values: Any
    indices: Any


def _extremum(trace: Trace, x: Any, axis: Any, keepdims: Any, largest: bool, shared: bool = True) -> Node:
    builder, node = trace.builder, trace.lift(x)
    over = sorted(builder.chosen_axes(node, axis, "max" if largest else "min"))
    # Along an axis of length 1 there is nothing to choose.
    chosen = tuple(place for place in over if builder.sizes.root(node.axes[place]) != 1)
    result: Node = Extremum(node, chosen, largest, shared) if chosen else node
    for place in reversed([place for place in over if place not in chosen]):
        result = builder.drop_axis(result, place - sum(other < place for other in chosen))
    for place in over if keepdims else ():
        result = builder.expand(result, place)
    return result


def _best(trace: Trace, x: Any, axis: Any, keepdims: Any, largest: bool) -> Node:
    """The position of the first largest entry: the whole number that its one-hot vector picks."""
    builder, node = trace.builder, trace.lift(x)
    places = builder.chosen_axes(node, axis, "argmax" if largest else "argmin")
    if len(places) > 1:
        refuse("argmax over several axes", "name one axis")
    (place,) = places
    letters: list[Any] = list(range(node.rank))
    first = Winners(node, (place,), largest, False)
    counted = Positions(node.axes[place])
    result = contraction([counted, first], [[place], letters], [*letters[:place], *letters[place + 1 :]])
    return builder.expand(result, place) if keepdims else result


def _numpy_extremum(largest: bool) -> Callable[..., Any]:
    def call(trace: Trace, a: Any, axis: Any = None, *, keepdims: Any = False) -> Node:
        return _extremum(trace, a, axis, keepdims, largest)

    return call


def _torch_extremum(largest: bool) -> Callable[..., Any]:
    def call(
        trace: Trace,
        input: Any,
        dim: Any = None,
        keepdim: Any = False,
        *,
        other: Any = None,
        axis: Any = None,
        keepdims: Any = False,
    ) -> Any:
        second = dim if other is None else other
        if second is not None and not isinstance(second, int):
            operation = MAXIMUM if largest else MINIMUM
            return trace.builder.apply(operation, trace.lift(input), trace.lift(second))
        chosen, kept = axis if dim is None else dim, keepdim or keepdims
        if chosen is None:
            return _extremum(trace, input, None, False, largest)
        return Best(
            _extremum(trace, input, chosen, kept, largest, shared=False), _best(trace, input, chosen, kept, largest)
        )

    return call


def _either_extremum(largest: bool) -> Callable[..., Any]:
    """Where it is not known whether an array is NumPy's or torch's."""
    name = "max" if largest else "min"

    def call(trace: Trace, x: Any, axis: Any = None) -> Node:
        if axis is not None:
            refuse(
                f".{name}({axis if isinstance(axis, int) else '…'})",
                "NumPy and torch return different things; write axis=… for NumPy, dim=… for torch",
            )
        return _extremum(trace, x, None, False, largest)

    return call


def _shared_extremum(largest: bool) -> Callable[..., Any]:
    def call(
        trace: Trace, x: Any, axis: Any = None, keepdim: Any = False, *, dim: Any = None, keepdims: Any = False
    ) -> Node:
        chosen = axis if dim is None else dim
        return _extremum(trace, x, None if chosen == () else chosen, keepdim or keepdims, largest)

    return call


def _position(largest: bool) -> Callable[..., Any]:
    def call(
        trace: Trace, x: Any, axis: Any = None, keepdim: Any = False, *, dim: Any = None, keepdims: Any = False
    ) -> Node:
        return _best(trace, x, axis if dim is None else dim, keepdim or keepdims, largest)

    return call


def _spread(trace: Trace, a: Any, axis: Any = None, *, keepdims: Any = False) -> Node:
    ends = [_extremum(trace, a, axis, keepdims, largest) for largest in (True, False)]
    return trace.builder.subtract(*ends)


# Along an axis ------------------------------------------------------------------------------------


def _one_axis(trace: Trace, x: Any, axis: Any, spoken: str) -> tuple[Node, int]:
    node = trace.lift(x)
    places = trace.builder.chosen_axes(node, axis, spoken)
    if len(places) > 1:
        refuse(f"{spoken} of all entries of a matrix", "name the axis")
    (place,) = places
    return node, place


def _cumsum(trace: Trace, x: Any, axis: Any = None, *, dim: Any = None) -> Node:
    return Cumulative(*_one_axis(trace, x, axis if dim is None else dim, "cumsum"), False)


def _entries(trace: Trace, node: Node, axis: int) -> list[Node]:
    before = (slice(None),) * axis
    return [trace.builder.index(node, (*before, at)) for at in range(trace.builder.sizes.pin(node.axes[axis]))]


def _prod(
    trace: Trace, x: Any, axis: Any = None, keepdim: Any = False, *, dim: Any = None, keepdims: Any = False
) -> Node:
    """Multiplied out: no division by an entry, so that the derivative is right where entries are 0."""
    builder, result = trace.builder, trace.lift(x)
    over = sorted(builder.chosen_axes(result, axis if dim is None else dim, "prod"))
    for place in reversed(over):
        entries = _entries(trace, result, place)
        if not entries:
            refuse("a product of no entries", "write 1")
        result = entries[0]
        for entry in entries[1:]:
            result = builder.multiply(result, entry)
    for place in over if keepdim or keepdims else ():
        result = builder.expand(result, place)
    return result


def _cumprod(trace: Trace, x: Any, axis: Any = None, *, dim: Any = None) -> Node:
    node, place = _one_axis(trace, x, axis if dim is None else dim, "cumprod")
    entries = _entries(trace, node, place)
    for at in range(1, len(entries)):
        entries[at] = trace.builder.multiply(entries[at - 1], entries[at])
    return trace.builder.stack(entries, place)


def _flip(trace: Trace, x: Any, axis: Any = None, *more: Any, dims: Any = None) -> Node:
    node = trace.lift(x)
    chosen = dims if dims is not None else (axis, *more) if more else axis
    return Flip(node, tuple(sorted(trace.builder.chosen_axes(node, chosen, "flip"))))


def _diff(trace: Trace, a: Any, n: int = 1, axis: int = -1, *, dim: Any = None) -> Node:
    node, place = _one_axis(trace, a, axis if dim is None else dim, "diff")
    before = (slice(None),) * place
    for _ in range(n):
        index = trace.builder.index
        later, earlier = index(node, (*before, slice(1, None))), index(node, (*before, slice(None, -1)))
        node = trace.builder.subtract(later, earlier)
    return node


def _roll(trace: Trace, x: Any, shift: Any = None, axis: Any = None, *, shifts: Any = None, dims: Any = None) -> Node:
    node = trace.lift(x)
    moves, places = shift if shifts is None else shifts, axis if dims is None else dims
    if places is None and node.rank > 1:  # rolled as one long axis
        lengths = tuple(trace.builder.sizes.pin(size) for size in node.axes)
        flat = Reshape(trace.builder.pinned(node), (prod(lengths),))
        return Reshape(Roll(flat, moves.__index__(), 0), lengths)
    if places is None:
        node, places = _one_axis(trace, x, None, "roll")
    for move, place in zip(_several(moves), _several(places), strict=True):
        (at,) = trace.builder.chosen_axes(node, place, "roll")
        node = Roll(node, move.__index__(), at)
    return node


def _several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


EXTREMES: dict[str, Callable[..., Any]] = {
    **{
        key: made(name == "max")
        for name in ("max", "min")
        for key, made in (
            (f"numpy.{name}", _numpy_extremum),
            (f"torch.{name}", _torch_extremum),
            (name, _either_extremum),
            (f"a{name}", _shared_extremum),
            (f"arg{name}", _position),
        )
    },
    "ptp": _spread,
    "cumsum": _cumsum,
    "prod": _prod,
    "cumprod": _cumprod,
    "flip": _flip,
    "fliplr": lambda trace, x: _flip(trace, x, 1),
    "flipud": lambda trace, x: _flip(trace, x, 0),
    "diff": _diff,
    "roll": _roll,
}

_ORDER = "order changes at a jump; {}"

NO_ORDER = {
    "topk": _ORDER.format("write amax for the largest, or where(x >= bound, x, 0) for those above a bound"),
    "sort": _ORDER.format("sort the data before the function, or write it for amax and amin"),
    "argsort": _ORDER.format("sort the data before the function"),
    "msort": _ORDER.format("sort the data before the function"),
    "median": "it picks the middle entry of an order; write mean, or a loss with abs, which the median minimises",
    "nanmedian": "it picks the entry in the middle of an order; write mean",
    "quantile": "it picks entries by their order; write mean, or the pinball loss, which a quantile minimises",
    "percentile": "it picks entries by their order; write mean, or the pinball loss, which a percentile minimises",
    "kthvalue": _ORDER.format("write amin for the smallest"),
    "mode": "it counts equal entries, and jumps",
    "unique": "it counts equal entries, and jumps",
    "cummax": "write amax of each part",
    "cummin": "write amin of each part",
    "aminmax": "write amin and amax",
}
"""What goes by the order of the entries, and what to write instead."""
