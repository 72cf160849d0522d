"""Choosing entries of an array, and its adjoint: putting entries back into zeros."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

from gradlab.graph.nodes import Node, Pull, compute, pullback, renamed, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Coefficient, Size
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


def composed(axes: Axes, outer: Selection, inner: Selection) -> Selection:
    """Return the one selection that does *outer* on arrays of *axes*, and then *inner* on what it leaves.

    >>> composed((4, "n"), ((None, None, 2), WHOLE), (1, (0, 3, None)))
    (2, (0, 3, None))
    """
    following = iter(inner)
    return tuple(
        first if isinstance(first, int) else _composed_part(size, first, next(following))
        for size, first in zip(axes, outer, strict=True)
    )


def _composed_part(size: Size, first: Range, second: int | Range) -> int | Range:
    if first == WHOLE or second == WHOLE or not isinstance(size, int):
        return second if first == WHOLE else first
    places = range(size)[slice(*first)]
    if isinstance(second, int):
        return places[second]
    rest = places[slice(*second)]
    if not rest:
        return 0, 0, None
    return rest.start, rest.stop if rest.stop >= 0 else None, rest.step if rest.step != 1 else None


class Index(Node):
    """The entries of the operand at *selection*: ``x[0]``, ``X[:, 1]``, ``x[1:4]``."""

    __slots__ = ("selection",)

    def __init__(self, operand: Node, selection: Selection) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.selection: Selection = selection
        self.axes: Axes = selected_axes(operand.axes, selection)

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Index(operands[0], self.selection)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Index(operands[0], (WHOLE,) * len(batch) + self.selection)


class Scatter(Node):
    """An array of zeros of the given axes, with the operand at *selection*."""

    __slots__ = ("selection",)

    def __init__(self, operand: Node, selection: Selection, axes: Axes) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.selection: Selection = selection
        self.axes = axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Scatter(operands[0], self.selection, renamed(self.axes, sizes))

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Scatter(operands[0], (WHOLE,) * len(batch) + self.selection, batch + self.axes)


_INDEXING = rule("indexing", "only the chosen entries receive the delta")
_PLACING = rule("placing", "the chosen entries of the delta")


@pullback.register
def _(node: Index, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    placed = Scatter(delta, node.selection, node.operands[0].axes)
    return [Pull(_INDEXING, None, placed)]


@pullback.register
def _(node: Scatter, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    return [Pull(_PLACING, None, Index(delta, node.selection))]


@compute.register
def _(node: Index, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.index(arguments[0], keys(node.selection))


@compute.register
def _(node: Scatter, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.scatter(arguments[0], keys(node.selection), node.axes)


def keys(selection: Selection) -> tuple[int | slice, ...]:
    """Return *selection* as arrays take it between square brackets."""
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


# An index as it is written -----------------------------------------------------------------------


class Affine(str):
    """The index ``offset + Σ step letter`` as a person writes it: ``i``, ``2i+1``, ``3-i``, ``(i-1)/2``, ``2i+k``.

    steps: how often each letter is counted; none where the index is a number.
    """

    __slots__ = ("offset", "steps")

    offset: Fraction
    steps: tuple[tuple[str, Fraction], ...]

    def __new__(cls, offset: Fraction, steps: tuple[tuple[str, Fraction], ...]) -> Affine:
        index = super().__new__(cls, _affine_text(offset, steps))
        index.offset, index.steps = offset, steps
        return index

    @property
    def name(self) -> str:
        """The letter of the index, "" where it has none or more than one."""
        return self.steps[0][0] if len(self.steps) == 1 else ""

    def plus(self, other: Affine | int) -> Affine:
        """Return the sum of this index and *other*."""
        if isinstance(other, int):
            return Affine(self.offset + other, self.steps)
        steps = dict(self.steps)
        for letter, step in other.steps:
            steps[letter] = steps.get(letter, Fraction(0)) + step
        return Affine(self.offset + other.offset, tuple((letter, step) for letter, step in steps.items() if step))

    def times(self, factor: Fraction | int) -> Affine:
        """Return *factor* times this index."""
        return Affine(self.offset * factor, tuple((letter, step * factor) for letter, step in self.steps))


def affine(index: str) -> Affine:
    """Return *index*, a letter or a number, as an affine index.

    >>> affine("i").times(2).plus(1), affine("3").plus(-1), affine("i").plus(affine("k").times(-2))
    ('2i+1', '2', 'i-2k')
    """
    if isinstance(index, Affine):
        return index
    return Affine(Fraction(index), ()) if index.isdecimal() else Affine(Fraction(0), ((index, Fraction(1)),))


def _affine_text(offset: Fraction, steps: tuple[tuple[str, Fraction], ...]) -> str:
    if not steps:
        return str(offset)
    below = lcm(offset.denominator, *(step.denominator for _, step in steps))
    if below > 1:
        above = _affine_text(offset * below, tuple((letter, step * below) for letter, step in steps))
        return f"{above}/{below}" if above.isalnum() else f"({above})/{below}"
    alone = len(steps) == 1 and steps[0][1] == 1 and not offset
    upwards = "+".join(_multiple(step, letter, alone) for letter, step in steps if step > 0)
    downwards = "".join(f"-{_multiple(-step, letter, False)}" for letter, step in steps if step < 0)
    if not upwards:  # 3-i, not -i+3
        return f"{offset or ''}{downwards}"
    return f"{upwards}{downwards}" + (f"{int(offset):+}" if offset else "")


def _multiple(step: Fraction, letter: str, alone: bool) -> str:
    closed = letter if alone or " " not in letter else f"({letter})"  # j mod 3, but (j mod 3)+1
    return closed if step == 1 else f"{step}{closed}"


def quotient(index: str, number: int) -> str:
    """Return *index* divided by a whole *number*, rounded down, as it is written: ``⌊i/2⌋``.

    >>> quotient("i", 2), quotient("7", 2), quotient(affine("i").plus(1), 1)
    ('⌊i/2⌋', '3', 'i+1')
    """
    if index.isdecimal():
        return str(int(index) // number)
    return index if number == 1 else f"⌊{index if index.isalnum() else f'({index})'}/{number}⌋"


def remainder(index: str, number: int) -> str:
    """Return what is left of *index* when it is divided by a whole *number*: ``i mod 2``.

    >>> remainder("i", 2), remainder("7", 2), remainder("i", 1)
    ('i mod 2', '1', '0')
    """
    if index.isdecimal():
        return str(int(index) % number)
    return "0" if number == 1 else f"{index if index.isalnum() else f'({index})'} mod {number}"


def place_of(part: int, size: Size) -> str:
    """Return a position as written; a negative one counts from the end: x[-1] of n entries is x_{n-1}."""
    if part >= 0:
        return str(part)
    return str(size + part) if isinstance(size, int) else f"{size}{part}"


def marks(selection: Selection, axes: Axes) -> tuple[str, ...]:
    """Return *selection* as a subscript: ``0``, ``n-1``, ``:``, ``1:3``."""
    pairs = zip(selection, axes, strict=True)
    return tuple(place_of(part, size) if isinstance(part, int) else _range_text(part) for part, size in pairs)


def _range_text(part: Range) -> str:
    start, stop, step = ("" if bound is None else str(bound) for bound in part)
    return f"{start}:{stop}" + (f":{step}" if step else "")


# Printing an index --------------------------------------------------------------------------------


def inward(node: Index) -> Node:
    """Return *node* as it is written: the choice made in the operands, (A ⊙ B)[0] as A[0] ⊙ B[0]."""
    return _inward(node.operands[0], node.selection)


def _inward(node: Node, selection: Selection) -> Node:
    from gradlab.graph.kinds.concatenate import Concatenate
    from gradlab.graph.kinds.constant import Constant
    from gradlab.graph.kinds.contraction import Contraction
    from gradlab.graph.kinds.elementwise import Elementwise
    from gradlab.graph.kinds.linear import Linear
    from gradlab.graph.kinds.stack import Stack

    if all(part == WHOLE for part in selection):
        return node
    match node:
        case Constant():
            return Constant(node.value, selected_axes(node.axes, selection))
        case Index():
            return _inward(node.operands[0], composed(node.operands[0].axes, node.selection, selection))
        case Linear():
            terms = _terms(node)
            operands = tuple(_inward(operand, selection) for _, operand in terms)
            return Linear(tuple(coefficient for coefficient, _ in terms), operands)
        case Elementwise():
            return node.rebuilt(tuple(_inward(operand, selection) for operand in node.operands), {})
        case Stack():
            part, rest = selection[node.axis], selection[: node.axis] + selection[node.axis + 1 :]
            if isinstance(part, int):
                return _inward(node.operands[part], rest)
            chosen = tuple(_inward(operand, rest) for operand in node.operands[slice(*part)])
            before = sum(isinstance(other, tuple) for other in selection[: node.axis])
            return Stack(chosen, before) if chosen else Index(node, selection)
        case Concatenate() if (part := node.holding(selection)) is not None:
            return _inward(*part)
        case Contraction() if all(len(set(row)) == len(row) for row in (*node.inputs, node.output)):
            return _inward_contraction(node, selection)
        case _:
            return Index(node, selection)


def _terms(node: Any) -> list[tuple[Coefficient, Node]]:
    """Return the terms of a sum, a sum that it starts with taken apart: that leans deeper than Python's stack."""
    later: list[list[tuple[Coefficient, Node]]] = []
    terms = list(zip(node.coefficients, node.operands, strict=True))
    while type(terms[0][1]) is type(node) and terms[0][0].is_one:
        later.append(terms[1:])
        terms = list(zip(terms[0][1].coefficients, terms[0][1].operands, strict=True))
    return [*terms, *(term for part in reversed(later) for term in part)]


