"""f at the point and around it: many points in one evaluation where there is a graph, one by one where not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, prod
from typing import TYPE_CHECKING, Any

from gradlab.errors import NotScalarError
from gradlab.graph import Function, Point, bounds, evaluation, guards
from gradlab.graph.guards import with_frozen_values
from gradlab.graph.kinds import Variable
from gradlab.graph.nodes import topological
from gradlab.graph.sizes import shape_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.graph.point import Array

ENTRIES_AT_ONCE = 2**20
"""Numbers that one evaluation may hold: 8 MiB in float64, about what stays in a processor's cache.

Larger chunks were no faster, and every node of the graph keeps its values until the chunk is done.
"""


@dataclass(frozen=True, eq=False)
class Probe:
    """A scalar function around one point.

    What the code detaches is held at its value at the point. Where the code takes another way than at the point, the
    code itself is called; there is no value there if something is detached, which the code would not hold.
    Values that are not finite, and calls that raise arithmetic errors, come back as NaN.
    """

    f: Function
    point: Point

    @cached_property
    def held(self) -> Function:
        """F with its detached values held at what they are at the point."""
        return with_frozen_values(self.f, self.point)

    @cached_property
    def centre(self) -> float:
        """F at the point; raises NotScalarError if it is no number."""
        if self.f.output is None:
            return _number(self.f, self._by_code(self.point))
        (value,) = evaluation.with_numpy([self.f.output], {**self.f.data, **self.point}, self._sizes)
        return _number(self.f, value)

    @cached_property
    def calls(self) -> bool:
        """Whether f must be called point by point."""
        return self.f.output is None

    @cached_property
    def _sizes(self) -> dict[str, int]:
        return self.f.sizes(self.point)

    @cached_property
    def rounding(self) -> float:
        """How far rounding may move f at the point, as its formula is written; 0 without a formula, or a bound."""
        if self.f.output is None:
            return 0.0
        (bounded,) = bounds.with_bounds([self.f.output], {**self.f.data, **self.point}, self._sizes)
        error = float(bounded.error)
        return error if isfinite(error) else 0.0

    def along(self, variable: str, entries: Array) -> Array:
        """Return f with single entries of *variable* replaced.

        entries: shape (m, k): for each of the m entries of the variable, flattened, its k replacements.
        Returns shape (m, k).
        """
        import numpy as np

        if self.calls:
            values = [
                self._quietly(self._replaced(variable, place, entry))
                for place, row in enumerate(entries)
                for entry in row
            ]
            found = np.array(values, dtype=np.float64).reshape(entries.shape)
        else:
            found = self._batched(variable, entries)
        found[~np.isfinite(found)] = np.nan
        return found

    def _batched(self, variable: str, entries: Array) -> Array:
        import numpy as np

        held = self.held
        assert held.output is not None
        count, steps = entries.shape
        base = self.point[variable]
        found = np.empty(entries.size)
        chunk = max(1, ENTRIES_AT_ONCE // self._entries_per_point(variable))
        flat = np.where(np.isfinite(entries), entries, base.reshape(-1, 1)).ravel()
        for start in range(0, flat.size, chunk):
            part = flat[start : start + chunk]
            points = np.repeat(base.reshape(1, -1), part.size, axis=0)
            points[np.arange(part.size), np.arange(start, start + part.size) // steps] = part
            values = {**held.data, **self.point, variable: points.reshape(part.size, *base.shape)}
            (value,) = evaluation.with_numpy([held.output], values, self._sizes)
            # A function that does not depend on the variable gives one value for all points.
            found[start : start + chunk] = np.broadcast_to(value, part.shape)
            for place in self._elsewhere(values, part.size):
                moved = self._replaced(variable, (start + int(place)) // steps, float(part[place]))
                found[start + place] = self._quietly(moved) if held is self.f else float("nan")
        found = found.reshape(count, steps)
        found[~np.isfinite(entries)] = np.nan
        return found

    def _elsewhere(self, values: Mapping[str, Any], count: int) -> NDArray[np.int_]:
        """Return which of the points are on another way of the code than the formula is for."""
        import numpy as np

        if not self.f.guards:
            return np.empty(0, dtype=int)
        same = np.ones(count, dtype=bool)
        for holds in guards.held(self.f.guards, {**self.f.data, **values}, self._sizes):
            same &= holds
        return np.flatnonzero(~same)

    def _entries_per_point(self, variable: str) -> int:
        assert self.f.output is not None
        total = 0
        moving: set[Any] = set()
        for node in topological([self.f.output]):
            is_it = isinstance(node, Variable) and node.name == variable
            if is_it or any(operand in moving for operand in node.operands):
                moving.add(node)
                total += prod(shape_of(node.axes, self._sizes))
        return max(total, 1)

    def _replaced(self, variable: str, place: int, entry: float) -> Point | None:
        import numpy as np

        if not np.isfinite(entry):
            return None
        array = self.point[variable].copy()
        array.reshape(-1)[place] = entry
        return self.point.replaced({variable: array})

    def _quietly(self, at: Point | None) -> float:
        if at is None:
            return float("nan")
        try:
            return float(self._by_code(at))
        except (ArithmeticError, ValueError):
            # math.log(-1) raises ValueError, 1 / 0.0 and math.exp(1000) ArithmeticErrors: f has no value there.
            return float("nan")

    def _by_code(self, at: Point) -> Any:
        import numpy as np

        with np.errstate(all="ignore"):
            return self.f.call_code(at)


def _number(f: Function, value: Any) -> float:
    shape = getattr(value, "shape", ())
    if prod(shape) == 1:
        return float(value.reshape(())) if shape else float(value)
    raise NotScalarError(
        f"{f.signature} has {prod(shape)} values, in the shape {tuple(shape)}; a gradient belongs to a function "
        f"with one. Make one number of them, such as their sum or their mean, or take one of them, such as "
        f"{f.name}(…)[0]"
    )
