"""Linear maps at the front of a formula: moving one entry adds a multiple of one column, and no sum is taken again.

A x + b or X W costs as many products as the matrix has entries, at every point. Where x moves by h in its entry j,
A x moves by h times column j, which is what A makes of the j-th unit vector; all that comes behind is evaluated anew.
Columns are values of the map, not derivatives by a rule, so that estimates stay apart from derivations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from gradlab.graph import kinds
from gradlab.graph.kinds import Contraction, Linear, Variable
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.precision import DOUBLE
from gradlab.graph.sizes import shape_of

if TYPE_CHECKING:
    from gradlab.graph.point import Array
    from gradlab.numeric.probing import Probe

FEWEST = 8
"""Entries of a variable from which on this is worth its trouble."""

MOST_ENTRIES = 2**22
"""Numbers that all columns may hold: 32 MiB."""

_ALONG = (kinds.Flip, kinds.Index, kinds.Let, kinds.Reshape, kinds.Roll)
"""Kinds that only move the entries of their operand."""


@dataclass(frozen=True, eq=False)
class Front:
    """Linear maps of one variable, and what of f comes behind them.

    rest: f with the maps as data of its own.  variable: whether the rest still holds the variable itself.
    base: by name, the maps at the point.  columns: by name, what one unit of each entry adds: shape (m, *its shape).
    """

    rest: Probe
    variable: str
    direct: bool
    base: dict[str, Array]
    columns: dict[str, Array]

    def at(self, entries: range, points: Array) -> Array:
        """Return the values where each of some entries is replaced: shape (e, k, q).

        points: shape (e, k): k replacements for each of the entries.
        """
        import numpy as np

        x = self.rest.point[self.variable]
        count, here = points.size, slice(entries.start, entries.stop)
        steps = points - x.reshape(-1)[here, None]
        moved: dict[str, Array] = {}
        for name, base in self.base.items():
            added = steps.reshape(*steps.shape, *(1,) * base.ndim) * self.columns[name][here, None]
            added += base
            moved[name] = added.reshape(count, *base.shape)
        if self.direct:
            whole = np.empty((*points.shape, x.size))
            whole[:] = x.reshape(-1)
            whole[np.arange(len(entries)), :, np.array(entries)] = points
            moved[self.variable] = whole.reshape(count, *x.shape)
        return self.rest.with_values(moved, count).reshape(*points.shape, -1)


def front(probe: Probe, variable: str) -> Front | None:
    """Return the front of a formula; None where there is none that saves anything, or where f has no formula."""
    import numpy as np

    size = probe.point[variable].size
    formula = probe.f.output
    if formula is None or size < FEWEST or probe.bits < DOUBLE or probe.f.guards or probe.held is not probe.f:
        return None
    known = _KNOWN.setdefault(formula, {})
    if variable not in known:
        known[variable] = _split(formula, variable)
    split = known[variable]
    if split is None:
        return None
    rest, maps, direct = split
    shapes = {name: tuple(shape_of(node.axes, probe.sizes)) for name, node in maps.items()}
    if size * sum(prod(shape) for shape in shapes.values()) > MOST_ENTRIES:
        return None
    asked = replace(probe, outputs=tuple(maps.values()))
    units = np.eye(size).reshape(size, *probe.point[variable].shape)
    base = _by_name(asked.centre[None], shapes)
    columns = _by_name(asked.with_values({variable: units}, size), shapes)
    behind = replace(probe, outputs=(rest,))
    return Front(behind, variable, direct, {name: array[0] for name, array in base.items()}, columns)


def _by_name(rows: Array, shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
    import numpy as np

    ends = np.cumsum([prod(shape) for shape in shapes.values()])[:-1]
    parts = np.split(rows, ends, axis=1)
    return {name: part.reshape(-1, *shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def _split(formula: Node, variable: str) -> tuple[Node, dict[str, Node], bool] | None:
    """Return a formula behind its linear maps, these by the name that they have there, and whether x remains in it."""
    linear, sums = _linear(formula, variable)
    users: dict[Node, list[Node]] = {}
    for node in topological([formula]):
        for operand in node.operands:
            users.setdefault(operand, []).append(node)
    behind = [node for node in linear if node in sums and any(user not in linear for user in users.get(node, ()))]
    if not behind:
        return None
    named = {node: f"front {place}" for place, node in enumerate(behind)}
    (rest,) = rebuild([formula], replace=lambda old, new: Variable(named[old], old.axes) if old in named else new)
    direct = any(isinstance(node, Variable) and node.name == variable for node in topological([rest]))
    return rest, {name: node for node, name in named.items()}, direct


def _linear(formula: Node, variable: str) -> tuple[dict[Node, None], set[Node]]:
    """Return the nodes that are linear in the variable, without a constant; and those of them that take sums."""
    moving: set[Node] = set()
    linear: dict[Node, None] = {}
    sums: set[Node] = set()
    for node in topological([formula]):
        moved = [operand for operand in node.operands if operand in moving]
        if isinstance(node, Variable) and node.name == variable:
            linear[node] = None
        elif isinstance(node, Contraction):
            if len(moved) == 1 and moved[0] in linear:
                linear[node] = None
                sums |= {node} if node.summed else set()
        elif isinstance(node, Linear):
            if moved and all(operand in linear for operand in node.operands):
                linear[node] = None
        elif isinstance(node, _ALONG) and moved and moved[0] in linear:
            linear[node] = None
        if moved or node in linear:
            moving.add(node)
        if node in linear and any(operand in sums for operand in node.operands):
            sums.add(node)
    return linear, sums


_KNOWN: WeakKeyDictionary[Node, dict[str, Any]] = WeakKeyDictionary()
"""By formula: where it was split, by variable."""
