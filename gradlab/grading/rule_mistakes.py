"""Mistakes with the rules for compositions, powers, sums, products and quotients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from gradlab.grading.malrules import (
    Situation,
    exponential_of,
    factors_of,
    function_of,
    mal_rule,
    power_of,
    product,
    raised,
    raised_to,
    slope_at,
    variables_in,
)
from gradlab.graph import algebra
from gradlab.graph.kinds import Contraction, Elementwise, Linear
from gradlab.graph.kinds.linear import terms
from gradlab.graph.nodes import Node
from gradlab.graph.operations import DIVIDE, LOG
from gradlab.symbolic.rules import Scope

# The chain rule ------------------------------------------------------------------------------------


@mal_rule(
    "inner derivative forgotten",
    "the outer function was differentiated, but not multiplied by the inner derivative",
    usual=True,
)
def _(step: Situation) -> Iterator[Node]:
    """f(u)' = f'(u)"""
    found = _outer(step)
    if found is not None:
        yield found[0]


@mal_rule("inner derivative in the wrong place", "the inner derivative was put inside, or added, instead of multiplied")
def _(step: Situation) -> Iterator[Node]:
    """f(u)' = f'(u'), f(u') or f'(u) + u'"""
    found = _outer(step)
    if found is None:
        return
    local, inner = found
    node = step.expression
    base, exponent = power_of(node)
    slope = step.d(inner)
    if base is not None:
        yield algebra.scale_by(exponent, raised(slope, exponent - 1))
        if exponent != -1:
            yield raised(slope, exponent)
    elif function_of(node) is not None:
        assert isinstance(node, Elementwise)
        yield slope_at(node, slope)
        yield Elementwise(node.operation, (slope,))
        yield product(slope_at(node, slope), slope)
    else:
        yield raised_to(_exponential_base(step), slope)
    yield algebra.add(local, slope)


def _exponential_base(step: Situation) -> Node | None:
    found = exponential_of(step)
    return found[0] if found is not None else None


@mal_rule(
    "outer derivative at the wrong place", "the outer derivative was not taken at the inner expression", rare=True
)
def _(step: Situation) -> Iterator[Node]:
    """f(u)' = f'(x) u'"""
    found = _outer(step)
    if found is None:
        return
    inner, x, node = found[1], step.scope.wrt, step.expression
    base, exponent = power_of(node)
    if base is not None:
        yield product(algebra.scale_by(exponent, raised(x, exponent - 1)), step.d(inner))
    elif function_of(node) is not None:
        assert isinstance(node, Elementwise)
        yield product(slope_at(node, x), step.d(inner))


@mal_rule(
    "outer derivative forgotten",
    "only the inner expression was differentiated",
    yields_to=("sigmoid derivative missing", "trigonometric function", "logarithm rule"),
)
def _(step: Situation) -> Iterator[Node]:
    """f(u)' = f(u) u' or u'"""
    found = _outer(step)
    if found is not None:
        if exponential_of(step) is None:
            yield product(step.expression, step.d(found[1]))
        yield step.d(found[1])


# Powers --------------------------------------------------------------------------------------------


@mal_rule("power not decremented", "the exponent came to the front but was not lowered by 1", usual=True)
def _(step: Situation) -> Iterator[Node]:
    """(u^n)' = n u^n u'"""
    for base, exponent, slope in _powers(step):
        yield product(algebra.scale_by(exponent, raised(base, exponent)), slope)


@mal_rule(
    "coefficient lost",
    "the exponent, or a number in front, does not appear as a factor",
    yields_to=("inner derivative forgotten", "sign slip"),
    usual=True,
)
def _(step: Situation) -> Iterator[Node]:
    """(u^n)' = u^(n-1) u', (c u)' = u'"""
    for base, exponent, slope in _powers(step):
        yield product(raised(base, exponent - 1), slope)
    for number, rest in _constant_multiples(step):
        if algebra.split(number)[1] is None:
            yield step.d(rest)


@mal_rule("exponent raised instead of lowered", "the exponent went up by 1 where it goes down", rare=True)
def _(step: Situation) -> Iterator[Node]:
    """(u^n)' = n u^(n+1) u'"""
    for base, exponent, slope in _powers(step):
        yield product(algebra.scale_by(exponent, raised(base, exponent + 1)), slope)


