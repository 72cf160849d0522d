"""A variable, or data bound to a name: the leaves that have values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.nodes import Node, Pull, compute, pullback, renamed, show, show_component
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Variable(Node):
    """A named value: ``Variable("x", ("n",))``."""

    __slots__ = ("name",)

    def __init__(self, name: str, axes: Axes = ()) -> None:
        self.name: str = name
        self.axes = axes
        self.operands: tuple[Node, ...] = ()

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Variable(self.name, renamed(self.axes, sizes))


@pullback.register
def _(node: Variable, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    return []


@compute.register
def _(node: Variable, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.variable(node.name)


@show.register
def _(node: Variable, printer: Printer) -> Shown:
    return printer.name(node.name)


@show_component.register
def _(node: Variable, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return printer.name(node.name, indices)
