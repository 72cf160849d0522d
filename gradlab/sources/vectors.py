"""The entries of what is written as a vector: in brackets, as a column, or by unit vectors, ``2x i + j``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from gradlab.errors import ParseError
from gradlab.sources.syntax import Binary, Name, Number, Tree, Unary, Vector, fold, walk


def entries(tree: Tree, text: str, directions: Sequence[str] = ()) -> tuple[Tree, ...] | None:
    """Return the entries of *tree*, None where it is a number.

    directions: names of the unit vectors.
    Raises ParseError, pointing into *text*, for what is neither: a vector plus a number, a quotient by a vector.

    >>> from gradlab.sources.text import parse
    >>> entries(parse("2x*i + j/3"), "2x*i + j/3", ["i", "j"])
    ((* 2 x), (/ 1 3))
    """
    if isinstance(tree, Vector):
        return tree.entries
    # Most answers are numbers: those have no vector in them.
    if not any(isinstance(part, Vector) or (isinstance(part, Name) and part.name in directions) for part in walk(tree)):
        return None
    places = {name: place for place, name in enumerate(directions)}
    found = fold(tree, lambda node, below: _combined(node, below, places, text))
    if found is None:
        return None
    here = tree.span
    zero, one = Number(Fraction(0), here), Number(Fraction(1), here)
    return tuple(zero if entry is None else one if entry is _UNIT else entry for entry in found)


_Entries = tuple["Tree | None", ...]

_UNIT = Number(Fraction(1), (0, 0))
"""The entry of a unit vector along itself, until it is multiplied by something."""


def _combined(node: Tree, below: tuple[_Entries | None, ...], places: dict[str, int], text: str) -> _Entries | None:
    """Return the entries of *node*, whose parts have those *below*; None for a number, and for an entry that is 0."""
    match node:
        case Name() if node.name in places:
            return tuple(_UNIT if place == places[node.name] else None for place in range(len(places)))
        case Vector():
            return node.entries
        case Unary() if below[0] is not None:
            return _each(below[0], lambda entry: Unary(node.operator, entry, node.span))
        case Binary(operator="+" | "-") if below[0] is not None or below[1] is not None:
            return _sum(node, below[0], below[1], text)
        case Binary(operator="*") if below[0] is not None and below[1] is None:
            return _each(below[0], lambda entry: _times(node, entry, node.right))
        case Binary(operator="*") if below[1] is not None and below[0] is None:
            return _each(below[1], lambda entry: _times(node, node.left, entry))
        case Binary(operator="/") if below[0] is not None and below[1] is None:
            return _each(below[0], lambda entry: Binary("/", entry, node.right, node.span))
        case _:
            if any(part is not None for part in below):
                said = text[slice(*node.span)]
                message = f"'{said[:40]}' is nothing that vectors have; they are added, and multiplied by numbers"
                raise ParseError(message, text, node.span[0])
            return None


def _sum(node: Binary, left: _Entries | None, right: _Entries | None, text: str) -> _Entries:
    if left is None or right is None:
        raise ParseError("a vector and a number do not add up; write a vector on both sides", text, node.span[0])
    if len(left) != len(right):
        message = f"vectors of {len(left)} and of {len(right)} entries do not add up"
        raise ParseError(message, text, node.span[0])
    return tuple(_added(node, first, second) for first, second in zip(left, right, strict=True))


def _added(node: Binary, first: Tree | None, second: Tree | None) -> Tree | None:
    if second is None:
        return first
    if first is None:
        return Unary("-", second, second.span) if node.operator == "-" else second
    return Binary(node.operator, first, second, node.span)


def _each(found: _Entries, change: Callable[[Tree], Tree]) -> _Entries:
    return tuple(None if entry is None else change(entry) for entry in found)


def _times(node: Binary, left: Tree, right: Tree) -> Tree:
    """Return a product; a unit vector leaves the other factor alone."""
    if left is _UNIT:
        return right
    if right is _UNIT:
        return left
    return Binary("*", left, right, node.span, node.implicit)
