"""`estimate_jacobian`: the derivatives of a function whose value is an array, by finite differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from gradlab.graph import Point
from gradlab.graph.point import brief
from gradlab.graph.precision import DOUBLE, precision_of
from gradlab.numeric import lines
from gradlab.numeric.estimation import METHODS, check_finite, check_method, probing, remarks
from gradlab.sources import at_point

if TYPE_CHECKING:
    from gradlab.graph.point import Array


@dataclass(frozen=True, eq=False)
class Jacobian:
    """The Jacobian of a function at one point, by finite differences.

    at: the point.  value: the function there.
    partials: per variable, of the axes of the value and then those of the variable.
    error: same shape, a bound on |partial - truth|.  steps: same shape, the step that was chosen; NaN where none was
        needed, as no entry of the value depends on the variable's.
    calls: how often f was called.  notes: in plain words.
    precision: bits of the arithmetic that f was evaluated in.
    """

    at: Point
    value: Array
    partials: Mapping[str, Array]
    error: Mapping[str, Array]
    steps: Mapping[str, Array]
    calls: int
    notes: tuple[str, ...] = ()
    precision: int = DOUBLE

    def __getitem__(self, name: str) -> Array:
        return self.partials[name]

    def __repr__(self) -> str:
        lines = [f"Jacobian by finite differences at {self.at!r}, {self.calls:,} calls"]
        for name, partial in self.partials.items():
            lines.append(f"  ∂f/∂{name} = {brief(partial)}  ± {brief(self.error[name], 2)}")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


def estimate_jacobian(
    f: Any,
    at: Any,
    *,
    wrt: str | Sequence[str] | None = None,
    method: str = "ladder",
    sparsity: Any = None,
) -> Jacobian:
    """Return the Jacobian of *f* at a point by finite differences, with a bound on the error of each entry.

    f, at, wrt, method: as for `gradlab.estimate`; the value of f may be an array of any shape.
    sparsity: which entries of the value depend on which entries of the variable: a matrix of the flattened value by
    the flattened variable, not 0 where one does; for one variable. Where f has a formula it is found there.

    Entries of a variable on which no common value depends are moved in one call, each read off its own values
    (Curtis, Powell & Reid 1974): a tridiagonal Jacobian takes three calls for each step, whatever its size. A
    sparsity that the caller states is held against one more call.

    Raises what `gradlab.estimate` raises, ShapeError for a sparsity of another shape, and GradlabError where a value
    moves that the sparsity says does not.

    >>> import numpy as np
    >>> def chain(x):
    ...     return x**2 - np.roll(x, 1)
    >>> found = estimate_jacobian(chain, np.arange(1.0, 101.0), method="central")
    >>> found["x"].shape, found.calls
    ((100, 100), 7)
    """
    import numpy as np

    check_method(method)
    function, point = at_point(f, at)
    names = function.chosen(wrt)
    if sparsity is not None and len(names) > 1:
        raise ValueError(f"a sparsity belongs to one variable; choose it with wrt=, from {', '.join(names)}")
    probe = probing(function, point, precision_of([at]))
    check_finite(probe)
    found, moved = {}, {}
    partials, error, steps = {}, {}, {}
    for name in names:
        chosen = lines.of_array(probe, name, sparsity)
        measured = found[name] = METHODS[method](chosen)
        if chosen.doubted:
            chosen.confirm(measured.value)
        moved[name] = chosen.entries
        size, shape = point[name].size, (*probe.shape, *point[name].shape)
        for kept, values, otherwise in (
            (partials, measured.value, 0.0),
            (error, measured.error, 0.0),
            (steps, measured.step, np.nan),
        ):
            whole = np.full((prod(probe.shape), size), otherwise)
            whole[chosen.told, chosen.entries] = values
            kept[name] = whole.reshape(shape)
    notes = tuple(remarks(probe, found, moved))
    value = probe.centre.reshape(probe.shape)
    return Jacobian(probe.point, value, partials, error, steps, probe.spent.calls, notes, probe.bits)
