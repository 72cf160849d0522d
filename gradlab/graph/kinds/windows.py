"""Windows that slide along an axis, and their adjoint, which adds them up again: what convolutions are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from gradlab.graph.kinds.index import Affine, affine, quotient, remainder
from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Windows(Node):
    """``out[…, o, k, …] = u[…, stride o + dilation k, …]``: *axis* becomes two, position o and offset k < *length*.

    There are as many positions as windows fit; the size of the axis is a number.
    """

    __slots__ = ("axis", "dilation", "length", "stride")

    def __init__(self, operand: Node, axis: int, length: int, stride: int = 1, dilation: int = 1) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.axis: int = axis
        self.length: int = length
        self.stride: int = stride
        self.dilation: int = dilation
        count = positions(_number(operand.axes[axis]), length, stride, dilation)
        self.axes: Axes = (*operand.axes[:axis], count, length, *operand.axes[axis + 1 :])

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Windows(operands[0], self.axis, self.length, self.stride, self.dilation)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Windows(operands[0], self.axis + len(batch), self.length, self.stride, self.dilation)


class Overlapped(Node):
    """``out[…, t, …] = Σ u[…, o, k, …]`` over ``stride o + dilation k = t``: windows added back to an axis of *size*.

    axis: the one of the positions, which the offsets follow.
    """

    __slots__ = ("axis", "dilation", "size", "stride")

    def __init__(self, operand: Node, axis: int, size: int, stride: int = 1, dilation: int = 1) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.axis: int = axis
        self.size: int = size
        self.stride: int = stride
        self.dilation: int = dilation
        self.axes: Axes = (*operand.axes[:axis], size, *operand.axes[axis + 2 :])

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Overlapped(operands[0], self.axis, self.size, self.stride, self.dilation)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Overlapped(operands[0], self.axis + len(batch), self.size, self.stride, self.dilation)


def positions(size: int, length: int, stride: int, dilation: int) -> int:
    """Return how many windows fit into an axis of *size*.

    >>> positions(7, 3, 2, 1), positions(7, 3, 1, 3)
    (3, 1)
    """
    return max((size - (length - 1) * dilation - 1) // stride + 1, 0)


def _number(size: Size) -> int:
    if not isinstance(size, int):
        raise TypeError(f"windows along an axis of unknown size {size!r}")
    return size


# The rules -----------------------------------------------------------------------------------------


_WINDOWS = rule("windows", "each entry receives the deltas of all windows that hold it")
_OVERLAPPING = rule("overlapping windows", "each window receives its part of the delta")


@pullback.register
def _(node: Windows, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    coefficient, rest = algebra.split(delta)
    inner = delta if rest is None else rest
    added = Overlapped(inner, node.axis, _number(node.operands[0].axes[node.axis]), node.stride, node.dilation)
    return [Pull(_WINDOWS, None, added if rest is None else algebra.scale(coefficient, added))]


@pullback.register
def _(node: Overlapped, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    length = _number(node.operands[0].axes[node.axis + 1])
    windows = Windows(delta, node.axis, length, node.stride, node.dilation)
    return [Pull(_OVERLAPPING, None, windows)]


@compute.register
def _(node: Windows, arguments: Sequence[Any], backend: Any) -> Any:
    axis = node.axis - node.operands[0].rank
    return backend.windows(arguments[0], axis, node.length, node.stride, node.dilation)


@compute.register
def _(node: Overlapped, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.overlapped(arguments[0], node.axis - node.rank, node.size, node.stride, node.dilation)


# Printing ------------------------------------------------------------------------------------------


@show.register
def _(node: Windows, printer: Printer) -> Shown:
    return _by_components(node, printer)


@show.register
def _(node: Overlapped, printer: Printer) -> Shown:
    return _by_components(node, printer)


def _by_components(node: Node, printer: Printer) -> Shown:
    with printer.indices(node.rank) as indices:
        return printer.components(show_component(node, printer, indices), indices)


@show_component.register
def _(node: Windows, printer: Printer, indices: tuple[str, ...]) -> Shown:
    axis = node.axis
    position, offset = affine(indices[axis]), affine(indices[axis + 1])
    count = _number(node.axes[axis])
    for index, extent in ((position, count), (offset, node.length)):
        if index.name and extent < _number(node.operands[0].axes[axis]):
            printer.limits.setdefault(index.name, ("0", str(extent - 1)))
    place = position.times(node.stride).plus(offset.times(node.dilation))
    return show_component(node.operands[0], printer, (*indices[:axis], place, *indices[axis + 2 :]))


@show_component.register
def _(node: Overlapped, printer: Printer, indices: tuple[str, ...]) -> Shown:
    length = _number(node.operands[0].axes[node.axis + 1])
    if length == 1:
        return _share(node, printer, indices, affine(indices[node.axis]).times(Fraction(1, node.stride)), "0")
    if node.dilation == 1 and length <= node.stride:  # an entry lies in one window at most
        index = indices[node.axis]
        return _share(node, printer, indices, quotient(index, node.stride), remainder(index, node.stride))
    with printer.indices(1) as (offset,):
        printer.limits[offset] = ("0", str(length - 1))
        ahead = affine(offset).times(-node.dilation)
        position = affine(indices[node.axis]).plus(ahead).times(Fraction(1, node.stride))
        share = _share(node, printer, indices, position, offset)
        return printer.summation((offset,), share) if share.written != "0" else share


def _share(node: Overlapped, printer: Printer, indices: tuple[str, ...], position: str, offset: str) -> Shown:
    """Return what the window at *position* adds at its *offset*, in brackets of Iverson's where there is none."""
    count, length = (_number(size) for size in node.operands[0].axes[node.axis : node.axis + 2])
    apart = node.dilation == 1 and length <= node.stride  # an entry lies in one window at most
    if apart and length > 1:
        conditions = [
            _among(position, range(count)) if count * node.stride < node.size else "",
            _among(offset, range(length)) if length < node.stride else "",
        ]
    else:
        place = affine(indices[node.axis]).plus(affine(offset).times(-node.dilation))
        first_places = range(0, (count - 1) * node.stride + 1, node.stride)
        conditions = [_among(place, first_places) if len(first_places) < node.size else ""]
    if "0" in conditions:
        return Shown("0")
    limits = dict(printer.limits)
    inner = (*indices[: node.axis], position, offset, *indices[node.axis + 1 :])
    body = show_component(node.operands[0], printer, inner)
    printer.restore(limits)  # the windows are fewer than the entries, but the index here is an entry's
    factors = [Shown(written) for written in conditions if written]
    if not factors:
        return body
    if body.summed is None:
        return printer.product(factors if body.written == "1" else [*factors, body])
    extents, inside = body.summed  # one sum of everything: sum_kj [i-k ∈ 0:4] …, not sum_k [i-k ∈ 0:4] sum_j …
    inside = printer.product([*factors, inside])
    return replace(printer.sum_sign(extents, inside), open=True, summed=(extents, inside))


def _among(index: str, places: range) -> str:
    """Return when *index* is one of *places*, which begin at 0: "" for always and "0" for never."""
    if index.isdecimal() or (isinstance(index, Affine) and not index.steps):
        return "" if Fraction(index) in places else "0"
    step = f":{places.step}" if places.step > 1 else ""
    return f"[{index} ∈ 0:{places.stop}{step}]"
