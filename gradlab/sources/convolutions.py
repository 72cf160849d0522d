"""What convolutions mean: windows that slide along axes, contracted with weights."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

from gradlab.errors import ShapeError
from gradlab.graph.kinds import Overlapped, Reshape, Windows
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.nodes import Node
from gradlab.sources.frames import refuse
from gradlab.sources.joining import padded
from gradlab.sources.shaping import axis_of, length, pinned
from gradlab.sources.sliding import each, windows

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


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
    return [(width, width) for width in each(padding, len(lengths), f"{spoken}: padding")]


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
        strides, dilations = each(stride, dimensions, spoken), each(dilation, dimensions, spoken)
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
        numbers = [each(given, dimensions, spoken) for given in (stride, dilation, padding, output_padding)]
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
    lengths, spread, pad, step = (each(given, 2, "unfold") for given in (kernel_size, dilation, padding, stride))
    node = padded(trace, node, [(0, 0), (0, 0), *((width, width) for width in pad)])
    node = windows(trace, pinned(trace, node, [1]), (2, 3), lengths, step, spread, "unfold")
    node = trace.builder.transpose(node, [0, 1, 3, 5, 2, 4])
    numbers = [length(node, axis) for axis in range(1, 6)]
    return Reshape(node, (node.axes[0], prod(numbers[:3]), prod(numbers[3:])))


CONVOLUTIONS: dict[str, Callable[..., Node]] = {
    "numpy.convolve": _convolve,
    "numpy.correlate": _correlate,
    ".unfold": _unfold_axis,
    "torch.unfold": _unfold,
    **{f"conv{dimensions}d": _convolution(dimensions) for dimensions in (1, 2, 3)},
    **{f"conv_transpose{dimensions}d": _transposed(dimensions) for dimensions in (1, 2, 3)},
}
