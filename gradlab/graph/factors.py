"""The factors of a term with their exponents, and the term that such factors make.

x sin(x)/x³ is x to the power -2 times sin(x) to the power 1.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod

from gradlab.graph import algebra
from gradlab.graph.identities import Powers, simplified, split_exponent
from gradlab.graph.kinds import Constant, Contraction, Elementwise, Index, Let, Positions, Variable
from gradlab.graph.nodes import Node
from gradlab.graph.operations import DIVIDE, GENERAL_POWER, SQRT, exponent_of
from gradlab.graph.sizes import ONE, Coefficient


def collect(node: Node, exponent: Fraction, powers: Powers) -> Coefficient:
    """Add the factors of *node* to *powers*, and return the number in front."""
    coefficient, rest = algebra.split(node)
    front = to_the(coefficient, exponent)
    if rest is None:
        return front
    if isinstance(rest, Elementwise) and rest.operation is DIVIDE:
        front = front * collect(rest.operands[0], exponent, powers)
        return front * collect(rest.operands[1], -exponent, powers)
    if is_product(rest):
        for operand in rest.operands:
            front = front * collect(operand, exponent, powers)
        return front
    base, own = as_power(rest)
    if base is not rest and not base.rank and own.denominator == 1 and _opens(base, own):
        return front * collect(base, own * exponent, powers)
    base, whole = split_exponent(base)
    powers[base] = powers.get(base, Fraction(0)) + own * exponent
    if whole:
        powers[base.operands[0]] = powers.get(base.operands[0], Fraction(0)) + own * exponent * whole
    return front


def to_the(number: Coefficient, exponent: Fraction) -> Coefficient:
    """Return *number* to a whole *exponent*; 0 stays 0."""
    if exponent < 0 and not number.is_zero:
        number = number.inverse()
    return prod([number] * int(abs(exponent)), start=ONE)


def as_power(node: Node) -> tuple[Node, Fraction]:
    """Return base and exponent of a power or root, so that x x² can become x³, and √x x become x^(3/2).

    Wherever √u is defined, u is not negative.
    """
    if not isinstance(node, Elementwise):
        return node, Fraction(1)
    exponent = Fraction(1, 2) if node.operation is SQRT else exponent_of(node.operation)
    if exponent is None:
        return node, Fraction(1)
    base, inner = as_power(node.operands[0])
    # (u^a)^n = u^(a n) for a whole n; (u²)^(1/2) is |u|.
    return (base, inner * exponent) if exponent.denominator == 1 else (node.operands[0], exponent)


LARGEST_OPENED = 10
"""Exponents up to which a number in a bracket is raised too: (2 x)^5 is 32 x^5, and (2 x)^50 stays."""


def _opens(base: Node, exponent: Fraction) -> bool:
    """Return whether a power of *base* is written as a product of powers."""
    return is_product(base) or (not algebra.split(base)[0].is_one and abs(exponent) <= LARGEST_OPENED)


def is_product(node: Node) -> bool:
    """Return whether *node* is an entry-by-entry product or a quotient."""
    if isinstance(node, Contraction):
        return not node.summed and len(node.operands) > 1 and all(row == node.output for row in node.inputs)
    return isinstance(node, Elementwise) and node.operation is DIVIDE


def from_powers(powers: Powers, like: Node) -> Node:
    """Return the product of *powers*, the negative ones below one fraction bar."""
    powers = simplified(powers)
    above = [_raised(base, exponent) for base, exponent in powers.items() if exponent > 0]
    below = [_raised(base, -exponent) for base, exponent in powers.items() if exponent < 0]
    top = multiplied(above, like)
    return algebra.quotient(top, multiplied(below, like)) if below else top


def _raised(base: Node, exponent: Fraction) -> Node:
    return algebra.apply(SQRT, base) if exponent == Fraction(1, 2) else algebra.raised(base, exponent)


def multiplied(factors: list[Node], like: Node) -> Node:
    """Return the product of *factors*: powers of variables first, as people write them."""
    ordered = sorted(factors, key=_rank_of_factor)
    if not ordered:
        return algebra.number(1, like.axes)
    if len(ordered) == 1:
        return ordered[0]
    row = tuple(range(like.rank))
    return algebra.contract(ordered, [row] * len(ordered), row, like.axes)


def _rank_of_factor(factor: Node) -> tuple[int, str, str]:
    """Return where a factor stands in a product of numbers: 2 x_0 x_1 y x^y exp(x)."""
    base, _ = as_power(factor)
    symbolic = isinstance(base, Elementwise) and base.operation is GENERAL_POWER
    base = base.operands[0] if symbolic else base
    picked = base.operands[0] if isinstance(base, Index) else base
    name = picked.name if isinstance(picked, (Variable, Let)) and not base.axes else ""
    place = str(base.selection) if isinstance(base, Index) else ""
    rank = 2 if not isinstance(base, (Variable, Constant, Index, Let, Positions)) else int(symbolic)
    return rank, name, place if name else ""
