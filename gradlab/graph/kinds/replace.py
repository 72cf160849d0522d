"""An array with other values at some of its places: what ``x[1:3] = v`` leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from gradlab.graph.kinds.index import WHOLE, Selection, affine, keys, marks, place_of
from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Replace(Node):
    """*base* with *value*, of the axes that *selection* leaves, at *selection*."""

    __slots__ = ("selection",)

    def __init__(self, base: Node, value: Node, selection: Selection) -> None:
        self.operands: tuple[Node, ...] = (base, value)
        self.selection: Selection = selection
        self.axes: Axes = base.axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Replace(*operands, self.selection)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        from gradlab.graph.kinds.contraction import contraction

        stretched = [
            operand
            if has
            else contraction(
                [operand],
                [list(range(operand.rank))],
                [*((("batch", place), size) for place, size in enumerate(batch)), *range(operand.rank)],
            )
            for operand, has in zip(operands, lead, strict=True)
        ]
        return Replace(*stretched, (WHOLE,) * len(batch) + self.selection)


_REPLACED = rule("replaced entries", "what was replaced receives nothing")
_REPLACING = rule("replacing entries", "the delta of the entries that it replaced")


@pullback.register
def _(node: Replace, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph.writes import blanked, chosen, is_zero

    left = blanked(delta, node.selection) if wanted[0] else None
    right = chosen(delta, node.selection) if wanted[1] else None
    return [
        Pull(stated, None, part) if part is not None and not is_zero(part) else None
        for stated, part in ((_REPLACED, left), (_REPLACING, right))
    ]


@compute.register
def _(node: Replace, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.replace(arguments[0], arguments[1], keys(node.selection))


@show.register
def _(node: Replace, printer: Printer) -> Shown:
    base, value = (show(operand, printer) for operand in node.operands)
    return printer.replaced(base, ", ".join(marks(node.selection, node.axes)), value)


@show_component.register
def _(node: Replace, printer: Printer, indices: tuple[str, ...]) -> Shown:
    base, value = node.operands
    conditions: list[str] = []
    inner: list[str] = []
    for name, part, size in zip(indices, node.selection, node.axes, strict=True):
        place = affine(name)
        if isinstance(part, int):
            wanted = place_of(part, size)
            if not place.name and wanted.isdecimal() and place != wanted:
                return show_component(base, printer, indices)
            if place != wanted:
                conditions.append(f"{place}={wanted}")
            continue
        if part != WHOLE and isinstance(size, int):
            chosen = range(size)[slice(*part)]
            if not place.name and int(place) not in chosen:
                return show_component(base, printer, indices)
            if place.name:
                conditions.append(_within(place, chosen))
            place = place.plus(-chosen.start).times(Fraction(1, chosen.step))
        inner.append(place)
    shown = show_component(value, printer, tuple(inner))
    if not conditions:
        return shown
    return printer.either(shown, conditions, show_component(base, printer, indices))


def _within(place: str, chosen: range) -> str:
    """Return the condition that *place* is one of those *chosen*."""
    if abs(chosen.step) == 1:
        return f"{min(chosen, default=0)}≤{place}≤{max(chosen, default=-1)}"
    return f"{place}∈{{{', '.join(map(str, chosen if len(chosen) <= 3 else (*chosen[:2], '…', chosen[-1])))}}}"
