"""What puts arrays together and takes them apart means: joining, splitting, turning round, padding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gradlab.errors import ShapeError
from gradlab.graph.kinds import Concatenate, Constant, Linear, Scatter
from gradlab.graph.kinds.index import WHOLE
from gradlab.graph.nodes import Node
from gradlab.graph.sizes import ONE
from gradlab.sources.frames import refuse
from gradlab.sources.shaping import Parts, axis_of, count_of, flatten, length, pinned

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


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
    return tuple(trace.builder.index(node, (*before, slice(start, stop))) for start, stop in pairwise(places))


def _sections(trace: Trace, x: Any, count: Any, axis: Any, spoken: str, *, even: bool) -> Parts:
    """Return *count* parts of one size, or, if not *even*, of nearly one size; a list says where to cut instead."""
    node = trace.lift(x)
    place = axis_of(trace, node, axis, spoken)
    size = trace.builder.sizes.pin(node.axes[place])
    if hasattr(count, "__iter__"):
        cuts = [min(max(cut + size if cut < 0 else cut, 0), size) for cut in count]
        return _cut(trace, node, place, [0, *cuts, size])
    number = count_of(count, spoken)
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
        lengths = [count_of(part, "split") for part in given]
        if sum(lengths) != whole:
            raise ShapeError(f"split of {whole} entries into parts of {', '.join(map(str, lengths))}")
        return _cut(trace, node, place, [sum(lengths[:part]) for part in range(len(lengths) + 1)])
    step = max(count_of(given, "split"), 1)
    return _cut(trace, node, place, [*range(0, whole, step), whole])


def _chunk(trace: Trace, x: Any, chunks: Any, dim: Any = 0) -> Parts:
    node = trace.lift(x)
    whole = trace.builder.sizes.pin(node.axes[axis_of(trace, node, dim, "chunk")])
    return _torch_split(trace, x, -(-whole // max(count_of(chunks, "chunk"), 1)), dim)


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
    both = [(count_of(pair[0], "pad"), count_of(pair[-1], "pad")) for pair in pairs if len(pair) in (1, 2)]
    widths = both * rank if len(both) == 1 else both
    if any(number < 0 for pair in widths for number in pair):
        raise ShapeError("np.pad takes no negative widths; cut off with a slice")
    return _pad(trace, x, widths, mode, constant_values)


def _torch_pad(trace: Trace, x: Any, pad: Any, mode: str = "constant", value: Any = 0) -> Node:
    """The widths come in pairs, those of the last axis first."""
    rank = trace.lift(x).rank
    numbers = [count_of(width, "pad") for width in pad]
    if len(numbers) % 2 or len(numbers) > 2 * rank:
        raise ShapeError(f"pad = {tuple(numbers)}: two widths for each axis, from the last one on, of {rank} axes")
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))[::-1]
    return _pad(trace, x, [(0, 0)] * (rank - len(pairs)) + pairs, mode, 0 if value is None else value)


JOINING: dict[str, Callable[..., Node | Parts]] = {
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
    "numpy.pad": _numpy_pad,
    "torch.pad": _torch_pad,
}
