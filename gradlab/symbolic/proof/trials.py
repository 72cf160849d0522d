"""Trying a claim at points: enough of them, where both sides are defined, and on each side of every kink and jump."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradlab.errors import DomainError
from gradlab.graph import algebra
from gradlab.graph.backends import NumpyBackend
from gradlab.graph.kinds import Derivative, Elementwise, VectorJacobian
from gradlab.graph.nodes import Node, compute, switches, topological
from gradlab.graph.operations import WHERE
from gradlab.graph.signs import signs_of
from gradlab.symbolic.proof.evidence import Evidence, Outcome
from gradlab.symbolic.proof.points import POINTS, points, scattered

SCATTERED = 1_000
"""Points among which those are looked for where something is defined, or lies on the other side of a kink."""

MOST_SIDES = 40
"""Combinations of sides, each of which is tried: more are not told apart."""

SPARE = 10
"""Of these points so many are tried where something is defined in few places only: the balls may be too wide at some."""

LARGE = 200_000
"""Products of balls (a tenth of a second) beyond which a claim is tried at fewer points."""

Values = Mapping[str, Any]


@dataclass
class _Record:
    """What the points tried so far say."""

    held: dict[Outcome, int] = field(default_factory=lambda: {Outcome.HOLDS: 0, Outcome.HOLDS_AT_ZERO: 0})
    failed: bool = False

    @property
    def enough(self) -> bool:
        """Whether it held at two points or more; those where both sides are 0 count only if all are such."""
        return max(self.held.values()) >= POINTS


def tried(
    nodes: Sequence[Node], sizes: Mapping[str, int], outcome_at: Callable[[Values], Outcome], *, products: int = 0
) -> Evidence:
    """Return whether a claim about *nodes* holds wherever it is tried: certified, refuted or unproved.

    outcome_at: what one point says.  products: how many products of balls one point takes.
    """
    record = _Record()
    sided = _sided(nodes)
    for values in points(nodes, sizes):
        if products > LARGE and record.enough:
            break
        if _refutes(values, outcome_at, record):
            return Evidence.REFUTED
    if products > LARGE or (record.enough and not sided):
        return Evidence.CERTIFIED if record.enough else Evidence.UNPROVED
    scatter = scattered(nodes, sizes, SCATTERED)
    signs, defined = _looked_at(nodes, sided, scatter, sizes)
    for number in _chosen(signs, defined):
        if _refutes({name: array[number] for name, array in scatter.items()}, outcome_at, record):
            return Evidence.REFUTED
    return Evidence.CERTIFIED if record.enough and signs.any(axis=0).all() else Evidence.UNPROVED


def _refutes(values: Values, outcome_at: Callable[[Values], Outcome], record: _Record) -> bool:
    try:
        outcome = outcome_at(values)
    except DomainError:  # positions that are computed, and are none at this point
        return False
    if outcome in record.held:
        record.held[outcome] += 1
    return outcome is Outcome.FAILS


# Sides ---------------------------------------------------------------------------------------------


def _sided(nodes: Sequence[Node]) -> list[Node]:
    """Return the expressions whose sign decides which formula of a function by cases holds, if they have both signs."""
    found: dict[Node, None] = {}
    for node in nodes:
        if not isinstance(node, Elementwise):
            continue
        if node.operation is WHERE and not getattr(getattr(node.operands[0], "operation", None), "truth", False):
            found[algebra.add(node.operands[0], algebra.scale_by(-1, algebra.number(1, node.axes)))] = None
        for switch in switches(node):
            found[switch] = None
    return [switch for switch in found if {-1, 1} <= signs_of(switch)]


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


def _chosen(signs: Any, defined: Any) -> Iterator[int]:
    """Yield the numbers of a few points with values for each combination of sides that occurs."""
    import numpy as np

    each = POINTS if signs.shape[1] else SPARE
    seen: dict[bytes, int] = {}
    for number in np.flatnonzero(defined):
        key = signs[number].tobytes()
        if key in seen or len(seen) < MOST_SIDES:
            seen[key] = seen.get(key, 0) + 1
            if seen[key] <= each:
                yield int(number)
