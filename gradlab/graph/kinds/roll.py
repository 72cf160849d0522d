"""An array whose entries move along an axis, those that leave at one end to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.kinds.index import affine
from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Roll(Node):
    """``out_i = u_((i - shift) mod n)`` along *axis*."""

    __slots__ = ("axis", "shift")

    def __init__(self, operand: Node, shift: int, axis: int) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.shift: int = shift
        self.axis: int = axis
        self.axes: Axes = operand.axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Roll(operands[0], self.shift, self.axis)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Roll(operands[0], self.shift, self.axis + len(batch))


_ROLLING = rule("rolling", "the delta is rolled back")


@pullback.register
def _(node: Roll, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    pulled = algebra.linear_in(delta, lambda part: Roll(part, -node.shift, node.axis))
    return [Pull(_ROLLING, None, pulled)]


@compute.register
def _(node: Roll, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.roll(arguments[0], node.shift, node.axis - node.rank)


@show.register
def _(node: Roll, printer: Printer) -> Shown:
    inside = [show(node.operands[0], printer), Shown(str(node.shift))]
    return printer.call("roll", [*inside, Shown(f"axis={node.axis}")] if node.rank > 1 else inside)


@show_component.register
def _(node: Roll, printer: Printer, indices: tuple[str, ...]) -> Shown:
    size = node.axes[node.axis]
    moved = affine(indices[node.axis]).plus(-node.shift)
    known = not moved.name and isinstance(size, int)
    place = str(int(moved) % int(size)) if known else f"({moved}) mod {size}"
    return show_component(node.operands[0], printer, (*indices[: node.axis], place, *indices[node.axis + 1 :]))
