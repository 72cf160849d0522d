"""The same entries in the same order under other axes: `X.reshape(n, 12)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from gradlab.graph.kinds.index import affine, quotient, remainder
from gradlab.graph.nodes import Node, Pull, compute, pullback, renamed, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Reshape(Node):
    """The entries of the operand, last axis fastest, as an array of *axes*.

    Axes that are split or merged have numbers as their sizes; those before and after them may be symbols.
    """

    __slots__ = ()

    def __init__(self, operand: Node, axes: Axes) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.axes = axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Reshape(operands[0], renamed(self.axes, sizes))

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Reshape(operands[0], (*batch, *self.axes))


def reshaped(node: Node, axes: Axes) -> Node:
    """Return *node* with other axes, numbers in front and no reshape of a reshape."""
    from gradlab.graph import algebra

    coefficient, rest = algebra.split(node)
    if rest is None:
        return algebra.constant(coefficient, axes)
    while isinstance(rest, Reshape):
        rest = rest.operands[0]
    return algebra.scale(coefficient, rest if rest.axes == axes else Reshape(rest, axes))


_RESHAPE = rule("reshape", "the delta is brought back to the shape")


@pullback.register
def _(node: Reshape, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    back = reshaped(delta, node.operands[0].axes)
    return [Pull(_RESHAPE, None, back)]


@compute.register
def _(node: Reshape, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.reshape(arguments[0], node.operands[0].rank, node.axes)


# Printing ------------------------------------------------------------------------------------------


@show.register
def _(node: Reshape, printer: Printer) -> Shown:
    inside = show(node.operands[0], printer)
    if node.rank == 1:
        return printer.call("flatten", [inside])
    sizes = [printer.name(size).written if isinstance(size, str) else str(size) for size in node.axes]
    return printer.call("reshape", [inside, Shown(f"({', '.join(sizes)})")])


@show_component.register
def _(node: Reshape, printer: Printer, indices: tuple[str, ...]) -> Shown:
    operand = node.operands[0]
    inner: list[str] = []
    for own, new in grouped(operand.axes, node.axes):
        names = [indices[place] for place in new]
        if len(own) == len(new) == 1:
            inner += names
            continue
        # The place in the group, counted through, and then that place taken apart by the operand's own sizes.
        place = affine("0")
        for name, size in zip(names, (node.axes[at] for at in new), strict=True):
            place = place.times(_number(size)).plus(affine(name))
        lengths = [_number(operand.axes[at]) for at in own]
        for position, length in enumerate(lengths):
            whole = quotient(place, prod(lengths[position + 1 :]))
            inner.append(remainder(whole, length) if position else whole if length > 1 else "0")
    limits = dict(printer.limits)
    body = show_component(operand, printer, tuple(inner))
    printer.restore(limits)
    return body


def grouped(own: Axes, new: Axes) -> list[tuple[list[int], list[int]]]:
    """Return which axes of *own* become which axes of *new*, in the smallest groups of equal products.

    >>> grouped(("n", 3, 4, 5), ("n", 12, 5))
    [([0], [0]), ([1, 2], [1]), ([3], [2])]
    """
    groups: list[tuple[list[int], list[int]]] = []
    left, right = 0, 0
    while left < len(own) or right < len(new):
        before, after = [left][: len(own) - left], [right][: len(new) - right]
        if before and after and own[left] != new[right]:
            if own[left] == 1:
                after = []
            elif new[right] == 1:
                before = []
            else:
                _extend(own, new, before, after)
        left, right = left + len(before), right + len(after)
        groups.append((before, after))
    return groups


def _extend(own: Axes, new: Axes, before: list[int], after: list[int]) -> None:
    """Add the following axes to *before* and *after* until they have as many entries as each other."""
    first, second = _number(own[before[0]]), _number(new[after[0]])
    while first != second:
        places, axes = (before, own) if first < second else (after, new)
        places.append(places[-1] + 1)
        if first < second:
            first *= _number(axes[places[-1]])
        else:
            second *= _number(axes[places[-1]])


def _number(size: Size) -> int:
    if not isinstance(size, int):
        raise TypeError(f"an axis of unknown size {size!r} is split or merged")
    return size
