"""What equal and related factors of a product make together: u u^(v-1) is u^v, |u| sign(u) is u, cot² needs no tan.

Each identity holds wherever both of its sides are defined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from gradlab.graph import algebra
from gradlab.graph.kinds import Constant, Elementwise, Linear
from gradlab.graph.nodes import Node
from gradlab.graph.operations import ABS, GENERAL_POWER, SIGN, SIN, SINH, TAN, TANH, power
from gradlab.graph.sizes import ONE, Coefficient

Powers = dict[Node, Fraction]
"""The factors of a term, each with its exponent."""


def simplified(powers: Powers) -> Powers:
    """Return *powers* with the identities used that leave fewer or simpler factors."""
    found = powers
    for base in powers:
        if not isinstance(base, Elementwise) or base not in found:
            continue
        if base.operation is GENERAL_POWER:
            found = _with_one_exponent(found, base)
        elif base.operation is SIGN:
            found = _without_sign(found, base)
        elif base.operation is ABS:
            found = _without_absolute(found, base)
        elif base.operation in _CIRCLES and found[base] < 0:
            found = _without_tangent(found, base)
    return found


def flat(node: Node) -> list[tuple[Coefficient, Node]]:
    """Return the terms of a sum, those of sums inside it on their own, so that x - (1 - x) becomes 2 x - 1."""
    terms: list[tuple[Coefficient, Node]] = []
    waiting = [(ONE, node)]
    while waiting:
        front, part = waiting.pop()
        if isinstance(part, Linear):
            inner = zip(part.coefficients, part.operands, strict=True)
            waiting.extend(reversed([(front * coefficient, operand) for coefficient, operand in inner]))
        else:
            terms.append((front, part))
    return terms


# Powers whose exponent is an expression -----------------------------------------------------------


def split_exponent(node: Node) -> tuple[Node, int]:
    """Return u^v and n where *node* is u^(v + n) with a whole number n, else *node* and 0."""
    if not isinstance(node, Elementwise) or node.operation is not GENERAL_POWER:
        return node, 0
    base, exponent = node.operands
    if not isinstance(exponent, Linear) or isinstance(base, Constant):
        return node, 0
    for coefficient, operand in flat(exponent):
        front, rest = algebra.split(operand)
        front = front * coefficient
        if rest is None and front.is_rational and front.rational.denominator == 1:
            left = _total([exponent, algebra.constant(-front, exponent.axes)])
            symbolic = algebra.split(left)[1] is not None
            return (algebra.apply(GENERAL_POWER, base, left), int(front.rational)) if symbolic else (node, 0)
    return node, 0


def _with_one_exponent(powers: Powers, symbolic: Elementwise) -> Powers:
    """Return *powers* with those of one base together: u^v u^-1 as u^(v - 1), and u/u^v as 1/u^(v - 1)."""
    base, exponent = symbolic.operands
    whole, sign = powers.get(base, Fraction(0)), powers[symbolic]
    if not whole or whole.denominator != 1 or abs(sign) != 1:
        return powers
    total = _total([exponent, algebra.number(whole * sign, base.axes)])
    left = _changed(powers, {base: -whole, symbolic: -sign})
    return _changed(left, {algebra.apply(GENERAL_POWER, base, total): sign})


def _total(nodes: Sequence[Node]) -> Node:
    """Return the sum of *nodes* with the terms of sums among them collected: (x - 1) + 1 as x."""
    return algebra.add(*(algebra.scale(front, part) for node in nodes for front, part in flat(node)))


# Absolute values and signs ------------------------------------------------------------------------


def _without_sign(powers: Powers, sign: Elementwise) -> Powers:
    """Return *powers* with |u| sign(u) as u, and u² sign(u) as u |u|."""
    (operand,) = sign.operands
    absolute = Elementwise(ABS, (operand,))
    if powers[sign] != 1:
        return powers
    exponent = powers.get(absolute, Fraction(0))
    if exponent and exponent.denominator == 1:
        even = exponent.numerator % 2 == 0
        moved = {sign: -1, absolute: -exponent + (1 if even else 0), operand: exponent - (1 if even else 0)}
        return _changed(powers, moved)
    own = powers.get(operand, Fraction(0))
    if own >= 1 and own.denominator == 1:
        return _changed(powers, {sign: -1, operand: -1, absolute: 1})
    return powers


def _without_absolute(powers: Powers, absolute: Elementwise) -> Powers:
    """Return *powers* with |u|² as u²."""
    exponent = powers[absolute]
    if exponent.denominator != 1 or exponent.numerator % 2:
        return powers
    return _changed(powers, {absolute: -exponent, absolute.operands[0]: exponent})


# Tangents below a fraction bar --------------------------------------------------------------------

_CIRCLES = {TAN: (SIN, 1), TANH: (SINH, -1)}
"""Tangent -> what stands above in it as a quotient, and the sign s in 1 + s tan² = 1/cos²."""


def _without_tangent(powers: Powers, tangent: Elementwise) -> Powers:
    """Return *powers* with (1 + tan² u)/tan² u as 1/sin² u, and the like for tanh."""
    above, sign = _CIRCLES[tangent.operation]
    square = Elementwise(power(Fraction(2)), (tangent,))
    secant = algebra.add(algebra.number(1, tangent.axes), algebra.scale_by(sign, square))
    turned = algebra.add(square, algebra.number(1, tangent.axes)) if sign > 0 else secant
    base = secant if secant in powers else turned
    if powers.get(base, Fraction(0)) != 1 or powers[tangent] != -2:
        return powers
    left = _changed(powers, {base: -1, tangent: 2})
    return _changed(left, {Elementwise(above, tangent.operands): Fraction(-2)})


def _changed(powers: Powers, by: Mapping[Any, int | Fraction]) -> Powers:
    """Return *powers* with these exponents added."""
    found = dict(powers)
    for base, exponent in by.items():
        found[base] = found.get(base, Fraction(0)) + exponent
    return {base: exponent for base, exponent in found.items() if exponent}
