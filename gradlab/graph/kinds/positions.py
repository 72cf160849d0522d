"""The whole numbers along an axis: 0, 1, 2, …, as ``range(n)`` counts, or from another number on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from gradlab.graph.nodes import Node, Pull, compute, pullback, renamed, show, show_component
from gradlab.graph.sizes import ONE, Axes, Coefficient, Size
from gradlab.graph.writing import Printer, Shown


class Positions(Node):
    """``first, first + 1, …``, *size* of them."""

    __slots__ = ("first",)

    def __init__(self, size: Size, first: int = 0) -> None:
        self.operands: tuple[Node, ...] = ()
        self.axes: Axes = (size,)
        self.first: int = first

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return positions_from(self.first, *renamed(self.axes, sizes))

    @property
    def last(self) -> str:
        """The last of the numbers, as it is written."""
        (size,) = self.axes
        if not isinstance(size, str):
            return str(self.first + size - 1)
        return f"{size}{self.first - 1:+}" if self.first != 1 else size


def positions_from(first: int, size: Size) -> Positions:
    """Return the numbers from *first* on, *size* of them; one and the same node for the same numbers."""
    return Positions(size, first) if first else Positions(size)


@pullback.register
def _(node: Positions, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    return []


@compute.register
def _(node: Positions, arguments: Sequence[Any], backend: Any) -> Any:
    places = backend.positions(node.axes[0])
    if not node.first:
        return places
    first = backend.constant(Coefficient(Fraction(node.first)), node.axes)
    return backend.linear((ONE, ONE), (places, first))


@show.register
def _(node: Positions, printer: Printer) -> Shown:
    return Shown(f"[{node.first}, …, {node.last}]")


@show_component.register
def _(node: Positions, printer: Printer, indices: tuple[str, ...]) -> Shown:
    printer.limits.setdefault(indices[0], (str(node.first), node.last))
    return Shown(indices[0])
