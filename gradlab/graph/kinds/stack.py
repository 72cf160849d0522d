"""Arrays put side by side along a new axis: `torch.stack([a, b])`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.kinds.index import WHOLE, Index
from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Stack(Node):
    """Operands of the same axes, side by side along a new axis at position *axis*."""

    __slots__ = ("axis",)

    def __init__(self, operands: tuple[Node, ...], axis: int = 0) -> None:
        self.operands = operands
        self.axis: int = axis
        inner = operands[0].axes
        self.axes: Axes = (*inner[:axis], len(operands), *inner[axis:])

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Stack(operands, self.axis)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        from gradlab.graph import algebra

        return Stack(algebra.alike(operands, lead, batch), self.axis + len(batch))


_STACKING = rule("stacking", "each part receives its own part of the delta")


@pullback.register
def _(node: Stack, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    return [
        Pull(_STACKING, None, Index(delta, _selection(node, place))) if want else None
        for place, want in enumerate(wanted)
    ]


def _selection(node: Stack, place: int) -> tuple[Any, ...]:
    return tuple(place if axis == node.axis else WHOLE for axis in range(node.rank))


@compute.register
def _(node: Stack, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.stack(arguments, node.axis - node.rank)


@show.register
def _(node: Stack, printer: Printer) -> Shown:
    parts = [show(operand, printer) for operand in node.operands]
    if node.axis == 0:
        return printer.listing(parts)
    # Vectors side by side as columns are the transpose of their rows; with more axes, the axis is named.
    if node.rank == 2:
        return printer.transposed(printer.listing(parts))
    return printer.call("stack", [*parts, Shown(f"axis={node.axis}")])


@show_component.register
def _(node: Stack, printer: Printer, indices: tuple[str, ...]) -> Shown:
    place = indices[node.axis]
    inner = indices[: node.axis] + indices[node.axis + 1 :]
    if place.isdigit():
        return show_component(node.operands[int(place)], printer, inner)
    parts = ", ".join(show_component(operand, printer, inner).written for operand in node.operands)
    return printer.components(Shown(parts), (place,))
