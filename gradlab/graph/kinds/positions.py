"""The whole numbers along an axis: 0, 1, 2, …, as ``range(n)`` counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.nodes import Node, Pull, compute, pullback, renamed, show, show_component
from gradlab.graph.sizes import Size
from gradlab.graph.writing import Printer, Shown


class Positions(Node):
    """``0, 1, …, size - 1``."""

    __slots__ = ()

    def __init__(self, size: Size) -> None:
        self.operands = ()
        self.axes = (size,)

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Positions(*renamed(self.axes, sizes))


@pullback.register
def _(node: Positions, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    return []


@compute.register
def _(node: Positions, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.positions(node.axes[0])


@show.register
def _(node: Positions, printer: Printer) -> Shown:
    (size,) = node.axes
    last = f"{size}-1" if isinstance(size, str) else str(size - 1)
    return Shown(f"[0, …, {last}]")


@show_component.register
def _(node: Positions, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return Shown(indices[0])
