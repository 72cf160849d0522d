"""An exact number, alone or filling an array: 3, 2/n, π."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.nodes import Node, Pull, compute, pullback, renamed, show, show_component
from gradlab.graph.sizes import Axes, Coefficient, Size
from gradlab.graph.writing import Printer, Shown


class Constant(Node):
    """An exact number in every entry; *value* is a coefficient, or the name "pi", "e" or "-inf".

    -∞ stands for what a mask takes out of a softmax; anywhere else the value is soon no number.
    """

    __slots__ = ("value",)

    def __init__(self, value: Coefficient | str, axes: Axes = ()) -> None:
        self.value: Coefficient | str = value
        self.axes = axes
        self.operands: tuple[Node, ...] = ()

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        value = self.value if isinstance(self.value, str) else self.value.renamed(sizes)
        return Constant(value, renamed(self.axes, sizes))


@pullback.register
def _(node: Constant, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    return []


@compute.register
def _(node: Constant, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.constant(node.value, node.axes)


@show.register
def _(node: Constant, printer: Printer) -> Shown:
    if node.value == "-inf":
        return printer.minus_infinity()
    return printer.name(node.value) if isinstance(node.value, str) else printer.number(node.value)


@show_component.register
def _(node: Constant, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return show(node, printer)
