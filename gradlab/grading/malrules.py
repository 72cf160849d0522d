"""Mal-rules: what a student does in place of a rule of differentiation, one mistake each.

A mal-rule looks at one step of a derivation and says what the step would come to by the mistake, with the derivatives
that stay open left open. Which wrong answers follow is found by going through the whole derivation with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from gradlab.graph import algebra
from gradlab.graph.kinds import Contraction, Elementwise, Linear, Variable
from gradlab.graph.nodes import Node, topological
from gradlab.graph.operations import DIVIDE, EXP, GENERAL_POWER, SQRT, exponent_of, power
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
    def other_variables(self) -> list[Node]:
        """The variables in the expression that are held constant."""
        return [part for part in variables_in(self.expression) if part is not self.scope.wrt]

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


def known() -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return which mal-rules there are: something else as soon as one is added or taken away."""
    return tuple(MAL_RULES), tuple(map(len, MAL_RULES.values()))


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


def variables_in(node: Node) -> list[Node]:
    """Return the variables in an expression."""
    return [part for part in topological([node]) if isinstance(part, Variable)]


def function_of(node: Node) -> tuple[str, Node] | None:
    """Return name and operand of an elementwise function of one moving operand that is no power, else None."""
    if isinstance(node, Elementwise) and len(node.operands) == 1 and exponent_of(node.operation) is None:
        return (node.operation.name, node.operands[0]) if node.operation is not SQRT else None
    return None


def slope_at(node: Elementwise, at: Node) -> Node:
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


def exponential_of(step: Situation) -> tuple[Node | None, Node] | None:
    """Return base and exponent of e^u (base None) and a^u, else None."""
    node = step.expression
    if isinstance(node, Elementwise) and node.operation is EXP:
        return None, node.operands[0]
    if isinstance(node, Elementwise) and node.operation is GENERAL_POWER:
        base, exponent = node.operands
        if step.moves(exponent) and not step.moves(base):
            return (None if base is algebra.named_number("e") else base), exponent
    return None


def raised_to(base: Node | None, exponent: Node) -> Node:
    """Return base^exponent for any exponent; e^exponent where base is None."""
    return Elementwise(EXP, (exponent,)) if base is None else Elementwise(GENERAL_POWER, (base, exponent))
