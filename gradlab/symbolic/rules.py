"""The rules a person differentiates by: from ∂u/∂x to what it equals, with the inner derivatives left open.

Each function knows one rule. It returns what the derivative of an expression equals, or an equal expression that is
easier to differentiate, in the order a person would choose: a constant first, then sums, constant factors, products;
a root is a power, and a quotient stays one only where nothing shorter is at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import singledispatch

from gradlab.graph import algebra
from gradlab.graph.kinds import Constant, Contraction, Derivative, Elementwise, Frozen, Let, Linear, Variable
from gradlab.graph.kinds.linear import terms
from gradlab.graph.nodes import Node, topological
from gradlab.graph.operations import DIVIDE, EXP, GENERAL_POWER, LOG, SQRT, WHERE, exponent_of, power
from gradlab.graph.rules import Rule, rule
from gradlab.graph.sizes import ONE, Coefficient

IDENTITY = rule("identity", "∂x/∂x = 1")
CONSTANT = rule("constant", "∂c/∂x = 0")
NAME = rule("named value", "the derivative of a name is that of what it stands for")
CONSTANT_MULTIPLE = rule("constant multiple", "d(c u) = c du")
SUM = rule("sum rule", "d(u + v) = du + dv")
PRODUCT = rule("product rule", "d(u v) = v du + u dv")
PRODUCTS = rule("product rule for many factors", "d(u v w) = v w du + u w dv + u v dw")
QUOTIENT = rule("quotient rule", DIVIDE.rule.formula, DIVIDE.rule.where)
CHAIN = rule("chain rule", "∂/∂x f(u) = f'(u) ∂u/∂x")
CHAIN_OF_SEVERAL = rule("chain rule, several inner functions", "∂/∂x f(u, v) = ∂f/∂u ∂u/∂x + ∂f/∂v ∂v/∂x")
EXPONENTIAL = rule("exponential function to any base", "d/du c^u = c^u ln(c)", "c > 0")
LOGARITHMIC = rule("logarithmic differentiation", "d(u^v) = u^v d(v ln u)", "u > 0")
OVER_INDEX = rule("sum rule over an index", "d(sum_i u_i) = sum_i du_i")
CASES = rule("differentiation by cases", "on each piece the derivative is that of the piece")

ROOT_AS_POWER = rule("root as a power", "√u = u^(1/2)", "u ≥ 0")
RECIPROCAL_AS_POWER = rule("reciprocal as a power", "1/u^n = u^(-n)", "u ≠ 0")
TERM_BY_TERM = rule("division term by term", "(u + v)/w = u/w + v/w", "w ≠ 0")


@dataclass(frozen=True, slots=True)
class Applied:
    """What a derivative equals by a *rule*; *because* is the formula of this very case."""

    rule: Rule
    after: Node
    because: str = ""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """An equal expression, to be differentiated instead."""

    rule: Rule
    after: Node


@dataclass(frozen=True, slots=True)
class Scope:
    """What is differentiated with respect to, and what else is known.

    named: the name of a value, by the value.
    """

    wrt: Node
    named: Mapping[Node, Let]
    _moving: dict[Node, bool] = field(default_factory=dict)

    def moves(self, node: Node) -> bool:
        """Return whether *node* depends on what is differentiated with respect to."""
        known = self._moving
        if node not in known:
            for part in topological([node]):
                if part not in known:
                    below = not isinstance(part, Frozen) and any(known[operand] for operand in part.operands)
                    known[part] = part is self.wrt or below
        return known[node]

    def derivative(self, node: Node) -> Node:
        """Return ∂node/∂wrt, left open; that of copies of a number is copies of its derivative."""
        if isinstance(node, Contraction) and len(node.operands) == 1 and not node.summed:
            return Contraction((self.derivative(node.operands[0]),), node.inputs, node.output, node.extents)
        if isinstance(node, Let) and node.names_an_input and node is not self.wrt:
            return self.derivative(node.operands[0])
        return Derivative(node, self.wrt)


def next_step(node: Node, scope: Scope) -> Applied | Rewritten:
    """Return the step that a person would take next with the derivative of *node*."""
    if node is scope.wrt:
        return Applied(IDENTITY, algebra.number(1))
    if not scope.moves(node):
        return Applied(CONSTANT, algebra.number(0, node.axes))
    return differentiated(node, scope)


@singledispatch
def differentiated(node: Node, scope: Scope) -> Applied | Rewritten:
    """Return what the derivative of *node*, which moves, equals."""
    raise TypeError(f"{type(node).__name__} is not differentiated from the front")


COVERED = (Variable, Constant, Let, Linear, Contraction, Elementwise)
"""The kinds that `differentiated` knows, among nodes that move."""


@differentiated.register
def _(node: Let, scope: Scope) -> Applied | Rewritten:
    return Rewritten(NAME, node.operands[0])


@differentiated.register
def _(node: Linear, scope: Scope) -> Applied | Rewritten:
    parts = terms(node)
    if len(parts) == 1:
        coefficient, part = parts[0]
        return Applied(CONSTANT_MULTIPLE, Linear((coefficient,), (scope.derivative(part),)))
    signs, derivatives = [], []
    for coefficient, part in parts:
        negative = coefficient.rational < 0
        size = -coefficient if negative else coefficient
        signs.append(-ONE if negative else ONE)
        derivatives.append(scope.derivative(part if size.is_one else algebra.scale(size, part)))
    return Applied(SUM, Linear(tuple(signs), tuple(derivatives)))


# Products ------------------------------------------------------------------------------------------


@differentiated.register
def _(node: Contraction, scope: Scope) -> Applied | Rewritten:
    if node.summed:
        return _over_an_index(node, scope)
    node = _flat(node)
    moving = [place for place, operand in enumerate(node.operands) if scope.moves(operand)]
    if len(moving) < len(node.operands) and not node.axes:
        fixed = [operand for operand in node.operands if not scope.moves(operand)]
        rest = times(*(node.operands[place] for place in moving))
        return Applied(CONSTANT_MULTIPLE, times(*fixed, scope.derivative(rest)))
    if len(moving) == 1:
        (place,) = moving
        return Applied(CONSTANT_MULTIPLE, _last(_with(node, place, scope.derivative(node.operands[place])), place))
    summands = [_with(node, place, scope.derivative(node.operands[place])) for place in moving]
    return Applied(PRODUCT if len(moving) == 2 else PRODUCTS, plus(*summands))


def _over_an_index(node: Contraction, scope: Scope) -> Applied:
    """(sum_i u_i)' = sum_i u_i'"""
    every = tuple(range(len(node.extents)))
    if len(node.operands) == 1 and len(node.inputs[0]) == len(every):
        inner, row = node.operands[0], node.inputs[0]
    else:
        inner, row = Contraction(node.operands, node.inputs, every, node.extents), every
    return Applied(OVER_INDEX, Contraction((scope.derivative(inner),), (row,), node.output, node.extents))


def _with(node: Contraction, place: int, operand: Node) -> Contraction:
    """Return a product with another factor at *place*."""
    operands = (*node.operands[:place], operand, *node.operands[place + 1 :])
    return Contraction(operands, node.inputs, node.output, node.extents)


def _last(node: Contraction, place: int) -> Contraction:
    """Return a product with the factor at *place* behind the others."""
    order = [*(other for other in range(len(node.operands)) if other != place), place]
    operands, inputs = (tuple(row[other] for other in order) for row in (node.operands, node.inputs))
    return Contraction(operands, inputs, node.output, node.extents)


def _flat(node: Contraction) -> Contraction:
    """Return a product of numbers with the products among its factors taken apart, as it is written: x y z."""
    if node.axes or any(operand.axes for operand in node.operands):
        return node
    factors: list[Node] = []
    waiting: list[Node] = list(reversed(node.operands))
    while waiting:
        factor = waiting.pop()
        if isinstance(factor, Contraction) and not factor.summed and not factor.axes:
            waiting.extend(reversed(factor.operands))
        else:
            factors.append(factor)
    return Contraction(tuple(factors), ((),) * len(factors), (), ())


def times(*factors: Node) -> Node:
    """Return a product of factors of the same axes as it stands, entry by entry; a number in front is a coefficient."""
    if len(factors) == 1:
        return factors[0]
    first, *others = factors
    coefficient, rest = algebra.split(first)
    if not coefficient.is_one or rest is None:
        product = times(*others) if rest is None else times(rest, *others)
        return product if coefficient.is_one else Linear((coefficient,), (product,))
    row = tuple(range(first.rank))
    return Contraction(factors, (row,) * len(factors), row, first.axes)


def plus(*parts: Node) -> Node:
    """Return a sum as it stands."""
    return parts[0] if len(parts) == 1 else Linear((ONE,) * len(parts), parts)


# Functions -----------------------------------------------------------------------------------------


@differentiated.register
def _(node: Elementwise, scope: Scope) -> Applied | Rewritten:
    exponent = _exponent(node)
    if exponent is not None:
        return _power(node.operands[0], exponent, scope)
    return _SPECIAL.get(node.operation, _by_its_own_rule)(node, scope)


def _power(base: Node, exponent: Fraction, scope: Scope) -> Applied:
    """d/du u^n = n u^(n-1)"""
    local = algebra.scale(Coefficient(exponent), raised(base, exponent - 1))
    own = power(exponent).rule
    if base is scope.wrt:
        return Applied(own, local)
    return Applied(CHAIN, times(local, scope.derivative(base)), own.formula)


def _by_its_own_rule(node: Elementwise, scope: Scope) -> Applied:
    """f(u, v)' = ∂f/∂u u' + ∂f/∂v v'"""
    operation = node.operation
    partials = operation.partials(algebra, node.operands, scope.named.get(node, node))
    moving = [
        (partial, operand)
        for partial, operand in zip(partials, node.operands, strict=True)
        if scope.moves(operand) and not algebra.split(partial)[0].is_zero
    ]
    if not moving:
        return Applied(operation.rule, algebra.number(0, node.axes))
    if all(operand is scope.wrt for _, operand in moving):
        return Applied(operation.rule, plus(*(partial for partial, _ in moving)))
    summands = [times(partial, scope.derivative(operand)) for partial, operand in moving]
    return Applied(CHAIN if len(moving) == 1 else CHAIN_OF_SEVERAL, plus(*summands), operation.rule.formula)


