"""Proving what flows back through an operation, without the rules that say so.

An operation that is affine in an operand (sums, products, contractions, indexing) is its own derivative: its value
at each unit array minus its value at zero; for large arrays, in one drawn direction. An elementwise operation is
differentiated by SymPy. Both are evaluated in ball arithmetic at 256 bits, at several points and sizes, and must
enclose what the step claims. Any other operation (softmax) is differenced at those 256 bits, with a step so small
that 30 digits are left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from gradlab.errors import DomainError
from gradlab.graph import evaluation
from gradlab.graph.backends import BallBackend
from gradlab.graph.kinds import (
    Concatenate,
    Contraction,
    Cumulative,
    Elementwise,
    Flip,
    Gather,
    Index,
    Linear,
    Overlapped,
    Replace,
    Reshape,
    Roll,
    Scatter,
    ScatterAdd,
    Stack,
    Triangle,
    VectorJacobian,
    Windows,
)
from gradlab.graph.nodes import Node, compute, topological
from gradlab.graph.operations import LETTERS
from gradlab.graph.sizes import shape_of
from gradlab.symbolic.proof.evidence import PRECISION, Evidence, Outcome, compared
from gradlab.symbolic.proof.points import POINTS, points, small_sizes
from gradlab.symbolic.proof.sympy_forms import rule_is_exact, sympy_partials

if TYPE_CHECKING:
    from gradlab.symbolic.steps import Step

AFFINE = (
    Linear,
    Contraction,
    Index,
    Replace,
    Scatter,
    Stack,
    Triangle,
    Concatenate,
    Reshape,
    Windows,
    Overlapped,
    Gather,
    ScatterAdd,
    Cumulative,
    Flip,
    Roll,
)
"""Kinds that are affine in each of their operands that receives anything."""

DIFFERENCE = -100
"""Differences are taken at 2 to this power: the truncation error is its square, 1e-60, times a third derivative."""

LARGE = 200_000
"""Products of balls (a tenth of a second) beyond which a step is tried at fewer points, and in one direction."""

LARGEST = 5_000_000
"""Products of balls beyond which a step is left unproved."""


def prove_flow(step: Step, flow: VectorJacobian) -> Evidence:
    """Return how surely *step*, by which a delta flows back through an operation, is right."""
    nodes = topological([flow, step.after])
    sizes = small_sizes(nodes)
    held = {Outcome.HOLDS: 0, Outcome.HOLDS_AT_ZERO: 0}
    products = sum(_products(node, sizes) for node in nodes)
    if products > LARGEST:
        return Evidence.UNPROVED
    for values in points(nodes, sizes):
        if products > LARGE and max(held.values()) >= POINTS:
            break
        try:
            outcome = _outcome(step, flow, values, sizes)
        except DomainError:  # positions that are computed, and are none at this point
            continue
        if outcome is Outcome.FAILS:
            return Evidence.REFUTED
        if outcome is not Outcome.UNDECIDED:
            held[outcome] += 1
    # Where both sides are 0 a wrong factor would not show: such points count only if there are no others.
    if max(held.values()) < POINTS:
        return Evidence.UNPROVED
    if isinstance(flow.operation, Elementwise):
        return Evidence.EXACT if rule_is_exact(flow.operation.operation) else Evidence.CERTIFIED
    whole = isinstance(flow.operation, AFFINE) and not _in_one_direction(flow, sizes)
    return Evidence.CERTIFIED if whole else Evidence.SAMPLED


def _products(node: Node, sizes: Mapping[str, int]) -> int:
    return prod(shape_of(getattr(node, "extents", None) or node.axes, sizes))


def _in_one_direction(flow: VectorJacobian, sizes: Mapping[str, int]) -> bool:
    """Return whether there are too many unit arrays to try them all."""
    return _products(flow.operand, sizes) * _products(flow.operation, sizes) > LARGE


def _outcome(step: Step, flow: VectorJacobian, values: Mapping[str, Any], sizes: Mapping[str, int]) -> Outcome:
    import flint

    with flint.ctx.workprec(PRECISION):
        operation = flow.operation
        backend = BallBackend(values, sizes, PRECISION)
        local = step.local if step.local is not None else flow.delta
        *inputs, value, incoming, claimed, printed = evaluation.evaluate(
            [*operation.operands, operation, flow.delta, step.after, local], backend
        )
        if isinstance(operation, Elementwise):
            slope = evaluation.evaluate(
                [sympy_partials(operation.operation)[flow.place]],
                BallBackend(dict(zip(LETTERS, inputs, strict=False)), {}, PRECISION),
            )[0]
            expected = incoming * slope
        elif isinstance(operation, AFFINE) and _in_one_direction(flow, sizes):
            expected, claimed = _in_direction(flow, inputs, incoming, claimed, backend)
        elif isinstance(operation, AFFINE):
            expected = _by_unit_arrays(flow, inputs, incoming, backend)
        else:
            expected = _by_differences(flow, inputs, incoming, backend)
        if not all(ball.is_finite() for ball in value.flat):
            return Outcome.UNDECIDED
        # The local derivative is what a reader sees: it must lead to the same.
        comparable = (
            step.local is not None and printed.shape in ((), incoming.shape) and incoming.shape == claimed.shape
        )
        if comparable and compared(incoming * printed, claimed) is Outcome.FAILS:
            return Outcome.FAILS
        return compared(expected, claimed)


def _by_unit_arrays(flow: VectorJacobian, inputs: Sequence[Any], incoming: Any, backend: BallBackend) -> Any:
    """Return what the operand must receive, from the operation's values at unit arrays."""
    import flint
    import numpy as np

    operand = inputs[flow.place]
    received = np.empty(operand.shape, dtype=object)

    def at(array: Any) -> Any:
        return compute(flow.operation, [*inputs[: flow.place], array, *inputs[flow.place + 1 :]], backend)

    zero = np.full(operand.shape, flint.arb(0), dtype=object)
    base = at(zero)
    for position in np.ndindex(operand.shape):
        unit = zero.copy()
        unit[position] = flint.arb(1)
        received[position] = np.sum(incoming * (at(unit) - base))
    return received


