"""An array with the order along some axes turned round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.kinds.index import affine
from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Flip(Node):
    """``out_i = u_(n-1-i)`` along each of the axes *turned*."""

    __slots__ = ("turned",)

    def __init__(self, operand: Node, turned: tuple[int, ...]) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.turned: tuple[int, ...] = turned
        self.axes: Axes = operand.axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Flip(operands[0], self.turned)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Flip(operands[0], tuple(axis + len(batch) for axis in self.turned))


_REVERSED = rule("reversed order", "the delta is turned back")


@pullback.register
def _(node: Flip, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    pulled = algebra.linear_in(delta, lambda part: Flip(part, node.turned))
    return [Pull(_REVERSED, None, pulled)]


@compute.register
def _(node: Flip, arguments: Sequence[Any], backend: Any) -> Any:
    key = tuple(slice(None, None, -1 if axis in node.turned else None) for axis in range(node.rank))
    return backend.index(arguments[0], key)


@show.register
def _(node: Flip, printer: Printer) -> Shown:
    inside = [show(node.operands[0], printer)]
    if len(node.turned) < node.rank:
        inside.append(Shown(f"axis={', '.join(map(str, node.turned))}"))
    return printer.call("flip", inside)


@show_component.register
def _(node: Flip, printer: Printer, indices: tuple[str, ...]) -> Shown:
    place = tuple(
        _mirrored(index, size) if axis in node.turned else index
        for axis, (index, size) in enumerate(zip(indices, node.axes, strict=True))
    )
    return show_component(node.operands[0], printer, place)


def _mirrored(index: str, size: Size) -> str:
    if isinstance(size, int):
        return affine(index).times(-1).plus(size - 1)
    if index.isdecimal():
        return f"{size}-{int(index) + 1}"
    return f"{size}-1-{index}" if index.isalnum() else f"{size}-1-({index})"
