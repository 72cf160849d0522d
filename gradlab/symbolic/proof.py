"""Proving steps without the rules that made them.

An operation that is affine in an operand (sums, products, contractions, indexing) is its own derivative: its value
at each unit array minus its value at zero; for large arrays, in one drawn direction. An elementwise operation is
differentiated by SymPy. Both are evaluated in ball arithmetic at 256 bits, at several points and sizes, and must
enclose what the step claims. Any other operation (softmax) is differenced at those 256 bits, with a step so small
that 30 digits are left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, StrEnum
from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any

from gradlab.errors import DomainError
from gradlab.graph import algebra, evaluation
from gradlab.graph.backends import BallBackend
from gradlab.graph.kinds import (
    Cholesky,
    Concatenate,
    Contraction,
    Cumulative,
    Elementwise,
    Flip,
    Gather,
    Index,
    Linear,
    LogDeterminant,
    OneHot,
    Overlapped,
    Positions,
    Replace,
    Reshape,
    Roll,
    Scatter,
    ScatterAdd,
    Stack,
    Triangle,
    Variable,
    Windows,
    Winners,
)
from gradlab.graph.nodes import Node, compute, topological
from gradlab.graph.operations import LETTERS, Operation
from gradlab.graph.sizes import Coefficient, Size

if TYPE_CHECKING:
    from gradlab.symbolic.steps import Step


class Evidence(StrEnum):
    """How surely a step is known.

    exact: the local derivative is SymPy's, by algebra; certified: enclosed at several points;
    sampled: differences in high precision agree to 30 digits, or large arrays do in a drawn direction;
    unproved: none of these could be shown;
    refuted: a point contradicts the step.
    """

    EXACT = "exact"
    CERTIFIED = "certified"
    SAMPLED = "sampled"
    UNPROVED = "unproved"
    REFUTED = "refuted"


PRECISION = 256
"""Bits of the ball arithmetic."""

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

TIGHTEST = 2.0**-100
"""A radius below this (1e-30) is no accident: two different expressions do not agree to 30 digits at random points."""

POINTS = 2
"""Points at which a step must hold in each range where it is defined: a kink shows only on its other side."""

LARGE = 200_000
"""Products of balls (a tenth of a second) beyond which a step is tried at fewer points, and in one direction."""

LARGEST = 5_000_000
"""Products of balls beyond which a step is left unproved."""

RANGES = ((0.1, 0.9), (1.1, 3.0), (-0.9, -0.1), (-3.0, 3.0), (50.0, 200.0))
"""Where points are drawn from: in (0, 1), above 1, below 0, on both sides of 0, far out."""


def prove(step: Step) -> Evidence:
    """Return how surely *step* is right."""
    nodes = topological([step.before, step.incoming, step.after])
    leaves = {node.name: node for node in nodes if isinstance(node, Variable)}
    sizes = small_sizes(nodes)
    held = {Outcome.HOLDS: 0, Outcome.HOLDS_AT_ZERO: 0}
    definite = any(isinstance(node, (Cholesky, LogDeterminant)) for node in nodes)
    places = chosen_positions(nodes, sizes)
    products = sum(_products(node, sizes) for node in nodes)
    if products > LARGEST:
        return Evidence.UNPROVED
    for values in _points(leaves, sizes, places, definite):
        if products > LARGE and max(held.values()) >= POINTS:
            break
        try:
            outcome = _outcome(step, values, sizes)
        except DomainError:  # positions that are computed, and are none at this point
            continue
        if outcome is Outcome.FAILS:
            return Evidence.REFUTED
        if outcome is not Outcome.UNDECIDED:
            held[outcome] += 1
    # Where both sides are 0 a wrong factor would not show: such points count only if there are no others.
    if max(held.values()) < POINTS:
        return Evidence.UNPROVED
    if isinstance(step.before, Elementwise):
        return Evidence.EXACT if _rule_is_exact(step.before.operation) else Evidence.CERTIFIED
    whole = isinstance(step.before, AFFINE) and not _in_one_direction(step, sizes)
    return Evidence.CERTIFIED if whole else Evidence.SAMPLED


def _products(node: Node, sizes: Mapping[str, int]) -> int:
    from gradlab.graph.sizes import shape_of

    return prod(shape_of(getattr(node, "extents", None) or node.axes, sizes))


def _in_one_direction(step: Step, sizes: Mapping[str, int]) -> bool:
    """Return whether there are too many unit arrays to try them all."""
    return _products(step.operand, sizes) * _products(step.before, sizes) > LARGE


def prove_equal(before: Node, after: Node) -> Evidence:
    """Return how surely two expressions are equal wherever both have a value: both are enclosed at several points."""
    nodes = topological([before, after])
    leaves = {node.name: node for node in nodes if isinstance(node, Variable)}
    sizes = small_sizes(nodes)
    held = 0
    for values in _points(leaves, sizes, chosen_positions(nodes, sizes), definite=False):
        outcome = _compared(*evaluation.with_balls([before, after], values, sizes, PRECISION))
        if outcome is Outcome.FAILS:
            return Evidence.REFUTED
        held += outcome in (Outcome.HOLDS, Outcome.HOLDS_AT_ZERO)
    return Evidence.CERTIFIED if held >= POINTS else Evidence.UNPROVED


def small_sizes(nodes: Sequence[Node]) -> dict[str, int]:
    """Return different small numbers for the size symbols: equal ones would hide a transposition."""
    symbols = dict.fromkeys(size for node in nodes for size in node.axes if isinstance(size, str))
    for node in nodes:
        for size in getattr(node, "extents", ()):
            if isinstance(size, str):
                symbols[size] = None
    least = dict.fromkeys(symbols, 2)
    for node in nodes:
        if not isinstance(node, (Index, Replace, Scatter)):
            continue
        # A position that the code names must exist, and must not be the last one by accident.
        whole = node.operands[0].axes if isinstance(node, Index) else node.axes
        for part, size in zip(node.selection, whole, strict=True):
            if isinstance(part, int) and isinstance(size, str):
                least[size] = max(least[size], abs(part) + 3)
    sizes = {symbol: least[symbol] + place for place, symbol in enumerate(symbols)}
    for index, size in _choices(nodes):
        # An axis through which positions are counted must be long enough for them.
        counts = [part.axes[0] for part in topological([index]) if isinstance(part, Positions)]
        for count in (count for count in counts if isinstance(count, str)):
            if isinstance(size, str):
                sizes[size] = max(sizes[size], sizes[count] + (size != count))
            else:
                sizes[count] = min(sizes[count], size)
    return sizes


def _choices(nodes: Sequence[Node]) -> Iterator[tuple[Node, Size]]:
    """Yield the nodes that choose positions, each with the size of the axis that it chooses from."""
    for node in nodes:
        if isinstance(node, OneHot):
            yield node.operands[0], node.size
        elif isinstance(node, (Gather, ScatterAdd)):
            whole = node.operands[0].axes if isinstance(node, Gather) else node.axes
            yield from zip(node.operands[1:], whole[node.axis :], strict=False)


def chosen_positions(nodes: Sequence[Node], sizes: Mapping[str, int]) -> dict[str, int]:
    """Return the variables that choose positions, each with the length of the axis that it chooses from."""
    from gradlab.graph.sizes import shape_of

    found: dict[str, int] = {}
    for index, size in _choices(nodes):
        (length,) = shape_of((size,), sizes)
        behind = topological([index])
        if any(isinstance(part, Winners) for part in behind):  # argmax of anything is a position
            continue
        for part in behind:
            if isinstance(part, Variable):
                found[part.name] = min(length, found.get(part.name, length))
    return found


def _points(
    leaves: Mapping[str, Variable], sizes: Mapping[str, int], places: Mapping[str, int], definite: bool
) -> Iterator[dict[str, Any]]:
    """Yield values of the leaves, whole numbers below the length for those that name *places*.

    definite: with square matrices that are positive definite, though not symmetric.
    """
    import numpy as np

    from gradlab.graph.sizes import shape_of

    draw = np.random.default_rng(0)
    for low, high in RANGES:
        for _ in range(POINTS):
            values = {name: draw.uniform(low, high, shape_of(leaf.axes, sizes)) for name, leaf in leaves.items()}
            for name, array in values.items():
                if name in places:
                    values[name] = draw.integers(places[name], size=array.shape).astype(float)
                elif definite and array.ndim > 1 and array.shape[-1] == array.shape[-2]:
                    values[name] = array + np.abs(array).sum() * np.eye(array.shape[-1])
            yield values


class Outcome(Enum):
    """What one point says of a step."""

    HOLDS = 1
    HOLDS_AT_ZERO = 2
    FAILS = 3
    UNDECIDED = 4


def _outcome(step: Step, values: Mapping[str, Any], sizes: Mapping[str, int]) -> Outcome:
    import flint

    with flint.ctx.workprec(PRECISION):
        operands = step.before.operands
        backend = BallBackend(values, sizes, PRECISION)
        local = step.local if step.local is not None else step.incoming
        *inputs, value, incoming, claimed, printed = evaluation.evaluate(
            [*operands, step.before, step.incoming, step.after, local], backend
        )
        if isinstance(step.before, Elementwise):
            slope = evaluation.evaluate(
                [_sympy_partials(step.before.operation)[step.place]],
                BallBackend(dict(zip(LETTERS, inputs, strict=False)), {}, PRECISION),
            )[0]
            expected = incoming * slope
        elif isinstance(step.before, AFFINE) and _in_one_direction(step, sizes):
            expected, claimed = _in_direction(step, inputs, incoming, claimed, backend)
        elif isinstance(step.before, AFFINE):
            expected = _by_unit_arrays(step, inputs, incoming, backend)
        else:
            expected = _by_differences(step, inputs, incoming, backend)
        if not all(ball.is_finite() for ball in value.flat):
            return Outcome.UNDECIDED
        # The local derivative is what a reader sees: it must lead to the same.
        comparable = (
            step.local is not None and printed.shape in ((), incoming.shape) and incoming.shape == claimed.shape
        )
        if comparable and _compared(incoming * printed, claimed) is Outcome.FAILS:
            return Outcome.FAILS
        return _compared(expected, claimed)


def _by_unit_arrays(step: Step, inputs: Sequence[Any], incoming: Any, backend: BallBackend) -> Any:
    """Return what the operand must receive, from the operation's values at unit arrays."""
    import flint
    import numpy as np

    operand = inputs[step.place]
    received = np.empty(operand.shape, dtype=object)

    def at(array: Any) -> Any:
        return compute(step.before, [*inputs[: step.place], array, *inputs[step.place + 1 :]], backend)

    zero = np.full(operand.shape, flint.arb(0), dtype=object)
    base = at(zero)
    for position in np.ndindex(operand.shape):
        unit = zero.copy()
        unit[position] = flint.arb(1)
        received[position] = np.sum(incoming * (at(unit) - base))
    return received


