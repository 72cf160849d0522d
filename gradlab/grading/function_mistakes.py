"""Mistakes with the derivatives of single functions, and integrating in place of differentiating."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from gradlab.grading.malrules import (
    Situation,
    exponential_of,
    function_of,
    mal_rule,
    power_of,
    product,
    raised,
    raised_to,
)
from gradlab.graph import algebra
from gradlab.graph.kinds import Elementwise, Linear
from gradlab.graph.kinds.linear import terms
from gradlab.graph.nodes import Node
from gradlab.graph.operations import EXP, LOG, OPERATIONS, SQRT
from gradlab.graph.sizes import Coefficient

# Functions -----------------------------------------------------------------------------------------


def _functions(step: Situation, *names: str) -> Iterator[tuple[str, Node, Node]]:
    """Yield name, operand and derivative of the operand where one of these functions is differentiated."""
    found = function_of(step.expression)
    if found is not None and found[0] in names and step.moves(found[1]):
        yield found[0], found[1], step.d(found[1])


def _of(name: str, operand: Node) -> Node:
    return Elementwise(OPERATIONS[name], (operand,))


@mal_rule("trigonometric sign", "the sign of the derivative of a trigonometric function is wrong", usual=True)
def _(step: Situation) -> Iterator[Node]:
    """sin' = -cos, cos' = sin, tan' = -1/cos²"""
    for _ in _functions(step, "sin", "cos", "tan", "sinh", "cosh"):
        yield algebra.negative(step.right.after)


@mal_rule("trigonometric function", "the derivative of a trigonometric function is another function")
def _(step: Situation) -> Iterator[Node]:
    """sin' = sin, cos' = cos, tan' = cot"""
    for name, inner, slope in _functions(step, "sin", "cos", "tan", "sinh", "cosh"):
        sine, cosine = ("sinh", "cosh") if name.endswith("h") else ("sin", "cos")
        own = {"sin": sine, "cos": cosine, "sinh": sine, "cosh": cosine}.get(name)
        if own is not None:
            yield product(_of(own, inner), slope)
            yield algebra.negative(product(_of(own, inner), slope))
        else:
            yield product(algebra.quotient(_of("cos", inner), _of("sin", inner)), slope)
            yield product(algebra.reciprocal(_of("cos", inner)), slope)
            yield product(algebra.raised(algebra.reciprocal(_of("sin", inner)), 2), slope)
            yield algebra.quotient(slope, algebra.raised(_of("sin", inner), 2))
            yield product(algebra.quotient(_of("sin", inner), algebra.raised(_of("cos", inner), 2)), slope)


@mal_rule(
    "exponential treated as a power", "the rule for x^n was used where the variable is in the exponent", usual=True
)
def _(step: Situation) -> Iterator[Node]:
    """(a^u)' = u a^(u-1)"""
    found = exponential_of(step)
    if found is not None:
        base, exponent = found
        lowered = raised_to(base, algebra.add(exponent, algebra.number(-1)))
        yield product(exponent, lowered, step.d(exponent))
        yield product(exponent, lowered)
        yield lowered


@mal_rule(
    "base's logarithm missing",
    "the derivative of a^x or log_a x has the natural logarithm of the base as a factor",
    usual=True,
)
def _(step: Situation) -> Iterator[Node]:
    """(a^u)' = a^u u', (log_a u)' = u'/u"""
    found = exponential_of(step)
    if found is not None and found[0] is not None:
        yield product(raised_to(*found), step.d(found[1]))
        yield algebra.quotient(product(raised_to(*found), step.d(found[1])), Elementwise(LOG, (found[0],)))
    for name, inner, slope in _functions(step, "log2", "log10"):
        yield algebra.quotient(slope, inner)
        base = Elementwise(LOG, (algebra.number(2 if name == "log2" else 10),))
        yield product(algebra.quotient(slope, inner), base)


@mal_rule("exponential rule", "the derivative of e^x is e^x", rare=True)
def _(step: Situation) -> Iterator[Node]:
    """(e^u)' = u e^u, or e^u ln u"""
    found = exponential_of(step)
    if found is not None and found[0] is None:
        yield product(step.expression, found[1])


@mal_rule("logarithm rule", "the derivative of ln u is 1/u, times the inner derivative")
def _(step: Situation) -> Iterator[Node]:
    """(ln u)' = 1/ln u, e^u, ln u' or 1/u²"""
    for name, inner, slope in _functions(step, "log"):
        yield product(algebra.reciprocal(_of(name, inner)), slope)
        yield product(Elementwise(EXP, (inner,)), slope)
        yield product(algebra.reciprocal(algebra.raised(inner, 2)), slope)
        yield product(inner, slope)
        yield product(_of(name, inner), slope)


