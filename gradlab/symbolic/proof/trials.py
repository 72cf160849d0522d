"""Trying a claim at points: enough of them, where both sides are defined, and on each side of every kink and jump."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from gradlab.errors import DomainError
from gradlab.graph import algebra
from gradlab.graph.backends import NumpyBackend
from gradlab.graph.kinds import Constant, Derivative, Elementwise, Extremum, Lead, VectorJacobian, Winners
from gradlab.graph.nodes import Node, compute, switches, topological
from gradlab.graph.operations import LOGICAL_AND, LOGICAL_NOT, LOGICAL_OR, WHERE
from gradlab.graph.signs import signs_of
from gradlab.symbolic.proof.evidence import Evidence, Outcome
from gradlab.symbolic.proof.points import POINTS, SMALLEST, points, scattered, small_sizes

SCATTERED = 1_000
"""Points among which those are looked for where something is defined, or lies on the other side of a kink."""

MOST_SIDES = 40
"""Combinations of sides, each of which is tried: more are not told apart."""

SPARE = 5
"""For each point at which a claim must hold so many are tried: the balls may be too wide at some."""

WINNERS = 20
"""Points at which a claim must hold where the largest of many entries is chosen: which one is another at each."""

CHOOSING = (Extremum, Winners, Lead)

LOGIC = (LOGICAL_AND, LOGICAL_OR, LOGICAL_NOT)

Values = Mapping[str, Any]


HOLDING = (Outcome.HOLDS, Outcome.HOLDS_AT_ZERO, Outcome.HOLDS_IN_PROPORTION)


def _enough(outcomes: Sequence[Outcome]) -> bool:
    """Return whether a claim holds at two points or more in the same way."""
    return max(outcomes.count(way) for way in HOLDING) >= POINTS


def tried(
    nodes: Sequence[Node], outcome_at: Callable[[Values, Mapping[str, int]], Outcome], *, large: bool = False
) -> Evidence:
    """Return whether a claim about *nodes* holds wherever it is tried: certified, refuted or unproved.

    outcome_at: what one point, with these sizes, says.  large: whether that takes long, so that few are tried.
    """
    first, second = (small_sizes(nodes, smallest) for smallest in SMALLEST)
    found = _tried(nodes, first, outcome_at, few=large)
    if found is not Evidence.CERTIFIED or first == second:
        return found
    return _tried(nodes, second, outcome_at, few=True)


def _tried(
    nodes: Sequence[Node],
    sizes: Mapping[str, int],
    outcome_at: Callable[[Values, Mapping[str, int]], Outcome],
    *,
    few: bool,
) -> Evidence:
    outcomes: list[Outcome] = []
    for values in points(nodes, sizes):
        outcomes.append(_outcome(values, sizes, outcome_at))
        if outcomes[-1] is Outcome.FAILS:
            return Evidence.REFUTED
        if few and _enough(outcomes):
            return Evidence.CERTIFIED
    sided, each = _sided(nodes), WINNERS if any(isinstance(node, CHOOSING) for node in nodes) else POINTS
    if _enough(outcomes) and not sided and each == POINTS:
        return Evidence.CERTIFIED
    scatter = scattered(nodes, sizes, SCATTERED)
    signs, defined = _looked_at(nodes, sided, scatter, sizes)
    all_sides = bool(signs.any(axis=0).all())
    for group in _groups(signs, defined):
        here: list[Outcome] = []
        for number in group[: SPARE * each]:
            here.append(_outcome({name: array[number] for name, array in scatter.items()}, sizes, outcome_at))
            if here[-1] is Outcome.FAILS:
                return Evidence.REFUTED
            if here.count(Outcome.HOLDS) >= each:
                break
        # Where one side of a kink has no value that is known well enough, the claim was not tried there.
        all_sides &= not sided or any(outcome in (Outcome.HOLDS, Outcome.HOLDS_AT_ZERO) for outcome in here)
        outcomes += here
    return Evidence.CERTIFIED if _enough(outcomes) and all_sides else Evidence.UNPROVED


def _outcome(
    values: Values, sizes: Mapping[str, int], outcome_at: Callable[[Values, Mapping[str, int]], Outcome]
) -> Outcome:
    try:
        return outcome_at(values, sizes)
    except DomainError:  # positions that are computed, and are none at this point
        return Outcome.UNDECIDED


# Sides ---------------------------------------------------------------------------------------------


def _sided(nodes: Sequence[Node]) -> list[Node]:
    """Return the expressions whose sign decides which formula of a function by cases holds, if they have both signs."""
    found: dict[Node, None] = {}
    for node in nodes:
        if isinstance(node, Elementwise):
            found.update(dict.fromkeys((*switches(node), *map(_from_half, _conditions(node)))))
    return [switch for switch in found if {-1, 1} <= signs_of(switch)]


def _conditions(node: Elementwise) -> Sequence[Node]:
    """Return what *node* takes for true above 1/2, other than the truth values of comparisons, which have switches."""
    operands = node.operands[:1] if node.operation is WHERE else node.operands if node.operation in LOGIC else ()
    return [part for part in operands if not isinstance(part, Constant) and not _is_truth(part)]


def _is_truth(node: Node) -> bool:
    return isinstance(node, Elementwise) and node.operation.truth


def _from_half(node: Node) -> Node:
    return algebra.add(node, algebra.number(Fraction(-1, 2), node.axes))


def _looked_at(
    nodes: Sequence[Node], sided: Sequence[Node], scatter: Values, sizes: Mapping[str, int]
) -> tuple[Any, Any]:
    """Return for each point whether each switch is positive somewhere, and negative; and which points have values."""
    import numpy as np

    backend = NumpyBackend(scatter, sizes)
    found: dict[Node, Any] = {}
    with np.errstate(all="ignore"):
        for node in topological([*nodes, *sided]):
            if not isinstance(node, (Derivative, VectorJacobian)) and all(part in found for part in node.operands):
                found[node] = compute(node, [found[operand] for operand in node.operands], backend)
    columns: list[Any] = []
    for switch in sided:
        value = _by_point(found.get(switch, 0.0))
        columns += [(value > 0).any(axis=1), (value < 0).any(axis=1)]
    inner = {operand for node in found for operand in node.operands}
    defined = np.full(SCATTERED, True)
    for node in found:
        if node not in inner and node not in sided:
            defined &= np.isfinite(_by_point(found[node])).all(axis=1)
    return np.stack(columns, axis=1) if columns else np.full((SCATTERED, 0), True), defined


def _by_point(value: Any) -> Any:
    """Return an array with one row for each point; what does not depend on the point is repeated."""
    import numpy as np

    varies = np.ndim(value) > 0 and np.shape(value)[0] == SCATTERED
    return np.reshape(value, (SCATTERED, -1)) if varies else np.repeat(np.reshape(value, (1, -1)), SCATTERED, axis=0)


def _groups(signs: Any, defined: Any) -> list[list[int]]:
    """Return the numbers of the points with values, those on the same sides together."""
    import numpy as np

    found: dict[bytes, list[int]] = {}
    for number in np.flatnonzero(defined):
        found.setdefault(signs[number].tobytes(), []).append(int(number))
    return list(found.values())[:MOST_SIDES]
