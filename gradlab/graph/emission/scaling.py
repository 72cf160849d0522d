"""Numbers as source text, and expressions times a number: ``2 / n * x``."""

from __future__ import annotations

import ast
from fractions import Fraction

from gradlab.graph.emission.contracting import times
from gradlab.graph.emission.fragments import write
from gradlab.graph.emission.lines import Body
from gradlab.graph.sizes import Coefficient, decimal


def numeral(body: Body, value: Coefficient | str) -> ast.expr:
    """Return a coefficient, or a constant by its name such as ``-pi``, as source text."""
    if isinstance(value, Coefficient):
        return scaled(body, value, None)
    constant = write(f"{body.dialect.module}.{value.removeprefix('-')}")
    return write("-_0", constant) if value.startswith("-") else constant


def scaled(body: Body, coefficient: Coefficient, tree: ast.expr | None) -> ast.expr:
    """Return *coefficient* times *tree*: ``2 / n * x``, ``-x / n``; the number itself if None."""
    negative = coefficient.rational < 0
    above, below = (-coefficient if negative else coefficient).parts()
    over, under = above.rational, below.rational
    if under > 1 and coefficient.root == 1 and decimal(over / under) is not None:
        over, under = over / under, Fraction(1)
    top = _product(body, over, above)
    bottom = _product(body, under, below)
    if tree is not None and top is None:
        tree = write("-_0", tree) if negative else tree
        return tree if bottom is None else write("_0 / _1", tree, bottom)
    if negative:
        top = _product(body, -over, above)
    front = top if top is not None else write("1")
    front = front if bottom is None else write("_0 / _1", front, bottom)
    return front if tree is None else times(front, tree)


def _product(body: Body, number: Fraction, rest: Coefficient) -> ast.expr | None:
    """Return a number times the root and the sizes of *rest*, None for 1."""
    parts = [write("_0", number)] if number != 1 else []
    if rest.root != 1:
        parts.append(write("_0 ** 0.5", rest.root))
    for size, exponent in rest.sizes:
        name = body.size(size)
        parts.append(name if exponent == 1 else write("_0 ** _1", name, Fraction(exponent)))
    product = parts[0] if parts else None
    for part in parts[1:]:
        product = write("_0 * _1", product, part)
    return product