def _inward_contraction(node: Any, selection: Selection) -> Node:
    from gradlab.graph import algebra

    parts = dict(zip(node.output, selection, strict=True))
    extents = list(node.extents)
    for index, part in parts.items():
        extents[index] = next(iter(selected_axes((node.extents[index],), (part,))), node.extents[index])

    def kept(row: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(index for index in row if not isinstance(parts.get(index), int))

    chosen = tuple(
        _inward(operand, tuple(parts.get(index, WHOLE) for index in row))
        for operand, row in zip(node.operands, node.inputs, strict=True)
    )
    return algebra.contract(chosen, [kept(row) for row in node.inputs], kept(node.output), tuple(extents))


@show.register
def _(node: Index, printer: Printer) -> Shown:
    from gradlab.graph.kinds.let import Let
    from gradlab.graph.kinds.variable import Variable

    if not node.rank:
        return show_component(node, printer, ())
    chosen = inward(node)
    if not isinstance(chosen, Index):
        return show(chosen, printer)
    operand = chosen.operands[0]
    if isinstance(operand, (Variable, Let)):
        return show_component(operand, printer, marks(chosen.selection, operand.axes))
    with printer.indices(node.rank) as indices:
        return printer.components(show_component(chosen, printer, indices), indices)


@show_component.register
def _(node: Index, printer: Printer, indices: tuple[str, ...]) -> Shown:
    names = iter(indices)
    inner: list[str] = []
    for part, size in zip(node.selection, node.operands[0].axes, strict=True):
        if isinstance(part, int):
            inner.append(place_of(part, size))
        elif part == WHOLE or not isinstance(size, int):
            inner.append(next(names))
        else:
            index = affine(next(names))
            start, _, step = slice(*part).indices(size)
            extent = len(range(size)[slice(*part)])
            if index.name and extent < size:
                printer.limits.setdefault(index.name, ("0", str(extent - 1)))
            inner.append(index.times(step).plus(start))
    return show_component(node.operands[0], printer, tuple(inner))


# Printing what is put back ------------------------------------------------------------------------


@show.register
def _(node: Scatter, printer: Printer) -> Shown:
    places = ",".join(marks(node.selection, node.axes))
    return printer.call("place", [show(node.operands[0], printer), Shown(f"[{places}]")])


@show_component.register
def _(node: Scatter, printer: Printer, indices: tuple[str, ...]) -> Shown:
    # [i = 0] is 1 where i is 0 and 0 elsewhere (Iverson's bracket).
    operand, selection = node.operands[0], node.selection
    while isinstance(operand, Scatter):
        operand, selection = operand.operands[0], composed(node.axes, selection, operand.selection)
    conditions: list[str] = []
    inner: list[str] = []
    for part, size, index in zip(selection, node.axes, indices, strict=True):
        conditions.append(_condition(part, size, index))
        if part == WHOLE or (isinstance(part, tuple) and not isinstance(size, int)):
            inner.append(index)
        elif isinstance(part, tuple) and isinstance(size, int):
            # The operand's own index: i is its entry (i - start)/step.
            start, _, step = slice(*part).indices(size)
            inner.append(affine(index).plus(-start).times(Fraction(1, step)))
    if "0" in conditions:
        return Shown("0")
    limits = dict(printer.limits)
    body = show_component(operand, printer, tuple(inner))
    printer.restore(limits)  # the operand is cut, but its index here runs over the whole axis
    factors = [Shown(condition) for condition in conditions if condition]
    return printer.product(factors if factors and body.written == "1" else [*factors, body])


def _condition(part: int | Range, size: Size, index: str) -> str:
    """Return when *index* is one of the places *part*, "" for always and "0" for never."""
    if isinstance(part, int):
        return _equality(index, place_of(part, size))
    if part == WHOLE or not isinstance(size, int):
        return ""
    places = range(size)[slice(*part)]
    if len(places) == size:
        return ""
    if len(places) == 1:
        return _equality(index, str(places[0]))
    if index.isdecimal() or not places:
        return "" if places and int(index) in places else "0"
    # The same places upwards, which are easier to read.
    upwards = places if places.step > 0 else places[::-1]
    stop = upwards.stop if upwards.stop < size else None
    step = upwards.step if upwards.step > 1 else None
    return f"[{index} ∈ {_range_text((upwards.start or None, stop, step))}]"


def _equality(index: str, place: str) -> str:
    if index.isdecimal() and place.isdecimal():
        return "" if index == place else "0"
    return f"[{index}={place}]"
