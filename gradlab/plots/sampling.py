"""What a picture of a run is made from: its function over a window that holds the path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradlab.descent.history import norms
from gradlab.descent.trajectory import Trajectory
from gradlab.errors import GradlabError
from gradlab.graph import evaluation
from gradlab.graph.gradient import component_name

if TYPE_CHECKING:
    from gradlab.graph import Function
    from gradlab.graph.point import Array

SAMPLES = 241
"""Points of a drawn curve: one per two pixels of a figure of ordinary width."""

_GRID, _COARSE = 97, 33
"""Points of a contour along each axis: with a formula, and where the code has to be called for each point."""

_SPREAD = 50
"""How many times its first step a diverging run may go away in a picture where that step can still be seen."""

_LARGEST = 1e300
"""Numbers beyond this overflow in matplotlib's own arithmetic."""


_TOGETHER = 4_000_000
"""Numbers that one array may hold while many points are computed at once."""


def samples_for(function: Function) -> int:
    """Return how many points of a grid to take along each axis."""
    return _GRID if function.output is not None else _COARSE


def function_of(run: Trajectory, components: int) -> Function:
    """Return the function of a run of so many components; raises ValueError where there is no such thing."""
    size = run.points.layout.size
    if size != components:
        raise ValueError(
            f"this picture is for {components} number{'s' * (components > 1)}, and the run has {size}; "
            "plots.losses suits any run"
        )
    if run.function is None:
        raise ValueError("the run was loaded without its function; write Trajectory.load(path, function=f)")
    return run.function


def component_names(run: Trajectory) -> list[str]:
    """Return the name of each component, as code writes it."""
    import numpy as np

    return [component_name(name, position) for name, shape in run.variables.items() for position in np.ndindex(shape)]


def points_drawn(run: Trajectory) -> int:
    """Return how many points to draw: of a diverging run those that fit into one window with the first step."""
    import numpy as np

    if not run.diagnosis.startswith("diverging") or len(run.losses) < 3:
        return len(run.losses)
    away = norms(run.points.rows - run.points.rows[0])
    beyond = np.flatnonzero(away > _SPREAD * away[1])
    return int(beyond[0]) + 1 if len(beyond) else len(run.losses)


def window(values: Array, others: Array) -> tuple[float, float]:
    """Return limits for *values* with a margin; at least a quarter as wide as the other axis."""
    low, high = float(values.min()), float(values.max())
    width = max(high - low, float(others.max() - others.min()) / 4)
    if width <= 1e-12 * max(abs(low), abs(high)):
        width = max(1.0, abs(low))
    middle, half = low / 2 + high / 2, width / 2 * 1.3
    return middle - half, middle + half


def values_at(function: Function, run: Trajectory, rows: Array) -> Array:
    """Return the function at each of *rows*, shape (points, components); NaN where it cannot be drawn."""
    import numpy as np

    layout = run.points.layout
    if function.output is None:
        return drawable(np.array([value_at(function, layout.unpacked(row)) for row in rows]))
    sizes = function.sizes(run.points[0])
    largest = max([layout.size, *(np.size(array) for array in function.data.values())])
    together = max(1, _TOGETHER // largest)
    values = np.empty(len(rows))
    for place in range(0, len(rows), together):
        part = layout.unpacked(rows[place : place + together])
        (values[place : place + together],) = evaluation.with_numpy([function.output], {**function.data, **part}, sizes)
    return drawable(values)


def grid_values(function: Function, run: Trajectory, xs: Array, ys: Array) -> Array:
    """Return a function of two numbers over a grid, shape (len(ys), len(xs))."""
    import numpy as np

    grid = np.stack(np.meshgrid(xs, ys), axis=-1)
    return values_at(function, run, grid.reshape(-1, 2)).reshape(len(ys), len(xs))


def drawable(values: Array) -> Array:
    """Return *values* with NaN, a gap, for those that matplotlib cannot put a margin around."""
    import numpy as np

    return np.where(np.abs(values) < _LARGEST, values, np.nan)


def value_at(function: Function, point: Mapping[str, Array]) -> float:
    """Return the function at a point; NaN outside its domain."""
    import numpy as np

    try:
        with np.errstate(all="ignore"):
            return float(function(point))
    except (GradlabError, ArithmeticError, ValueError):  # outside the domain: a gap in the picture
        return float("nan")
