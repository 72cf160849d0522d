"""What was written, as a tree: nothing is evaluated, folded or reordered.

``x*x`` stays a product of two equal factors and ``2*(x+1)`` keeps its bracket's place, because a derivation
explains what its reader wrote.  Every node knows where it stands in the text.

A long sum leans far to the left (2,000 terms are 2,000 levels): walk a tree with `fold`, never by recursion.
For the same reason nodes compare by identity; compare two trees by their ``repr``, which omits the spans.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias, TypeVar, cast

Span: TypeAlias = tuple[int, int]
"""Where a node stands: ``text[start:end]``, its surrounding brackets included."""

Sign: TypeAlias = Literal["+", "-"]
Operator: TypeAlias = Literal["+", "-", "*", "/", "^", "@"]

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
    """An operator between two operands; a product without a sign, as in ``2x``, has the operator ``*``."""

    operator: Operator
    left: Tree
    right: Tree
    span: Span


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Call(_Node):
    """A function of its arguments; ``|x|`` is a call of ``abs``, ``√x`` one of ``sqrt``."""

    function: str
    arguments: tuple[Tree, ...]
    span: Span


Tree: TypeAlias = Number | Name | Unary | Binary | Call


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


def index_of(tree: Tree) -> Tree | None:
    """Return the index that *tree* adds up over, where it is a sum such as ``sum(k*x^k, k, 1, 5)``, else None."""
    if isinstance(tree, Call) and tree.function == "sum" and len(tree.arguments) == 4:
        return tree.arguments[1]
    return None


def names(tree: Tree) -> tuple[str, ...]:
    """Return the names in *tree* in the order of their first appearance, constants included, indices of sums not.

    >>> here = (0, 1)
    >>> names(Binary("*", Name("y", here), Name("x", here), here))
    ('y', 'x')
    """
    found: dict[str, None] = {}
    indices: set[str] = set()

    def note(node: Tree, below: tuple[None, ...]) -> None:
        index = index_of(node)
        if isinstance(index, Name):
            indices.add(index.name)
        if isinstance(node, Name):
            found[node.name] = None

    fold(tree, note)
    return tuple(name for name in found if name not in indices)


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
