"""Choosing entries of an array, and its adjoint: putting entries back into zeros."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.nodes import Node, Pull, compute, pullback, renamed, show, show_component
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown

Range = tuple[int | None, int | None, int | None]
"""start, stop, step of a slice, as in Python."""

Selection = tuple[int | Range, ...]
"""One entry for each axis: a position, which drops the axis, or a range."""

WHOLE: Range = (None, None, None)


def selected_axes(axes: Axes, selection: Selection) -> Axes:
    """Return the axes of what *selection* leaves; a cut range needs an axis whose size is a number."""
    kept: list[Size] = []
    for size, part in zip(axes, selection, strict=True):
        if part == WHOLE:
            kept.append(size)
        elif isinstance(part, tuple):
            if not isinstance(size, int):
                raise TypeError(f"a slice of an axis of unknown size {size!r}")
            kept.append(len(range(size)[slice(*part)]))
    return tuple(kept)


class Index(Node):
    """The entries of the operand at *selection*: ``x[0]``, ``X[:, 1]``, ``x[1:4]``."""

    __slots__ = ("selection",)

    def __init__(self, operand: Node, selection: Selection) -> None:
        self.operands = (operand,)
        self.selection = selection
        self.axes = selected_axes(operand.axes, selection)

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Index(operands[0], self.selection)


class Scatter(Node):
    """An array of zeros of the given axes, with the operand at *selection*."""

    __slots__ = ("selection",)

    def __init__(self, operand: Node, selection: Selection, axes: Axes) -> None:
        self.operands = (operand,)
        self.selection = selection
        self.axes = axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Scatter(operands[0], self.selection, renamed(self.axes, sizes))


@pullback.register
def _(node: Index, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    placed = Scatter(delta, node.selection, node.operands[0].axes)
    return [Pull("indexing", "only the chosen entries receive the delta", None, placed)]


@pullback.register
def _(node: Scatter, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    return [Pull("placing", "the chosen entries of the delta", None, Index(delta, node.selection))]


@compute.register
def _(node: Index, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.index(arguments[0], _keys(node.selection))


@compute.register
def _(node: Scatter, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.scatter(arguments[0], _keys(node.selection), node.axes)


def _keys(selection: Selection) -> tuple[int | slice, ...]:
    return tuple(part if isinstance(part, int) else slice(*part) for part in selection)


def entries(node: Node) -> list[Node]:
    """Return the entries of a vector that is put together from single places, or [] if it is not.

    The gradient with respect to ``params`` of a function that unpacks ``a, b, c = params`` is such a vector.
    """
    from gradlab.graph import algebra
    from gradlab.graph.kinds.linear import Linear

    terms = node.operands if isinstance(node, Linear) else (node,)
    if node.rank != 1 or not isinstance(node.axes[0], int):
        return []
    coefficients = node.coefficients if isinstance(node, Linear) else ()
    found: dict[int, Node] = {}
    for position, term in enumerate(terms):
        if not isinstance(term, Scatter) or not isinstance(term.selection[0], int):
            return []
        if coefficients and not coefficients[position].is_one:
            return []
        place = term.selection[0] % node.axes[0]
        if place in found:
            return []
        found[place] = term.operands[0]
    return [found.get(place, algebra.number(0)) for place in range(node.axes[0])]


def _place(part: int, size: Size) -> str:
    # A negative position counts from the end: x[-1] of n entries is x_{n-1}, as positions start at 0.
    if part >= 0:
        return str(part)
    return str(size + part) if isinstance(size, int) else f"{size}{part}"


def _shifted(part: Range, index: str, size: Size) -> str:
    start, stop, step = part
    if part == WHOLE:
        return index
    if isinstance(size, int):
        start, _, step = slice(start, stop, step).indices(size)
    step = 1 if step is None else step
    scaled = index if step == 1 else f"{step}{index}"
    return f"{start}-{scaled[1:]}" if step < 0 else f"{scaled}+{start}" if start else scaled


def _subscripts(node: Index, indices: tuple[str, ...]) -> tuple[str, ...]:
    names = iter(indices)
    size = node.operands[0].axes
    return tuple(
        _place(part, axis) if isinstance(part, int) else _shifted(part, next(names), axis)
        for part, axis in zip(node.selection, size, strict=True)
    )


@show.register
def _(node: Index, printer: Printer) -> Shown:
    marks = tuple(str(part) if isinstance(part, int) else ":" for part in node.selection)
    whole_or_place = all(isinstance(part, int) or part == WHOLE for part in node.selection)
    if whole_or_place:
        return show_component(node.operands[0], printer, marks)
    with printer.indices(node.rank) as indices:
        return printer.components(show_component(node, printer, indices), indices)


@show_component.register
def _(node: Index, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return show_component(node.operands[0], printer, _subscripts(node, indices))


@show.register
def _(node: Scatter, printer: Printer) -> Shown:
    places = ",".join(str(part) if isinstance(part, int) else _range_text(part) for part in node.selection)
    return printer.call("place", [show(node.operands[0], printer), Shown(f"[{places}]")])


def _range_text(part: Range) -> str:
    start, stop, step = ("" if bound is None else str(bound) for bound in part)
    return f"{start}:{stop}" + (f":{step}" if step else "")


@show_component.register
def _(node: Scatter, printer: Printer, indices: tuple[str, ...]) -> Shown:
    # [i = 0] is 1 where i is 0 and 0 elsewhere (Iverson's bracket).
    conditions = []
    inner: list[str] = []
    for part, index in zip(node.selection, indices, strict=True):
        if isinstance(part, int):
            conditions.append(f"[{index}={part}]")
        elif part == WHOLE:
            inner.append(index)
        else:
            conditions.append(f"[{index} ∈ {_range_text(part)}]")
            inner.append(index)
    body = show_component(node.operands[0], printer, tuple(inner))
    return printer.product([*(Shown(condition) for condition in conditions), body])
