"""Entries that are chosen or put at positions which the code names."""

from __future__ import annotations

from collections.abc import Sequence

from gradlab.graph.kinds import Concatenate, Flip, Index, Overlapped, Replace, Reshape, Roll, Scatter, Stack, Windows
from gradlab.graph.kinds.index import WHOLE, Selection
from gradlab.graph.nodes import Node
from gradlab.symbolic.notation.fragments import ATOM, SUM, Fragment, call, put, selected, sizes, written, zeros

# Entries and their places ------------------------------------------------------------------------


@written.register
def _(node: Index, parts: Sequence[Fragment]) -> Fragment:
    return Fragment(f"{parts[0].within(ATOM)}{selected(node.selection)}", ATOM)


@written.register
def _(node: Scatter, parts: Sequence[Fragment]) -> Fragment:
    return Fragment(put(zeros(node.axes), node.selection, parts[0]), ATOM)


@written.register
def _(node: Replace, parts: Sequence[Fragment]) -> Fragment:
    return Fragment(put(parts[0].within(ATOM), node.selection, parts[1]), ATOM)


@written.register
def _(node: Stack, parts: Sequence[Fragment]) -> Fragment:
    text = zeros(node.axes)
    for place, part in enumerate(parts):
        text = put(text, tuple(place if axis == node.axis else WHOLE for axis in range(node.rank)), part)
    return Fragment(text, ATOM)


@written.register
def _(node: Concatenate, parts: Sequence[Fragment]) -> Fragment:
    text = zeros(node.axes)
    for selection, part in zip(node.selections, parts, strict=True):
        text = put(text, selection, part)
    return Fragment(text, ATOM)


@written.register
def _(node: Reshape, parts: Sequence[Fragment]) -> Fragment:
    return call("reshape", *parts, *sizes(node.axes))


@written.register
def _(node: Flip, parts: Sequence[Fragment]) -> Fragment:
    turned = tuple((None, None, -1) if axis in node.turned else WHOLE for axis in range(node.rank))
    return Fragment(f"{parts[0].within(ATOM)}{selected(turned)}", ATOM)


def _on_axis(node: Node, axis: int, start: int | None, stop: int | None, step: int | None = None) -> Selection:
    return tuple((start, stop, step) if place == axis else WHOLE for place in range(node.rank))


@written.register
def _(node: Roll, parts: Sequence[Fragment]) -> Fragment:
    size = node.axes[node.axis]
    shift = node.shift % size if isinstance(size, int) and size else node.shift
    if not shift:
        return parts[0]
    behind, ahead = _on_axis(node, node.axis, shift, None), _on_axis(node, node.axis, None, shift)
    entries = parts[0].within(ATOM)
    first = Fragment(f"{entries}{selected(_on_axis(node, node.axis, None, -shift))}", ATOM)
    last = Fragment(f"{entries}{selected(_on_axis(node, node.axis, -shift, None))}", ATOM)
    return Fragment(put(put(entries, behind, first), ahead, last), ATOM)


def _window(node: Windows | Overlapped, axis: int, offset: int, count: int) -> tuple[int, int, int]:
    start = node.dilation * offset
    return start, start + node.stride * (count - 1) + 1, node.stride


@written.register
def _(node: Windows, parts: Sequence[Fragment]) -> Fragment:
    operand, text = node.operands[0], zeros(node.axes)
    for offset in range(node.length):
        count = node.axes[node.axis]
        assert isinstance(count, int)
        chosen = _on_axis(operand, node.axis, *_window(node, node.axis, offset, count))
        place = tuple(offset if axis == node.axis + 1 else WHOLE for axis in range(node.rank))
        text = put(text, place, Fragment(f"{parts[0].within(ATOM)}{selected(chosen)}", ATOM))
    return Fragment(text, ATOM)


@written.register
def _(node: Overlapped, parts: Sequence[Fragment]) -> Fragment:
    operand = node.operands[0]
    count, length = operand.axes[node.axis : node.axis + 2]
    assert isinstance(count, int)
    assert isinstance(length, int)
    terms: list[str] = []
    for offset in range(length):
        chosen = tuple(offset if axis == node.axis + 1 else WHOLE for axis in range(operand.rank))
        value = Fragment(f"{parts[0].within(ATOM)}{selected(chosen)}", ATOM)
        terms.append(put(zeros(node.axes), _on_axis(node, node.axis, *_window(node, node.axis, offset, count)), value))
    return Fragment(" + ".join(terms), SUM if len(terms) > 1 else ATOM)
