"""f at the point and around it: many points in one evaluation where there is a graph, one by one where not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

from gradlab.graph import Function, Point, bounds, evaluation, guards
from gradlab.graph.guards import with_frozen_values
from gradlab.graph.kinds import Variable
from gradlab.graph.nodes import Node, topological
from gradlab.graph.precision import DOUBLE, DTYPES
from gradlab.graph.sizes import shape_of
from gradlab.numeric.calling import Caller

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.graph.point import Array

ENTRIES_AT_ONCE = 2**17
"""Numbers that one evaluation may hold: 1 MiB in float64, what stays in a processor's cache from node to node.

Eight times as many took up to four times as long.
"""


@dataclass
class Spent:
    """How often f was called, and how many of the calls gave no finite value."""

    calls: int = 0
    lost: int = 0


@dataclass(frozen=True, eq=False)
class Probe:
    """A function around one point, its values in a row: one for a number, q for an array of q entries.

    bits: of the arithmetic that f is evaluated in; the point must be representable in it.
    outputs: what to evaluate instead of f's own value: parts of its formula.
    What the code detaches is held at its value at the point. Where the code takes another way than at the point, the
    code itself is called; there is no value there if something is detached, which the code would not hold.
    Values that are not finite, and calls that raise, come back as NaN.
    """

    f: Function
    point: Point
    bits: int = DOUBLE
    outputs: tuple[Node, ...] | None = None
    spent: Spent = field(default_factory=Spent)

    @cached_property
    def held(self) -> Function:
        """F with its detached values held at what they are at the point."""
        return with_frozen_values(self.f, self.point)

    @cached_property
    def caller(self) -> Caller:
        """The writer's own code."""
        return Caller(self.f, self.point, self.bits)

    @cached_property
    def centre(self) -> Array:
        """The values at the point: shape (q,)."""
        self.spent.calls += 1
        if self.f.output is None:
            return self.caller.centre.ravel()
        return self._row(self._evaluated({}), 1)[0]

    @property
    def unrest(self) -> float:
        """By how much f changes its answers between calls at one point."""
        return self.caller.unrest if self.f.output is None else 0.0

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The shape of f's own value."""
        if self.f.output is None:
            return self.caller.centre.shape
        return tuple(shape_of(self.f.output.axes, self.sizes))

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """What is evaluated, where there is a formula."""
        return self.outputs or (self.held.formula,)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The number behind each size symbol."""
        return self.f.sizes(self.point)

    @cached_property
    def rounding(self) -> Array:
        """How far rounding may move each value at the point, as the formula is written; 0 without one, or a bound."""
        import numpy as np

        if self.f.output is None:
            return np.zeros(self.centre.size)
        found = bounds.with_bounds(list(self.nodes), {**self.held.data, **self.point}, self.sizes)
        errors = np.concatenate([np.broadcast_to(each.error, each.value.shape).ravel() for each in found])
        return np.where(np.isfinite(errors), errors, 0.0) * 2.0 ** (DOUBLE - self.bits)

    def at(self, points: Mapping[str, Array]) -> Array:
        """Return the values where some variables have other values: shape (b, q) from (b, *shape of each of them).

        Complex points are evaluated in complex numbers.
        """
        import numpy as np

        kind = np.result_type(*points.values())
        dtype = kind if np.issubdtype(kind, np.complexfloating) else None
        count = len(next(iter(points.values())))
        self.spent.calls += count
        if self.f.output is None:
            rows = self.caller.row if dtype is None else self.caller.complex_row
            return rows(points, self.centre.size)
        found = np.empty((count, self.centre.size), kind)
        chunk = max(1, ENTRIES_AT_ONCE // self.entries_moving(points))
        for start in range(0, count, chunk):
            part = {name: values[start : start + chunk] for name, values in points.items()}
            length = min(chunk, count - start)
            found[start : start + chunk] = self.with_values(part, length, dtype)
            for place in self._elsewhere(part, length):
                alone = {name: values[[place]] for name, values in part.items()}
                held = self.held is self.f
                found[start + place] = self.caller.row(alone, self.centre.size)[0] if held else np.nan
        found[~np.isfinite(found)] = np.nan
        return found

    def with_values(self, moved: Mapping[str, Array], count: int, dtype: Any = None) -> Array:
        """Return the values of a formula where some names have other values, one for each of *count* points."""
        return self._row(self._evaluated(moved, dtype), count)

    def _evaluated(self, moved: Mapping[str, Array], dtype: Any = None) -> list[Any]:
        values = {**self.held.data, **self.point, **moved}
        if dtype is None and DTYPES[self.bits] == "bfloat16":
            return self._on_tensors(values)
        return evaluation.with_numpy(list(self.nodes), values, self.sizes, dtype or DTYPES[self.bits])

    def _on_tensors(self, values: Mapping[str, Any]) -> list[Any]:
        import torch

        tensors = {name: torch.tensor(value, dtype=torch.bfloat16) for name, value in values.items()}
        found = evaluation.with_torch(list(self.nodes), tensors, self.sizes, torch.bfloat16)
        return [each.double().numpy() for each in found]

    def _row(self, values: Sequence[Any], count: int) -> Array:
        """Return all values of *count* points in rows; what does not depend on the variable comes without points."""
        import numpy as np

        shapes = [tuple(shape_of(node.axes, self.sizes)) for node in self.nodes]
        pairs = zip(values, shapes, strict=True)
        rows = [np.broadcast_to(value, (count, *shape)).reshape(count, prod(shape)) for value, shape in pairs]
        return rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1)

    def _elsewhere(self, moved: Mapping[str, Any], count: int) -> NDArray[np.int_]:
        """Return which of the points are on another way of the code than the formula is for."""
        import numpy as np

        if not self.f.guards:
            return np.empty(0, dtype=int)
        same = np.ones(count, dtype=bool)
        for holds in guards.held(self.f.guards, {**self.f.data, **self.point, **moved}, self.sizes):
            same &= holds
        return np.flatnonzero(~same)

    def entries_moving(self, names: Collection[str]) -> int:
        """Return how many numbers one evaluation makes that depend on any of these names."""
        total = 0
        moving: set[Any] = set()
        for node in topological(list(self.nodes)):
            is_it = isinstance(node, Variable) and node.name in names
            if is_it or any(operand in moving for operand in node.operands):
                moving.add(node)
                total += prod(shape_of(node.axes, self.sizes))
        return max(total, 1)