def _in_direction(
    flow: VectorJacobian, inputs: Sequence[Any], incoming: Any, claimed: Any, backend: BallBackend
) -> tuple[Any, Any]:
    """Return how the result changes in a drawn direction, from the operation and from what is claimed."""
    import numpy as np

    operand = inputs[flow.place]
    drawn = np.random.default_rng(1).normal(size=operand.shape)
    zero = BallBackend({"direction": np.zeros(operand.shape)}, {}).variable("direction")
    direction = BallBackend({"direction": drawn}, {}).variable("direction")
    ends = [
        compute(flow.operation, [*inputs[: flow.place], array, *inputs[flow.place + 1 :]], backend)
        for array in (direction, zero)
    ]
    return np.sum(incoming * (ends[0] - ends[1]), keepdims=True), np.sum(claimed * direction, keepdims=True)


def _by_differences(flow: VectorJacobian, inputs: Sequence[Any], incoming: Any, backend: BallBackend) -> Any:
    """Return what the operand must receive, from central differences, whose truncation error is in the radius."""
    import flint
    import numpy as np

    operand = inputs[flow.place]
    received = np.empty(operand.shape, dtype=object)
    h = flint.arb(2) ** DIFFERENCE
    for position in np.ndindex(operand.shape):
        values = []
        for sign in (1, -1):
            moved = operand.copy()
            moved[position] = moved[position] + sign * h
            values.append(compute(flow.operation, [*inputs[: flow.place], moved, *inputs[flow.place + 1 :]], backend))
        received[position] = np.sum(incoming * (values[0] - values[1])) / (2 * h) + flint.arb(0, 2.0**-105)
    return received
