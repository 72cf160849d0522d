"""Derivatives that are written down but not yet carried out: what a step of a derivation starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Derivative(Node):
    """``∂u/∂x`` of the axes of u, where x, *wrt*, is a number: a variable, or a named value held for one."""

    __slots__ = ("wrt",)

    def __init__(self, operand: Node, wrt: Node) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.wrt: Node = wrt
        self.axes: Axes = operand.axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Derivative(operands[0], self.wrt)


class VectorJacobian(Node):
    """``delta^T J``: what the operand at *place* of an operation receives of the *delta* of the operation's value.

    J holds the derivatives of the operation with respect to that operand alone, the others held constant, even where
    they are the same.  operands: the operation, then the delta.
    """

    __slots__ = ("place",)

    def __init__(self, operation: Node, place: int, delta: Node) -> None:
        self.operands: tuple[Node, ...] = (operation, delta)
        self.place: int = place
        self.axes: Axes = operation.operands[place].axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return VectorJacobian(operands[0], self.place, operands[1])

    @property
    def operation(self) -> Node:
        return self.operands[0]

    @property
    def delta(self) -> Node:
        return self.operands[1]

    @property
    def operand(self) -> Node:
        """What receives it."""
        return self.operation.operands[self.place]


def _refuse(node: Node) -> NoReturn:
    raise TypeError(f"{type(node).__name__} is not carried out: it has no value and no derivative yet")


@pullback.register
def _(node: Derivative, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    _refuse(node)


@pullback.register
def _(node: VectorJacobian, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    _refuse(node)


@compute.register
def _(node: Derivative, arguments: Sequence[Any], backend: Any) -> Any:
    _refuse(node)


@compute.register
def _(node: VectorJacobian, arguments: Sequence[Any], backend: Any) -> Any:
    _refuse(node)


@show.register
def _(node: Derivative, printer: Printer) -> Shown:
    return printer.derivative(show(node.operands[0], printer), show(node.wrt, printer))


@show.register
def _(node: VectorJacobian, printer: Printer) -> Shown:
    return printer.call("vjp", [show(node.operation, printer), show(node.operand, printer), show(node.delta, printer)])


@show_component.register
def _(node: Derivative, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return printer.derivative(show_component(node.operands[0], printer, indices), show(node.wrt, printer))


@show_component.register
def _(node: VectorJacobian, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return printer.components(show(node, printer), indices) if indices else show(node, printer)