def _in_direction(
    step: Step, inputs: Sequence[Any], incoming: Any, claimed: Any, backend: BallBackend
) -> tuple[Any, Any]:
    """Return how the result changes in a drawn direction, from the operation and from what is claimed."""
    import numpy as np

    operand = inputs[step.place]
    drawn = np.random.default_rng(1).normal(size=operand.shape)
    zero = BallBackend({"direction": np.zeros(operand.shape)}, {}).variable("direction")
    direction = BallBackend({"direction": drawn}, {}).variable("direction")
    ends = [
        compute(step.before, [*inputs[: step.place], array, *inputs[step.place + 1 :]], backend)
        for array in (direction, zero)
    ]
    return np.sum(incoming * (ends[0] - ends[1]), keepdims=True), np.sum(claimed * direction, keepdims=True)


def _by_differences(step: Step, inputs: Sequence[Any], incoming: Any, backend: BallBackend) -> Any:
    """Return what the operand must receive, from central differences, whose truncation error is in the radius."""
    import flint
    import numpy as np

    operand = inputs[step.place]
    received = np.empty(operand.shape, dtype=object)
    h = flint.arb(2) ** DIFFERENCE
    for position in np.ndindex(operand.shape):
        values = []
        for sign in (1, -1):
            moved = operand.copy()
            moved[position] = moved[position] + sign * h
            values.append(compute(step.before, [*inputs[: step.place], moved, *inputs[step.place + 1 :]], backend))
        received[position] = np.sum(incoming * (values[0] - values[1])) / (2 * h) + flint.arb(0, 2.0**-105)
    return received


