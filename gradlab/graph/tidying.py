"""The final form of a derivative: what a person would write on the last line.

Named values are written out, like terms and like factors are collected, negative powers go below one fraction bar.
Evaluation does not need any of this; the forms here are for reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from gradlab.graph import algebra
from gradlab.graph.factors import as_power, collect, from_powers, is_product, multiplied, to_the
from gradlab.graph.identities import Powers, flat
from gradlab.graph.kinds import Constant, Contraction, Elementwise, Let, Linear, Positions, Variable
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.operations import DIVIDE
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

    within = _within_products(node)

    def replace(old: Node, new: Node) -> Node:
        if old in within:
            return new
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
            case Elementwise() if as_power(new)[0] is not new:
                return _product(new)
            case _:
                return new

    return rebuild([node], replace=replace)[0]


def _within_products(node: Node) -> set[Node]:
    """Return the products that stand in products only: their factors are collected once, by the outermost of them.

    In a chain of n factors each would else collect those of all before it, in n² steps.
    """
    ordered = topological([node])
    products: set[Node] = {part for part in ordered if isinstance(part, Contraction) and is_product(part)}
    elsewhere = {operand for part in ordered if part not in products for operand in part.operands}
    return products - elsewhere - {node}


def _sum(node: Linear) -> Node:
    """Return a sum with like terms together and a factor of all terms in front of a bracket.

    2 exp(x) + (2 x + x²) exp(x) + 2 x exp(x) becomes (x² + 4 x + 2) exp(x).
    """
    if len(node.operands) == 1 and not isinstance(node.operands[0], Linear):
        return algebra.scale(node.coefficients[0], node.operands[0])
    terms = _collected(node)
    forms = [_added(terms, node)]
    common = _common(terms) if len(terms) > 1 else {}
    forms.append(_in_front(common, terms, node) if common else _shorter(forms[0]))
    below = _denominators(terms) if len(terms) > 1 and not node.rank else {}
    if below:
        # One fraction rather than several, but 1 - 1/x.
        place = 0 if all(min(powers.values(), default=0) < 0 for _, powers in terms) else len(forms)
        forms.insert(place, _in_front({**common, **below}, terms, node))
    return min(forms, key=length)


def _in_front(common: Powers, terms: list[tuple[Coefficient, Powers]], like: Node) -> Node:
    """Return the sum of *terms* with the factors *common* in front of a bracket."""
    left = _collected(_added([(front, _without(powers, common)) for front, powers in terms], like))
    if not like.rank:
        variables = _common_variables(left)
        left = [(front, _without(powers, variables)) for front, powers in left]
        common = {**common, **{base: common.get(base, Fraction(0)) + power for base, power in variables.items()}}
    inner = _shorter(_added(left, like))
    content, bracket = _content(inner)
    powers: Powers = {}
    content = content * collect(bracket, Fraction(1), powers)  # written first: (x + 1) exp(x)
    for base, exponent in common.items():
        powers[base] = powers.get(base, Fraction(0)) + exponent
    return algebra.scale(content, _assembled(powers, like))


def _common_variables(terms: list[tuple[Coefficient, Powers]]) -> Powers:
    """Return the powers of variables that all *terms* have."""
    shared = {
        base: min(powers.get(base, Fraction(0)) for _, powers in terms)
        for base in (terms[0][1] if len(terms) > 1 else {})
        if isinstance(base, Variable)
    }
    return {base: exponent for base, exponent in shared.items() if exponent > 0}


MOST_PARTS_OF_ONE = 100
"""Denominators up to which a number is taken out of a sum: a float such as 0.1 in code has one of 2^55."""


def _content(node: Node) -> tuple[Coefficient, Node]:
    """Return the number that the terms of a sum share, and the sum without it: 1/2 - x/2 as 1/2 and 1 - x."""
    terms = flat(node)
    rationals = [front.rational * _number(part) for front, part in terms]
    below = lcm(*(rational.denominator for rational in rationals))
    shared = Fraction(gcd(*(int(rational * below) for rational in rationals)), below)
    if all(rational < 0 for rational in rationals):
        shared = -shared
    if len(terms) < 2 or shared in (0, 1) or below > MOST_PARTS_OF_ONE:
        return ONE, node
    parts = [algebra.scale(Coefficient(1 / shared) * front, part) for front, part in terms]
    return Coefficient(shared), algebra.add(*parts)


def _number(node: Node) -> Fraction:
    """Return the rational part of a number, 1 for anything else."""
    front, rest = algebra.split(node)
    return front.rational if rest is None else Fraction(1)


def _denominators(terms: list[tuple[Coefficient, Powers]]) -> Powers:
    """Return what all *terms* can stand above: each factor with the lowest of its negative exponents."""
    found: Powers = {}
    for _, powers in terms:
        for base, exponent in powers.items():
            if exponent < 0:
                found[base] = min(exponent, found.get(base, exponent))
    return found


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
        for coefficient, part in flat(bracket):
            left = _without(powers, {bracket: Fraction(1)})
            terms.append((front * coefficient * collect(part, Fraction(1), left), left))
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
    for front, term in flat(node):
        powers: Powers = {}
        front = front * collect(term, Fraction(1), powers)
        powers = {base: exponent for base, exponent in powers.items() if exponent}
        key = frozenset(powers.items()), front.sizes, front.root
        before = found[key][0].rational if key in found else Fraction(0)
        found[key] = (
            Coefficient(before + front.rational, front.sizes, front.root),
            found[key][1] if key in found else powers,
        )
    return [(front, powers) for front, powers in found.values() if not front.is_zero]


def _added(terms: list[tuple[Coefficient, Powers]], like: Node) -> Node:
    if not terms:
        return algebra.number(0, like.axes)
    if len(terms) > 1 and all(isinstance(base, Variable) for _, powers in terms for base in powers):
        terms = sorted(terms, key=lambda term: _order(term[1]))
        terms = terms if like.rank else _positive_first(terms)
    elif not like.rank and terms[0][0].rational < 0:  # x cos(x) - sin(x)
        terms = sorted(terms, key=lambda term: term[0].rational < 0)
    elif like.rank > 1:  # X^T X + c I, not the other way round
        terms = sorted(terms, key=lambda term: any(algebra.is_identity(base) for base in term[1]))
    return algebra.add(*(algebra.scale(front, from_powers(powers, like)) for front, powers in terms))


def _positive_first(terms: list[tuple[Coefficient, Powers]]) -> list[tuple[Coefficient, Powers]]:
    """Return the *terms* of a polynomial led by one of the highest degree without a sign: x - a, not -a + x."""
    degree = sum(terms[0][1].values())
    if terms[0][0].rational < 0:
        for place, (front, powers) in enumerate(terms):
            if front.rational > 0 and sum(powers.values()) == degree:
                return [terms[place], *terms[:place], *terms[place + 1 :]]
    return terms


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
    if rest is None or not (is_product(rest) or as_power(rest)[0] is not rest):
        return node
    powers: Powers = {}
    coefficient = coefficient * collect(rest, Fraction(1), powers)
    return algebra.scale(coefficient, _assembled(powers, node))


def _assembled(powers: Powers, like: Node) -> Node:
    """Return the product of *powers*, where sums among them may cancel."""
    zero = next((base for base, exponent in powers.items() if exponent > 0 and _is_zero(base)), None)
    if zero is not None:
        return zero
    if like.rank or not any(isinstance(base, Linear) for base in powers):
        return from_powers(powers, like)
    left = dict(powers)
    front = _clear_denominators(left, like) * _merge_sums(left)
    front = front * _bring_out(left, like)
    return algebra.scale(front, from_powers({base: power for base, power in left.items() if power}, like))


def _bring_out(powers: Powers, like: Node) -> Coefficient:
    """Put what all terms of a sum beside other factors share in front of it; return -1 for a sign that they share.

    (-x² - 2 x) exp(x) becomes -x (x + 2) exp(x).
    """
    sign = ONE
    for base, exponent in list(powers.items()):
        if not isinstance(base, Linear) or exponent != 1 or all(isinstance(o, (Variable, Linear)) for o in powers):
            continue
        terms = _collected(base)
        shared = _common_variables(terms)
        negative = all(front.rational < 0 for front, _ in terms)
        if shared or negative:
            sign = -sign if negative else sign
            del powers[base]
            own_terms = [(-front if negative else front, _without(factors, shared)) for front, factors in terms]
            bracket = _added(own_terms, like)
            powers[bracket] = powers.get(bracket, Fraction(0)) + 1
            for variable, own in shared.items():
                powers[variable] = powers.get(variable, Fraction(0)) + own
    return sign


def _is_zero(node: Node) -> bool:
    return isinstance(node, Constant) and isinstance(node.value, Coefficient) and node.value.is_zero


def _merge_sums(powers: Powers) -> Coefficient:
    """Put equal sums in another order together, (x + y)/(y + x) as 1, and opposite ones; return the number left."""
    sums = [base for base in powers if isinstance(base, Linear)]
    if len(sums) < 2:
        return ONE
    front, found = ONE, dict[Any, Node]()
    for base in sums:
        terms = _collected(base)
        same = frozenset((number, frozenset(factors.items())) for number, factors in terms)
        opposite = frozenset((-number, factors) for number, factors in same)
        exponent = powers[base]
        if same in found or (opposite in found and exponent.denominator == 1):
            first = found[same] if same in found else found[opposite]
            powers[first] += powers.pop(base)
            front = front if same in found or exponent % 2 == 0 else -front
        else:
            found[same] = base
    return front


def _clear_denominators(powers: Powers, like: Node) -> Coefficient:
    """Put sums of fractions among the factors over one denominator, x/(1 + 1/x) as x²/(x + 1); return the number left.

    A sum above the bar is put so where there is one, or its denominator cancels: x (1 + 1/x) as x + 1.
    """
    front, fraction = ONE, any(exponent < 0 for exponent in powers.values())
    for base, exponent in list(powers.items()):
        if not isinstance(base, Linear) or exponent.denominator != 1:
            continue
        terms = _collected(base)
        below = _denominators(terms)
        if below and (exponent < 0 or fraction or any(powers.get(part, 0) > 0 for part in below)):
            whole = _added([(number, _without(factors, below)) for number, factors in terms], like)
            del powers[base]
            content, bracket = _content(_shorter(whole))
            front = front * to_the(content, exponent) * collect(bracket, exponent, powers)
            for part, own in below.items():
                powers[part] = powers.get(part, Fraction(0)) + own * exponent
    return front


def _powers_collected(node: Node) -> Node:
    """Return a sum of products with what does not depend on the index in front, and equal factors as powers.

    sum_i a t_i² t_i becomes a sum_i t_i³.
    """
    coefficient, rest = algebra.split(node)
    if not isinstance(rest, Contraction) or not rest.summed:
        return node
    groups: dict[tuple[int, ...], list[Node]] = {}
    for operand, row in zip(rest.operands, rest.inputs, strict=True):
        for factor, own in factors(operand, row) if not rest.output else [(operand, row)]:
            groups.setdefault(own, []).append(factor)
    outside = groups.pop((), []) if not rest.output and len(groups) > 1 else []
    if not outside and all(_is_collected(group) for group in groups.values()):
        return node
    operands = [_product(multiplied(group, group[0])) for group in groups.values()]
    inside = algebra.contract(operands, list(groups), rest.output, rest.extents)
    return algebra.scale(coefficient, _product(multiplied([*outside, inside], inside)) if outside else inside)


def factors(node: Node, row: tuple[int, ...]) -> Iterator[tuple[Node, tuple[int, ...]]]:
    """Yield the factors of *node*, which has the indices *row*, each with its own."""
    front, rest = algebra.split(node)
    whole = isinstance(rest, Contraction) and not rest.summed and len(set(rest.output)) == len(rest.output)
    if not isinstance(rest, Contraction) or not whole or len(rest.operands) < 2 or not front.is_one:
        yield node, row
        return
    outer = dict(zip(rest.output, row, strict=True))
    for operand, inner in zip(rest.operands, rest.inputs, strict=True):
        yield from factors(operand, tuple(outer[index] for index in inner))


def _is_collected(group: list[Node]) -> bool:
    """Return whether the factors of a product are already powers of different bases, an index first among them."""
    if any(isinstance(factor, Positions) for factor in group[1:]):
        return False
    bases = {as_power(factor)[0] for factor in group}
    return len(bases) == len(group) and (len(group) == 1 or not any(is_product(factor) for factor in group))
