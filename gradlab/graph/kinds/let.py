"""A name for a value, as the writer gave it: `Z = X @ W`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.kinds.index import Index
from gradlab.graph.kinds.variable import Variable
from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Let(Node):
    """A named value: transparent to evaluation, opaque to rewriting, printed by its name."""

    __slots__ = ("name",)

    def __init__(self, name: str, operand: Node) -> None:
        self.name: str = name
        self.axes: Axes = operand.axes
        self.operands: tuple[Node, ...] = (operand,)

    @property
    def names_an_input(self) -> bool:
        """Whether the name merely picks an input apart, as ``a, b, c = params`` does."""
        inner = self.operands[0]
        whole = inner.operands[0] if isinstance(inner, Index) else inner
        return isinstance(whole, Variable)

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Let(self.name, operands[0])

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        # The name stands for one value, not for one for each entry of the batch.
        return operands[0]


_NAME = rule("name", "a name stands for its value")


@pullback.register
def _(node: Let, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    return [Pull(_NAME, None, delta)]


@compute.register
def _(node: Let, arguments: Sequence[Any], backend: Any) -> Any:
    return arguments[0]


@show.register
def _(node: Let, printer: Printer) -> Shown:
    return printer.name(node.name)


@show_component.register
def _(node: Let, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return printer.name(node.name, indices)
