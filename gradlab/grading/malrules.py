"""Mal-rules: what a student does in place of a rule of differentiation, one mistake each.

A mal-rule looks at one step of a derivation and says what the step would come to by the mistake, with the derivatives
that stay open left open. Which wrong answers follow is found by going through the whole derivation with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from gradlab.graph import algebra
from gradlab.graph.kinds import Contraction, Elementwise, Linear, Variable
from gradlab.graph.kinds.linear import terms
from gradlab.graph.nodes import Node, topological
from gradlab.graph.operations import DIVIDE, EXP, GENERAL_POWER, LOG, OPERATIONS, SQRT, exponent_of, power
from gradlab.graph.sizes import Coefficient
from gradlab.symbolic.rules import Applied, Scope


@dataclass(frozen=True)
class Situation:
    """A step of a derivation in which a mistake may be made.

    expression: what is differentiated.  scope: with respect to what.  right: what the step rightly comes to.
    """

    expression: Node
    scope: Scope
    right: Applied

    def d(self, node: Node) -> Node:
        """Return the derivative of *node*: left open, 1 for the variable, 0 for what does not move."""
        if node is self.scope.wrt:
            return algebra.number(1)
        return self.scope.derivative(node) if self.scope.moves(node) else algebra.number(0)

    def moves(self, node: Node) -> bool:
        """Return whether *node* depends on the variable."""
        return self.scope.moves(node)

    @property
    def rule(self) -> str:
        """The name of the rule that is rightly used."""
        return self.right.rule.name


Wrong = Callable[[Situation], Iterable[Node]]


@dataclass(frozen=True)
class MalRule:
    """One mistake.

    name: what it is called.  says: what to tell the student of it.
    wrong: from a step to what it comes to by the mistake; nothing where the mistake cannot be made.
    rare: whether another explanation is to be believed first; rare_inside: so where it is not the first step.
    yields_to: the names of explanations that are to be believed first.
    usual: whether it is common and says one thing, so that it is believed together with another mistake too.
    """

    name: str
    says: str
    wrong: Wrong
    rare: bool = False
    yields_to: tuple[str, ...] = ()
    rare_inside: bool = False
    usual: bool = False


MAL_RULES: dict[str, list[MalRule]] = {}
"""Every mal-rule by its name; a mistake that shows in several ways has several."""


def mal_rule(
    name: str,
    says: str,
    *,
    rare: bool = False,
    rare_inside: bool = False,
    usual: bool = False,
    yields_to: tuple[str, ...] = (),
) -> Callable[[Wrong], Wrong]:
    """Register a function as the mal-rule *name*; teachers add theirs in the same way.

    >>> @mal_rule("power doubled", "the exponent was doubled instead of lowered by 1")
    ... def power_doubled(step):
    ...     base, exponent = power_of(step.expression)
    ...     if base is step.scope.wrt:
    ...         yield algebra.raised(base, 2 * exponent)
    >>> del MAL_RULES["power doubled"]
    """

    def register(wrong: Wrong) -> Wrong:
        MAL_RULES.setdefault(name, []).append(MalRule(name, says, wrong, rare, yields_to, rare_inside, usual))
        return wrong

    return register


# What a step is about ------------------------------------------------------------------------------


def power_of(node: Node) -> tuple[Node | None, Fraction]:
    """Return base and exponent of u^n, √u and 1/u; None and 0 for anything else."""
    if isinstance(node, Elementwise):
        if node.operation is SQRT:
            return node.operands[0], Fraction(1, 2)
        if node.operation is GENERAL_POWER:
            front, rest = algebra.split(node.operands[1])
            return (node.operands[0], front.rational) if rest is None and front.is_rational else (None, Fraction(0))
        if node.operation is DIVIDE:
            front, rest = algebra.split(node.operands[0])
            if rest is None and front.is_one:
                base, exponent = power_of(node.operands[1])
                return (base, -exponent) if base is not None else (node.operands[1], Fraction(-1))
            return None, Fraction(0)
        exponent = exponent_of(node.operation)
        if exponent is not None:
            return node.operands[0], exponent
    return None, Fraction(0)


def raised(base: Node, exponent: Fraction | int) -> Node:
    """Return base^exponent, √base for one half."""
    return (
        algebra.raised(base, exponent)
        if Fraction(exponent).denominator == 1
        else Elementwise(power(Fraction(exponent)), (base,))
    )


def product(*factors: Node) -> Node:
    """Return a product of numbers."""
    result = factors[0]
    for factor in factors[1:]:
        result = algebra.product(result, factor)
    return result


def function_of(node: Node) -> tuple[str, Node] | None:
    """Return name and operand of an elementwise function of one moving operand that is no power, else None."""
    if isinstance(node, Elementwise) and len(node.operands) == 1 and exponent_of(node.operation) is None:
        return (node.operation.name, node.operands[0]) if node.operation is not SQRT else None
    return None


def _local(node: Elementwise, at: Node) -> Node:
    """Return f'(at) of the function f that *node* applies."""
    return node.operation.partials(algebra, (at,), Elementwise(node.operation, (at,)))[0]


def factors_of(node: Node) -> list[Node]:
    """Return the factors of a product of numbers, taken apart, a coefficient in front among them."""
    found: list[Node] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Contraction) and not part.extents:
            waiting.extend(reversed(part.operands))
        elif isinstance(part, Linear) and len(part.operands) == 1:
            found.append(algebra.constant(part.coefficients[0]))
            waiting.append(part.operands[0])
        else:
            found.append(part)
    return found