@mal_rule(
    "new exponent in front",
    "the lowered exponent came to the front instead of the old one",
    yields_to=("coefficient lost", "inner derivative forgotten"),
    rare=True,
)
def _(step: Situation) -> Iterator[Node]:
    """(u^n)' = (n-1) u^(n-1) u'"""
    for base, exponent, slope in _powers(step):
        if exponent != 1:
            yield product(algebra.scale_by(exponent - 1, raised(base, exponent - 1)), slope)


@mal_rule("power treated as an exponential", "the rule for a^x was used where the variable is the base")
def _(step: Situation) -> Iterator[Node]:
    """(u^n)' = u^n ln u u' or u^n ln n"""
    for base, exponent, slope in _powers(step):
        yield product(raised(base, exponent), Elementwise(LOG, (base,)), slope)
        if exponent > 1:
            yield product(raised(base, exponent), Elementwise(LOG, (algebra.number(exponent),)), slope)


# Sums and constants --------------------------------------------------------------------------------


@mal_rule("constant not dropped", "a constant has the derivative 0, but it was kept", usual=True)
def _(step: Situation) -> Iterator[Node]:
    """c' = c or 1"""
    if step.rule == "constant" and not step.other_variables:
        yield step.expression
        if algebra.split(step.expression) != algebra.split(algebra.number(1)):
            yield algebra.number(1)


@mal_rule("other variable not held constant", "another variable was treated as if it changed too")
def _(step: Situation) -> Iterator[Node]:
    """y' = 1 and (x y)' = y + x, or y' = y"""
    others = step.other_variables
    if step.rule == "constant" and others:
        for other in others:
            yield _along(step.expression, other)
        yield step.expression
        return
    if isinstance(step.expression, (Contraction, Linear)) and len(factors_of(step.expression)) > 1:
        factors = factors_of(step.expression)
        if any(variables_in(factor) and not step.moves(factor) for factor in factors):
            yield _product_rule(factors, lambda factor: step.d(factor) if step.moves(factor) else _along_any(factor))
    found = _quotient_of(step.expression)
    if found is not None:
        above, below = found
        if step.moves(above) and not step.moves(below) and variables_in(below):
            change = algebra.add(product(step.d(above), below), algebra.negative(product(above, _along_any(below))))
            yield algebra.quotient(change, algebra.raised(below, 2))


@mal_rule(
    "factor of the other variable dropped",
    "a factor that is held constant stays, but it was dropped",
    yields_to=("inner derivative forgotten",),
    usual=True,
)
def _(step: Situation) -> Iterator[Node]:
    """(y u)' = u'"""
    for factor, rest in _constant_multiples(step):
        if variables_in(factor):
            yield step.d(rest)


@mal_rule("constant factor set to zero", "a constant factor stays; only a constant summand becomes 0", rare=True)
def _(step: Situation) -> Iterator[Node]:
    """(c u)' = 0"""
    if any(True for _ in _constant_multiples(step)):
        yield algebra.number(0)


@mal_rule("constant factor added", "a constant factor multiplies the derivative; it was added", rare=True)
def _(step: Situation) -> Iterator[Node]:
    """(c u)' = c + u'"""
    for number, rest in _constant_multiples(step):
        yield algebra.add(number, step.d(rest))


@mal_rule("term missing", "a term of the sum was not differentiated")
def _(step: Situation) -> Iterator[Node]:
    """(u + v)' = u'"""
    for signed in _summands(step):
        for left_out in range(len(signed)):
            rest = [term for place, term in enumerate(signed) if place != left_out]
            yield algebra.add(*rest)


@mal_rule("sign slip", "a sign was lost or changed")
def _(step: Situation) -> Iterator[Node]:
    """(u - v)' = u' + v', (-u)' = u'"""
    for signed in _summands(step):
        for turned in range(len(signed)):
            yield algebra.add(*(algebra.negative(t) if place == turned else t for place, t in enumerate(signed)))
    base, exponent = power_of(step.expression)
    if base is not None and step.moves(base) and exponent < 0:
        yield algebra.negative(step.right.after)
    for number, rest in _constant_multiples(step):
        if algebra.split(number)[0].rational < 0:
            yield algebra.negative(product(number, step.d(rest)))


