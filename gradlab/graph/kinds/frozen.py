"""A value that derivatives hold constant: what torch's ``detach()`` returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Frozen(Node):
    """The value of the operand, of which no derivative is taken: ``u.detach()``."""

    __slots__ = ()

    def __init__(self, operand: Node) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.axes: Axes = operand.axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Frozen(operands[0])

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Frozen(operands[0])


@pullback.register
def _(node: Frozen, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    return [None]


@compute.register
def _(node: Frozen, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.frozen(arguments[0])


@show.register
def _(node: Frozen, printer: Printer) -> Shown:
    return printer.call("detach", [show(node.operands[0], printer)])


@show_component.register
def _(node: Frozen, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return printer.call("detach", [show_component(node.operands[0], printer, indices)])
