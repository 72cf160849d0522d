"""Mistakes with the gradient of a loss: its factors, its sign, its terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from gradlab.errors import GradlabError
from gradlab.grading.malrules import MalRule, Situation
from gradlab.grading.mistakes import Mistake, WrongAnswer
from gradlab.graph import algebra
from gradlab.graph.function import Function
from gradlab.graph.kinds import Constant, Contraction, Elementwise, Linear, Variable
from gradlab.graph.nodes import Node, put_for, rebuild, topological
from gradlab.graph.operations import SIGMOID
from gradlab.graph.sizes import Coefficient
from gradlab.symbolic import derive
from gradlab.symbolic.rules import CHAIN, Applied, Scope


def wrong_gradients(function: Function, name: str, right: Node) -> list[WrongAnswer]:
    """Return the answers that usual mistakes with the gradient of a loss lead to."""
    step = Situation(function.formula, Scope(function.nodes[name], {}), Applied(CHAIN, right))
    found: list[WrongAnswer] = []
    for title, says, answer in _all(function, name, right):
        if answer is not right:
            found.append(WrongAnswer(answer, (Mistake(MalRule(title, says, lambda _: ()), step, answer, whole=True),)))
    return found


def _all(function: Function, name: str, right: Node) -> Iterator[tuple[str, str, Node]]:
    half = Coefficient(Fraction(1, 2))
    yield "factor 2 missing", "the square gives a factor 2", algebra.scale(half, right)
    yield "factor 2 too many", "a factor 2 does not belong here", algebra.scale(Coefficient(Fraction(2)), right)
    yield "negated", "the whole answer has the wrong sign", algebra.negative(right)
    sizes = _mean_sizes(function.formula)
    for size in sizes:
        times = Coefficient.of_size(size)
        yield (
            "mean missing",
            "the loss is a mean: its gradient is divided by the number of rows",
            algebra.scale(times, right),
        )
        both = algebra.scale(half, algebra.scale(times, right))
        yield "factor 2 missing and mean missing", "the square gives a factor 2, and the mean divides", both
    if not sizes:
        for size in dict.fromkeys(
            s for node in topological([function.formula]) for s in node.axes if isinstance(s, str)
        ):
            over = Coefficient.of_size(size).inverse()
            yield "mean too many", "the loss is a sum, not a mean", algebra.scale(over, right)
    yield from _without_inner(function, name)
    for title, says, changed in _other_losses(function.formula):
        try:
            yield title, says, derive(function.with_output(changed), name).gradient[name].formula
        except GradlabError:
            continue


def _without_inner(function: Function, name: str) -> Iterator[tuple[str, str, Node]]:
    """Yield the gradient without the factor beside a single number w: 2/n sum (w x - y) for 2/n sum (w x - y) x."""
    variable = function.nodes[name]
    for node in topological([function.formula]):
        if variable.axes or not isinstance(node, Contraction) or node.summed or variable not in node.operands:
            continue
        inner = Variable("inner", node.axes)
        (outer,) = put_for({node: inner}, [function.formula])
        posed = replace(function.with_output(outer), variables={**function.variables, inner.name: inner.axes})
        (delta,) = put_for({inner: node}, [derive(posed, inner.name).gradient[inner.name].formula])
        indices = tuple(range(delta.rank))
        yield (
            "inner derivative forgotten",
            "the outer function was differentiated, but not multiplied by the inner derivative",
            algebra.contract([delta], [indices], (), delta.axes),
        )


def _mean_sizes(formula: Node) -> list[str]:
    """Return the sizes that the formula divides by."""
    found: dict[str, None] = {}
    for node in topological([formula]):
        numbers = node.coefficients if isinstance(node, Linear) else (node.value,) if isinstance(node, Constant) else ()
        for number in numbers:
            if isinstance(number, Coefficient):
                found.update({size: None for size, exponent in number.sizes if exponent < 0})
    return list(found)


def _other_losses(formula: Node) -> Iterator[tuple[str, str, Node]]:
    """Yield losses whose gradients are those of a mistake: a regulariser dropped, a difference turned round."""
    if isinstance(formula, Linear) and len(formula.operands) > 1:
        for place in range(len(formula.operands)):
            rest = [
                (c, o)
                for p, (c, o) in enumerate(zip(formula.coefficients, formula.operands, strict=True))
                if p != place
            ]
            kept = Linear(tuple(c for c, _ in rest), tuple(o for _, o in rest))
            yield "term of the loss dropped", "the loss has another term, the regulariser for one", kept
            turned = tuple(-c if p == place else c for p, c in enumerate(formula.coefficients))
            yield "sign of a term", "a term of the loss has the wrong sign", Linear(turned, formula.operands)
    for node in topological([formula]):
        if isinstance(node, Linear) and node is not formula and len(node.operands) > 1:
            for place in range(len(node.operands)):
                slipped = Linear(tuple(-c if p == place else c for p, c in enumerate(node.coefficients)), node.operands)
                yield "sign slip", "a sign was lost or changed", put_for({node: slipped}, [formula])[0]
    if any(isinstance(node, Elementwise) and node.operation is SIGMOID for node in topological([formula])):
        linear = rebuild([formula], replace=_without_sigmoid)[0]
        yield "sigmoid missing", "the prediction is the sigmoid of the linear part", linear


def _without_sigmoid(old: Node, new: Node) -> Node:
    return new.operands[0] if isinstance(old, Elementwise) and old.operation is SIGMOID else new
