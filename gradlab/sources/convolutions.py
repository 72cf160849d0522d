"""What convolutions and pooling mean: windows that slide along axes, contracted with weights or summed up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

from gradlab.errors import ShapeError
from gradlab.graph.kinds import Concatenate, Constant, Linear, Overlapped, Reshape, Windows
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.kinds.windows import positions
from gradlab.graph.nodes import Node
from gradlab.graph.operations import FIRST_LARGEST
from gradlab.graph.sizes import ONE, Coefficient
from gradlab.sources.frames import refuse
from gradlab.sources.shaping import axis_of, length, padded, pinned

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


def _each(value: Any, dimensions: int, spoken: str) -> list[int]:
    """Return one whole number for each spatial axis."""
    given = list(value) if isinstance(value, (tuple, list)) else [value]
    numbers = [number.__index__() for number in given if hasattr(number, "__index__")]
    if len(numbers) != len(given) or len(numbers) not in (1, dimensions):
        refuse(f"{spoken} with {value!r}", "give one whole number, or one for each spatial axis")
    return numbers * dimensions if len(numbers) == 1 else numbers


def windows(
    trace: Trace, node: Node, axes: Sequence[int], lengths: Sequence[int], strides: Any, dilations: Any, spoken: str
) -> Node:
    """Return each of *axes*, in increasing order, as two: position and offset of a window."""
    shape = trace.builder.sizes.shape_text(node)
    node = pinned(trace, node, axes)
    for shift, (axis, size, stride, dilation) in enumerate(zip(axes, lengths, strides, dilations, strict=True)):
        if stride < 1 or dilation < 1 or size < 1:
            raise ShapeError(f"{spoken}: window, stride and dilation are at least 1")
        whole = length(node, axis + shift)
        if not positions(whole, size, stride, dilation):
            span = (size - 1) * dilation + 1
            raise ShapeError(f"{spoken} of shape {shape}: a window of {span} entries does not fit into {whole}")
        node = Windows(node, axis + shift, size, stride, dilation)
    return node


# Convolution ---------------------------------------------------------------------------------------


def _spatial(trace: Trace, node: Node, weight: Node, dimensions: int, spoken: str) -> str:
    """Return the shapes in words; raises ShapeError where the numbers of axes do not fit."""
    sizes = trace.builder.sizes
    said = f"{spoken} of shape {sizes.shape_text(node)} with weights of shape {sizes.shape_text(weight)}"
    for given in (node, weight):
        if given.rank == 0:
            trace.builder.need_axes(given, ("n", "m", "k", "d")[: dimensions + 2])
    if weight.rank != dimensions + 2 or node.rank not in (dimensions + 1, dimensions + 2):
        wanted = (
            ", ".join(["n", "channels", *("height", "width")[-dimensions:]]) if dimensions < 3 else "n, channels, …"
        )
        raise ShapeError(f"{said}: the input has axes ({wanted}), or these without n, and the weights {dimensions + 2}")
    return said


def _padding(padding: Any, lengths: list[int], strides: list[int], dilations: list[int], spoken: str) -> list[Any]:
    if padding == "valid":
        return [(0, 0)] * len(lengths)
    if padding == "same":
        if any(stride != 1 for stride in strides):
            refuse(f"{spoken} with padding='same' and a stride", "torch has no such convolution; give numbers")
        totals = [(size - 1) * dilation for size, dilation in zip(lengths, dilations, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    return [(width, width) for width in _each(padding, len(lengths), f"{spoken}: padding")]


def _with_bias(trace: Trace, result: Node, bias: Any, axis: int, said: str) -> Node:
    """Return *result* plus one number for each of its channels, which *axis* counts."""
    if bias is None:
        return result
    node = trace.lift(bias)
    if node.rank != 1:
        raise ShapeError(f"{said}: the bias has shape {trace.builder.sizes.shape_text(node)}, not one axis")
    trace.builder.sizes.unify(node.axes[0], result.axes[axis], f"{said}: bias and channels")
    for _ in range(result.rank - axis - 1):
        node = trace.builder.expand(node, node.rank)
    return trace.builder.add(result, node)


def _grouped(trace: Trace, node: Node, axis: int, groups: int, said: str) -> Node:
    """Return *axis* as two: the group, and the channel in it."""
    node = pinned(trace, node, [axis])
    channels = length(node, axis)
    if channels % groups:
        raise ShapeError(f"{said}: {channels} channels in {groups} groups")
    return Reshape(node, (*node.axes[:axis], groups, channels // groups, *node.axes[axis + 1 :]))


def _merged(node: Node, axis: int) -> Node:
    """Return two neighbouring axes as one."""
    return Reshape(node, (*node.axes[:axis], length(node, axis) * length(node, axis + 1), *node.axes[axis + 2 :]))


def _convolution(dimensions: int) -> Callable[..., Node]:
    spoken = f"conv{dimensions}d"

    def call(
        trace: Trace,
        input: Any,
        weight: Any,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: Any = 1,
    ) -> Node:
        x, w = trace.lift(input), trace.lift(weight)
        said = _spatial(trace, x, w, dimensions, spoken)
        lead = x.rank - dimensions - 1
        spatial = range(lead + 1, x.rank)
        w = pinned(trace, w, range(2, w.rank))
        lengths = [length(w, axis) for axis in range(2, w.rank)]
        strides, dilations = _each(stride, dimensions, spoken), _each(dilation, dimensions, spoken)
        widths = _padding(padding, lengths, strides, dilations, spoken)
        x = padded(trace, x, [(0, 0)] * (lead + 1) + widths)
        x = windows(trace, x, spatial, lengths, strides, dilations, spoken)
        first = ["n"][:lead]
        places = [f"{what}{axis}" for axis in range(dimensions) for what in ("position", "offset")]
        kernel = places[1::2]
        if groups == 1:
            trace.builder.sizes.unify(x.axes[lead], w.axes[1], f"{said}: channels")
            labels = [["filter", "channel", *kernel], [*first, "channel", *places]]
            result: Node = contraction([w, x], labels, [*first, "filter", *places[::2]])
        else:
            x, w = _grouped(trace, x, lead, groups, said), _grouped(trace, w, 0, groups, said)
            trace.builder.sizes.unify(x.axes[lead + 1], w.axes[2], f"{said}: channels of a group")
            labels = [["group", "filter", "channel", *kernel], [*first, "group", "channel", *places]]
            result = _merged(contraction([w, x], labels, [*first, "group", "filter", *places[::2]]), lead)
        return _with_bias(trace, result, bias, lead, said)

    return call


def _transposed(dimensions: int) -> Callable[..., Node]:
    """The adjoint of the convolution: every entry adds a window, its multiple of the weights."""
    spoken = f"conv_transpose{dimensions}d"

    def call(
        trace: Trace,
        input: Any,
        weight: Any,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: Any = 1,
        dilation: Any = 1,
    ) -> Node:
        x, w = trace.lift(input), trace.lift(weight)
        said = _spatial(trace, x, w, dimensions, spoken)
        if groups != 1:
            refuse(f"{spoken} with groups", "take the groups apart with torch.chunk")
        lead = x.rank - dimensions - 1
        trace.builder.sizes.unify(x.axes[lead], w.axes[0], f"{said}: channels")
        x, w = pinned(trace, x, range(lead + 1, x.rank)), pinned(trace, w, range(2, w.rank))
        first = ["n"][:lead]
        places = [f"{what}{axis}" for axis in range(dimensions) for what in ("position", "offset")]
        labels = [[*first, "channel", *places[::2]], ["channel", "filter", *places[1::2]]]
        result: Node = contraction([x, w], labels, [*first, "filter", *places])
        numbers = [_each(given, dimensions, spoken) for given in (stride, dilation, padding, output_padding)]
        widths = [(0, 0)] * (lead + 1)
        for axis, (step, spread, cut, more) in enumerate(zip(*numbers, strict=True), lead + 1):
            count, size = length(result, axis), length(result, axis + 1)
            result = Overlapped(result, axis, (count - 1) * step + (size - 1) * spread + 1, step, spread)
            widths.append((-cut, more - cut))
        return _with_bias(trace, padded(trace, result, widths), bias, lead, said)

    return call


def _vectors(trace: Trace, first: Any, second: Any, spoken: str) -> tuple[Node, Node]:
    nodes = [trace.lift(first), trace.lift(second)]
    for node in nodes:
        if node.rank == 0:
            trace.builder.need_axes(node, ("n",))
    if any(node.rank != 1 for node in nodes):
        shapes = " and ".join(trace.builder.sizes.shape_text(node) for node in nodes)
        raise ShapeError(f"{spoken} of shapes {shapes}: both have one axis")
    one, two = (pinned(trace, node, [0]) for node in nodes)
    if not length(one, 0) or not length(two, 0):
        raise ShapeError(f"{spoken} of nothing")
    return one, two


def _turned(trace: Trace, node: Node) -> Node:
    return trace.builder.index(node, slice(None, None, -1))


def _convolve(trace: Trace, a: Any, v: Any, mode: str = "full") -> Node:
    """Σ_k a_(i-k) v_k: of the two the shorter one slides."""
    one, two = _vectors(trace, a, v, "convolve")
    if length(two, 0) > length(one, 0):
        one, two = two, one
    return _slid(trace, one, two, mode, "convolve")


def _slid(trace: Trace, one: Node, two: Node, mode: str, spoken: str) -> Node:
    most, least = length(one, 0), length(two, 0)
    if mode not in ("full", "same", "valid"):
        refuse(f"{spoken} with mode {mode!r}", "choose full, same or valid")
    full = Overlapped(contraction([one, two], ["i", "k"], "ik"), 0, most + least - 1)
    start, count = {"full": (0, most + least - 1), "same": ((least - 1) // 2, most), "valid": (least - 1, 0)}[mode]
    return trace.builder.index(full, slice(start, start + (count or most - least + 1)))


def _correlate(trace: Trace, a: Any, v: Any, mode: str = "valid") -> Node:
    """Σ_k a_(i+k) v_k; where v is the longer one, the result runs backwards."""
    one, two = _vectors(trace, a, v, "correlate")
    if length(two, 0) > length(one, 0):
        return _turned(trace, _correlated(trace, two, one, mode))
    return _correlated(trace, one, two, mode)


def _correlated(trace: Trace, one: Node, two: Node, mode: str) -> Node:
    if mode != "valid":
        return _slid(trace, one, _turned(trace, two), mode, "correlate")
    return contraction([two, Windows(one, 0, length(two, 0))], ["k", "ik"], "i")


# Windows as they are -------------------------------------------------------------------------------


def _unfold_axis(trace: Trace, x: Any, dimension: Any, size: Any, step: Any) -> Node:
    """``x.unfold``: the offsets are the last axis."""
    node = trace.lift(x)
    axis = axis_of(trace, node, dimension, "unfold")
    found = windows(trace, node, [axis], [size], [step], [1], "unfold")
    return trace.builder.transpose(found, [*(place for place in range(found.rank) if place != axis + 1), axis + 1])


def _unfold(trace: Trace, input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Node:
    """Every window of an image as a column: shape (n, channels · offsets, positions)."""
    node = trace.lift(input)
    if node.rank != 4:
        shape = trace.builder.sizes.shape_text(node)
        raise ShapeError(f"unfold of shape {shape}: images have shape (n, channels, height, width)")
    lengths, spread, pad, step = (_each(given, 2, "unfold") for given in (kernel_size, dilation, padding, stride))
    node = padded(trace, node, [(0, 0), (0, 0), *((width, width) for width in pad)])
    node = windows(trace, pinned(trace, node, [1]), (2, 3), lengths, step, spread, "unfold")
    node = trace.builder.transpose(node, [0, 1, 3, 5, 2, 4])
    numbers = [length(node, axis) for axis in range(1, 6)]
    return Reshape(node, (node.axes[0], prod(numbers[:3]), prod(numbers[3:])))


# Pooling -------------------------------------------------------------------------------------------


def _pooled(trace: Trace, x: Any, dimensions: int, spoken: str) -> tuple[Node, range]:
    node = trace.lift(x)
    if node.rank == 0:
        trace.builder.need_axes(node, ("n", "m", "k", "d")[: dimensions + 2])
    if node.rank not in (dimensions + 1, dimensions + 2):
        shape = trace.builder.sizes.shape_text(node)
        raise ShapeError(f"{spoken} of shape {shape}: it has {dimensions} spatial axes behind the channels")
    return node, range(node.rank - dimensions, node.rank)


def _summed(trace: Trace, node: Node, axes: range, numbers: Sequence[list[int]], spoken: str) -> Node:
    """Return the sums over the windows along *axes*."""
    found = windows(trace, node, axes, *numbers, spoken)
    offsets = [axis + shift + 1 for shift, axis in enumerate(axes)]
    labels = list(range(found.rank))
    return contraction([found], [labels], [label for label in labels if label not in offsets])


def _average_pool(dimensions: int) -> Callable[..., Node]:
    spoken = f"avg_pool{dimensions}d"

    def call(
        trace: Trace,
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: Any = None,
    ) -> Node:
        if ceil_mode:
            refuse(f"{spoken} with ceil_mode", "pad the input with F.pad")
        node, axes = _pooled(trace, input, dimensions, spoken)
        lengths = _each(kernel_size, dimensions, spoken)
        numbers = [lengths, lengths if not stride else _each(stride, dimensions, spoken), [1] * dimensions]
        pad = _each(padding, dimensions, spoken)
        _check_padding(pad, lengths, spoken)
        widths = [(0, 0)] * axes.start + [(width, width) for width in pad]
        total = _summed(trace, padded(trace, node, widths), axes, numbers, spoken)
        if count_include_pad or divisor_override or not any(pad):
            return Linear((Coefficient(Fraction(1, divisor_override or prod(lengths))),), (total,))
        # At the edges a window holds fewer entries: as many as ones.
        ones = Constant(ONE, pinned(trace, node, axes).axes[axes.start :])
        inner = range(dimensions)
        counts = _summed(trace, padded(trace, ones, widths[axes.start :]), inner, numbers, spoken)
        return trace.builder.divide(total, counts)

    return call


def _check_padding(pad: list[int], lengths: list[int], spoken: str) -> None:
    if any(width < 0 or 2 * width > size for width, size in zip(pad, lengths, strict=True)):
        raise ShapeError(f"{spoken}: padding of {tuple(pad)} for windows of {tuple(lengths)}; at most half of each")


def _adaptive_average_pool(dimensions: int) -> Callable[..., Node]:
    spoken = f"adaptive_avg_pool{dimensions}d"

    def call(trace: Trace, input: Any, output_size: Any) -> Node:
        node, axes = _pooled(trace, input, dimensions, spoken)
        given = list(output_size) if isinstance(output_size, (tuple, list)) else [output_size] * dimensions
        if given == [1] * dimensions:
            return trace.builder.mean(node, tuple(axes), True)
        node = pinned(trace, node, axes)
        wanted = [length(node, axis) if size is None else size for axis, size in zip(axes, given, strict=True)]
        if any(length(node, axis) % size for axis, size in zip(axes, wanted, strict=True)):
            shape = trace.builder.sizes.shape_text(node)
            refuse(f"{spoken} of shape {shape} to {tuple(wanted)}", "choose sizes that divide those of the input")
        lengths = [length(node, axis) // size for axis, size in zip(axes, wanted, strict=True)]
        return _average_pool(dimensions)(trace, trace.wrap(node), lengths)

    return call


def _max_pool(dimensions: int) -> Callable[..., Node]:
    """The largest entry of each window, of equal ones the first: along the last axis, then along those before it."""
    spoken = f"max_pool{dimensions}d"

    def call(
        trace: Trace,
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Node:
        if ceil_mode or return_indices:
            refuse(f"{spoken} with ceil_mode or return_indices", "leave them out")
        node, axes = _pooled(trace, input, dimensions, spoken)
        lengths, pad = _each(kernel_size, dimensions, spoken), _each(padding, dimensions, spoken)
        strides = lengths if not stride else _each(stride, dimensions, spoken)
        _check_padding(pad, lengths, spoken)
        spread = _each(dilation, dimensions, spoken)
        for axis, size, step, width, apart in list(zip(axes, lengths, strides, pad, spread, strict=True))[::-1]:
            node = _largest(trace, node, axis, range(0, size * apart, apart), step, width, spoken)
        return node

    return call


def _largest(trace: Trace, node: Node, axis: int, offsets: range, step: int, width: int, spoken: str) -> Node:
    """Return the largest entry of each window along *axis*, which begins *width* entries before its first one."""
    node = pinned(trace, node, [axis])
    whole = length(node, axis)
    count = (whole + 2 * width - offsets[-1] - 1) // step + 1
    if count < 1:
        shape = trace.builder.sizes.shape_text(node)
        raise ShapeError(f"{spoken} of shape {shape}: a window of {offsets[-1] + 1} entries does not fit into {whole}")
    inside = [p for p in range(count) if p * step >= width and p * step - width + offsets[-1] < whole]
    first, last = (inside[0], inside[-1] + 1) if inside else (count, count)
    # Windows that reach over an edge are taken one by one, of the entries that they hold.
    parts = [_at(trace, node, axis, [place], offsets, step, width) for place in range(first)]
    if inside:
        parts.append(_at(trace, node, axis, inside, offsets, step, width))
    parts += [_at(trace, node, axis, [place], offsets, step, width) for place in range(last, count)]
    return parts[0] if len(parts) == 1 else Concatenate(tuple(parts), axis)


def _at(trace: Trace, node: Node, axis: int, places: Sequence[int], offsets: range, step: int, width: int) -> Node:
    before = (slice(None),) * axis
    result: Node | None = None
    for offset in offsets:
        start, stop = (place * step + offset - width for place in (places[0], places[-1]))
        if start < 0 or stop >= length(node, axis):
            continue
        # As a person writes it: ::2, not 0:3:2.
        cut = slice(start or None, None if stop + step >= length(node, axis) else stop + 1, step if step > 1 else None)
        part = trace.builder.index(node, (*before, cut))
        result = part if result is None else trace.builder.apply(FIRST_LARGEST, result, part)
    assert result is not None  # padding is at most half a window
    return result


CONVOLUTIONS: dict[str, Callable[..., Node]] = {
    "numpy.convolve": _convolve,
    "numpy.correlate": _correlate,
    ".unfold": _unfold_axis,
    "torch.unfold": _unfold,
}
for _dimensions in (1, 2, 3):
    CONVOLUTIONS |= {
        f"conv{_dimensions}d": _convolution(_dimensions),
        f"conv_transpose{_dimensions}d": _transposed(_dimensions),
        f"avg_pool{_dimensions}d": _average_pool(_dimensions),
        f"adaptive_avg_pool{_dimensions}d": _adaptive_average_pool(_dimensions),
        f"max_pool{_dimensions}d": _max_pool(_dimensions),
    }
