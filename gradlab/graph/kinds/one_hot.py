"""Class numbers as rows of zeros with a single 1: what picks the true class out of the logits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class OneHot(Node):
    """``out[…, k] = 1`` where the operand is k, else 0; *size* classes along a new last axis.

    checked: raise DomainError for what is no position from -size to size - 1, as an array does; without this, as for
    classes that a loss ignores, its row is all zeros.
    """

    __slots__ = ("checked", "size")

    def __init__(self, operand: Node, size: Size, checked: bool = False) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.size: Size = size
        self.checked: bool = checked
        self.axes: Axes = (*operand.axes, size)

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        size = sizes.get(self.size, self.size) if isinstance(self.size, str) else self.size
        return OneHot(operands[0], size, True) if self.checked else OneHot(operands[0], size)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return OneHot(operands[0], self.size)


_CLASS = rule("class number", "a class number cannot change a little")


@pullback.register
def _(node: OneHot, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    return [Pull(_CLASS, None, algebra.number(0, node.operands[0].axes))]


@compute.register
def _(node: OneHot, arguments: Sequence[Any], backend: Any) -> Any:
    (array,) = arguments
    if node.checked:
        array = backend.gather(backend.positions(node.size), [array], 1, 0, node.operands[0].rank)
    return backend.one_hot(array, node.size)


@show.register
def _(node: OneHot, printer: Printer) -> Shown:
    return printer.call("onehot", [show(node.operands[0], printer)])


@show_component.register
def _(node: OneHot, printer: Printer, indices: tuple[str, ...]) -> Shown:
    *inner, last = indices
    operand = show_component(node.operands[0], printer, tuple(inner))
    return Shown(f"[{operand.written}={last}]")
