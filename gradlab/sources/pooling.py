"""What pooling means: the mean or the largest entry of each window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

from gradlab.errors import ShapeError
from gradlab.graph.kinds import Concatenate, Constant, Linear
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.nodes import Node
from gradlab.graph.operations import FIRST_LARGEST
from gradlab.graph.sizes import ONE, Coefficient
from gradlab.sources.frames import refuse
from gradlab.sources.joining import padded
from gradlab.sources.shaping import length, pinned
from gradlab.sources.sliding import each, windows

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


def _pooled(trace: Trace, x: Any, dimensions: int, spoken: str) -> tuple[Node, range]:
    node = trace.lift(x)
    if node.rank == 0:
        trace.builder.need_axes(node, ("n", "m", "k", "d")[: dimensions + 2])
    if node.rank not in (dimensions + 1, dimensions + 2):
        shape = trace.builder.sizes.shape_text(node)
        raise ShapeError(f"{spoken} of shape {shape}: it has {dimensions} spatial axes behind the channels")
    return node, range(node.rank - dimensions, node.rank)


def _summed(
    trace: Trace, node: Node, axes: range, numbers: tuple[list[int], list[int], list[int]], spoken: str
) -> Node:
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
        lengths = each(kernel_size, dimensions, spoken)
        numbers = (lengths, each(stride or lengths, dimensions, spoken), [1] * dimensions)
        pad = each(padding, dimensions, spoken)
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
        lengths, pad = each(kernel_size, dimensions, spoken), each(padding, dimensions, spoken)
        strides = each(stride or lengths, dimensions, spoken)
        _check_padding(pad, lengths, spoken)
        spread = each(dilation, dimensions, spoken)
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
    if result is None:
        raise ShapeError("max_pool: a dilated window holds nothing but padding")
    return result


POOLING: dict[str, Callable[..., Node]] = {
    **{f"avg_pool{dimensions}d": _average_pool(dimensions) for dimensions in (1, 2, 3)},
    **{f"adaptive_avg_pool{dimensions}d": _adaptive_average_pool(dimensions) for dimensions in (1, 2, 3)},
    **{f"max_pool{dimensions}d": _max_pool(dimensions) for dimensions in (1, 2, 3)},
}
