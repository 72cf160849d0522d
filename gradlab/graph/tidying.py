"""The final form of a derivative: what a person would write on the last line.

Named values are written out, like terms and like factors are collected, negative powers go below one fraction bar.
Evaluation does not need any of this; the forms here are for reading.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import Any

from gradlab.graph import algebra
from gradlab.graph.kinds import Constant, Contraction, Elementwise, Index, Let, Linear, Variable
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.operations import DIVIDE, SQRT, exponent_of
from gradlab.graph.printing import is_unreadable
from gradlab.graph.sizes import ONE, Coefficient


def tidied(node: Node, *, named: bool = False) -> Node:
    """Return *node* in its final form; names that pick an input apart (``a, b, c = params``) stay.

    named: keep all names, and what they stand for as it is.
    What is too large to be written out is returned as it is: its last line has no reader.

    >>> from gradlab.graph.operations import SIN
    >>> x = Variable("x")
    >>> algebra.product(x, algebra.product(x, algebra.quotient(Elementwise(SIN, (x,)), algebra.raised(x, 3))))
    x x sin(x)/x³
    >>> tidied(_)
    sin(x)/x
    """
    if is_unreadable(node, named=named):
        return node

    def replace(old: Node, new: Node) -> Node:
        match new:
            case Let() if named:
                return old
            case Let() if not new.names_an_input:
                return new.operands[0]
            case Contraction():
                return _product(_powers_collected(algebra.contract(new.operands, new.inputs, new.output, new.extents)))
            case Elementwise() if new.operation is DIVIDE:
                return _product(algebra.quotient(*new.operands))
            case Linear():
                return _sum(new)
            case Elementwise() if _as_power(new)[0] is not new:
                return _product(new)
            case _:
                return new

    return rebuild([node], replace=replace)[0]


Powers = dict[Node, Fraction]
"""The factors of a term, each with its exponent."""


def _sum(node: Linear) -> Node:
    """Return a sum with like terms together and a factor of all terms in front of a bracket.

    2 exp(x) + (2 x + x²) exp(x) + 2 x exp(x) becomes (x² + 4 x + 2) exp(x).
    """
    if len(node.operands) == 1 and not isinstance(node.operands[0], Linear):
        return algebra.scale(node.coefficients[0], node.operands[0])
    terms = _collected(node)
    forms = [_added(terms, node)]
    common = _common(terms) if len(terms) > 1 else {}
    if common:
        left = _added([(front, _without(powers, common)) for front, powers in terms], node)
        inner = _shorter(_added(_collected(left), node))
        forms.append(_from_powers({inner: Fraction(1), **common}, node))
    else:
        forms.append(_shorter(forms[0]))
    return min(forms, key=length)


MOST_TERMS = 30
"""Terms up to which a polynomial is multiplied out to see whether that makes it shorter."""


def _shorter(node: Node) -> Node:
    """Return a polynomial multiplied out where that is shorter: x² + 1 - 2 x (x + 1) as 1 - 2 x - x²."""
    if node.rank:
        return node
    terms = _collected(node)
    while len(terms) < MOST_TERMS and all(_is_polynomial(powers) for _, powers in terms):
        place = next((place for place, (_, powers) in enumerate(terms) if _bracket(powers) is not None), None)
        if place is None:
            return min(node, _added(_collected(_added(terms, node)), node), key=length)
        front, powers = terms.pop(place)
        bracket = _bracket(powers)
        assert bracket is not None
        for coefficient, part in _flat(bracket):
            left = _without(powers, {bracket: Fraction(1)})
            terms.append((front * coefficient * _collect(part, Fraction(1), left), left))
    return node


def _bracket(powers: Powers) -> Node | None:
    """Return a sum among the factors of a product, if there is one."""
    return next((base for base in powers if isinstance(base, Linear)), None)


def _is_polynomial(powers: Powers) -> bool:
    """Return whether only sums and variables are multiplied, as often as stands in their exponents.

    1 - σ(x) is not taken apart: it may be small where both of its terms are large.
    """
    whole = all(exponent > 0 and exponent.denominator == 1 for exponent in powers.values())
    return whole and all(isinstance(base, (Linear, Variable)) for base in powers)


def _collected(node: Node) -> list[tuple[Coefficient, Powers]]:
    """Return the terms of a sum, like ones together, by the factors of each."""
    found: dict[Any, tuple[Coefficient, Powers]] = {}
    for front, term in _flat(node):
        powers: Powers = {}
        front = front * _collect(term, Fraction(1), powers)
        powers = {base: exponent for base, exponent in powers.items() if exponent}
        key = frozenset(powers.items()), front.sizes, front.root
        before = found[key][0].rational if key in found else Fraction(0)
        found[key] = (
            Coefficient(before + front.rational, front.sizes, front.root),
            found[key][1] if key in found else powers,
        )
    return [(front, powers) for front, powers in found.values() if not front.is_zero]


def _flat(node: Node) -> list[tuple[Coefficient, Node]]:
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


def _added(terms: list[tuple[Coefficient, Powers]], like: Node) -> Node:
    if not terms:
        return algebra.number(0, like.axes)
    if len(terms) > 1 and all(isinstance(base, Variable) for _, powers in terms for base in powers):
        terms = sorted(terms, key=lambda term: _order(term[1]))
    elif like.rank > 1:  # X^T X + c I, not the other way round
        terms = sorted(terms, key=lambda term: any(algebra.is_identity(base) for base in term[1]))
    return algebra.add(*(algebra.scale(front, _from_powers(powers, like)) for front, powers in terms))


def _order(powers: Powers) -> tuple[Any, ...]:
    """Return where a term stands in a polynomial: the highest degree first, then as in a dictionary."""
    named = sorted((base.name, -exponent) for base, exponent in powers.items() if isinstance(base, Variable))
    return -sum(powers.values()), named


def _common(terms: list[tuple[Coefficient, Powers]]) -> Powers:
    """Return what stands in front of the bracket: factors of all terms, and the common denominator of sums.

    Powers of variables stay where they are: 2 x y + x² is a polynomial as people write it.
    """
    common: Powers = {}
    for base in dict.fromkeys(base for _, powers in terms for base in powers):
        exponents = [powers.get(base, Fraction(0)) for _, powers in terms]
        if isinstance(base, Linear) or (isinstance(base, Elementwise) and all(exponents)):
            shared = min(exponents) if isinstance(base, Linear) or min(exponents) > 0 else max(exponents)
            if shared > 0 or (shared < 0 and (isinstance(base, Linear) or max(exponents) < 0)):
                common[base] = shared
    return common


def _without(powers: Powers, common: Powers) -> Powers:
    left = {base: powers.get(base, Fraction(0)) - common.get(base, Fraction(0)) for base in {**powers, **common}}
    return {base: exponent for base, exponent in left.items() if exponent}


def length(node: Node) -> int:
    """Return how many operations are written."""
    parts: dict[Node, int] = {}
    for part in topological([node]):
        fronts = sum(not (c.is_one or (-c).is_one) for c in part.coefficients) if isinstance(part, Linear) else 0
        parts[part] = 1 + fronts + sum(parts[operand] for operand in part.operands)
    return parts[node]


def _product(node: Node) -> Node:
    """Return an entry-by-entry product or quotient with equal factors collected into powers."""
    coefficient, rest = algebra.split(node)
    if rest is None or not (_is_product(rest) or _as_power(rest)[0] is not rest):
        return node
    powers: Powers = {}
    coefficient = coefficient * _collect(rest, Fraction(1), powers)
    return algebra.scale(coefficient, _from_powers(powers, node))


def _from_powers(powers: Powers, like: Node) -> Node:
    """Return the product of *powers*, the negative ones below one fraction bar."""
    above = [_raised(base, exponent) for base, exponent in powers.items() if exponent > 0]
    below = [_raised(base, -exponent) for base, exponent in powers.items() if exponent < 0]
    top = _multiplied(above, like)
    if not below:
        return top
    content, top = _content(top)
    return algebra.scale(content, algebra.quotient(top, _multiplied(below, like)))


def _content(node: Node) -> tuple[Coefficient, Node]:
    """Return the whole number that all terms of a sum are multiples of, and the sum without it: 2 and x² - 3 x."""
    if not isinstance(node, Linear) or len(node.operands) == 1:
        return ONE, node
    terms = list(zip(node.coefficients, node.operands, strict=True))
    parts = [
        coefficient * (algebra.split(part)[0] if algebra.is_constant(part) else ONE) for coefficient, part in terms
    ]
    if not all(part.is_rational and part.rational.denominator == 1 for part in parts):
        return ONE, node
    shared = gcd(*(part.rational.numerator for part in parts))
    if shared == 1:
        return ONE, node
    content = Coefficient(Fraction(shared))
    return content, algebra.add(*(algebra.scale(content.inverse() * front, part) for front, part in terms))


def _raised(base: Node, exponent: Fraction) -> Node:
    return algebra.apply(SQRT, base) if exponent == Fraction(1, 2) else algebra.raised(base, exponent)


def _powers_collected(node: Node) -> Node:
    """Return a sum of products with equal factors collected into powers: sum_i t_i² t_i as sum_i t_i³."""
    coefficient, rest = algebra.split(node)
    if not isinstance(rest, Contraction) or not rest.summed:
        return node
    groups: dict[tuple[int, ...], list[Node]] = {}
    for operand, row in zip(rest.operands, rest.inputs, strict=True):
        groups.setdefault(row, []).append(operand)
    if all(len({_as_power(factor)[0] for factor in group}) == len(group) for group in groups.values()):
        return node
    operands = [_product(_multiplied(group, group[0])) for group in groups.values()]
    return algebra.scale(coefficient, algebra.contract(operands, list(groups), rest.output, rest.extents))


def _is_product(node: Node) -> bool:
    if isinstance(node, Contraction):
        return not node.summed and len(node.operands) > 1 and all(row == node.output for row in node.inputs)
    return isinstance(node, Elementwise) and node.operation is DIVIDE


def _collect(node: Node, exponent: Fraction, powers: Powers) -> Coefficient:
    """Add the factors of *node* to *powers*, and return the number in front."""
    coefficient, rest = algebra.split(node)
    front = coefficient if exponent > 0 else coefficient.inverse() if not coefficient.is_zero else coefficient
    if rest is None:
        return front
    if isinstance(rest, Elementwise) and rest.operation is DIVIDE:
        front = front * _collect(rest.operands[0], exponent, powers)
        return front * _collect(rest.operands[1], -exponent, powers)
    if _is_product(rest):
        for operand in rest.operands:
            front = front * _collect(operand, exponent, powers)
        return front
    base, own = _as_power(rest)
    powers[base] = powers.get(base, Fraction(0)) + own * exponent
    return front


def _as_power(node: Node) -> tuple[Node, Fraction]:
    """Return base and exponent of a power or root, so that x x² can become x³, and √x x become x^(3/2).

    Wherever √u is defined, u is not negative.
    """
    if not isinstance(node, Elementwise):
        return node, Fraction(1)
    exponent = Fraction(1, 2) if node.operation is SQRT else exponent_of(node.operation)
    if exponent is None:
        return node, Fraction(1)
    base, inner = _as_power(node.operands[0])
    # (u^a)^n = u^(a n) for a whole n; (u²)^(1/2) is |u|.
    return (base, inner * exponent) if exponent.denominator == 1 else (node.operands[0], exponent)


def _multiplied(factors: list[Node], like: Node) -> Node:
    """Return the product of *factors*: powers of variables first, as people write them."""
    ordered = sorted(factors, key=_rank_of_factor)
    if not ordered:
        return algebra.number(1, like.axes)
    if len(ordered) == 1:
        return ordered[0]
    row = tuple(range(like.rank))
    return algebra.contract(ordered, [row] * len(ordered), row, like.axes)


def _rank_of_factor(factor: Node) -> tuple[bool, str, str]:
    """Return where a factor stands in a product of numbers: 2 x_0 x_1 y exp(x)."""
    base, _ = _as_power(factor)
    picked = base.operands[0] if isinstance(base, Index) else base
    name = picked.name if isinstance(picked, (Variable, Let)) and not base.axes else ""
    place = str(base.selection) if isinstance(base, Index) else ""
    return not isinstance(base, (Variable, Constant, Index, Let)), name, place if name else ""
