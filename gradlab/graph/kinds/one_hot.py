"""Class numbers as rows of zeros with a single 1: what picks the true class out of the logits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class OneHot(Node):
    """``out[…, k] = 1`` where the operand is k, else 0; *size* classes along a new last axis."""

    __slots__ = ("size",)

    def __init__(self, operand: Node, size: Size) -> None:
        self.operands = (operand,)
        self.size = size
        self.axes = (*operand.axes, size)

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        size = sizes.get(self.size, self.size) if isinstance(self.size, str) else self.size
        return OneHot(operands[0], size)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return OneHot(operands[0], self.size)


@pullback.register
def _(node: OneHot, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    return [
        Pull("class number", "a class number cannot change a little", None, algebra.number(0, node.operands[0].axes))
    ]


@compute.register
def _(node: OneHot, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.one_hot(arguments[0], node.size)


@show.register
def _(node: OneHot, printer: Printer) -> Shown:
    return printer.call("onehot", [show(node.operands[0], printer)])


@show_component.register
def _(node: OneHot, printer: Printer, indices: tuple[str, ...]) -> Shown:
    *inner, last = indices
    operand = show_component(node.operands[0], printer, tuple(inner))
    return Shown(f"[{operand.written}={last}]")
