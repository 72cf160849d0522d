"""What changes the shape of one array means: reshaping, broadcasting, repeating."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from gradlab.errors import ShapeError
from gradlab.graph import algebra
from gradlab.graph.kinds import Constant, Reshape
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.nodes import Node
from gradlab.graph.sizes import ONE, Axes, Size
from gradlab.sources.frames import refuse
from gradlab.sources.traced import Traced

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace

Parts = tuple[Node, ...]


# Axes and sizes as they are given ------------------------------------------------------------------


def axis_of(trace: Trace, node: Node, axis: Any, spoken: str) -> int:
    """Return *axis* counted from the start; raises ShapeError where *node* has no such axis."""
    if node.rank == 0:
        trace.builder.need_axes(node, ("n",))
    place = axis.__index__() if hasattr(axis, "__index__") else None
    if place is None or not -node.rank <= place < node.rank:
        raise ShapeError(f"{spoken} of shape {trace.builder.sizes.shape_text(node)} has no axis {axis!r}")
    return place % node.rank


def pinned(trace: Trace, node: Node, axes: Sequence[int]) -> Node:
    """Return *node* with numbers as the sizes of *axes*."""
    for axis in axes:
        trace.builder.sizes.pin(node.axes[axis])
    return trace.builder.pinned(node)


def length(node: Node, axis: int) -> int:
    """Return the size of an axis that is a number."""
    size = node.axes[axis]
    assert isinstance(size, int)
    return size


def several(values: Sequence[Any]) -> list[Any]:
    """Return the sizes or axes of a call, which come one by one or as one list."""
    return list(values[0]) if len(values) == 1 and isinstance(values[0], (tuple, list)) else list(values)


def _size(trace: Trace, given: Any, spoken: str) -> Size:
    """Return a size as it was given: a number, -1, or the symbol of a size of another array."""
    if isinstance(given, Traced):
        coefficient, rest = algebra.split(given.node)
        if rest is None and coefficient.rational == 1 and [power for _, power in coefficient.sizes] == [1]:
            return trace.builder.sizes.root(coefficient.sizes[0][0])
        return int(given)
    if isinstance(given, bool) or not hasattr(given, "__index__"):
        refuse(f"{spoken} with {given!r} as a size", "give whole numbers")
    return given.__index__()


# Reshaping -----------------------------------------------------------------------------------------


def reshape(trace: Trace, x: Any, *shape: Any, order: str = "C") -> Node:
    """The same entries in the same order; axes at the front and at the end that stay keep their symbols."""
    if order != "C":
        refuse(f"reshaping in order {order!r}", "transpose first: the last axis is the one that goes fastest")
    node = trace.lift(x)
    wanted = [_size(trace, size, "reshape") for size in several(shape)]
    if node.rank == 0:
        trace.builder.need_axes(node, ("n",))
    said = f"cannot reshape {trace.builder.sizes.shape_text(node)} to {_written(trace, wanted)}"
    return reshaped(trace, node, _resolved(trace, node, wanted, said))


def reshaped(trace: Trace, node: Node, axes: Axes) -> Node:
    """Return *node* with other axes; without a node of its own where only axes of length 1 come and go."""
    builder = trace.builder
    root = builder.sizes.root
    own = [root(size) for size in node.axes]
    if [size for size in own if size != 1] != [root(size) for size in axes if root(size) != 1]:
        return Reshape(builder.pinned(node), axes)
    if tuple(own) == axes:
        return node
    for position in reversed([place for place, size in enumerate(own) if size == 1]):
        node = builder.drop_axis(node, position)
    for position, size in enumerate(axes):
        if root(size) == 1:
            node = builder.expand(node, position)
    return node


def _written(trace: Trace, wanted: Sequence[Size]) -> str:
    numbers = [number if (number := trace.builder.sizes.number(size)) is not None else size for size in wanted]
    return f"({', '.join(map(str, numbers))}{',' if len(numbers) == 1 else ''})"


def _resolved(trace: Trace, node: Node, wanted: list[Size], said: str) -> Axes:
    """Return the new axes; what is split or merged is pinned, as is a size that the code states as a number."""
    sizes = trace.builder.sizes
    if wanted.count(-1) > 1 or any(isinstance(size, int) and size < -1 for size in wanted):
        raise ShapeError(f"{said}: only one size may be -1, and none less")
    own = list(node.axes)

    def same(first: Size, second: Size) -> bool:
        first, second = sizes.root(first), sizes.root(second)
        if first == second:
            return True
        known = isinstance(second, int) and sizes.number(first) == second
        if known:
            sizes.pin(first)
        return known

    front, back = 0, 0
    while front < min(len(own), len(wanted)) and same(own[front], wanted[front]):
        front += 1
    while back < min(len(own), len(wanted)) - front and same(own[-1 - back], wanted[-1 - back]):
        back += 1
    before, after = own[front : len(own) - back], wanted[front : len(wanted) - back]
    middle = _middle(trace, before, after, said)
    ends = (own[:front], own[len(own) - back :])
    return tuple(sizes.root(size) for size in (*ends[0], *middle, *ends[1]))


def _middle(trace: Trace, own: list[Size], wanted: list[Size], said: str) -> list[Size]:
    pin = trace.builder.sizes.pin
    if -1 not in wanted:
        numbers: list[Size] = [pin(size) for size in wanted]
        if prod(map(pin, own)) != prod(map(pin, wanted)):
            raise ShapeError(f"{said}: {prod(map(pin, own))} entries are not {prod(map(pin, wanted))}")
        return numbers
    place = wanted.index(-1)
    first, last = [pin(size) for size in wanted[:place]], [pin(size) for size in wanted[place + 1 :]]
    left, right = _taken(trace, own, prod(first)), _taken(trace, own[::-1], prod(last))
    if left + right == len(own) - 1:  # -1 stands for one axis, which keeps its symbol
        return [*first, own[left], *last]
    total, others = prod(map(pin, own)), prod(first) * prod(last)
    if not others or total % others:
        raise ShapeError(f"{said}: {total} entries are no multiple of {others}")
    return [*first, total // others, *last]


def _taken(trace: Trace, axes: Sequence[Size], wanted: int) -> int:
    """Return how many of *axes*, from the first on, have *wanted* entries together; more than all if none do."""
    count, entries = 0, 1
    while entries < wanted and count < len(axes):
        entries *= trace.builder.sizes.pin(axes[count])
        count += 1
    return count if entries == wanted else len(axes) + 1


def flatten(trace: Trace, x: Any, start_dim: Any = 0, end_dim: Any = -1, *, order: str = "C") -> Node:
    """The axes from one to another as one axis."""
    node = trace.lift(x)
    if isinstance(start_dim, str):
        start_dim, order = 0, start_dim
    if order != "C":
        refuse(f"flattening in order {order!r}", "transpose first: the last axis is the one that goes fastest")
    if node.rank == 0:
        trace.builder.need_axes(node, ("n",))
        return trace.builder.expand(node, 0)
    first, last = (axis_of(trace, node, axis, "flatten") for axis in (start_dim, end_dim))
    if first > last:
        raise ShapeError(f"flatten from axis {start_dim} to {end_dim}: the first must not come after the last")
    sizes: list[Size] = [*node.axes[:first], -1, *node.axes[last + 1 :]]
    said = f"cannot flatten {trace.builder.sizes.shape_text(node)}"
    return reshaped(trace, node, _resolved(trace, node, sizes, said))


def _unflatten(trace: Trace, x: Any, dim: Any, sizes: Any) -> Node:
    node = trace.lift(x)
    axis = axis_of(trace, node, dim, "unflatten")
    inner = [_size(trace, size, "unflatten") for size in sizes]
    said = f"cannot split axis {axis} of {trace.builder.sizes.shape_text(node)} into {_written(trace, inner)}"
    middle = _resolved(trace, Constant(ONE, (node.axes[axis],)), inner, said)
    return reshaped(trace, node, (*map(trace.builder.sizes.root, node.axes[:axis]), *middle, *node.axes[axis + 1 :]))


def _reshape_as(trace: Trace, x: Any, other: Any) -> Node:
    node, like = trace.lift(x), trace.lift(other)
    said = f"cannot reshape {trace.builder.sizes.shape_text(node)} to {trace.builder.sizes.shape_text(like)}"
    return reshaped(trace, node, _resolved(trace, node, list(like.axes), said))


# Broadcasting and repeating ------------------------------------------------------------------------


def _expanded(trace: Trace, node: Node, wanted: Sequence[Size], spoken: str) -> Node:
    """Return *node* with axes of length 1 and missing first axes copied; -1 keeps an axis."""
    builder, sizes = trace.builder, trace.builder.sizes
    said = f"{spoken} of shape {sizes.shape_text(node)} to {_written(trace, wanted)}"
    offset = len(wanted) - node.rank
    if offset < 0 or -1 in wanted[:offset]:
        raise ShapeError(f"{said}: it has {node.rank} axes, the last of the new ones")
    output: list[Any] = []
    kept: list[int] = []
    for place, size in enumerate(wanted):
        own = sizes.root(node.axes[place - offset]) if place >= offset else 1
        if own == 1 and size != -1:
            output.append((place, size))
            continue
        if size != -1:
            sizes.unify(own, size, said)
        output.append(place)
        kept.append(place)
    for place in reversed(range(offset, len(wanted))):
        if place not in kept:
            node = builder.drop_axis(node, place - offset)
    return node if kept == output else contraction([node], [kept], output)


def _expand(trace: Trace, x: Any, *shape: Any) -> Node:
    return _expanded(trace, trace.lift(x), [_size(trace, size, "expand") for size in several(shape)], "expand")


def _expand_as(trace: Trace, x: Any, other: Any) -> Node:
    return _expanded(trace, trace.lift(x), trace.lift(other).axes, "expand_as")


def _broadcast_all(trace: Trace, *arrays: Any) -> Parts:
    given = arrays[0] if len(arrays) == 1 and isinstance(arrays[0], (tuple, list)) else arrays
    return tuple(trace.builder.broadcast([trace.lift(array) for array in given], "cannot broadcast"))


def _tile(trace: Trace, x: Any, *counts: Any) -> Node:
    """Copies one after the other: a new axis of copies in front of each axis, merged with it."""
    node = trace.lift(x)
    repeats = [count_of(count, "tile") for count in several(counts)]
    if node.rank == 0:
        trace.builder.need_axes(node, ("n",))
    for _ in range(len(repeats) - node.rank):
        node = trace.builder.expand(node, 0)
    repeats = [1] * (node.rank - len(repeats)) + repeats
    node = pinned(trace, node, [axis for axis, count in enumerate(repeats) if count != 1])
    labels: list[Any] = []
    for axis, count in enumerate(repeats):
        labels += [axis] if count == 1 else [(("copies", axis), count), axis]
    if labels == list(range(node.rank)):
        return node
    copied = contraction([node], [list(range(node.rank))], labels)
    sizes = tuple(s if c == 1 else c * length(node, a) for a, (s, c) in enumerate(zip(node.axes, repeats, strict=True)))
    return reshaped(trace, copied, sizes)


def count_of(value: Any, spoken: str) -> int:
    """Return a whole number that was given, as a number or as a size."""
    count = int(value) if isinstance(value, Traced) else value
    if isinstance(count, bool) or not hasattr(count, "__index__") or getattr(count, "ndim", 0):
        refuse(f"{spoken} with {value!r} as a count", "give one whole number for each axis")
    return count.__index__()


def _torch_repeat(trace: Trace, x: Any, *counts: Any, axis: Any = None) -> Node:
    """``x.repeat``: NumPy repeats entries, torch the whole array; only what one of them can mean is read."""
    node, given = trace.lift(x), several(counts)
    if axis is not None:
        return _repeat_interleave(trace, x, *given, axis=axis)
    listed = isinstance(counts[0], (tuple, list)) if counts else False
    in_numpy = not listed and (len(given) == 1 or (len(given) == 2 and -node.rank <= given[1] < node.rank))
    if in_numpy or not given:
        refuse(".repeat()", "NumPy and torch mean different things by it; write torch.tile or np.repeat(x, n, axis=0)")
    return _tile(trace, x, given)


def _repeat_interleave(trace: Trace, x: Any, repeats: Any, axis: Any = None, *, dim: Any = None, **_: Any) -> Node:
    """Each entry several times: a new axis of copies behind the axis, merged with it."""
    chosen = dim if axis is None else axis
    node = trace.lift(x) if chosen is not None else flatten(trace, x)
    place, count = axis_of(trace, node, chosen or 0, "repeat"), count_of(repeats, "repeat")
    node = pinned(trace, node, [place])
    labels: list[Any] = list(range(node.rank))
    copied = contraction([node], [labels], [*labels[: place + 1], ("copies", count), *labels[place + 1 :]])
    return reshaped(trace, copied, (*node.axes[:place], count * length(node, place), *node.axes[place + 1 :]))


SHAPING: dict[str, Callable[..., Node | Parts]] = {
    "reshape": reshape,
    "view_as": _reshape_as,
    "reshape_as": _reshape_as,
    "flatten": flatten,
    "unflatten": _unflatten,
    "expand": _expand,
    "broadcast_to": _expand,
    "expand_as": _expand_as,
    "broadcast_arrays": _broadcast_all,
    "broadcast_tensors": _broadcast_all,
    "tile": _tile,
    ".repeat": _torch_repeat,
    "numpy.repeat": _repeat_interleave,
    "repeat_interleave": _repeat_interleave,
}
"""A name with a dot belongs to one library, or, where nothing stands before the dot, to the methods of arrays."""
