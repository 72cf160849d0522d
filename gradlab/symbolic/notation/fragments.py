"""Pieces of text in the notation of derivations, and how those of operands make up that of a node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch
from string import ascii_lowercase
from typing import NamedTuple

from gradlab.errors import NoFormulaError
from gradlab.graph.kinds import (
    Cholesky,
    Constant,
    Derivative,
    Elementwise,
    Extremum,
    Linear,
    Norm,
    Overlapped,
    Roll,
    Standardize,
    Variance,
    VectorJacobian,
    Windows,
    Winners,
)
from gradlab.graph.kinds.index import Selection
from gradlab.graph.nodes import Node
from gradlab.graph.sizes import Axes, Size


class Fragment(NamedTuple):
    """A piece of text, and how tightly its outermost operation binds."""

    text: str
    level: int

    def within(self, level: int) -> str:
        """Return the text, in brackets where it binds less tightly than *level*."""
        return self.text if self.level >= level else f"({self.text})"


COMPARISON, SUM, NEGATIVE, PRODUCT, POWER, ATOM = range(6)

HOLE = Fragment("_", ATOM)
"""What stands for the operand that a `VectorJacobian` differentiates by."""

MOST_TERMS = 8
"""Terms of a sum without brackets."""

REPEATED = (Cholesky, Norm, Standardize, Variance, Extremum, Winners, Roll, Windows, Overlapped)
"""Kinds that are written with their operand more than once."""


def notation(node: Node, names: Mapping[Node, str]) -> str:
    """Return *node* as text; *names* says what to write for a node that has a name.

    Raises NoFormulaError for a kind of node that the notation cannot express.

    >>> from gradlab import as_function
    >>> notation(as_function("x sin(x^2) / 2").formula, {})
    'x*sin(x**2)/2'
    """
    return _fragment(node, names).text


def _fragment(node: Node, names: Mapping[Node, str]) -> Fragment:
    name = names.get(node)
    if name is not None:
        return Fragment(name, ATOM)
    if isinstance(node, Derivative):
        return call("d", _fragment(node.operands[0], names), _fragment(node.wrt, names))
    if isinstance(node, VectorJacobian):
        parts = _parts(node.operation, names)
        parts[node.place] = HOLE
        operation = written(node.operation, parts)
        return call("vjp", operation, _fragment(node.operand, names), _fragment(node.delta, names))
    return written(node, _parts(node, names))


def _parts(node: Node, names: Mapping[Node, str]) -> list[Fragment]:
    # A number goes with every array: x + 1 needs no array of ones, unless there is nothing else.
    mixed = isinstance(node, (Linear, Elementwise)) and not all(isinstance(one, Constant) for one in node.operands)
    return [
        written(Constant(operand.value), ()) if mixed and isinstance(operand, Constant) else _fragment(operand, names)
        for operand in node.operands
    ]


@singledispatch
def written(node: Node, parts: Sequence[Fragment]) -> Fragment:
    """Return *node* as text, its operands written as *parts*."""
    raise NoFormulaError(f"{type(node).__name__} cannot be written in the notation of derivations yet")


# Pieces ------------------------------------------------------------------------------------------


def call(name: str, *arguments: Fragment | str) -> Fragment:
    """Return a function of some arguments."""
    inside = ", ".join(part if isinstance(part, str) else part.text for part in arguments)
    return Fragment(f"{name}({inside})", ATOM)


def infix(left: Fragment, sign: str, right: Fragment) -> Fragment:
    """Return a comparison."""
    return Fragment(f"{left.within(SUM)} {sign} {right.within(SUM)}", COMPARISON)


def einsum(form: str, *arguments: Fragment | str) -> Fragment:
    """Return a sum of products; the sizes of indices that only the result has follow the arrays."""
    return call("einsum", f"'{form}'", *arguments)


def total(terms: Sequence[tuple[str, Fragment]]) -> Fragment:
    """Return a sum of terms, each with its sign; many of them in groups, as a reader goes one step down for each."""
    while len(terms) > MOST_TERMS:
        groups = (terms[start : start + MOST_TERMS] for start in range(0, len(terms), MOST_TERMS))
        terms = [("+", Fragment(f"({total(group).text})", ATOM)) for group in groups]
    (sign, first), *others = terms
    start = f"-{first.within(PRODUCT)}" if sign == "-" else first.within(NEGATIVE)
    rest = "".join(f" {sign} {term.within(PRODUCT)}" for sign, term in others)
    return Fragment(f"{start}{rest}", SUM if others else NEGATIVE)


def sizes(axes: Axes) -> list[str]:
    """Return each size as text."""
    return [str(size) for size in axes]


def spread(part: Fragment, row: str, whole: str, extents: Mapping[str, Size]) -> Fragment:
    """Return *part*, of the indices *row*, copied along all others of *whole*."""
    if row == whole:
        return part
    return einsum(f"{row}->{whole}", part, *(str(extents[index]) for index in whole if index not in row))


def zeros(axes: Axes) -> str:
    """Return an array of zeros."""
    return f"full(0, {', '.join(sizes(axes))})" if axes else "0"


def selected(selection: Selection) -> str:
    """Return *selection* as it stands behind an array, with its square brackets."""

    def written_part(part: int | tuple[int | None, int | None, int | None]) -> str:
        if isinstance(part, int):
            return str(part)
        start, stop, step = ("" if bound is None else str(bound) for bound in part)
        return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"

    return f"[{', '.join(written_part(part) for part in selection)}]"


def put(base: str, selection: Selection, value: Fragment) -> Fragment:
    """Return *base* with *value* at the selected entries."""
    return call("put", f"{base}{selected(selection)}", value)


# Indices ---------------------------------------------------------------------------------------


class Indices(NamedTuple):
    """The letters of all axes of an array, those that are left when some are summed, and their sizes."""

    whole: str
    kept: str
    extents: Mapping[str, Size]

    @property
    def entries(self) -> str:
        """How many entries are summed."""
        return "*".join(str(self.extents[index]) for index in self.whole if index not in self.kept) or "1"


def indices(axes: Axes, summed: Sequence[int]) -> Indices:
    """Return letters for *axes*, the axes *summed* not among those that are kept."""
    whole = ascii_lowercase[: len(axes)]
    kept = "".join(letter for axis, letter in enumerate(whole) if axis not in summed)
    return Indices(whole, kept, dict(zip(whole, axes, strict=True)))
