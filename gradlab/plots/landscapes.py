"""The loss of a function of many numbers, cut along a plane through the end of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradlab.descent.trajectory import Trajectory
from gradlab.misuse import explains_misuse
from gradlab.plots.canvas import BLACK, ORANGE, axes_for, check_runs, finish
from gradlab.plots.paths import draw_levels
from gradlab.plots.sampling import points_drawn, values_at, window

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gradlab.graph.point import Array

_SAMPLES = 49
"""Points along each axis: the function may be large."""


@explains_misuse
def landscape(run: Trajectory, along: tuple[Any, Any] | None = None, ax: Axes | None = None) -> Axes:
    """Return the levels of a function of many numbers on a plane through the end of a run, and the path cast onto it.

    along: two directions, each {variable: array} or a flat vector; they are made orthogonal and of length 1.
        If None, the two in which the path extends farthest: the principal components of its points as seen from its
        end. The axes say what part of the path's extent each holds; what lies outside the plane is not seen.
    H. Li et al., "Visualizing the Loss Landscape of Neural Nets" (2018), section 7, on the choice of the plane.
    Raises ValueError where the run has one component or its function is not known, or where the directions are none.
    """
    import numpy as np

    check_runs(run)
    if run.function is None:
        raise ValueError("the run was loaded without its function; write Trajectory.load(path, function=f)")
    if run.points.layout.size < 2:
        raise ValueError("a landscape needs two components or more, and the run has 1; plots.curve suits it")
    axes = axes_for(ax)
    shown = points_drawn(run)
    path = run.points.rows[:shown] - run.points.rows[shown - 1]
    plane = _principal(path) if along is None else _given(run, along)
    across, up = (path @ plane.T).T
    windows = window(across, up), window(up, across)
    xs, ys = (np.linspace(*ends, _SAMPLES) for ends in windows)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    rows = run.points.rows[shown - 1] + grid @ plane
    heights = values_at(run.function, run, rows).reshape(_SAMPLES, _SAMPLES)
    draw_levels(axes, xs, ys, heights, "loss", run.losses[:shown])
    axes.plot(across, up, "-", color="white", linewidth=3.0, zorder=2)
    axes.plot(across, up, "-", color=ORANGE, linewidth=1.4, zorder=3, label="path, cast onto the plane")
    axes.plot(across[0], up[0], "s", color="white", markeredgecolor=BLACK, markersize=8, zorder=4, label="start")
    axes.plot(across[-1], up[-1], "*", color=BLACK, markeredgecolor="white", markersize=13, zorder=5, label="end")
    extent = float((path**2).sum())
    for number, (held, write) in enumerate(zip((across, up), (axes.set_xlabel, axes.set_ylabel), strict=True), 1):
        part = f" ({100 * float((held**2).sum()) / extent:.3g} % of the path)" if extent > 0 else ""
        write(f"direction {number}{part}")
    axes.set_xlim(*windows[0])
    axes.set_ylim(*windows[1])
    axes.spines[["top", "right"]].set_visible(False)
    finish(axes, run, shown)
    axes.legend(fontsize=8, framealpha=0.9)
    return axes


def _principal(path: Array) -> Array:
    """Return the two directions in which *path* extends farthest from its end, shape (2, components)."""
    import numpy as np

    _, sizes, found = np.linalg.svd(path, full_matrices=False)
    enough = [row for row, size in zip(found, sizes, strict=True) if size > 1e-12 * max(float(sizes[0]), 1e-300)][:2]
    # A path along a line, or a single point, leaves directions free: the first axes that differ from it.
    for unit in np.eye(path.shape[1])[:3]:
        if len(enough) < 2:
            rest = unit - sum((float(unit @ row) * row for row in enough), np.zeros(len(unit)))
            if np.linalg.norm(rest) > 0.1:
                enough.append(rest / np.linalg.norm(rest))
    return np.stack(enough)


def _given(run: Trajectory, along: tuple[Any, Any]) -> Array:
    import numpy as np

    layout = run.points.layout
    if len(along) != 2:
        raise ValueError(f"along holds {len(along)} directions; a plane has two")
    rows = [
        layout.flat(each) if isinstance(each, Mapping) else np.asarray(each, dtype=float).reshape(-1) for each in along
    ]
    for row in rows:
        if row.shape != (layout.size,) or not np.isfinite(row).all():
            raise ValueError(
                f"a direction needs {layout.size} finite components, as the run has; one here has {len(row)}"
            )
    first = rows[0] / np.linalg.norm(rows[0]) if rows[0].any() else rows[0]
    second = rows[1] - (rows[1] @ first) * first
    if not rows[0].any() or np.linalg.norm(second) <= 1e-9 * np.linalg.norm(rows[1]):
        raise ValueError("the two directions lie on one line: there is no plane through them")
    return np.stack([first, second / np.linalg.norm(second)])
