"""Arrays put one after the other along an axis that they have: `torch.cat([A, B], dim=1)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.kinds.index import WHOLE, Index, Range, Scatter, Selection
from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Concatenate(Node):
    """Operands one after the other along *axis*, where their sizes are numbers; the other axes are the same."""

    __slots__ = ("axis",)

    def __init__(self, operands: tuple[Node, ...], axis: int) -> None:
        self.operands = operands
        self.axis: int = axis
        inner = operands[0].axes
        self.axes: Axes = (*inner[:axis], sum(_length(operand, axis) for operand in operands), *inner[axis + 1 :])

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Concatenate(operands, self.axis)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        whole = [operand if leads else _copied(operand, batch) for operand, leads in zip(operands, lead, strict=True)]
        return Concatenate(tuple(whole), self.axis + len(batch))

    @property
    def selections(self) -> list[Selection]:
        """Where each operand stands in the result."""
        found: list[Selection] = []
        start = 0
        for operand in self.operands:
            stop = start + _length(operand, self.axis)
            found.append(tuple((start, stop, None) if axis == self.axis else WHOLE for axis in range(self.rank)))
            start = stop
        return found

    def holding(self, selection: Selection) -> tuple[Node, Selection] | None:
        """Return the operand that holds all of *selection*, and where in it; None if there is no such operand."""
        chosen = selection[self.axis]
        whole = range(_length(self, self.axis))
        places = [whole[chosen]] if isinstance(chosen, int) else whole[slice(*chosen)]
        start = 0
        for operand in self.operands:
            length = _length(operand, self.axis)
            if places and start <= min(places) and max(places) < start + length:
                inner = places[0] - start if isinstance(places, list) else _moved(places, start, length)
                return operand, (*selection[: self.axis], inner, *selection[self.axis + 1 :])
            start += length
        return None


def _moved(places: range, start: int, length: int) -> Range:
    first, last = places.start - start, places.stop - start
    if (first, last, places.step) == (0, length, 1):
        return WHOLE
    return first, last if last >= 0 else None, places.step if places.step != 1 else None


def _length(node: Node, axis: int) -> int:
    size = node.axes[axis]
    if not isinstance(size, int):
        raise TypeError(f"arrays joined along an axis of unknown size {size!r}")
    return size


def _copied(node: Node, batch: Axes) -> Node:
    from gradlab.graph import algebra

    own = tuple(range(node.rank))
    first = tuple(range(node.rank, node.rank + len(batch)))
    return algebra.contract([node], [own], (*first, *own), (*node.axes, *batch))


_JOINING = rule("joining", "each part receives its own part of the delta")


@pullback.register
def _(node: Concatenate, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    return [
        Pull(_JOINING, None, Index(delta, selection)) if want else None
        for selection, want in zip(node.selections, wanted, strict=True)
    ]


@compute.register
def _(node: Concatenate, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.concatenate(arguments, node.axis - node.rank)


@show.register
def _(node: Concatenate, printer: Printer) -> Shown:
    parts = [show(operand, printer) for operand in node.operands]
    if node.rank <= 2:
        return printer.blocks(parts, below=node.axis == 0)
    return printer.call("concatenate", [*parts, Shown(f"axis={node.axis}")])


@show_component.register
def _(node: Concatenate, printer: Printer, indices: tuple[str, ...]) -> Shown:
    parts: list[Shown] = []
    for operand, selection in zip(node.operands, node.selections, strict=True):
        part = show_component(Scatter(operand, selection, node.axes), printer, indices)
        if part.written != "0":
            parts.append(part)
    return printer.sum([(False, part) for part in parts]) if parts else Shown("0")
