"""Entries that are chosen or put at positions which the code names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradlab.graph.kinds import Concatenate, Flip, Index, Overlapped, Replace, Reshape, Roll, Scatter, Stack, Windows
from gradlab.graph.kinds.index import WHOLE, Range, Selection
from gradlab.graph.nodes import Node
from gradlab.graph.sizes import Axes, Size
from gradlab.symbolic.notation.fragments import ATOM, Fragment, call, put, selected, sizes, total, written, zeros

# Entries and their places ------------------------------------------------------------------------


@written.register
def _(node: Index, parts: Sequence[Fragment]) -> Fragment:
    return Fragment(f"{parts[0].within(ATOM)}{selected(node.selection)}", ATOM)


@written.register
def _(node: Scatter, parts: Sequence[Fragment]) -> Fragment:
    return put(zeros(node.axes), node.selection, parts[0])


@written.register
def _(node: Replace, parts: Sequence[Fragment]) -> Fragment:
    return put(parts[0].within(ATOM), node.selection, parts[1])


def _side_by_side(axes: Axes, selections: Iterable[Selection], parts: Sequence[Fragment]) -> Fragment:
    """Return the array of these axes that has each of the *parts* at its own selection."""
    terms = [("+", put(zeros(axes), selection, part)) for selection, part in zip(selections, parts, strict=True)]
    return terms[0][1] if len(terms) == 1 else total(terms)


@written.register
def _(node: Stack, parts: Sequence[Fragment]) -> Fragment:
    return _side_by_side(node.axes, (_at(node, node.axis, place) for place in range(len(parts))), parts)


@written.register
def _(node: Concatenate, parts: Sequence[Fragment]) -> Fragment:
    return _side_by_side(node.axes, node.selections, parts)


def _at(node: Node, axis: int, chosen: int | Range) -> Selection:
    return tuple(chosen if place == axis else WHOLE for place in range(node.rank))


@written.register
def _(node: Reshape, parts: Sequence[Fragment]) -> Fragment:
    return call("reshape", *parts, *sizes(node.axes))


@written.register
def _(node: Flip, parts: Sequence[Fragment]) -> Fragment:
    turned = tuple((None, None, -1) if axis in node.turned else WHOLE for axis in range(node.rank))
    return Fragment(f"{parts[0].within(ATOM)}{selected(turned)}", ATOM)


@written.register
def _(node: Roll, parts: Sequence[Fragment]) -> Fragment:
    size = node.axes[node.axis]
    shift = node.shift % size if isinstance(size, int) and size else node.shift
    if not shift:
        return parts[0]
    first, last = (
        _part(node, parts[0], node.axis, (None, -shift, None)),
        _part(node, parts[0], node.axis, (-shift, None, None)),
    )
    moved = put(parts[0].within(ATOM), _at(node, node.axis, (shift, None, None)), first)
    return put(moved.text, _at(node, node.axis, (None, shift, None)), last)


def _part(array: Node, part: Fragment, axis: int, chosen: int | Range) -> Fragment:
    return Fragment(f"{part.within(ATOM)}{selected(_at(array, axis, chosen))}", ATOM)


def _window(node: Windows | Overlapped, offset: int, count: Size) -> Range:
    start = node.dilation * offset
    assert isinstance(count, int)
    return start, start + node.stride * (count - 1) + 1, node.stride


@written.register
def _(node: Windows, parts: Sequence[Fragment]) -> Fragment:
    windows = [_window(node, offset, node.axes[node.axis]) for offset in range(node.length)]
    chosen = [_part(node.operands[0], parts[0], node.axis, window) for window in windows]
    return _side_by_side(node.axes, (_at(node, node.axis + 1, offset) for offset in range(node.length)), chosen)


@written.register
def _(node: Overlapped, parts: Sequence[Fragment]) -> Fragment:
    operand = node.operands[0]
    count, length = operand.axes[node.axis : node.axis + 2]
    assert isinstance(length, int)
    chosen = [_part(operand, parts[0], node.axis + 1, offset) for offset in range(length)]
    windows = (_at(node, node.axis, _window(node, offset, count)) for offset in range(length))
    return _side_by_side(node.axes, windows, chosen)
