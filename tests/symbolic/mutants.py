"""Steps made wrong, and a judge of whether they are: by floating point and differences, without the prover."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from gradlab.errors import GradlabError
from gradlab.graph import algebra, evaluation, operations
from gradlab.graph.kinds import (
    Contraction,
    Derivative,
    Elementwise,
    Gather,
    Linear,
    OneHot,
    ScatterAdd,
    Variable,
)
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.operations import GENERAL_POWER, WHERE, exponent_of, power
from gradlab.graph.sizes import Coefficient, shape_of
from gradlab.symbolic.steps import Step

# Corruptions ---------------------------------------------------------------------------------------
# Each takes one node of what a step says, and yields what may stand there by mistake.


def wrong_sign(node: Node) -> Iterator[Node]:
    yield algebra.negative(node)


def wrong_factor(node: Node) -> Iterator[Node]:
    yield algebra.scale_by(2, node)
    yield algebra.scale_by(Fraction(1, 2), node)
    sizes = [size for size in node.axes if isinstance(size, str)]
    if sizes:  # a mean in place of a sum
        yield algebra.scale(Coefficient.of_size(sizes[0], -1), node)


def added_constant(node: Node) -> Iterator[Node]:
    yield algebra.add(node, algebra.number(1, node.axes))


def nearly_right(node: Node) -> Iterator[Node]:
    """Right to 20 digits."""
    yield algebra.scale_by(1 + Fraction(1, 10**20), node)


def missing_inner_derivative(node: Node) -> Iterator[Node]:
    if isinstance(node, Derivative):
        yield algebra.number(1, node.axes)
        yield node.operands[0]


def derivative_of_the_wrong_operand(node: Node) -> Iterator[Node]:
    if isinstance(node, Derivative):
        yield from (Derivative(operand, node.wrt) for operand in node.operands[0].operands if operand.axes == node.axes)


def missing_summand(node: Node) -> Iterator[Node]:
    if isinstance(node, Linear) and len(node.operands) > 1:
        for place in range(len(node.operands)):
            yield Linear(
                node.coefficients[:place] + node.coefficients[place + 1 :],
                node.operands[:place] + node.operands[place + 1 :],
            )


def wrong_sign_of_a_summand(node: Node) -> Iterator[Node]:
    if isinstance(node, Linear) and len(node.operands) > 1:
        yield Linear((-node.coefficients[0], *node.coefficients[1:]), node.operands)
        yield Linear((*node.coefficients[:-1], -node.coefficients[-1]), node.operands)


def rounded_number(node: Node) -> Iterator[Node]:
    """1/3 as 0.333"""
    if isinstance(node, Linear):
        for place, front in enumerate(node.coefficients):
            rounded = replace(front, rational=Fraction(round(front.rational * 1000), 1000))
            if rounded != front:
                yield Linear((*node.coefficients[:place], rounded, *node.coefficients[place + 1 :]), node.operands)


def missing_factor(node: Node) -> Iterator[Node]:
    if isinstance(node, Contraction) and len(node.operands) > 1:
        for place in range(len(node.operands)):
            operands, rows = list(node.operands), list(node.inputs)
            del operands[place], rows[place]
            if {index for row in node.inputs for index in row} == {index for row in rows for index in row}:
                yield Contraction(tuple(operands), tuple(rows), node.output, node.extents)


def missing_transpose(node: Node) -> Iterator[Node]:
    """X for X^T, where the sizes let it pass, or where they are equal only by accident."""
    if isinstance(node, Contraction):
        for place, row in enumerate(node.inputs):
            if len(row) == 2 and row[0] != row[1] and node.extents[row[0]] == node.extents[row[1]]:
                rows = (*node.inputs[:place], row[::-1], *node.inputs[place + 1 :])
                yield Contraction(node.operands, rows, node.output, node.extents)
    if node.rank == 2 and node.axes[0] == node.axes[1]:
        yield algebra.transposed(node)


def one_entry_for_the_sum(node: Node) -> Iterator[Node]:
    """u_i for sum_i u_i: what is summed over is left out, or the sum runs along another axis."""
    if not isinstance(node, Contraction) or not node.summed:
        return
    for index in node.summed:
        for other in node.output:
            if node.extents[other] == node.extents[index]:
                swap = {index: other, other: index}
                output = tuple(swap.get(one, one) for one in node.output)
                yield Contraction(node.operands, node.inputs, output, node.extents)
    yield algebra.scale(
        Coefficient.of_size(node.extents[node.summed[0]], -1),
        node,
    )


def swapped_operands(node: Node) -> Iterator[Node]:
    if isinstance(node, Elementwise) and len(node.operands) == 2:
        yield Elementwise(node.operation, node.operands[::-1])


def wrong_exponent(node: Node) -> Iterator[Node]:
    if isinstance(node, Elementwise):
        exponent = exponent_of(node.operation)
        if exponent is not None:
            yield Elementwise(power(exponent + 1), node.operands)
            yield Elementwise(power(exponent - 1), node.operands)
        elif node.operation is GENERAL_POWER:
            base, above = node.operands
            yield Elementwise(GENERAL_POWER, (base, algebra.add(above, algebra.number(1, above.axes))))


NEAR = {
    "sin": "cos",
    "cos": "sin",
    "exp": "expm1",
    "log": "log1p",
    "sinh": "cosh",
    "cosh": "sinh",
    "sqrt": "cbrt",
    "cbrt": "sqrt",
    "sign": "step",
    "step": "sign",
    "sigmoid": "normal_cdf",
    "tan": "tanh",
    "abs": "relu",
    "greater": "less",
    "larger": "smaller",
    "smaller": "larger",
    "floor": "ceil",
    "trunc": "floor",
    "divide": "hypot",
    "erf": "tanh",
    "normal_density": "normal_cdf",
    "greater_equal": "less",
    "less_equal": "greater",
    "max": "min",
    "min": "max",
}


def function_taken_for_another(node: Node) -> Iterator[Node]:
    if isinstance(node, Elementwise):
        near = NEAR.get(node.operation.name)
        if near is not None:
            yield Elementwise(operations.OPERATIONS[near], node.operands)
        if node.operation.name in ("tanh", "tan", "sigmoid"):  # and its square
            yield Elementwise(power(Fraction(2)), (node,))


def inverted_condition(node: Node) -> Iterator[Node]:
    if isinstance(node, Elementwise) and node.operation is WHERE:
        condition, first, second = node.operands
        yield Elementwise(WHERE, (condition, second, first))


def wrong_variable(node: Node, others: tuple[Variable, ...]) -> Iterator[Node]:
    if isinstance(node, Variable):
        yield from (other for other in others if other is not node and other.axes == node.axes)


def right_in_one_range_only(node: Node, others: tuple[Variable, ...]) -> Iterator[Node]:
    """Right below 10, above 0, away from (5, 20) or near 0 only."""
    variable = next((other for other in others if other.axes == node.axes), None)
    if variable is None:
        return

    def compared(operation: operations.Operation, bound: int) -> Node:
        return Elementwise(operation, (variable, algebra.number(bound, variable.axes)))

    wrong = algebra.add(algebra.scale_by(2, node), algebra.number(1, node.axes))
    yield Elementwise(WHERE, (compared(operations.LESS, 10), node, wrong))
    yield Elementwise(WHERE, (compared(operations.GREATER, 0), node, wrong))
    window = Elementwise(operations.LOGICAL_AND, (compared(operations.GREATER, 5), compared(operations.LESS, 20)))
    yield Elementwise(WHERE, (window, wrong, node))
    far = algebra.add(variable, algebra.number(-30, variable.axes))
    yield algebra.add(node, Elementwise(operations.RELU, (far,)))


AT_THE_ROOT: tuple[Callable[[Node], Iterator[Node]], ...] = (wrong_sign, wrong_factor, added_constant, nearly_right)

ANYWHERE: tuple[Callable[[Node], Iterator[Node]], ...] = (
    missing_inner_derivative,
    derivative_of_the_wrong_operand,
    missing_summand,
    wrong_sign_of_a_summand,
    rounded_number,
    missing_factor,
    missing_transpose,
    one_entry_for_the_sum,
    swapped_operands,
    wrong_exponent,
    function_taken_for_another,
    inverted_condition,
)

WITH_ANOTHER = (wrong_variable, right_in_one_range_only)


@dataclass(frozen=True, eq=False)
class Mutant:
    """A step with one mistake, and what is wrong with it."""

    step: Step
    fault: str
    original: Step


def mutants_of(step: Step) -> Iterator[Mutant]:
    """Yield *step* with every mistake that can be made in what it equals, and in a rewriting in what it starts from."""
    for fault, wrong in _corrupted(step.after, _variables(step)):
        yield Mutant(replace(step, after=wrong), fault, step)
    if step.local is not None:
        for corruption in (wrong_sign, wrong_factor, added_constant):
            for wrong in corruption(step.local):
                yield Mutant(replace(step, local=wrong), f"{corruption.__name__} where it is shown", step)
    if step.kind == "rewriting":
        for fault, wrong in _corrupted(step.before, _variables(step)):
            if not isinstance(step.before, Derivative) or isinstance(wrong, Derivative):
                yield Mutant(replace(step, before=wrong), f"{fault} before", step)


def _variables(step: Step) -> tuple[Variable, ...]:
    return tuple(node for node in topological([step.before, step.after]) if isinstance(node, Variable))


def _corrupted(whole: Node, others: tuple[Variable, ...]) -> Iterator[tuple[str, Node]]:
    seen = {whole}
    for fault, wrong in _candidates(whole, others):
        if wrong not in seen and wrong.axes == whole.axes:
            seen.add(wrong)
            yield fault, wrong


def _candidates(whole: Node, others: tuple[Variable, ...]) -> Iterator[tuple[str, Node]]:
    for corruption in AT_THE_ROOT:
        yield from ((corruption.__name__, wrong) for wrong in corruption(whole))
    yield from (("right_in_one_range_only", wrong) for wrong in right_in_one_range_only(whole, others))
    for part in topological([whole]):
        for corruption in ANYWHERE:
            for wrong in corruption(part):
                yield from _put_in(whole, part, wrong, corruption.__name__)
        for wrong in wrong_variable(part, others):
            yield from _put_in(whole, part, wrong, "wrong_variable")


def _put_in(whole: Node, part: Node, wrong: Node, fault: str) -> Iterator[tuple[str, Node]]:
    if wrong.axes == part.axes:
        (made,) = rebuild([whole], replace=lambda old, new: wrong if old is part else new)
        yield fault, made


# The judge -----------------------------------------------------------------------------------------

POINTS = 400
CLEARLY = 1e-3
"""What is computed by differences is right to 1e-7: sides that differ by more than this are not equal."""

LARGEST = 1e6
"""Values up to which differences are trusted."""


def is_wrong(mutant: Mutant) -> bool:
    """Return whether both sides of a mutant clearly differ somewhere, where the function has a value.

    The step that was corrupted is right: so the mutant is wrong if what was corrupted has another value.
    """
    shown, wrongly = mutant.original.local, mutant.step.local
    if shown is not None and wrongly is not None and shown is not wrongly:
        return _differ(mutant.original, shown, wrongly)
    if mutant.fault == "nearly_right":  # by construction, unless both are 0
        return _differ(mutant.original, mutant.original.after, algebra.scale_by(2, mutant.original.after))
    if mutant.step.before is not mutant.original.before:
        return _differ(mutant.original, mutant.original.before, mutant.step.before)
    far = mutant.fault == "right_in_one_range_only"
    return _differ(mutant.original, mutant.original.after, mutant.step.after, far=far)


def _differ(step: Step, first: Node, second: Node, *, far: bool = False) -> bool:
    function = step.flow.operation if step.flow is not None else step.before
    function = function.operands[0] if isinstance(function, Derivative) else function
    nodes = topological([function, first, second])
    sizes = _sizes(nodes)
    points = _points(nodes, sizes, far)
    with np.errstate(all="ignore"):
        try:
            value, one, other = (_valued(node, points, sizes) for node in (function, first, second))
        except GradlabError:  # positions that are none
            return False
        apart = abs(one - other) > CLEARLY * (1e-2 + np.maximum(abs(one), abs(other)))
    sides: Any = (apart & np.isfinite(one) & np.isfinite(other) & (abs(one) < LARGEST)).reshape(POINTS, -1).any(axis=1)
    within = np.isfinite(value).reshape(POINTS, -1).all(axis=1)
    for node in nodes:  # torch gives ln |Γ(u)| below 0 as well
        if isinstance(node, Elementwise) and node.operation.domain == "u > 0":
            within &= (_valued(node.operands[0], points, sizes) > 0).reshape(POINTS, -1).all(axis=1)
    return bool((sides & within).sum() > POINTS // 100)


def _sizes(nodes: list[Node]) -> dict[str, int]:
    every = [size for node in nodes for size in (*node.axes, *getattr(node, "extents", ()))]
    for node in nodes:
        for number in getattr(node, "coefficients", ()) or (getattr(node, "value", None),):
            every += [size for size, _ in getattr(number, "sizes", ())]
    symbols = dict.fromkeys(size for size in every if isinstance(size, str))
    return {size: 6 + place for place, size in enumerate(symbols)}


def _points(nodes: list[Node], sizes: Mapping[str, int], far: bool) -> dict[str, Any]:
    draw = np.random.default_rng(7)
    indices = [node.operands[0] for node in nodes if isinstance(node, OneHot)]
    indices += [node.operands[1] for node in nodes if isinstance(node, (Gather, ScatterAdd))]
    positions = {node.name for index in indices for node in topological([index]) if isinstance(node, Variable)}
    found: dict[str, Any] = {}
    for node in nodes:
        if isinstance(node, Variable):
            shape = (POINTS, *shape_of(node.axes, sizes))
            spread = draw.uniform(*(-40, 40) if far else (-3, 3), shape)
            if node.name in positions:
                spread = draw.integers(2, size=shape).astype(float)
            elif len(shape) > 2 and shape[-1] == shape[-2]:
                spread = draw.normal(size=shape) + 4 * np.eye(shape[-1])
            found[node.name] = spread
    return found


def _valued(node: Node, points: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
    """Return the value of *node* at every point, derivatives by differences over five points."""
    values = dict(points)

    def measured(old: Node, new: Node) -> Node:
        if not isinstance(old, Derivative):
            return new
        name = f"slope {len(values)}"
        values[name] = _slope(new.operands[0], old.wrt, values, sizes)
        return Variable(name, old.axes)

    (plain,) = rebuild([node], replace=measured)
    found = evaluation.with_numpy([plain], values, sizes)[0]
    return np.broadcast_to(found, (POINTS, *shape_of(node.axes, sizes)))


def _slope(node: Node, wrt: Node, values: dict[str, Any], sizes: Mapping[str, int]) -> Any:
    assert isinstance(wrt, Variable)
    at = values[wrt.name]
    h = 1e-4 * np.maximum(1e-3, np.minimum(abs(at), 1))
    total: Any = 0
    for steps, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
        (there,) = evaluation.with_numpy([node], {**values, wrt.name: at + steps * h}, sizes)
        total = total + weight * np.asarray(there)
    return total / (12 * h.reshape(-1, *(1,) * node.rank))
