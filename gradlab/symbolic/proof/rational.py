"""Equality by rational arithmetic: both sides as one fraction of polynomials in what cannot be taken apart.

sin(x²), |x| and √x are such parts, and so is x; a root obeys r² = u, and u^(v + 2) is u^v u². What comes out as the
same fraction is equal wherever both sides are defined; what does not may be equal all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from gradlab.graph import algebra
from gradlab.graph.kinds import Constant, Contraction, Elementwise, Let, Linear
from gradlab.graph.nodes import Node, topological
from gradlab.graph.operations import DIVIDE, GENERAL_POWER, SQRT, exponent_of
from gradlab.graph.sizes import Coefficient
from gradlab.graph.tidying import tidied

MOST_TERMS = 2_000
"""Terms up to which a polynomial is multiplied out."""

LARGEST_EXPONENT = 40
"""Powers up to which a bracket is multiplied out."""


class TooLarge(Exception):
    """The polynomials grow beyond what is worth it."""


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
        first, second = (fractions.of(side) for side in (before, after))
        return fractions.vanishes(first[0] * second[1] - second[0] * first[1])
    except TooLarge:
        return False


def derivative_equals(expression: Node, slopes: Mapping[Node, Node], after: Node) -> bool:
    """Return whether *after* is shown to be the derivative of *expression*, whose parts have the *slopes* given.

    Only sums, products and quotients are taken apart: anything else in it must have a slope of its own.
    """
    try:
        fractions = Fractions([expression, after, *slopes.values()])
        top, bottom = fractions.of(expression)
        claimed, below = fractions.of(after)
        total: Any = fractions.number(0)
        for part, generator in list(fractions.generators.items()):
            if not isinstance(part, Node) or part not in slopes:
                if _moves(part, slopes):
                    return False
                continue
            slope, under = fractions.of(slopes[part])
            change = top.derivative(generator) * bottom - top * bottom.derivative(generator)
            if change.is_zero():
                continue
            if not under.is_one():
                return False
            total = total + change * slope
        return fractions.vanishes(total * below - claimed * bottom * bottom)
    except TooLarge:
        return False


def _moves(part: object, slopes: Mapping[Node, Node]) -> bool:
    return isinstance(part, Node) and any(inner in slopes for inner in topological([part]))


@dataclass
class Fractions:
    """Turns nodes into fractions over one ring; *generators* numbers what cannot be taken apart.

    roots: per generator that is a root, which root it is and of what.
    """

    outputs: Sequence[Node]
    generators: dict[object, int] = field(default_factory=dict)
    roots: dict[int, tuple[int, Node]] = field(default_factory=dict)
    _known: dict[Node, tuple[Any, Any]] = field(default_factory=dict)
    _ring: Any = None

    def __post_init__(self) -> None:
        import flint

        # A bound on how many generators there can be: every node, its exponent and its numbers may each need one.
        nodes = topological(self.outputs)
        count = 2 * len(nodes) + 16
        self._ring = flint.fmpq_mpoly_ctx.get([f"g{number}" for number in range(count)], flint.Ordering.lex)
        self._gens = self._ring.gens()

    def number(self, value: int | Fraction) -> Any:
        import flint

        ratio = Fraction(value)
        return self._ring.constant(flint.fmpq(ratio.numerator, ratio.denominator))

    def generator(self, key: object) -> Any:
        """Return what stands for *key*, one and the same for equal keys."""
        number = self.generators.setdefault(key, len(self.generators))
        if number >= len(self._gens):
            raise TooLarge
        return self._gens[number]

    def of(self, node: Node) -> tuple[Any, Any]:
        """Return numerator and denominator of *node*."""
        found = self._known.get(node)
        if found is None:
            found = self._known[node] = self._fraction(node)
            if max(len(found[0]), len(found[1])) > MOST_TERMS:
                raise TooLarge
        return found

    def _fraction(self, node: Node) -> tuple[Any, Any]:
        if node.axes:
            raise TooLarge
        match node:
            case Constant():
                return self._coefficient(node.value) if isinstance(node.value, Coefficient) else self._atom(node)
            case Let():
                return self.of(node.operands[0])
            case Linear():
                total = self.number(0), self.number(1)
                for coefficient, operand in zip(node.coefficients, node.operands, strict=True):
                    total = _sum(total, _product(self._coefficient(coefficient), self.of(operand)))
                return total
            case Contraction() if not node.extents:
                total = self.number(1), self.number(1)
                for operand in node.operands:
                    total = _product(total, self.of(operand))
                return total
            case Elementwise():
                return self._operation(node)
            case _:
                return self._atom(node)

    def _operation(self, node: Elementwise) -> tuple[Any, Any]:
        operation = node.operation
        if operation is DIVIDE:
            return _product(self.of(node.operands[0]), self._inverse(self.of(node.operands[1])))
        if operation is SQRT:
            return self._power(node.operands[0], Fraction(1, 2))
        if operation is GENERAL_POWER:
            return self._general_power(*node.operands)
        exponent = exponent_of(operation)
        return self._power(node.operands[0], exponent) if exponent is not None else self._atom(node)

    def _power(self, base: Node, exponent: Fraction) -> tuple[Any, Any]:
        if exponent < 0:
            return self._inverse(self._power(base, -exponent))
        whole, rest = divmod(exponent, 1)
        if whole > LARGEST_EXPONENT:
            raise TooLarge
        top, bottom = self.of(base)
        result = top ** int(whole), bottom ** int(whole)
        if rest:
            root = self._root(base, rest.denominator)
            result = _product(result, (root**rest.numerator, self.number(1)))
        return result

    def _root(self, base: Node, degree: int) -> Any:
        key = ("root", degree, tidied(base))
        self.of(base)  # before the root, so that roots inside it have smaller numbers
        root = self.generator(key)
        self.roots[self.generators[key]] = (degree, base)
        return root

    def _general_power(self, base: Node, exponent: Node) -> tuple[Any, Any]:
        """u^(v + 2) as u^v u²"""
        top, bottom = self.of(exponent)
        if top.is_constant() and bottom.is_constant():
            return self._power(base, _number(top) / _number(bottom))
        whole, rest = _whole_part(tidied(exponent))
        if abs(whole) > LARGEST_EXPONENT:
            raise TooLarge
        return _product(
            (self.generator(("power", tidied(base), rest)), self.number(1)), self._power(base, Fraction(whole))
        )

    def _atom(self, node: Node) -> tuple[Any, Any]:
        key: object = node
        if isinstance(node, Elementwise):
            key = Elementwise(node.operation, tuple(tidied(operand) for operand in node.operands))
        return self.generator(key), self.number(1)

    def _coefficient(self, value: Coefficient) -> tuple[Any, Any]:
        result = self.number(value.rational), self.number(1)
        if value.root != 1:
            result = _product(result, (self._root(algebra.number(value.root), 2), self.number(1)))
        for size, exponent in value.sizes:
            half = self.generator(("root of size", size)) ** int(abs(exponent) * 2), self.number(1)
            result = _product(result, half if exponent > 0 else self._inverse(half))
        return result

    def _inverse(self, fraction: tuple[Any, Any]) -> tuple[Any, Any]:
        if fraction[0].is_zero():
            raise TooLarge  # 1/0 is equal to nothing
        return fraction[1], fraction[0]

    def vanishes(self, polynomial: Any) -> bool:
        """Return whether a polynomial is 0, once r² is replaced by u wherever r is a root of u."""
        for number in sorted(self.roots, reverse=True):
            degree, base = self.roots[number]
            polynomial = self._reduced(polynomial, number, degree, self.of(base))
        return bool(polynomial.is_zero())

    def _reduced(self, polynomial: Any, number: int, degree: int, base: tuple[Any, Any]) -> Any:
        """Return a multiple of *polynomial* in which the root appears below its degree only."""
        by_power: dict[int, dict[Any, Any]] = {}
        for exponents, coefficient in polynomial.to_dict().items():
            times, left = divmod(exponents[number], degree)
            lowered = (*exponents[:number], left, *exponents[number + 1 :])
            by_power.setdefault(times, {})[lowered] = coefficient
        highest = max(by_power, default=0)
        total = self.number(0)
        for times, terms in by_power.items():
            total = total + self._ring.from_dict(terms) * base[0] ** times * base[1] ** (highest - times)
        return total


def _sum(first: tuple[Any, Any], second: tuple[Any, Any]) -> tuple[Any, Any]:
    if first[1] == second[1]:
        return first[0] + second[0], first[1]
    return first[0] * second[1] + second[0] * first[1], first[1] * second[1]


def _product(first: tuple[Any, Any], second: tuple[Any, Any]) -> tuple[Any, Any]:
    return first[0] * second[0], first[1] * second[1]


def _number(constant: Any) -> Fraction:
    ratio = constant.leading_coefficient() if not constant.is_zero() else 0
    return Fraction(int(ratio.p), int(ratio.q)) if ratio else Fraction(0)


def _whole_part(exponent: Node) -> tuple[int, Node]:
    """Return the whole number that is added to an exponent, and the rest."""
    whole, rest = Fraction(0), []
    parts = zip(exponent.coefficients, exponent.operands, strict=True) if isinstance(exponent, Linear) else ()
    for coefficient, operand in parts:
        number = (
            isinstance(operand, Constant) and isinstance(operand.value, Coefficient) and coefficient * operand.value
        )
        if number and number.is_rational and number.rational.denominator == 1:
            whole += number.rational
        else:
            rest.append(algebra.scale(coefficient, operand))
    return (int(whole), algebra.add(*rest)) if rest else (0, exponent)