def _summands(step: Situation) -> Iterator[list[Node]]:
    node = step.expression
    if isinstance(node, Linear) and len(parts := terms(node)) > 1:
        derived = [algebra.scale(coefficient, step.d(part)) for coefficient, part in parts]
        moving = [term for term, (_, part) in zip(derived, parts, strict=True) if step.moves(part)]
        if len(moving) > 1:
            yield moving


def _constant_multiples(step: Situation) -> Iterator[tuple[Node, Node]]:
    """Yield the constant factor and the rest of a product with one."""
    node = step.expression
    found = _quotient_of(node)
    if found is not None and step.moves(found[0]) and not step.moves(found[1]):
        yield algebra.reciprocal(found[1]), found[0]
        return
    factors = factors_of(node)
    fixed = [factor for factor in factors if not step.moves(factor)]
    moving = [factor for factor in factors if step.moves(factor)]
    if fixed and moving:
        yield product(*fixed), product(*moving)


def _along(node: Node, variable: Node) -> Node:
    """Return the derivative with respect to another variable."""
    return Scope(variable, {}).derivative(node)


def _along_any(node: Node) -> Node:
    found = variables_in(node)
    return _along(node, found[0]) if found else algebra.number(0)


def _product_rule(factors: Sequence[Node], slope: Callable[[Node], Node]) -> Node:
    summands: list[Node] = []
    for place, factor in enumerate(factors):
        others = [other for number, other in enumerate(factors) if number != place]
        summands.append(product(slope(factor), *others))
    return algebra.add(*summands)


# Products and quotients ----------------------------------------------------------------------------


def _products(step: Situation) -> Iterator[tuple[list[Node], list[Node]]]:
    """Yield the constant and the moving factors of a product with at least two that move."""
    factors = factors_of(step.expression)
    moving = [factor for factor in factors if step.moves(factor)]
    if len(moving) > 1:
        yield [factor for factor in factors if not step.moves(factor)], moving


@mal_rule("product of derivatives", "the derivative of a product is not the product of the derivatives", usual=True)
def _(step: Situation) -> Iterator[Node]:
    """(u v)' = u' v'"""
    for fixed, moving in _products(step):
        yield product(*fixed, *map(step.d, moving))


@mal_rule("product term missing", "the product rule has a term for each factor, and one is missing")
def _(step: Situation) -> Iterator[Node]:
    """(u v)' = u' v"""
    for fixed, moving in _products(step):
        parts = [
            product(*fixed, *(step.d(f) if p == place else f for p, f in enumerate(moving)))
            for place in range(len(moving))
        ]
        for place in range(len(parts)):
            yield algebra.add(*(part for number, part in enumerate(parts) if number != place))


@mal_rule("product rule with a minus", "the terms of the product rule are added, not subtracted", usual=True)
def _(step: Situation) -> Iterator[Node]:
    """(u v)' = u' v - u v'"""
    for fixed, moving in _products(step):
        if len(moving) == 2:
            first, second = (product(*fixed, step.d(moving[p]), moving[1 - p]) for p in (0, 1))
            yield algebra.add(first, algebra.negative(second))
            yield algebra.add(second, algebra.negative(first))


@mal_rule("factor not differentiated", "in one term of the product rule no factor was differentiated", rare=True)
def _(step: Situation) -> Iterator[Node]:
    """(u v)' = u' v + u v"""
    for fixed, moving in _products(step):
        if len(moving) == 2:
            whole = product(*fixed, *moving)
            for place in (0, 1):
                yield algebra.add(product(*fixed, step.d(moving[place]), moving[1 - place]), whole)


@mal_rule("sum of derivatives", "the derivatives of the factors were added without the other factors", rare=True)
def _(step: Situation) -> Iterator[Node]:
    """(u v)' = u' + v'"""
    for fixed, moving in _products(step):
        yield product(*fixed, algebra.add(*map(step.d, moving)))