def _compared(expected: Any, claimed: Any) -> Outcome:
    import numpy as np

    difference = np.ravel(expected - claimed)
    if not all(ball.is_finite() for ball in difference):
        return Outcome.UNDECIDED
    if not all(ball.contains(0) for ball in difference):
        return Outcome.FAILS
    if any(float(ball.rad()) >= TIGHTEST for ball in difference):
        return Outcome.UNDECIDED
    zero = all(ball.contains(0) for ball in np.ravel(expected))
    return Outcome.HOLDS_AT_ZERO if zero else Outcome.HOLDS


@cache
def _sympy_partials(operation: Operation) -> tuple[Node, ...]:
    """Return the operation's derivatives as SymPy finds them, as nodes of ``u``, ``v`` and ``w``."""
    import sympy

    from gradlab.sources.builder import Builder
    from gradlab.sources.sympy_expressions import convert

    operands = tuple(Variable(letter) for letter in LETTERS[: operation.arity])
    function, symbols = Elementwise(operation, operands).scalar_function()
    axes = {symbol.name: () for symbol in symbols}
    derivatives = [sympy.diff(function, symbol) for symbol in symbols]
    return tuple(convert(_away_from_jumps(derivative), axes, Builder()) for derivative in derivatives)


def _away_from_jumps(derivative: Any) -> Any:
    """Return a derivative without its impulses: away from the jumps, where points are drawn, they are 0."""
    import sympy

    for impulse in (sympy.DiracDelta, sympy.Subs, sympy.Derivative):
        derivative = derivative.replace(impulse, lambda *_: sympy.Integer(0))
    return derivative


