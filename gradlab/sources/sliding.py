"""Windows that slide along the axes of an array, as convolutions and pooling take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradlab.errors import ShapeError
from gradlab.graph.kinds import Windows
from gradlab.graph.kinds.windows import positions
from gradlab.graph.nodes import Node
from gradlab.sources.frames import refuse
from gradlab.sources.shaping import length, pinned

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


def each(value: Any, dimensions: int, spoken: str) -> list[int]:
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