@mal_rule(
    "reciprocal differentiated as a logarithm", "1/u has the derivative -1/u²; ln u is what 1/u is the derivative of"
)
def _(step: Situation) -> Iterator[Node]:
    """(1/u)' = ln u"""
    base, exponent = power_of(step.expression)
    if base is not None and exponent == -1 and step.moves(base):
        yield Elementwise(LOG, (base,))


@mal_rule("sigmoid derivative missing", "the derivative of the sigmoid, σ (1 - σ), is missing as a factor")
def _(step: Situation) -> Iterator[Node]:
    """σ(u)' = u' or σ(u) u'"""
    for name, inner, slope in _functions(step, "sigmoid"):
        yield slope
        yield product(_of(name, inner), slope)


@mal_rule("sigmoid derivative wrong", "the derivative of the sigmoid is σ (1 - σ)")
def _(step: Situation) -> Iterator[Node]:
    """σ' = 1 - σ, σ (1 + σ), 1 - σ², σ (σ - 1)"""
    for name, inner, slope in _functions(step, "sigmoid"):
        itself = _of(name, inner)
        one = algebra.number(1)
        yield product(algebra.add(one, algebra.negative(itself)), slope)
        yield product(itself, algebra.add(one, itself), slope)
        yield product(algebra.one_minus_square(itself), slope)
        yield product(itself, algebra.add(itself, algebra.number(-1)), slope)
        yield product(inner, algebra.add(one, algebra.negative(inner)), slope)


@mal_rule("function's own rule", "the derivative of this function was remembered wrongly")
def _(step: Situation) -> Iterator[Node]:
    """tanh' = 1 - tanh, atan' = 1/(1 + u), asin' = 1/√(1 + u²)"""
    one = algebra.number(1)
    for name, inner, slope in _functions(step, "tanh", "atan", "asin", "acos"):
        square = algebra.raised(inner, 2)
        if name == "tanh":
            itself = _of(name, inner)
            yield product(algebra.add(one, algebra.negative(itself)), slope)
            yield product(algebra.add(one, algebra.raised(itself, 2)), slope)
        elif name == "atan":
            yield algebra.quotient(slope, algebra.add(one, inner))
            yield algebra.quotient(slope, algebra.add(one, algebra.negative(square)))
            yield algebra.quotient(slope, Elementwise(SQRT, (algebra.add(one, square),)))
        else:
            yield algebra.negative(step.right.after)
            yield algebra.quotient(slope, Elementwise(SQRT, (algebra.add(one, square),)))
            yield algebra.quotient(slope, algebra.add(one, algebra.negative(square)))


# Integrated ----------------------------------------------------------------------------------------


@mal_rule(
    "integrated instead",
    "this part was integrated, not differentiated",
    yields_to=("reciprocal differentiated as a logarithm", "function itself"),
    rare_inside=True,
)
def _(step: Situation) -> Iterator[Node]:
    """x^n to x^(n+1)/(n+1), sin to -cos, 1/x to ln x"""
    x, node = step.scope.wrt, step.expression
    if step.rule == "constant" and not step.other_variables:
        yield product(node, x)
        return
    if node is x:
        yield algebra.scale_by(Fraction(1, 2), algebra.raised(x, 2))
        return
    base, exponent = power_of(node)
    if base is not None and step.moves(base):
        front, rest = _inner_rate(base, x)
        if rest is not None and exponent != -1:
            raised_ = raised(base, exponent + 1)
            yield algebra.scale(front.inverse(), algebra.scale_by(1 / (exponent + 1), raised_))
        elif rest is not None:
            yield algebra.scale(front.inverse(), Elementwise(LOG, (base,)))
        return
    for name, inner, _ in _functions(step, "sin", "cos", "exp"):
        front, rest = _inner_rate(inner, x)
        if rest is not None:
            integral = {"sin": algebra.negative(_of("cos", inner)), "cos": _of("sin", inner)}.get(name, node)
            yield algebra.scale(front.inverse(), integral)
    for _, inner, _ in _functions(step, "log"):
        if inner is x:
            yield algebra.add(product(x, node), algebra.negative(x))


def _inner_rate(inner: Node, x: Node) -> tuple[Coefficient, Node | None]:
    """Return a for a x + b with number a, and x; None for anything else."""
    if inner is x:
        return Coefficient(Fraction(1)), x
    if isinstance(inner, Linear):
        apart = [algebra.split(algebra.scale(coefficient, part)) for coefficient, part in terms(inner)]
        moving = [(coefficient, rest) for coefficient, rest in apart if rest is not None]
        if len(moving) == 1 and moving[0][1] is x:
            return moving[0][0], x
    return Coefficient(Fraction(1)), None