@cache
def _rule_is_exact(operation: Operation) -> bool:
    """Return whether SymPy's algebra shows that the rule's local derivatives are its own."""
    import sympy

    operands = tuple(Variable(letter) for letter in LETTERS[: operation.arity])
    node = Elementwise(operation, operands)
    function, symbols = node.scalar_function()
    named = dict(zip(operands, symbols, strict=True))
    for partial, symbol in zip(operation.partials(algebra, operands, node), symbols, strict=True):
        difference = _away_from_jumps(sympy.diff(function, symbol)) - as_sympy(partial, named)
        # SymPy takes seconds over cases inside cases: those are left to the points.
        if difference != 0 and (difference.has(sympy.Piecewise) or sympy.simplify(difference) != 0):
            return False
    return True


def as_sympy(node: Node, named: Mapping[Variable, Any]) -> Any:
    """Return the SymPy expression of a graph without axes; *named* gives the symbol for each variable."""
    import sympy

    from gradlab.graph.kinds import Constant, Let

    made: dict[Node, Any] = {}
    for part in topological([node]):
        below = [made[operand] for operand in part.operands]
        match part:
            case Variable():
                made[part] = named[part]
            case Constant():
                made[part] = _sympy_constant(sympy, part)
            case Linear():
                terms = zip(part.coefficients, below, strict=True)
                made[part] = sum(_sympy_number(sympy, coefficient) * term for coefficient, term in terms)
            case Elementwise():
                made[part] = part.operation.sympy(sympy, *below)
            case Contraction():
                made[part] = sympy.Mul(*below)
            case Let():
                made[part] = below[0]
            case _:
                raise TypeError(f"{type(part).__name__} has no scalar SymPy form")
    return made[node]


def _sympy_constant(sympy: Any, node: Any) -> Any:
    if isinstance(node.value, str):
        return {"pi": sympy.pi, "e": sympy.E, "-inf": -sympy.oo}[node.value]
    return _sympy_number(sympy, node.value)


def _sympy_number(sympy: Any, coefficient: Coefficient) -> Any:
    return sympy.Rational(*coefficient.rational.as_integer_ratio()) * sympy.sqrt(coefficient.root)
