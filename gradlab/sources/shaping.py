"""What changes the shape of arrays means: reshaping, joining, splitting, repeating, padding, turning round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from gradlab.errors import ShapeError
from gradlab.graph import algebra
from gradlab.graph.kinds import Concatenate, Constant, Linear, Reshape, Scatter
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.kinds.index import WHOLE
from gradlab.graph.nodes import Node
from gradlab.graph.sizes import ONE, Axes, Size
from gradlab.sources.builder import Builder
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


def _several(values: Sequence[Any]) -> list[Any]:
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
    wanted = [_size(trace, size, "reshape") for size in _several(shape)]
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
    return _expanded(trace, trace.lift(x), [_size(trace, size, "expand") for size in _several(shape)], "expand")


def _expand_as(trace: Trace, x: Any, other: Any) -> Node:
    return _expanded(trace, trace.lift(x), trace.lift(other).axes, "expand_as")


def _broadcast_all(trace: Trace, *arrays: Any) -> Parts:
    given = arrays[0] if len(arrays) == 1 and isinstance(arrays[0], (tuple, list)) else arrays
    return tuple(trace.builder.broadcast([trace.lift(array) for array in given], "cannot broadcast"))


def _tile(trace: Trace, x: Any, *counts: Any) -> Node:
    """Copies one after the other: a new axis of copies in front of each axis, merged with it."""
    node = trace.lift(x)
    repeats = [_count(count, "tile") for count in _several(counts)]
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


def _count(value: Any, spoken: str) -> int:
    count = int(value) if isinstance(value, Traced) else value
    if isinstance(count, bool) or not hasattr(count, "__index__") or getattr(count, "ndim", 0):
        refuse(f"{spoken} with {value!r} as a count", "give one whole number for each axis")
    return count.__index__()


def _torch_repeat(trace: Trace, x: Any, *counts: Any, axis: Any = None) -> Node:
    """``x.repeat``: NumPy repeats entries, torch the whole array; only what one of them can mean is read."""
    node, given = trace.lift(x), _several(counts)
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
    place, count = axis_of(trace, node, chosen or 0, "repeat"), _count(repeats, "repeat")
    node = pinned(trace, node, [place])
    labels: list[Any] = list(range(node.rank))
    copied = contraction([node], [labels], [*labels[: place + 1], ("copies", count), *labels[place + 1 :]])
    return reshaped(trace, copied, (*node.axes[:place], count * length(node, place), *node.axes[place + 1 :]))


# Joining and splitting -----------------------------------------------------------------------------


def joined(trace: Trace, nodes: Sequence[Node], axis: Any, spoken: str) -> Node:
    """Return *nodes* one after the other along *axis*."""
    sizes = trace.builder.sizes
    for node in nodes:
        if node.rank == 0:
            trace.builder.need_axes(node, ("n",))
            raise ShapeError(f"{spoken} joins arrays along an axis, and a single number has none; use stack")
    if not nodes:
        raise ShapeError(f"{spoken} of nothing")
    shapes = " and ".join(sizes.shape_text(node) for node in nodes)
    if len({node.rank for node in nodes}) > 1:
        raise ShapeError(f"{spoken} of shapes {shapes}: the numbers of axes differ")
    place = axis_of(trace, nodes[0], axis, spoken)
    for node in nodes[1:]:
        for other in range(node.rank):
            if other != place:
                sizes.unify(nodes[0].axes[other], node.axes[other], f"{spoken} of shapes {shapes} along axis {place}")
    whole = [pinned(trace, node, [place]) for node in nodes]
    return whole[0] if len(whole) == 1 else Concatenate(tuple(whole), place)


def _concatenate(trace: Trace, parts: Any, axis: Any = None, *, dim: Any = None) -> Node:
    chosen = dim if axis is None else axis
    return joined(trace, [trace.lift(part) for part in parts], 0 if chosen is None else chosen, "concatenate")


def _at_least(trace: Trace, part: Any, rank: int) -> Node:
    """Return an array with new first axes where it has fewer than *rank*."""
    node = trace.lift(part)
    while node.rank < rank:
        node = trace.builder.expand(node, 0)
    return node


def _hstack(trace: Trace, parts: Any) -> Node:
    nodes = [_at_least(trace, part, 1) for part in parts]
    return joined(trace, nodes, 0 if nodes and nodes[0].rank == 1 else 1, "hstack")


def _vstack(trace: Trace, parts: Any) -> Node:
    return joined(trace, [_at_least(trace, part, 2) for part in parts], 0, "vstack")


def _column_stack(trace: Trace, parts: Any) -> Node:
    nodes = [_at_least(trace, part, 1) for part in parts]
    columns = [trace.builder.expand(node, 1) if node.rank == 1 else node for node in nodes]
    return joined(trace, columns, 1, "column_stack")


def _append(trace: Trace, x: Any, values: Any, axis: Any = None) -> Node:
    if axis is None:
        return joined(trace, [flatten(trace, x), flatten(trace, values)], 0, "append")
    return joined(trace, [trace.lift(x), trace.lift(values)], axis, "append")


def _cut(trace: Trace, node: Node, axis: int, places: Sequence[int]) -> Parts:
    """Return the parts of *node* between neighbouring *places* of an axis."""
    before = (slice(None),) * axis
    pairs = zip(places[:-1], places[1:], strict=True)
    return tuple(trace.builder.index(node, (*before, slice(start, stop))) for start, stop in pairs)


def _sections(trace: Trace, x: Any, count: Any, axis: Any, spoken: str, *, even: bool) -> Parts:
    """Return *count* parts of one size, or, if not *even*, of nearly one size; a list says where to cut instead."""
    node = trace.lift(x)
    place = axis_of(trace, node, axis, spoken)
    size = trace.builder.sizes.pin(node.axes[place])
    if hasattr(count, "__iter__"):
        cuts = [min(max(cut + size if cut < 0 else cut, 0), size) for cut in count]
        return _cut(trace, node, place, [0, *cuts, size])
    number = _count(count, spoken)
    if number < 1 or (even and size % number):
        raise ShapeError(f"{spoken} of {size} entries into {number} parts of one size")
    least, more = divmod(size, number)
    places = [part * least + min(part, more) for part in range(number + 1)]
    return _cut(trace, node, place, places)


def _torch_split(trace: Trace, x: Any, size: Any = None, dim: Any = 0, *, split_size_or_sections: Any = None) -> Parts:
    node = trace.lift(x)
    place = axis_of(trace, node, dim, "split")
    whole = trace.builder.sizes.pin(node.axes[place])
    given = split_size_or_sections if size is None else size
    if isinstance(given, (tuple, list)):
        lengths = [_count(part, "split") for part in given]
        if sum(lengths) != whole:
            raise ShapeError(f"split of {whole} entries into parts of {', '.join(map(str, lengths))}")
        return _cut(trace, node, place, [sum(lengths[:part]) for part in range(len(lengths) + 1)])
    step = max(_count(given, "split"), 1)
    return _cut(trace, node, place, [*range(0, whole, step), whole])


def _chunk(trace: Trace, x: Any, chunks: Any, dim: Any = 0) -> Parts:
    node = trace.lift(x)
    whole = trace.builder.sizes.pin(node.axes[axis_of(trace, node, dim, "chunk")])
    return _torch_split(trace, x, -(-whole // max(_count(chunks, "chunk"), 1)), dim)


def _unbind(trace: Trace, x: Any, dim: Any = 0) -> Parts:
    node = trace.lift(x)
    place = axis_of(trace, node, dim, "unbind")
    before = (slice(None),) * place
    count = trace.builder.sizes.pin(node.axes[place])
    return tuple(trace.builder.index(node, (*before, position)) for position in range(count))


# The order of axes and of entries --------------------------------------------------------------------


def _swap_axes(trace: Trace, x: Any, first: Any, second: Any) -> Node:
    node = trace.lift(x)
    one, two = (axis_of(trace, node, axis, "swapaxes") for axis in (first, second))
    order = list(range(node.rank))
    order[one], order[two] = two, one
    return trace.builder.transpose(node, order)


def _move_axis(trace: Trace, x: Any, source: Any, destination: Any) -> Node:
    node = trace.lift(x)
    sources, targets = (
        [axis_of(trace, node, axis, "moveaxis") for axis in (given if isinstance(given, (tuple, list)) else (given,))]
        for given in (source, destination)
    )
    order = [axis for axis in range(node.rank) if axis not in sources]
    for target, axis in sorted(zip(targets, sources, strict=True)):
        order.insert(target, axis)
    return trace.builder.transpose(node, order)


def _flip(trace: Trace, x: Any, *axes: Any, axis: Any = None, dims: Any = None) -> Node:
    node = trace.lift(x)
    named = axis if dims is None else dims
    given = _several(axes) if axes else [named] if isinstance(named, int) else named
    chosen = range(node.rank) if given is None or given == [None] else given
    turned = {axis_of(trace, node, one, "flip") for one in chosen}
    return trace.builder.index(
        node, tuple(slice(None, None, -1) if place in turned else slice(None) for place in range(node.rank))
    )


def _roll(trace: Trace, x: Any, shift: Any = None, axis: Any = None, *, shifts: Any = None, dims: Any = None) -> Node:
    node = trace.lift(x)
    by, along = shift if shifts is None else shifts, axis if dims is None else dims
    if along is None or along == ():
        flat = pinned(trace, node, range(node.rank))
        return reshaped(trace, _roll(trace, trace.wrap(flatten(trace, trace.wrap(flat))), by, 0), flat.axes)
    steps = by if isinstance(by, (tuple, list)) else (by,)
    places = along if isinstance(along, (tuple, list)) else (along,)
    for step, place in zip(steps, places, strict=True):
        where = axis_of(trace, node, place, "roll")
        size = trace.builder.sizes.pin(node.axes[where])
        moved = _count(step, "roll") % size if size else 0
        if moved:
            first, last = _cut(trace, node, where, [0, size - moved, size])
            node = Concatenate((last, first), where)
    return node


# Padding -------------------------------------------------------------------------------------------


def padded(trace: Trace, node: Node, widths: Sequence[tuple[int, int]], value: Any = 0) -> Node:
    """Return *node* with *widths* entries of *value* before and after each axis; less than 0 cuts off."""
    if any(width < 0 for pair in widths for width in pair):
        node = _cropped(trace, node, widths)
        widths = [(max(before, 0), max(after, 0)) for before, after in widths]
    stretched = [axis for axis, pair in enumerate(widths) if pair != (0, 0)]
    if not stretched:
        return node
    node = pinned(trace, node, stretched)
    selection = tuple(
        (before, before + length(node, axis), None) if axis in stretched else WHOLE
        for axis, (before, _) in enumerate(widths)
    )
    axes = tuple(
        sum(widths[axis]) + length(node, axis) if axis in stretched else size for axis, size in enumerate(node.axes)
    )
    placed = Scatter(node, selection, axes)
    if isinstance(value, (int, float)) and value == 0:
        return placed
    # The value times 1 where nothing was placed.
    around = Linear((ONE, -ONE), (Constant(ONE, axes), Scatter(Constant(ONE, node.axes), selection, axes)))
    return trace.builder.add(placed, trace.builder.multiply(trace.lift(value), around))


def _cropped(trace: Trace, node: Node, widths: Sequence[tuple[int, int]]) -> Node:
    cut: list[slice] = []
    for axis, (before, after) in enumerate(widths):
        size = trace.builder.sizes.pin(node.axes[axis]) if min(before, after) < 0 else 0
        if size and max(-before, 0) + max(-after, 0) > size:
            raise ShapeError(f"pad cuts {-before - after} of {size} entries off")
        cut.append(slice(max(-before, 0), size + min(after, 0)) if size else slice(None))
    return trace.builder.index(node, tuple(cut))


def _continued(trace: Trace, node: Node, widths: Sequence[tuple[int, int]], mode: str) -> Node:
    """Return *node* with its own entries again before and after each axis, as *mode* says."""
    for axis, (before, after) in enumerate(widths):
        if (before, after) == (0, 0):
            continue
        size = trace.builder.sizes.pin(node.axes[axis])
        most = size - 1 if mode == "reflect" else size
        if mode != "edge" and max(before, after) > most:
            raise ShapeError(f"pad with mode {mode!r} by {max(before, after)} needs more than {size} entries")
        starts = {
            "reflect": (slice(before, 0, -1), slice(-2, -2 - after, -1)),
            "symmetric": (slice(before - 1, None, -1), slice(None, -1 - after, -1)),
            "wrap": (slice(size - before, None), slice(None, after)),
            "edge": (slice(0, 1), slice(size - 1, None)),
        }[mode]
        first = (slice(None),) * axis
        parts: list[Node] = []
        for width, part in ((before, starts[0]), (0, None), (after, starts[1])):
            if part is None:
                parts.append(pinned(trace, node, [axis]))
            elif width:
                piece = trace.builder.index(node, (*first, part))
                parts += [piece] * (width if mode == "edge" else 1)
        node = Concatenate(tuple(parts), axis)
    return node


_MODES = {"replicate": "edge", "circular": "wrap"}


def _pad(trace: Trace, x: Any, widths: list[tuple[int, int]], mode: str, value: Any) -> Node:
    node = trace.lift(x)
    if len(widths) != node.rank:
        shape = trace.builder.sizes.shape_text(node)
        raise ShapeError(f"pad of shape {shape}: widths for {len(widths)} axes are given")
    if mode == "constant":
        return padded(trace, node, widths, value)
    mode = _MODES.get(mode, mode)
    if mode not in ("reflect", "symmetric", "wrap", "edge"):
        refuse(f"pad with mode {mode!r}", "use constant, reflect, symmetric, wrap (circular) or edge (replicate)")
    return _continued(trace, node, widths, mode)


def _numpy_pad(trace: Trace, x: Any, width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Node:
    rank = trace.lift(x).rank
    if isinstance(constant_values, (tuple, list)):
        refuse("np.pad with a value for each side", "pad the sides one after the other")
    given = width.tolist() if hasattr(width, "tolist") else width
    pairs = list(given) if isinstance(given, (tuple, list)) else [given]
    if not any(isinstance(pair, (tuple, list)) for pair in pairs):
        pairs = [pairs]
    both = [(_count(pair[0], "pad"), _count(pair[-1], "pad")) for pair in pairs if len(pair) in (1, 2)]
    widths = both * rank if len(both) == 1 else both
    if any(number < 0 for pair in widths for number in pair):
        raise ShapeError("np.pad takes no negative widths; cut off with a slice")
    return _pad(trace, x, widths, mode, constant_values)


def _torch_pad(trace: Trace, x: Any, pad: Any, mode: str = "constant", value: Any = 0) -> Node:
    """The widths come in pairs, those of the last axis first."""
    rank = trace.lift(x).rank
    numbers = [_count(width, "pad") for width in pad]
    if len(numbers) % 2 or len(numbers) > 2 * rank:
        raise ShapeError(f"pad = {tuple(numbers)}: two widths for each axis, from the last one on, of {rank} axes")
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))[::-1]
    return _pad(trace, x, [(0, 0)] * (rank - len(pairs)) + pairs, mode, 0 if value is None else value)


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
    "concatenate": _concatenate,
    "concat": _concatenate,
    "cat": _concatenate,
    "hstack": _hstack,
    "vstack": _vstack,
    "row_stack": _vstack,
    "column_stack": _column_stack,
    "append": _append,
    "numpy.split": lambda trace, x, sections, axis=0: _sections(trace, x, sections, axis, "split", even=True),
    "array_split": lambda trace, x, sections, axis=0: _sections(trace, x, sections, axis, "array_split", even=False),
    "tensor_split": lambda trace, x, sections, dim=0: _sections(trace, x, sections, dim, "tensor_split", even=False),
    "split": _torch_split,
    "chunk": _chunk,
    "unbind": _unbind,
    "swapaxes": _swap_axes,
    "swapdims": _swap_axes,
    "moveaxis": _move_axis,
    "movedim": _move_axis,
    "flip": _flip,
    "flipud": lambda trace, x: _flip(trace, x, 0),
    "fliplr": lambda trace, x: _flip(trace, x, 1),
    "roll": _roll,
    "numpy.pad": _numpy_pad,
    "torch.pad": _torch_pad,
}
"""A name with a dot belongs to one library, or, where nothing stands before the dot, to the methods of arrays."""
