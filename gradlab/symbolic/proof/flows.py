"""Proving what flows back through an operation, without the rules that say so.

Operands and delta are taken for unknown, so that one proof serves every product of two matrices. An elementwise
operation is a matter of numbers, and SymPy differentiates it. An operation that is affine in an operand (sums,
products, contractions, indexing) is its own derivative: its value at each unit array minus its value at zero. Any
other operation is carried out on power series. All are evaluated in ball arithmetic at 256 bits, at several points
and sizes, and must enclose what the step claims; for large arrays, in one drawn direction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from math import prod
from typing import TYPE_CHECKING, Any

from gradlab.graph import evaluation
from gradlab.graph.backends import BallBackend
from gradlab.graph.kinds import (
    Concatenate,
    Constant,
    Contraction,
    Cumulative,
    Elementwise,
    Flip,
    Gather,
    Index,
    Let,
    Linear,
    Overlapped,
    Replace,
    Reshape,
    Roll,
    Scatter,
    ScatterAdd,
    Stack,
    Triangle,
    Variable,
    VectorJacobian,
    Windows,
)
from gradlab.graph.nodes import Node, compute, put_for, switches, topological
from gradlab.graph.operations import LETTERS
from gradlab.graph.sizes import ONE, shape_of
from gradlab.symbolic.proof.equality import REMEMBERED, prove_equal
from gradlab.symbolic.proof.evidence import PRECISION, Evidence, Outcome, compared
from gradlab.symbolic.proof.points import small_sizes
from gradlab.symbolic.proof.series import SeriesBackend
from gradlab.symbolic.proof.sympy_forms import same_form, sympy_partials, sympy_slope
from gradlab.symbolic.proof.trials import tried

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

LARGE = 200_000
"""Products of balls (a tenth of a second) beyond which a step is tried at fewer points, and in one direction."""

LARGEST = 5_000_000
"""Products of balls beyond which a step is left unproved."""


@dataclass(frozen=True)
class _Claim:
    """What a step says: *after* is what the operand at *place* receives; *local* is the derivative that is shown."""

    operation: Node
    place: int
    delta: Node
    after: Node
    local: Node | None

    @property
    def nodes(self) -> list[Node]:
        return [self.operation, self.delta, self.after, *([] if self.local is None else [self.local])]


def prove_flow(step: Step, flow: VectorJacobian) -> Evidence:
    """Return how surely *step*, by which a delta flows back through an operation, is right."""
    claim = _Claim(flow.operation, flow.place, flow.delta, step.after, step.local)
    found = Evidence.UNPROVED
    for general in _generalized(claim):
        found = _prove(general)
        if found not in (Evidence.REFUTED, Evidence.UNPROVED):
            break
    return found  # the last claim is the step itself: what holds for anything need not hold for it to hold


def _generalized(claim: _Claim) -> Iterator[_Claim]:
    """Yield claims with unknowns in place of parts, each of which implies the claim, and the claim itself.

    Operands and delta; or operands, and in the delta what has kinks, so that it need not be seen on both sides of them.
    """
    operands = claim.operation.operands
    yield _with_unknowns(claim, (*operands, claim.delta))
    kinked = [node for node in topological([claim.delta, claim.after]) if switches(node)]
    if kinked:
        moved = [operand for operand in operands if not isinstance(operand, Constant)]
        apart = [node for node in kinked if not any(operand in topological([node]) for operand in moved)]
        yield _with_unknowns(claim, (*operands, *kinked))
        yield _with_unknowns(claim, (*operands, *apart))
    yield claim


def _with_unknowns(claim: _Claim, parts: Iterable[Node]) -> _Claim:
    """Return the claim with a variable for each of *parts*, unless it is a plain number or the operation itself."""
    named = {
        part: Variable(f"part {number}", part.axes)
        for number, part in enumerate(dict.fromkeys(parts))
        if not isinstance(part, Constant) and part is not claim.operation
    }
    operation, delta, after, *local = put_for(named, claim.nodes)
    return _Claim(operation, claim.place, delta, after, *(local or [None]))


@lru_cache(REMEMBERED)
def _prove(claim: _Claim) -> Evidence:
    if isinstance(claim.operation, Elementwise):
        found = _prove_for_numbers(claim)
        if found in (Evidence.EXACT, Evidence.CERTIFIED):
            return found
    nodes = topological(claim.nodes)
    sizes = small_sizes(nodes)
    products = sum(_products(node, sizes) for node in nodes)
    if products > LARGEST:
        return Evidence.UNPROVED
    large = _products(claim.operation.operands[claim.place], sizes) * _products(claim.operation, sizes) > LARGE

    def outcome_at(values: Mapping[str, Any], sizes: Mapping[str, int]) -> Outcome:
        return _outcome(claim, BallBackend(values, sizes, PRECISION), in_one_direction=large)

    found = tried(nodes, outcome_at, large=products > LARGE)
    return Evidence.SAMPLED if found is Evidence.CERTIFIED and large else found


def _products(node: Node, sizes: Mapping[str, int]) -> int:
    return prod(shape_of(getattr(node, "extents", None) or node.axes, sizes))


# Elementwise operations ----------------------------------------------------------------------------


def _prove_for_numbers(claim: _Claim) -> Evidence:
    """Return how surely the claim holds entry by entry, where nothing in it mixes entries."""
    numbers = _as_numbers(claim.nodes)
    if numbers is None:
        return Evidence.UNPROVED
    on_numbers, delta, after, *local = numbers
    if not isinstance(on_numbers, Elementwise):
        return Evidence.UNPROVED
    slope = sympy_slope(on_numbers, claim.place)
    found = [_prove_same(Contraction((delta, slope), ((), ()), (), ()), after)]
    found += [_prove_same(slope, shown) for shown in local]
    return max(found, key=list(Evidence).index)  # the weakest


def _prove_same(expected: Node, claimed: Node) -> Evidence:
    found = prove_equal(expected, claimed)
    return Evidence.EXACT if found is Evidence.CERTIFIED and same_form(expected, claimed) else found


def _as_numbers(outputs: Sequence[Node]) -> list[Node] | None:
    """Return what each entry of *outputs* is computed by, as expressions without axes; None if there are none.

    What mixes entries is an unknown number, one for each node.
    """
    axes = outputs[0].axes
    made: dict[Node, Node | None] = {}
    for node in topological(outputs):
        below = [number for operand in node.operands if (number := made[operand]) is not None]
        number = _entry(node, tuple(below)) if len(below) == len(node.operands) else None
        if number is None and node.axes in (axes, ()):
            number = Variable(f"entry {len(made)}")
        made[node] = number
    found = [number for output in outputs if (number := made[output]) is not None]
    return found if len(found) == len(outputs) else None


def _entry(node: Node, below: tuple[Node, ...]) -> Node | None:
    match node:
        case Variable():
            return Variable(node.name)
        case Constant():
            return Constant(node.value, ())
        case Let():
            return below[0]
        case Linear():
            return Linear(node.coefficients, below)
        case Elementwise():
            return Elementwise(node.operation, below)
        case Contraction() if not node.summed and all(row in ((), node.output) for row in node.inputs):
            straight = len(set(node.output)) == len(node.output)  # no diagonal, off which there are zeros
            return Contraction(below, ((),) * len(below), (), ()) if straight else None
        case _:
            return None


# Any operation -------------------------------------------------------------------------------------


def _outcome(claim: _Claim, backend: BallBackend, *, in_one_direction: bool) -> Outcome:
    import flint

    with flint.ctx.workprec(PRECISION):
        operation = claim.operation
        *inputs, value, incoming, claimed, shown = evaluation.evaluate(
            [
                *operation.operands,
                operation,
                claim.delta,
                claim.after,
                claim.after if claim.local is None else claim.local,
            ],
            backend,
        )
        if not all(ball.is_finite() for ball in value.flat):
            return Outcome.UNDECIDED
        receives = _in_direction if in_one_direction else _by_unit_arrays
        outcome = compared(*receives(claim, inputs, incoming, claimed, backend))
        if claim.local is None or outcome is Outcome.FAILS:
            return outcome
        return _worse(outcome, _of_shown(claim, inputs, shown, backend, in_one_direction=in_one_direction))


def _worse(first: Outcome, second: Outcome) -> Outcome:
    """Return FAILS if one of two outcomes is that, else UNDECIDED if one is; what is shown may well be 0."""
    for outcome in (Outcome.FAILS, Outcome.UNDECIDED):
        if outcome in (first, second):
            return outcome
    return first


def _of_shown(
    claim: _Claim, inputs: Sequence[Any], shown: Any, backend: BallBackend, *, in_one_direction: bool
) -> Outcome:
    """Return whether the local derivative, which is what a reader sees, is that of the operation.

    It has the axes of the operand, and is what that receives where all deltas are 1 (u/‖u‖); or it has the axes of
    the operation, or some of them, and is how that changes where the whole operand grows by 1 (v for a product u v).
    """
    import flint
    import numpy as np

    operand = claim.operation.operands[claim.place]
    ones = np.full(inputs[claim.place].shape, flint.arb(1), dtype=object)
    outcomes: list[Outcome] = []
    if shown.shape == ones.shape and operand.axes != claim.operation.axes:
        deltas = backend.constant(ONE, claim.operation.axes)
        receives = _in_direction if in_one_direction else _by_unit_arrays
        outcomes.append(compared(*receives(claim, inputs, deltas, shown, backend)))
    expected = np.asarray(_rates(claim, inputs, backend)(ones), dtype=object)
    outcomes += [compared(expected, spread) for spread in _spread(shown, expected.shape)]
    return min(outcomes, key=lambda outcome: outcome.value, default=Outcome.UNDECIDED)


def _spread(array: Any, shape: tuple[int, ...]) -> Iterator[Any]:
    """Yield *array* repeated to *shape* in every way that its own axes, in any order, can be found among those."""
    import numpy as np

    for places in permutations(range(len(shape)), array.ndim):
        if tuple(shape[place] for place in places) == array.shape:
            fitted = np.moveaxis(
                array.reshape(array.shape + (1,) * (len(shape) - array.ndim)), range(array.ndim), places
            )
            yield np.broadcast_to(fitted, shape)


def _by_unit_arrays(
    claim: _Claim, inputs: Sequence[Any], incoming: Any, claimed: Any, backend: BallBackend
) -> tuple[Any, Any]:
    """Return what the operand must receive, from the operation at unit arrays, and what is claimed."""
    import flint
    import numpy as np

    received = np.empty(inputs[claim.place].shape, dtype=object)
    unit = np.full(received.shape, flint.arb(0), dtype=object)
    rate = _rates(claim, inputs, backend)
    for position in np.ndindex(received.shape):
        unit[position] = flint.arb(1)
        received[position] = np.sum(incoming * rate(unit))
        unit[position] = flint.arb(0)
    return received, claimed


def _in_direction(
    claim: _Claim, inputs: Sequence[Any], incoming: Any, claimed: Any, backend: BallBackend
) -> tuple[Any, Any]:
    """Return how the result changes in a drawn direction, from the operation and from what is claimed."""
    import numpy as np

    drawn = np.random.default_rng(1).normal(size=inputs[claim.place].shape)
    direction = BallBackend({"direction": drawn}, {}).variable("direction")
    change = np.sum(incoming * _rates(claim, inputs, backend)(direction), keepdims=True)
    return change, np.sum(claimed * direction, keepdims=True)


def _rates(claim: _Claim, inputs: Sequence[Any], backend: BallBackend) -> Callable[[Any], Any]:
    """Return the function from a direction to the operation's derivative along it."""
    import flint
    import numpy as np

    operation, place = claim.operation, claim.place

    def at(array: Any, arithmetic: BallBackend) -> Any:
        return compute(operation, [*inputs[:place], array, *inputs[place + 1 :]], arithmetic)

    if isinstance(operation, AFFINE):
        base = at(np.full(inputs[place].shape, flint.arb(0), dtype=object), backend)
        return lambda direction: at(direction, backend) - base
    if isinstance(operation, Elementwise):
        named = BallBackend(dict(zip(LETTERS, inputs, strict=False)), {}, PRECISION)
        (slope,) = evaluation.evaluate([sympy_partials(operation.operation)[place]], named)
        return lambda direction: slope * direction
    series = SeriesBackend(backend.values, backend.sizes, PRECISION)
    return lambda direction: series.slopes_of(at(series.moved(inputs[place], direction), series))