def _parts(step: Situation) -> Iterator[tuple[Node, Node, Node, Node]]:
    """Yield u, v, u' v and u v' of a quotient u/v with a moving denominator."""
    found = _quotient_of(step.expression)
    if found is not None and step.moves(found[1]):
        above, below = found
        yield above, below, product(step.d(above), below), product(above, step.d(below))


@mal_rule("quotient sign swapped", "the numerator of the quotient rule is u' v - u v', in this order", usual=True)
def _(step: Situation) -> Iterator[Node]:
    """(u/v)' = (u v' - u' v)/v²"""
    for above, below, first, second in _parts(step):
        if step.moves(above):
            square = algebra.raised(below, 2)
            yield algebra.quotient(algebra.add(second, algebra.negative(first)), square)


@mal_rule("quotient rule with a plus", "the terms of the quotient rule are subtracted, not added")
def _(step: Situation) -> Iterator[Node]:
    """(u/v)' = (u' v + u v')/v²"""
    for above, below, first, second in _parts(step):
        if step.moves(above):
            yield algebra.quotient(algebra.add(first, second), algebra.raised(below, 2))


@mal_rule("denominator not squared", "the quotient rule divides by the square of the denominator", usual=True)
def _(step: Situation) -> Iterator[Node]:
    """(u/v)' = (u' v - u v')/v, or without a denominator"""
    for above, below, first, second in _parts(step):
        change = algebra.add(first, algebra.negative(second))
        yield algebra.quotient(change, below)
        if step.moves(above):
            yield change


@mal_rule("quotient of derivatives", "the derivative of a quotient is not the quotient of the derivatives")
def _(step: Situation) -> Iterator[Node]:
    """(u/v)' = u'/v'"""
    for above, below, _, _ in _parts(step):
        if step.moves(above):
            yield algebra.quotient(step.d(above), step.d(below))
        else:
            yield algebra.quotient(above, step.d(below))


@mal_rule("quotient term missing", "the quotient rule has two terms in its numerator, and one is missing")
def _(step: Situation) -> Iterator[Node]:
    """(u/v)' = u'/v or -u v'/v²"""
    for above, below, _, second in _parts(step):
        if step.moves(above):
            yield algebra.quotient(step.d(above), below)
            yield algebra.negative(algebra.quotient(second, algebra.raised(below, 2)))


@mal_rule(
    "quotient factors exchanged",
    "in the numerator of the quotient rule each derivative stands by the wrong factor",
    rare=True,
)
def _(step: Situation) -> Iterator[Node]:
    """(u/v)' = (u' u - v v')/v²"""
    for above, below, _, _ in _parts(step):
        if step.moves(above):
            change = algebra.add(product(step.d(above), above), algebra.negative(product(below, step.d(below))))
            yield algebra.quotient(change, algebra.raised(below, 2))


# What they look at -----------------------------------------------------------------------------------


def _quotient_of(node: Node) -> tuple[Node, Node] | None:
    if isinstance(node, Elementwise) and node.operation is DIVIDE:
        return node.operands[0], node.operands[1]
    return None


def _outer(step: Situation) -> tuple[Node, Node] | None:
    """Return local derivative and inner expression of a function of something that is more than the variable."""
    node = step.expression
    base, exponent = power_of(node)
    if base is not None and step.moves(base) and base is not step.scope.wrt:
        return algebra.scale_by(exponent, raised(base, exponent - 1)), base
    found = function_of(node)
    if found is not None and found[1] is not step.scope.wrt and step.moves(found[1]):
        assert isinstance(node, Elementwise)
        return slope_at(node, found[1]), found[1]
    exponential = exponential_of(step)
    if exponential is not None and exponential[1] is not step.scope.wrt:
        return _rate(*exponential), exponential[1]
    return None


def _rate(base: Node | None, exponent: Node) -> Node:
    itself = raised_to(base, exponent)
    return itself if base is None else product(itself, Elementwise(LOG, (base,)))


def _powers(step: Situation) -> Iterator[tuple[Node, Fraction, Node]]:
    """Yield base, exponent and derivative of the base where a power rule is at work."""
    base, exponent = power_of(step.expression)
    if base is not None and step.moves(base):
        yield base, exponent, step.d(base)