def _quotient(node: Elementwise, scope: Scope) -> Applied | Rewritten:
    """(u/v)' = (u' v - u v')/v²"""
    above, below = node.operands
    if not scope.moves(below):
        return Applied(CONSTANT_MULTIPLE, Elementwise(DIVIDE, (scope.derivative(above), below)))
    front, rest = algebra.split(below)
    base, exponent = _as_power(rest if rest is not None else below)
    if not scope.moves(above) or (exponent != 1 and base is not scope.wrt):
        reciprocal = algebra.scale(front.inverse(), raised(base, -exponent))
        return Rewritten(RECIPROCAL_AS_POWER, reciprocal if _is_one(above) else times(above, reciprocal))
    if front.is_one and base is scope.wrt and isinstance(above, Linear):
        parts = [(coefficient, _over(part, base, exponent, scope)) for coefficient, part in terms(above)]
        if all(part is not None for _, part in parts):
            divided = [part for _, part in parts if part is not None]
            return Rewritten(TERM_BY_TERM, Linear(tuple(coefficient for coefficient, _ in parts), tuple(divided)))
    summands = (times(scope.derivative(above), below), times(above, scope.derivative(below)))
    return Applied(QUOTIENT, Elementwise(DIVIDE, (Linear((ONE, -ONE), summands), raised(below, Fraction(2)))))


