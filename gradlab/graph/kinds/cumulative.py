"""Sums of all entries up to each one, and, as the adjoint, from each one on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Cumulative(Node):
    """``out_i = Σ_{j≤i} u_j`` along *axis*; ``Σ_{j≥i} u_j`` where *reverse*."""

    __slots__ = ("axis", "reverse")

    def __init__(self, operand: Node, axis: int, reverse: bool = False) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.axis: int = axis
        self.reverse: bool = reverse
        self.axes: Axes = operand.axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Cumulative(operands[0], self.axis, self.reverse)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Cumulative(operands[0], self.axis + len(batch), self.reverse)


_SUM = rule("cumulative sum", "an entry is in all sums from it on: δ_u_i = Σ_(j≥i) δ_j")
_REVERSED_SUM = rule("reversed cumulative sum", "an entry is in all sums up to it: δ_u_i = Σ_(j≤i) δ_j")


@pullback.register
def _(node: Cumulative, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    pulled = algebra.linear_in(delta, lambda part: Cumulative(part, node.axis, not node.reverse))
    return [Pull(_REVERSED_SUM if node.reverse else _SUM, None, pulled)]


@compute.register
def _(node: Cumulative, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.cumulative(arguments[0], node.axis - node.rank, node.reverse)


@show.register
def _(node: Cumulative, printer: Printer) -> Shown:
    inside = [show(node.operands[0], printer)]
    if node.rank > 1:
        inside.append(Shown(f"axis={node.axis}"))
    return printer.call("cumsum", [*inside, Shown("reversed")] if node.reverse else inside)


@show_component.register
def _(node: Cumulative, printer: Printer, indices: tuple[str, ...]) -> Shown:
    with printer.indices(1) as (bound,):
        place = (*indices[: node.axis], bound, *indices[node.axis + 1 :])
        below = f"{bound}{'≥' if node.reverse else '≤'}{indices[node.axis]}"
        return printer.over("sum", below, show_component(node.operands[0], printer, place))
