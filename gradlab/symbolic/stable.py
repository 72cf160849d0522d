"""Rewriting a function, before it is differentiated, into a form that is finite wherever its value is.

ln(1 + e^u) overflows from u = 710 on and σ(u) (1 - σ(u)) / σ(u) is 0/0 below u = -745, though value and slope are
ordinary numbers. Every rewriting is an equality for all real inputs; the derivation states the ones it used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from gradlab.graph import algebra
from gradlab.graph.kinds import Contraction, Elementwise, Let, Linear, LogSumExp, Softmax
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.operations import DIVIDE, EXP, LOG, LOG1P, SIGMOID, SOFTPLUS, Operation, power
from gradlab.graph.sizes import ONE, Coefficient

if TYPE_CHECKING:
    from gradlab.symbolic.proof import Evidence


@dataclass(frozen=True, eq=False)
class Rewriting:
    """One equality: *before* was replaced by *after*, *because* of a formula."""

    before: Node
    after: Node
    because: str

    @cached_property
    def evidence(self) -> Evidence:
        """How surely the two are equal; found on first use by evaluating both in ball arithmetic."""
        from gradlab.symbolic.proof import prove_equal

        return prove_equal(self.before, self.after)


def stabilised(output: Node) -> tuple[Node, tuple[Rewriting, ...]]:
    """Return an equal expression that neither overflows nor divides 0 by 0 where it need not, and what was done."""
    if not any(isinstance(node, Elementwise) and node.operation in _STARTS for node in topological([output])):
        return output, ()
    done: list[Rewriting] = []

    def replace(old: Node, new: Node) -> Node:
        found: Node | None = new
        while found is not None:
            new = found
            found = _rewritten(new, done)
        return new

    rewritten = rebuild([output], replace=replace)[0]
    used = set(topological([rewritten]))
    return rewritten, tuple(one for one in done if one.after in used)


def _rewritten(node: Node, done: list[Rewriting]) -> Node | None:
    """Return *node* after one rule, and note it in *done*; None where no rule applies."""
    for rule in _RULES:
        found = rule(node)
        if found is not None:
            done.append(Rewriting(node, found, rule.__doc__ or ""))
            return found
    return None


_STARTS = (LOG, LOG1P, EXP)
"""Without one of these no rule applies."""


# Looking at nodes ---------------------------------------------------------------------------------


def _value(node: Node) -> Node:
    """Return what a name stands for."""
    while isinstance(node, Let):
        node = node.operands[0]
    return node


def _inside(node: Node, operation: Operation) -> Node | None:
    """Return u where *node* is operation(u)."""
    whole = _value(node)
    return whole.operands[0] if isinstance(whole, Elementwise) and whole.operation is operation else None


def _terms(node: Node) -> list[tuple[Fraction, Node]]:
    """Return the terms of a sum whose coefficients are numbers, or nothing."""
    whole = _value(node)
    if not isinstance(whole, Linear) or not all(coefficient.is_rational for coefficient in whole.coefficients):
        return []
    return [(c.rational, part) for c, part in zip(whole.coefficients, whole.operands, strict=True)]


def _beside_one(node: Node) -> tuple[Fraction, Node] | None:
    """Return c and u where *node* is 1 + c u."""
    terms = _terms(node)
    if len(terms) != 2:
        return None
    for (first, one), (second, other) in (terms, terms[::-1]):
        if first == 1 and algebra.split(one) == (ONE, None):
            return second, other
    return None


def _softplus(node: Node) -> Node:
    return Elementwise(SOFTPLUS, (node,))


# The rules: the docstring is the equality that is used ----------------------------------------------


def _log_of_sigmoid(node: Node) -> Node | None:
    """log σ(u) = -softplus(-u)"""
    inside = _inside(node, LOG)
    logit = _inside(inside, SIGMOID) if inside is not None else None
    return algebra.negative(_softplus(algebra.negative(logit))) if logit is not None else None


def _log_of_complement(node: Node) -> Node | None:
    """log(1 - σ(u)) = -softplus(u)"""
    inside = _inside(node, LOG)
    found = _beside_one(inside) if inside is not None else None
    logit = _inside(found[1], SIGMOID) if found is not None and found[0] == -1 else None
    return algebra.negative(_softplus(logit)) if logit is not None else None


def _log_of_one_plus_exp(node: Node) -> Node | None:
    """log(1 + e^u) = softplus(u)"""
    inside = _inside(node, LOG)
    found = _beside_one(inside) if inside is not None else None
    raised = found[1] if found is not None and found[0] == 1 else _inside(node, LOG1P)
    exponent = _inside(raised, EXP) if raised is not None else None
    return _softplus(exponent) if exponent is not None else None


def _log_of_softmax(node: Node) -> Node | None:
    """log softmax(u) = u - logsumexp(u)"""
    inside = _inside(node, LOG)
    softmax = _value(inside) if inside is not None else None
    if not isinstance(softmax, Softmax):
        return None
    whole = tuple(range(softmax.rank))
    kept = whole[: softmax.axis] + whole[softmax.axis + 1 :]
    total = algebra.contract([LogSumExp(softmax.operands[0], softmax.axis)], [kept], whole, softmax.axes)
    return algebra.add(softmax.operands[0], algebra.negative(total))


def _log_of_sum_of_exp(node: Node) -> Node | None:
    """log Σ e^u = logsumexp(u)"""
    inside = _inside(node, LOG)
    total = _value(inside) if inside is not None else None
    found = _summed(total) if total is not None else None
    exponent = _inside(found[0], EXP) if found is not None else None
    return LogSumExp(exponent, found[1]) if found is not None and exponent is not None else None


def _summed(node: Node) -> tuple[Node, int] | None:
    """Return u and the axis where *node* is the sum of u over one axis."""
    whole = _value(node)
    if not isinstance(whole, Contraction) or len(whole.operands) != 1 or len(whole.summed) != 1:
        return None
    (row,), (summed,) = whole.inputs, whole.summed
    place = row.index(summed)
    kept = row[:place] + row[place + 1 :]
    return (whole.operands[0], place) if whole.output == kept and len(set(row)) == len(row) else None


def _reciprocal_of_one_plus_exp(node: Node) -> Node | None:
    """1 / (1 + e^(-u)) = σ(u)"""
    whole = node
    if not isinstance(whole, Elementwise):
        return None
    if whole.operation is DIVIDE and algebra.split(whole.operands[0]) == (ONE, None):
        below = whole.operands[1]
    elif whole.operation is power(Fraction(-1)):
        below = whole.operands[0]
    else:
        return None
    found = _beside_one(below)
    exponent = _inside(found[1], EXP) if found is not None and found[0] == 1 else None
    return Elementwise(SIGMOID, (algebra.negative(exponent),)) if exponent is not None else None


def _exp_over_one_plus_exp(node: Node) -> Node | None:
    """e^u / (1 + e^u) = σ(u)"""
    if not isinstance(node, Elementwise) or node.operation is not DIVIDE:
        return None
    above, below = node.operands
    exponent, found = _inside(above, EXP), _beside_one(below)
    same = found is not None and found[0] == 1 and _value(found[1]) is _value(above)
    return Elementwise(SIGMOID, (exponent,)) if exponent is not None and same else None


def _exp_over_its_sum(node: Node) -> Node | None:
    """e^u / Σ e^u = softmax(u)"""
    if not isinstance(node, Elementwise) or node.operation is not DIVIDE:
        return None
    above, below = node.operands
    exponent = _inside(above, EXP)
    wide = _value(below)
    if exponent is None or not isinstance(wide, Contraction) or len(wide.operands) != 1:
        return None
    found = _summed(wide.operands[0]) if not wide.summed else None
    if found is None or _value(found[0]) is not _value(above):
        return None
    axis, whole = found[1], tuple(range(node.rank))
    copied = tuple(wide.output.index(index) for index in wide.inputs[0])
    return Softmax(exponent, axis) if copied == whole[:axis] + whole[axis + 1 :] else None


def _shifted_softmax(node: Node) -> Node | None:
    """softmax(u - c) = softmax(u) for c constant along the axis"""
    if not isinstance(node, Softmax):
        return None
    rest = _without_shift(node.operands[0], node.axis)
    return Softmax(rest, node.axis) if rest is not None else None


def _without_shift(node: Node, axis: int) -> Node | None:
    """Return what is left of a sum without the terms that are only copied along *axis*, None if nothing goes."""
    whole = _value(node)
    if not isinstance(whole, Linear):
        return None
    kept = [
        algebra.scale(coefficient, part)
        for coefficient, part in zip(whole.coefficients, whole.operands, strict=True)
        if not _is_copied(part, axis)
    ]
    return algebra.add(*kept) if kept and len(kept) < len(whole.operands) else None


def _is_copied(node: Node, axis: int) -> bool:
    whole = _value(node)
    return isinstance(whole, Contraction) and not any(whole.output[axis] in row for row in whole.inputs)


def _binary_cross_entropy(node: Node) -> Node | None:
    """y log σ(u) + (1 - y) log(1 - σ(u)) = y u - softplus(u)"""
    if not isinstance(node, Linear) or len(node.operands) != 2:
        return None
    terms = [_weighted_softplus(c, part) for c, part in zip(node.coefficients, node.operands, strict=True)]
    for first, second in (terms, terms[::-1]):
        for front, weight, inside in first:
            for other_front, complement, logit in second:
                beside = _beside_one(complement)
                same = front == other_front and algebra.negative(logit) is inside
                if same and beside is not None and beside == (-1, weight):
                    losses = Linear((ONE, -ONE), (algebra.product(weight, logit), _softplus(logit)))
                    return algebra.scale(-front, losses)
    return None


def _weighted_softplus(coefficient: Coefficient, node: Node) -> list[tuple[Coefficient, Node, Node]]:
    """Return c, y and u where coefficient times *node* is c y softplus(u), in all ways to see it so."""
    whole = _value(node)
    if not isinstance(whole, Contraction) or len(whole.operands) != 2 or whole.summed:
        return []
    found: list[tuple[Coefficient, Node, Node]] = []
    for weight, other in (whole.operands, whole.operands[::-1]):
        front, rest = algebra.split(weight)
        sign, softplus = algebra.split(other)
        inside = _inside(softplus, SOFTPLUS) if softplus is not None else None
        if inside is not None and rest is not None and all(row == whole.output for row in whole.inputs):
            found.append((coefficient * front * sign, rest, inside))
    return found


_RULES: tuple[Callable[[Node], Node | None], ...] = (
    _log_of_sigmoid,
    _log_of_complement,
    _log_of_one_plus_exp,
    _log_of_softmax,
    _log_of_sum_of_exp,
    _reciprocal_of_one_plus_exp,
    _exp_over_one_plus_exp,
    _exp_over_its_sum,
    _shifted_softmax,
    _binary_cross_entropy,
)