def _over(part: Node, base: Node, exponent: Fraction, scope: Scope) -> Node | None:
    """Return *part* over a power of *base* where the quotient is a power of it again, else None."""
    coefficient, rest = algebra.split(part)
    if rest is None or not scope.moves(rest):
        return raised(base, -exponent) if _is_one(part) else times(part, raised(base, -exponent))
    found, own = _as_power(rest)
    if found is not base:
        return None
    left = raised(base, own - exponent)
    return left if coefficient.is_one else Linear((coefficient,), (left,))


def raised(base: Node, exponent: Fraction) -> Node:
    """Return base^exponent as it stands, a negative power too; the first power is the base, the one of 0 is 1."""
    if exponent == 0:
        return algebra.number(1, base.axes)
    return base if exponent == 1 else Elementwise(power(exponent), (base,))


def _as_power(node: Node) -> tuple[Node, Fraction]:
    """Return base and exponent of √x, x³ and x."""
    if isinstance(node, Elementwise):
        if node.operation is SQRT:
            return node.operands[0], Fraction(1, 2)
        exponent = _exponent(node)
        if exponent is not None:
            return node.operands[0], exponent
    return node, Fraction(1)


def _exponent(node: Elementwise) -> Fraction | None:
    """Return n where *node* is u^n for a number n, else None."""
    if node.operation is GENERAL_POWER:
        coefficient, rest = algebra.split(node.operands[1])
        return coefficient.rational if rest is None and coefficient.is_rational else None
    return exponent_of(node.operation)