def _quotient(node: Node) -> tuple[Node, Node] | None:
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
        return _local(node, found[1]), found[1]
    exponential = _exponential(step)
    if exponential is not None and exponential[1] is not step.scope.wrt:
        return _rate(*exponential), exponential[1]
    return None


def _exponential(step: Situation) -> tuple[Node | None, Node] | None:
    """Return base and exponent of e^u (base None) and a^u, else None."""
    node = step.expression
    if isinstance(node, Elementwise) and node.operation is EXP:
        return None, node.operands[0]
    if isinstance(node, Elementwise) and node.operation is GENERAL_POWER:
        base, exponent = node.operands
        if step.moves(exponent) and not step.moves(base):
            return (None if base is algebra.named_number("e") else base), exponent
    return None


def _rate(base: Node | None, exponent: Node) -> Node:
    itself = _raised_to(base, exponent)
    return itself if base is None else product(itself, Elementwise(LOG, (base,)))


def _raised_to(base: Node | None, exponent: Node) -> Node:
    return Elementwise(EXP, (exponent,)) if base is None else Elementwise(GENERAL_POWER, (base, exponent))


def _powers(step: Situation) -> Iterator[tuple[Node, Fraction, Node]]:
    """Yield base, exponent and derivative of the base where a power rule is at work."""
    base, exponent = power_of(step.expression)
    if base is not None and step.moves(base):
        yield base, exponent, step.d(base)


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
        yield _local(node, slope)
        yield Elementwise(node.operation, (slope,))
        yield product(_local(node, slope), slope)
    else:
        yield _raised_to(_exponential_base(step), slope)
    yield algebra.add(local, slope)


def _exponential_base(step: Situation) -> Node | None:
    found = _exponential(step)
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
        yield product(_local(node, x), step.d(inner))


@mal_rule(
    "outer derivative forgotten",
    "only the inner expression was differentiated",
    yields_to=("sigmoid derivative missing", "trigonometric function", "logarithm rule"),
)
def _(step: Situation) -> Iterator[Node]:
    """f(u)' = f(u) u' or u'"""
    found = _outer(step)
    if found is not None:
        if _exponential(step) is None:
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
    if step.rule == "constant" and not _other_variables(step):
        yield step.expression
        if algebra.split(step.expression) != algebra.split(algebra.number(1)):
            yield algebra.number(1)


@mal_rule("other variable not held constant", "another variable was treated as if it changed too")
def _(step: Situation) -> Iterator[Node]:
    """y' = 1 and (x y)' = y + x, or y' = y"""
    others = _other_variables(step)
    if step.rule == "constant" and others:
        for other in others:
            yield _along(step.expression, other)
        yield step.expression
        return
    if isinstance(step.expression, (Contraction, Linear)) and len(factors_of(step.expression)) > 1:
        factors = factors_of(step.expression)
        if any(_variables(factor) and not step.moves(factor) for factor in factors):
            yield _product_rule(factors, lambda factor: step.d(factor) if step.moves(factor) else _along_any(factor))
    found = _quotient(step.expression)
    if found is not None:
        above, below = found
        if step.moves(above) and not step.moves(below) and _variables(below):
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
        if _variables(factor):
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
    found = _quotient(node)
    if found is not None and step.moves(found[0]) and not step.moves(found[1]):
        yield algebra.reciprocal(found[1]), found[0]
        return
    factors = factors_of(node)
    fixed = [factor for factor in factors if not step.moves(factor)]
    moving = [factor for factor in factors if step.moves(factor)]
    if fixed and moving:
        yield product(*fixed), product(*moving)


def _variables(node: Node) -> list[Node]:
    return [part for part in topological([node]) if isinstance(part, Variable)]


def _other_variables(step: Situation) -> list[Node]:
    return [part for part in _variables(step.expression) if part is not step.scope.wrt]


def _along(node: Node, variable: Node) -> Node:
    """Return the derivative with respect to another variable."""
    return Scope(variable, {}).derivative(node)


def _along_any(node: Node) -> Node:
    found = _variables(node)
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
    found = _quotient(step.expression)
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
    found = _exponential(step)
    if found is not None:
        base, exponent = found
        lowered = _raised_to(base, algebra.add(exponent, algebra.number(-1)))
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
    found = _exponential(step)
    if found is not None and found[0] is not None:
        yield product(_raised_to(*found), step.d(found[1]))
        yield algebra.quotient(product(_raised_to(*found), step.d(found[1])), Elementwise(LOG, (found[0],)))
    for name, inner, slope in _functions(step, "log2", "log10"):
        yield algebra.quotient(slope, inner)
        base = Elementwise(LOG, (algebra.number(2 if name == "log2" else 10),))
        yield product(algebra.quotient(slope, inner), base)


@mal_rule("exponential rule", "the derivative of e^x is e^x", rare=True)
def _(step: Situation) -> Iterator[Node]:
    """(e^u)' = u e^u, or e^u ln u"""
    found = _exponential(step)
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
    yields_to=("reciprocal differentiated as a logarithm",),
    rare_inside=True,
)
def _(step: Situation) -> Iterator[Node]:
    """x^n to x^(n+1)/(n+1), sin to -cos, 1/x to ln x"""
    x, node = step.scope.wrt, step.expression
    if step.rule == "constant" and not _other_variables(step):
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
