"""The final form of a derivative: what a person would write on the last line.

Named values are written out, like terms and like factors are collected, negative powers go below one fraction bar.
Evaluation does not need any of this; the forms here are for reading.
"""

from __future__ import annotations

from fractions import Fraction

from gradlab.graph import algebra
from gradlab.graph.kinds import Constant, Contraction, Elementwise, Let, Linear, Variable
from gradlab.graph.nodes import Node, rebuild
from gradlab.graph.operations import DIVIDE, power
from gradlab.graph.printing import is_unreadable
from gradlab.graph.sizes import Coefficient


def tidied(node: Node) -> Node:
    """Return *node* in its final form; names that pick an input apart (``a, b, c = params``) stay.

    What is too large to be written out is returned as it is: its last line has no reader.

    >>> from gradlab.graph.operations import SIN
    >>> x = Variable("x")
    >>> algebra.product(x, algebra.product(x, algebra.quotient(Elementwise(SIN, (x,)), algebra.raised(x, 3))))
    x x sin(x)/x³
    >>> tidied(_)
    sin(x)/x
    """
    if is_unreadable(node, named=False):
        return node

    def replace(old: Node, new: Node) -> Node:
        match new:
            case Let() if not new.names_an_input:
                return new.operands[0]
            case Contraction():
                return _product(_powers_collected(algebra.contract(new.operands, new.inputs, new.output, new.extents)))
            case Elementwise() if new.operation is DIVIDE:
                return _product(algebra.quotient(*new.operands))
            case Linear():
                return algebra.add(*(algebra.scale(coefficient, term) for coefficient, term in _terms(new)))
            case _:
                return new

    return rebuild([node], replace=replace)[0]


def _terms(node: Linear) -> list[tuple[Coefficient, Node]]:
    """Return the terms of a sum, those of a plain sum inside it on their own, so that x + (1 + x) becomes 2 x + 1."""
    terms: list[tuple[Coefficient, Node]] = []
    for coefficient, part in zip(node.coefficients, node.operands, strict=True):
        if coefficient.is_one and isinstance(part, Linear) and len(part.operands) > 1:
            terms += zip(part.coefficients, part.operands, strict=True)
        else:
            terms.append((coefficient, part))
    return terms


def _product(node: Node) -> Node:
    """Return an entry-by-entry product or quotient with equal factors collected into powers."""
    coefficient, rest = algebra.split(node)
    if rest is None or not _is_product(rest):
        return node
    powers: dict[Node, Fraction] = {}
    coefficient = coefficient * _collect(rest, Fraction(1), powers)
    above = [algebra.raised(base, exponent) for base, exponent in powers.items() if exponent > 0]
    below = [algebra.raised(base, -exponent) for base, exponent in powers.items() if exponent < 0]
    top = _multiplied(above, node)
    return algebra.scale(coefficient, algebra.quotient(top, _multiplied(below, node)) if below else top)


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


def _collect(node: Node, exponent: Fraction, powers: dict[Node, Fraction]) -> Coefficient:
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
    """Return base and exponent of a whole power, so that x x² can become x³."""
    if isinstance(node, Elementwise) and node.operation.name.startswith("power "):
        exponent = Fraction(node.operation.name.removeprefix("power "))
        if exponent.denominator == 1 and node.operation is power(exponent):
            return node.operands[0], exponent
    return node, Fraction(1)


def _multiplied(factors: list[Node], like: Node) -> Node:
    """Return the product of *factors*: powers of variables first, as people write them."""
    ordered = sorted(factors, key=lambda factor: not isinstance(_as_power(factor)[0], (Variable, Constant)))
    if not ordered:
        return algebra.number(1, like.axes)
    if len(ordered) == 1:
        return ordered[0]
    row = tuple(range(like.rank))
    return algebra.contract(ordered, [row] * len(ordered), row, like.axes)
