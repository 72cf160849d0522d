"""One triangle of a matrix, with zeros in the other: its own adjoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.kinds.index import affine
from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Coefficient, Size
from gradlab.graph.writing import Printer, Shown


class Triangle(Node):
    """The entries of the last two axes below diagonal number *offset* and on it; where *upper*, above it and on it.

    Diagonals are numbered from the main one, 0, upwards, as in NumPy and torch.
    """

    __slots__ = ("offset", "upper")

    def __init__(self, operand: Node, offset: int, upper: bool) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.offset: int = offset
        self.upper: bool = upper
        self.axes: Axes = operand.axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Triangle(operands[0], self.offset, self.upper)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Triangle(operands[0], self.offset, self.upper)


_UPPER = rule("upper triangle", "only the triangle that is kept receives the delta")
_LOWER = rule("lower triangle", "only the triangle that is kept receives the delta")


@pullback.register
def _(node: Triangle, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    pulled = algebra.triangle(delta, node.offset, node.upper)
    return [Pull(_UPPER if node.upper else _LOWER, None, pulled)]


@compute.register
def _(node: Triangle, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.triangle(arguments[0], node.offset, node.upper)


@show.register
def _(node: Triangle, printer: Printer) -> Shown:
    inside = [show(node.operands[0], printer)]
    if node.offset:
        inside.append(printer.number(Coefficient.of(node.offset)))
    return printer.call("triu" if node.upper else "tril", inside)


@show_component.register
def _(node: Triangle, printer: Printer, indices: tuple[str, ...]) -> Shown:
    *_, row, column = indices
    body = show_component(node.operands[0], printer, indices)
    if row.isdecimal() and column.isdecimal():
        above = int(column) - int(row)
        kept = above >= node.offset if node.upper else above <= node.offset
        return body if kept else Shown("0")
    sign = "≥" if node.upper else "≤"
    return printer.product([Shown(f"[{column}{sign}{affine(row).plus(node.offset)}]"), body])
