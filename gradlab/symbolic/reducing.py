"""Shorter forms of a number by rational arithmetic: over one denominator, reduced, common factors in front."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from gradlab.graph import algebra
from gradlab.graph.kinds import Elementwise, Let
from gradlab.graph.nodes import Node
from gradlab.graph.operations import GENERAL_POWER
from gradlab.graph.tidying import length, tidied
from gradlab.symbolic.proof.rational import Fractions, Part, TooLarge

SHORT, MOST = 6, 60
"""Operations from which and up to which a shorter form is looked for: nothing is shorter than 2 x, nobody reads 100."""


def shortest(node: Node) -> Node:
    """Return *node* tidied, names kept, or as a reduced fraction where that is shorter.

    >>> from gradlab.sources import as_function
    >>> shortest(as_function("((1 - y)/(1 - a) - y/a) a (1 - a)").formula)
    a - y
    """
    found = tidied(tidied(node, named=True), named=True)  # what was collected may be like terms in turn
    if not SHORT <= length(found) <= MOST:
        return found
    try:
        reduced = tidied(_reduced(found), named=True)
    except TooLarge:
        return found
    return reduced if length(reduced) < length(found) else found


class _Named(Fractions):
    """Fractions in which a named value cannot be taken apart."""

    def _fraction(self, node: Node) -> tuple[Any, Any]:
        return self._atom(node) if isinstance(node, Let) else super()._fraction(node)

    def _function(self, node: Elementwise) -> tuple[Any, Any]:
        return self._atom(node)  # in the order in which the terms are written


def _reduced(node: Node) -> Node:
    fractions = _Named([node])
    top, bottom = fractions.of(node)
    shared = top.gcd(bottom)
    parts = [_as_node(part) for part in fractions.parts]
    above, below = (_factored(polynomial / shared, parts) for polynomial in (top, bottom))
    return algebra.quotient(above, below)


def _as_node(part: Part) -> Node:
    """Return what a generator stands for."""
    if part.exponent is not None:
        return Elementwise(GENERAL_POWER, (part.node, part.exponent))
    return algebra.raised(part.node, Fraction(1, part.degree))


def _factored(polynomial: Any, parts: Sequence[Node]) -> Node:
    """Return a polynomial as a product of its factors."""
    content, factors = polynomial.factor()
    product = algebra.number(Fraction(int(content.p), int(content.q)))
    for factor, multiplicity in factors:
        product = algebra.product(product, algebra.raised(_expanded(factor, parts), int(multiplicity)))
    return product


def _expanded(polynomial: Any, parts: Sequence[Node]) -> Node:
    """Return a polynomial as a sum of terms."""
    terms: list[Node] = []
    for exponents, coefficient in polynomial.to_dict().items():
        term = algebra.number(Fraction(int(coefficient.p), int(coefficient.q)))
        for number, exponent in enumerate(exponents):
            if exponent:
                term = algebra.product(term, algebra.raised(parts[number], int(exponent)))
        terms.append(term)
    return algebra.add(*terms) if terms else algebra.number(0)
