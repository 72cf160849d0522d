"""The one currency of gradlab: a gradient at a point, whichever route found it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from gradlab.errors import GradlabError
from gradlab.graph.cells import Grid
from gradlab.graph.point import Point, brief

if TYPE_CHECKING:
    from gradlab.graph.point import Array


SHOWN = 24
"""Components in the table that a notebook shows."""


@dataclass(frozen=True, eq=False)
class Gradient:
    """One gradient at one point, whichever route found it.

    at: the point.  value: the function there.
    partials: per variable, shaped like that variable; in units of f per unit of the variable.
    route: "symbolic", "numeric", "autodiff", or the name of a route that the caller added.
    error: same shape as partials, a bound on |partial - truth|; None if the route makes none.
    slopes: per variable, shape (*shape, 2): the slopes to the left and to the right where the route found
        a kink, NaN elsewhere; None if the route does not look for kinks.
    notes: what the route wants said, in plain words.
    precision: bits of the arithmetic that the route computed in; 53 for float64, 24 for float32.
    steps: same shape as partials, the step that the numeric route chose; None for the other routes.
    evaluations: same shape, at how many points f was called for the component; None for the other routes.
    calls: how often f was called in all; components that share no term of f may share a call. 0 for the other routes.
    tabulate: makes the table of the route, see `table`; None if it has none.
    """

    at: Point
    value: float
    partials: Mapping[str, Array]
    route: str
    error: Mapping[str, Array] | None = None
    slopes: Mapping[str, Array] | None = None
    notes: tuple[str, ...] = ()
    precision: int = 53
    steps: Mapping[str, Array] | None = None
    evaluations: Mapping[str, Array] | None = None
    calls: int = 0
    tabulate: Callable[[], Any] | None = None

    def __post_init__(self) -> None:
        for name in ("partials", "error", "slopes", "steps", "evaluations"):
            arrays = getattr(self, name)
            if arrays is not None:
                object.__setattr__(self, name, {key: _frozen(array) for key, array in arrays.items()})

    def __getitem__(self, name: str) -> Array:
        return self.partials[name]

    def table(self) -> Any:
        """Return the pass behind the gradient, operation by operation; see `gradlab.autodiff.table.Table`.

        It is made when it is asked for, and once. Raises GradlabError for other routes than ``backward()``, and
        NoFormulaError where the function has no formula whose operations could be listed.
        """
        if self.tabulate is None:
            raise GradlabError(
                f"a gradient by the {self.route} route has no table: only backward() goes through the function "
                "operation by operation; write backward(f, at).table()"
            )
        return self._table

    @cached_property
    def _table(self) -> Any:
        assert self.tabulate is not None
        return self.tabulate()

    def __getstate__(self) -> dict[str, Any]:
        # A gradient can be sent to another process; the code that its table is made from often cannot.
        return {key: value for key, value in self.__dict__.items() if key != "_table"} | {"tabulate": None}

    def components(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield every component as (variable, position); the position of a number is ()."""
        import numpy as np

        for name, partial in self.partials.items():
            for position in np.ndindex(partial.shape):
                yield name, position

    def __repr__(self) -> str:
        lines = [f"gradient by the {self.route} route at {self.at!r}, where f = {self.value:.12g}"]
        for name, partial in self.partials.items():
            bound = f"  ± {brief(self.error[name], 2)}" if self.error is not None else ""
            lines.append(f"  ∂f/∂{name} = {brief(partial, 12)}{bound}")
        return "\n".join([*lines, *self._kinks(), *(f"  note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        """Return the components as a table, with what the text says above and below it."""
        from html import escape

        bounded = self.error is not None
        rows = [
            [component_name(name, at), f"{self.partials[name][at]:.12g}"]
            + ([f"{self.error[name][at]:.2g}"] if self.error is not None else [])
            for name, at in islice(self.components(), SHOWN)
        ]
        hidden = sum(partial.size for partial in self.partials.values()) - len(rows)
        below = [*([f"and {hidden:,} components more"] if hidden else []), *self._kinks(), *self.notes]
        above, *_ = repr(self).splitlines()
        table = Grid(["component", "derivative", *(["± error"] if bounded else [])], rows).html()
        return f"<p>{escape(above)}</p>{table}{''.join(f'<p>{escape(line.strip())}</p>' for line in below)}"

    def _kinks(self, most: int = 6) -> list[str]:
        """Return a line for each component with a kink, up to *most*."""
        import numpy as np

        if self.slopes is None:
            return []
        found = [(name, at, self.slopes[name][at]) for name, at in self.components()]
        kinks = [(component_name(name, at), pair) for name, at, pair in found if np.isfinite(pair).any()]
        lines = [
            f"  kink in {name}: slope {left:.6g} to the left, {right:.6g} to the right" for name, (left, right) in kinks
        ]
        return lines if len(lines) <= most else [*lines[:most], f"  and {len(lines) - most:,} kinks more"]


def _frozen(array: Array) -> Array:
    import numpy as np

    copy = np.array(array, dtype=np.float64)
    copy.setflags(write=False)
    return copy


def component_name(variable: str, position: tuple[int, ...]) -> str:
    """Return the name of one component as code writes it.

    >>> component_name("x", ()), component_name("X", (0, 2))
    ('x', 'X[0, 2]')
    """
    return variable if not position else f"{variable}[{', '.join(map(str, position))}]"
