"""Pieces of source text, as Python's own syntax trees: no brackets to count, no precedence to get wrong."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from gradlab.graph.sizes import Axes

_SIMPLE_POWER = re.compile(r"(?<![\w.)\]])([\w.]+) \*\* ([\w.]+)(?![\w.(\[])")


@dataclass(frozen=True, slots=True)
class Placed:
    """An array of zeros that holds something at one place: not written until it is known what is added to it."""

    inside: Fragment
    key: tuple[int | slice, ...]


@dataclass(frozen=True, slots=True)
class Fragment:
    """An expression of the source, standing for an array of the given axes.

    tree: the expression; its array has the axes *kept* only, along the others its entries are all alike.
    axes: of the array that it stands for; None where only the node knows.
    fresh: whether it makes a new array, which shares no memory with an input.
    number: whether it is a Python number rather than an array of no axes.
    weight: how many operations are written in it.
    """

    tree: ast.expr
    axes: Axes | None
    kept: tuple[int, ...] = ()
    fresh: bool = True
    number: bool = False
    weight: int = 0
    placed: Placed | None = None

    def __post_init__(self) -> None:
        if self.axes is not None and self.whole and self.placed is None:
            vars(self.tree)["axes"] = self.axes  # for whoever meets the expression later

    @property
    def whole(self) -> bool:
        """Whether the expression has all the axes that it stands for."""
        return self.axes is None or len(self.kept) == len(self.axes)

    @property
    def atomic(self) -> bool:
        """Whether it is written at no cost: a name or a number."""
        return self.weight == 0 and self.placed is None


def full(tree: ast.expr, axes: Axes | None, *, fresh: bool = True) -> Fragment:
    """Return a fragment that has all of its axes."""
    kept = tuple(range(len(axes or ())))
    return Fragment(tree, axes, kept, fresh, weight=weight_of(tree))


def named(name: str) -> ast.expr:
    """Return a name as an expression."""
    return ast.Name(name, ast.Load())


def axes_of(tree: ast.expr) -> Axes | None:
    """Return the axes of the array that *tree* is, where a fragment said so."""
    return vars(tree).get("axes")


def weight_of(tree: ast.expr) -> int:
    """Return how many operations are written in *tree*."""
    counted = (ast.BinOp, ast.Call, ast.UnaryOp, ast.Subscript, ast.Compare)
    return sum(isinstance(part, counted) for part in ast.walk(tree))


def written(tree: ast.expr) -> str:
    """Return *tree* as source text, powers of names and numbers without spaces.

    >>> written(write("(a + b) ** 2 - x.T ** 2"))
    '(a + b) ** 2 - x.T**2'
    """
    return _SIMPLE_POWER.sub(r"\1**\2", ast.unparse(tree))


def literal(value: Any) -> ast.expr:
    """Return a number, slice, tuple or other plain value as an expression; a minus stands in front.

    >>> written(literal((-2, slice(1, None), None)))
    '(-2, 1:, None)'
    """
    match value:
        case ast.expr():
            return value
        case Fraction() if value.denominator == 1:
            return literal(value.numerator)
        case Fraction():
            return literal(float(value))
        case slice():
            bounds = [None if bound is None else literal(bound) for bound in (value.start, value.stop, value.step)]
            return ast.Slice(*bounds)
        case tuple():
            return ast.Tuple([literal(part) for part in value], ast.Load())
        case list():
            return ast.List([literal(part) for part in value], ast.Load())
        case bool() | None | str():
            return ast.Constant(value)
        case int() | float() if value < 0:
            return ast.UnaryOp(ast.USub(), literal(-value))
        case _ if value is Ellipsis or isinstance(value, (int, float)):
            return ast.Constant(value)
        case _:
            raise TypeError(f"{value!r} cannot be written as source")


def write(template: str, *parts: Any) -> ast.expr:
    """Return the expression *template* with its names ``_0``, ``_1``, … replaced by *parts*.

    >>> written(write("_0 @ _1", write("A + B"), named("x")))
    '(A + B) @ x'
    """
    trees = [literal(part) for part in parts]
    return filled(parsed(template), trees)


@cache
def parsed(template: str) -> ast.expr:
    """Return *template* as an expression, its placeholders as they are."""
    return ast.parse(template, mode="eval").body


def filled(tree: Any, parts: Sequence[ast.expr]) -> Any:
    """Return a copy of *tree* with its names ``_0``, ``_1``, … replaced by *parts*."""
    if isinstance(tree, ast.Name) and tree.id[0] == "_" and tree.id[1:].isdigit():
        return parts[int(tree.id[1:])]
    if isinstance(tree, ast.AST):
        return type(tree)(*(filled(getattr(tree, field), parts) for field in tree._fields))
    if isinstance(tree, list):
        return [filled(part, parts) for part in tree]
    return tree


def subscript(tree: ast.expr, key: tuple[Any, ...]) -> ast.expr:
    """Return ``tree[key]``; whole ranges at the end are left out.

    >>> written(subscript(named("X"), (slice(None), 1, slice(None))))
    'X[:, 1]'
    """
    parts = list(key)
    while parts and parts[-1] == slice(None):
        parts.pop()
    if not parts:
        return tree
    return ast.Subscript(tree, literal(parts[0] if len(parts) == 1 else tuple(parts)), ast.Load())
