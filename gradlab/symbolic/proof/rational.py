"""Equality by rational arithmetic: both sides as one fraction of polynomials in what cannot be taken apart.

sin(x²), |x| and √x are such parts, and so is x; a root obeys r² = u, and u^(v + 2) is u^v u². Two such parts are one
if their operands are the same fraction. What comes out as the same fraction is equal wherever both sides are defined;
what does not may be equal all the same. Nothing here rewrites by the rules that derivations are written with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from gradlab.graph.kinds import Constant, Contraction, Derivative, Elementwise, Let, Linear, Variable
from gradlab.graph.nodes import Node, topological
from gradlab.graph.operations import DIVIDE, GENERAL_POWER, LOG, SQRT, WHERE, exponent_of
from gradlab.graph.sizes import ONE, Coefficient
from gradlab.symbolic.proof.polynomials import (
    Pair,
    TooLarge,
    added,
    canonical,
    inverse,
    multiplied,
    product_of,
    raised,
    ratio,
    reduced,
    used,
)
from gradlab.symbolic.proof.sympy_forms import sympy_slope


def are_equal(before: Node, after: Node) -> bool:
    """Return whether two numbers are shown to be equal; False says nothing.

    >>> from gradlab.sources import as_function
    >>> are_equal(as_function("(x^2 - 1)/(x - 1)").formula, as_function("x + 1").formula)
    True
    >>> are_equal(as_function("sqrt(x) x").formula, as_function("x^2/sqrt(x)").formula)
    True
    """
    try:
        fractions = Fractions([before, after])
        return fractions.same(fractions.of(before), fractions.of(after))
    except TooLarge:
        return False


def derivative_equals(expression: Node, slopes: Mapping[Node, Node], after: Node) -> bool:
    """Return whether *after* is shown to be the derivative of *expression*, whose parts have the *slopes* given.

    Sums, products, quotients, powers and roots are taken apart; any other operation has the slope that SymPy finds.
    """
    try:
        fractions = Fractions([expression, after, *slopes.values()])
        return fractions.same(fractions.slope(fractions.of(expression), Along(slopes)), fractions.of(after))
    except TooLarge:
        return False


@dataclass(frozen=True)
class Part:
    """What a generator stands for: a node, or its root of a *degree* above 1, or its power to an *exponent*."""

    node: Node
    degree: int = 1
    exponent: Node | None = None


@dataclass(frozen=True)
class Along:
    """What derivatives are taken along: the *slopes* of the parts that move; the rest is found once for each part."""

    slopes: Mapping[Node, Node]
    carried: dict[int, Pair | None] = field(default_factory=dict)
    _moving: dict[Node, bool] = field(default_factory=dict)

    def moves(self, node: Node) -> bool:
        """Return whether *node* depends on a part that moves."""
        for part in topological([node]):
            if part not in self._moving:
                below = any(self._moving[operand] for operand in part.operands)
                self._moving[part] = part in self.slopes or below
        return self._moving[node]


@dataclass
class Fractions:
    """Turns nodes into fractions over one ring; *parts*: what each generator stands for, in the order of their numbers.

    A derivative with respect to a variable is carried out, if it can be.
    """

    outputs: Sequence[Node]
    parts: list[Part] = field(default_factory=list)
    _numbers: dict[object, int] = field(default_factory=dict)
    _known: dict[Node, Pair] = field(default_factory=dict)
    _along: dict[Node, Along] = field(default_factory=dict)
    _ring: Any = None

    def __post_init__(self) -> None:
        import flint

        count = sum(map(_needed, topological(self.outputs))) + 8
        self._ring = flint.fmpq_mpoly_ctx.get([f"g{number}" for number in range(count)], flint.Ordering.lex)
        self._gens = self._ring.gens()
        self.one: Any = self.number(1)
        self.zero: Any = self.number(0)

    def number(self, value: int | Fraction) -> Any:
        import flint

        ratio = Fraction(value)
        return self._ring.constant(flint.fmpq(ratio.numerator, ratio.denominator))

    def _generator(self, key: object, part: Part) -> Any:
        """Return what stands for *part*, one and the same for equal keys."""
        number = self._numbers.setdefault(key, len(self.parts))
        if number == len(self.parts):
            self.parts.append(part)
        if number >= len(self._gens):
            raise TooLarge
        return self._gens[number]

    # Nodes as fractions ----------------------------------------------------------------------------

    def of(self, node: Node) -> Pair:
        """Return numerator and denominator of *node*."""
        found = self._known.get(node)
        if found is None:
            found = self._known[node] = self._fraction(node)
        return found

    def _fraction(self, node: Node) -> Pair:
        if node.axes:
            raise TooLarge
        match node:
            case Constant() if isinstance(node.value, Coefficient):
                return self._coefficient(node.value)
            case Let():
                return self.of(node.operands[0])
            case Linear():
                total = self.zero, self.one
                for coefficient, operand in zip(node.coefficients, node.operands, strict=True):
                    total = added(total, multiplied(self._coefficient(coefficient), self.of(operand)))
                return total
            case Contraction() if not node.extents:
                total = self.one, self.one
                for operand in node.operands:
                    total = multiplied(total, self.of(operand))
                return total
            case Elementwise():
                return self._operation(node)
            case Derivative() if isinstance(node.wrt, Variable):  # that of a name is no matter of values
                return self._carried_out(node)
            case _:
                return self._atom(node)

    def _atom(self, node: Node) -> Pair:
        return self._generator(node, Part(node)), self.one

    def _carried_out(self, node: Derivative) -> Pair:
        along = self._along.setdefault(node.wrt, Along({node.wrt: Constant(ONE, ())}))
        try:
            return self.slope(self.of(node.operands[0]), along)
        except TooLarge:
            return self._atom(node)

    def _operation(self, node: Elementwise) -> Pair:
        operation = node.operation
        if operation is DIVIDE:
            return multiplied(self.of(node.operands[0]), inverse(self.of(node.operands[1])))
        if operation is SQRT:
            return self._power(node.operands[0], Fraction(1, 2))
        if operation is GENERAL_POWER:
            return self._general_power(*node.operands)
        exponent = exponent_of(operation)
        if exponent is not None:
            return self._power(node.operands[0], exponent)
        return self._function(node)

    def _function(self, node: Elementwise) -> Pair:
        """Return what stands for a function that cannot be taken apart, one and the same for equal operands."""
        key = (node.operation, *(self._key(operand) for operand in node.operands))
        return self._generator(key, Part(node)), self.one

    def _key(self, node: Node) -> tuple[str, str]:
        """Return what is the same for equal fractions; polynomials have no hash."""
        top, bottom = canonical(self.of(node))
        return str(top), str(bottom)

    def _power(self, base: Node, exponent: Fraction) -> Pair:
        if exponent < 0:
            return inverse(self._power(base, -exponent))
        whole, rest = divmod(exponent, 1)
        top, bottom = self.of(base)
        result = raised(top, int(whole)), raised(bottom, int(whole))
        if rest:
            result = multiplied(result, (raised(self._root(base, rest.denominator), rest.numerator), self.one))
        return result

    def _root(self, base: Node, degree: int) -> Any:
        return self._generator(("root", degree, self._key(base)), Part(base, degree=degree))

    def _general_power(self, base: Node, exponent: Node) -> Pair:
        """u^(v + 2) as u^v u²"""
        top, bottom = canonical(self.of(exponent))
        if top.is_constant():
            return self._power(base, ratio(top.leading_coefficient()) if top else Fraction(0))
        whole = ratio(top[(0,) * len(self._gens)]) if bottom.is_constant() else Fraction(0)
        if whole.denominator == 1 and whole:
            rest = Linear((ONE, Coefficient(-whole)), (exponent, Constant(ONE, ())))
            return multiplied(self._general_power(base, rest), self._power(base, whole))
        key = ("power", self._key(base), self._key(exponent))
        return self._generator(key, Part(base, exponent=exponent)), self.one

    def _coefficient(self, value: Coefficient) -> Pair:
        result = self.number(value.rational), self.one
        if value.root != 1:
            result = multiplied(result, (self._root(Constant(Coefficient.of(value.root), ()), 2), self.one))
        for size, exponent in value.sizes:  # the root of a size, so that halves of exponents are whole
            half = self._generator(
                ("root of size", size), Part(Constant(Coefficient.of_size(size, Fraction(1, 2)), ()))
            )
            power = raised(half, int(abs(exponent) * 2)), self.one
            result = multiplied(result, power if exponent > 0 else inverse(power))
        return result

    # Derivatives -----------------------------------------------------------------------------------

    def slope(self, fraction: Pair, along: Along) -> Pair:
        """Return the derivative of a fraction."""
        top, bottom = fraction
        square = product_of(bottom, bottom)
        total = self.zero, square
        for number in sorted(used(top) | used(bottom)):
            carried = self._slope_of_part(number, along)
            if carried is not None:
                rise, fall = top.derivative(number), bottom.derivative(number)
                change = product_of(rise, bottom) - product_of(top, fall)
                total = added(total, multiplied((change, square), carried))
        return total

    def _slope_of_part(self, number: int, along: Along) -> Pair | None:
        """Return the derivative of what a generator stands for, None if it does not move."""
        if number not in along.carried:
            along.carried[number] = self._carry(self.parts[number], (self._gens[number], self.one), along)
        return along.carried[number]

    def _carry(self, part: Part, itself: Pair, along: Along) -> Pair | None:
        node, exponent = part.node, part.exponent
        if exponent is not None:  # d u^v = u^v (dv ln u + v du / u)
            logarithm, base, above = self.of(Elementwise(LOG, (node,))), self.of(node), self.of(exponent)
            share = multiplied(multiplied(above, self.slope(base, along)), inverse(base))
            return multiplied(itself, added(multiplied(self.slope(above, along), logarithm), share))
        if part.degree > 1:  # d r = r du / (q u) for the root r of u
            below = multiplied((self.number(part.degree), self.one), self.of(node))
            return multiplied(multiplied(itself, self.slope(self.of(node), along)), inverse(below))
        if not along.moves(node):
            return None
        if node in along.slopes:
            return self.of(along.slopes[node])
        if not isinstance(node, Elementwise) or node.operation is WHERE:
            raise TooLarge
        return self._through(node, along)

    def _through(self, node: Elementwise, along: Along) -> Pair:
        total = self.zero, self.one
        for place, operand in enumerate(node.operands):
            if along.moves(operand):
                try:
                    local = sympy_slope(node, place)
                except TypeError as found:
                    raise TooLarge from found
                total = added(total, multiplied(self.of(local), self.slope(self.of(operand), along)))
        return total

    # Equality --------------------------------------------------------------------------------------

    def same(self, first: Pair, second: Pair) -> bool:
        """Return whether two fractions are equal; what has 0 below the bar is equal to nothing."""
        if self._vanishes(first[1]) or self._vanishes(second[1]):
            return False
        return self._vanishes(product_of(first[0], second[1]) - product_of(second[0], first[1]))

    def _vanishes(self, polynomial: Any) -> bool:
        """Return whether a polynomial is 0, once r² is replaced by u wherever r is a root of u."""
        for number in reversed(range(len(self.parts))):
            part = self.parts[number]
            if part.degree > 1:
                polynomial = reduced(polynomial, number, part.degree, self.of(part.node))
        return bool(polynomial.is_zero())


def _needed(node: Node) -> int:
    """Return how many generators a node may need: one for itself, more for its numbers and for its slope."""
    match node:
        case Linear():
            return sum((front.root != 1) + len(front.sizes) for front in node.coefficients)
        case Constant() if isinstance(node.value, Coefficient):
            return (node.value.root != 1) + len(node.value.sizes)
        case Contraction() if not node.extents:
            return 0
        case Elementwise():
            return 0 if node.operation is DIVIDE else 3
        case _:
            return 1