def _is_one(node: Node) -> bool:
    coefficient, rest = algebra.split(node)
    return rest is None and coefficient.is_one


def _root(node: Elementwise, scope: Scope) -> Rewritten:
    """√u = u^(1/2)"""
    return Rewritten(ROOT_AS_POWER, Elementwise(power(Fraction(1, 2)), node.operands))


def _general_power(node: Elementwise, scope: Scope) -> Applied:
    """(u^v)' = u^v (v ln u)', and simpler where u or v is constant"""
    base, exponent = node.operands
    itself = scope.named.get(node, node)
    if not scope.moves(exponent):
        lowered = Elementwise(GENERAL_POWER, (base, algebra.add(exponent, algebra.number(-1, exponent.axes))))
        local = times(exponent, lowered)
        if base is scope.wrt:
            return Applied(GENERAL_POWER.rule, local)
        return Applied(CHAIN, times(local, scope.derivative(base)), GENERAL_POWER.rule.formula)
    if not scope.moves(base):
        logarithm = Elementwise(LOG, (base,))
        if base is algebra.named_number("e", base.axes):
            return Applied(CHAIN, times(itself, scope.derivative(exponent)), EXP.rule.formula)
        if exponent is scope.wrt:
            return Applied(EXPONENTIAL, times(itself, logarithm))
        return Applied(CHAIN, times(itself, logarithm, scope.derivative(exponent)), EXPONENTIAL.formula)
    return Applied(LOGARITHMIC, times(itself, scope.derivative(times(exponent, Elementwise(LOG, (base,))))))


def _cases(node: Elementwise, scope: Scope) -> Applied:
    """On each piece the derivative is that of the piece."""
    condition, first, second = node.operands
    pieces = [
        scope.derivative(piece) if scope.moves(piece) else algebra.number(0, piece.axes) for piece in (first, second)
    ]
    return Applied(CASES, Elementwise(WHERE, (condition, *pieces)))


_SPECIAL: Mapping[object, Callable[[Elementwise, Scope], Applied | Rewritten]] = {
    DIVIDE: _quotient,
    SQRT: _root,
    GENERAL_POWER: _general_power,
    WHERE: _cases,
}
"""Operations whose rule depends on which of their operands move."""
