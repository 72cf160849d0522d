"""What was written, as a tree: nothing is evaluated, folded or reordered.

``x*x`` stays a product of two equal factors and ``2*(x+1)`` keeps its bracket's place, because a derivation
explains what its reader wrote.  Every node knows where it stands in the text.

A long sum leans far to the left (2,000 terms are 2,000 levels): walk a tree with `fold`, never by recursion.
For the same reason nodes compare by identity; compare two trees by their ``repr``, which omits the spans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias, TypeVar, cast

Span: TypeAlias = tuple[int, int]
"""Where a node stands: ``text[start:end]``, its surrounding brackets included."""

Sign: TypeAlias = Literal["+", "-"]
Operator: TypeAlias = Literal["+", "-", "*", "/", "^", "@", "⊙", "^⊙"]

Result = TypeVar("Result")


class _Node:
    __slots__ = ()

    def __repr__(self) -> str:
        return symbolic_expression(cast("Tree", self))


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Number(_Node):
    """A number as written, exact: ``0.1`` is one tenth."""

    value: Fraction
    span: Span


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Name(_Node):
    """A variable, or one of the constants ``e`` and ``pi`` where no variable of that name was declared."""

    name: str
    span: Span


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Unary(_Node):
    """A sign before an operand."""

    operator: Sign
    operand: Tree
    span: Span


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Binary(_Node):
    """An operator between two operands; *implicit* where a product is written without a sign, as in ``2x``."""

    operator: Operator
    left: Tree
    right: Tree
    span: Span
    implicit: bool = False


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Call(_Node):
    """A function of its arguments; ``|x|`` is a call of ``abs``, ``√x`` one of ``sqrt``."""

    function: str
    arguments: tuple[Tree, ...]
    span: Span


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Vector(_Node):
    """What stands side by side in brackets, or below each other in a column; the rows of a matrix are vectors."""

    entries: tuple[Tree, ...]
    span: Span


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Entry(_Node):
    """The entries of an array that an index runs over, as in ``x_i`` and ``X_ij``."""

    array: Name
    indices: tuple[Name, ...]
    span: Span


Tree: TypeAlias = Number | Name | Unary | Binary | Call | Vector | Entry


def children(tree: Tree) -> tuple[Tree, ...]:
    """Return the nodes directly below *tree*, from left to right.

    >>> here = (0, 1)
    >>> children(Binary("+", Name("x", here), Name("y", here), here))
    (x, y)
    """
    match tree:
        case Number() | Name():
            return ()
        case Binary():
            return (tree.left, tree.right)
        case Unary():
            return (tree.operand,)
        case Call():
            return tree.arguments
        case Vector():
            return tree.entries
        case Entry():
            return (tree.array, *tree.indices)


def fold(tree: Tree, combine: Callable[[Tree, tuple[Result, ...]], Result]) -> Result:
    """Return *combine* of the root and of the results for its children, computed in the same way.

    Children come before parents, left before right.  No recursion: a tree may be of any depth.

    >>> here = (0, 1)
    >>> total = Binary("+", Name("x", here), Name("y", here), here)
    >>> fold(total, lambda node, below: 1 + sum(below))
    3
    """
    # Parents first and right before left, so that the reverse is children first and left before right.
    order: list[tuple[Tree, int]] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        below = children(node)
        order.append((node, len(below)))
        waiting.extend(below)
    results: list[Result] = []
    for node, count in reversed(order):
        first = len(results) - count
        combined = combine(node, tuple(results[first:]))
        del results[first:]
        results.append(combined)
    return results[0]


def walk(tree: Tree) -> Iterator[Tree]:
    """Yield *tree* and every node below it, parents first and left before right."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(children(node)))


def index_of(tree: Tree) -> Tree | None:
    """Return the index that *tree* adds up over, where it is a sum over one, else None.

    ``sum(k*x^k, k, 1, 5)`` has an index with limits, ``sum_i x_i`` one that runs over all entries.
    """
    if isinstance(tree, Call) and tree.function == "sum" and len(tree.arguments) in (2, 4):
        return tree.arguments[1]
    return None


def names(tree: Tree) -> tuple[str, ...]:
    """Return the names in *tree* in the order of their first appearance; indices and limits are none.

    >>> here = (0, 1)
    >>> names(Binary("*", Name("y", here), Name("x", here), here))
    ('y', 'x')
    """
    found: dict[str, None] = {}
    bound: set[str] = set()

    def note(node: Tree, below: tuple[None, ...]) -> None:
        if isinstance(node, Name):
            found[node.name] = None
        elif isinstance(node, Entry):
            bound.update(index.name for index in node.indices)
        elif index_of(node) is not None:
            bound.update(leaf.name for leaf in children(node)[1:] if isinstance(leaf, Name))

    fold(tree, note)
    return tuple(name for name in found if name not in bound)


def respanned(tree: Tree, span: Span) -> Tree:
    """Return *tree* as what stands at *span*, which a bracket around it makes wider."""
    # By hand: dataclasses.replace takes ten times as long, and brackets are everywhere.
    match tree:
        case Binary():
            return Binary(tree.operator, tree.left, tree.right, span, tree.implicit)
        case Number():
            return Number(tree.value, span)
        case Name():
            return Name(tree.name, span)
        case Unary():
            return Unary(tree.operator, tree.operand, span)
        case Call():
            return Call(tree.function, tree.arguments, span)
        case Vector():
            return Vector(tree.entries, span)
        case Entry():
            return Entry(tree.array, tree.indices, span)


def symbolic_expression(tree: Tree) -> str:
    """Return *tree* with every operator before its operands and in brackets, without the spans.

    >>> here = (0, 1)
    >>> symbolic_expression(Binary("^", Name("x", here), Number(Fraction(1, 2), here), here))
    '(^ x 1/2)'
    """
    return fold(tree, _bracketed)


def _bracketed(node: Tree, below: tuple[str, ...]) -> str:
    match node:
        case Number():
            return str(node.value)
        case Name():
            return node.name
        case Unary() | Binary():
            return f"({' '.join((node.operator, *below))})"
        case Call():
            return f"({' '.join((node.function, *below))})"
        case Vector():
            return f"[{' '.join(below)}]"
        case Entry():
            return f"({' '.join(('_', *below))})"
