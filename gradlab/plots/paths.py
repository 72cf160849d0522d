"""The path of a run on its function of one number or two: curve, contour, surface and field of gradients."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

from gradlab.descent.many import ManyPoints
from gradlab.descent.trajectory import Trajectory
from gradlab.errors import GradlabError
from gradlab.graph import Point
from gradlab.misuse import explains_misuse
from gradlab.plots.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, axes_for, check_runs, finish, new_figure
from gradlab.plots.histories import losses
from gradlab.plots.sampling import (
    SAMPLES,
    component_names,
    drawable,
    function_of,
    grid_values,
    points_drawn,
    samples_for,
    values_at,
    window,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gradlab.graph import Function
    from gradlab.graph.point import Array

_NUMBERED = 6
"""Points that get their number, or every point is hidden behind them."""

_TANGENT = 0.22
"""The length of a tangent, as a part of the picture's width."""

_MARKED = 60
"""Points that get a marker of their own; more run together."""

_LEVELS = 14
"""Bands of a contour; more cannot be told apart in grey."""

_DECADES = 1e3
"""Losses of a path that span more than this factor get levels by decades: even rings would hide where it ends."""

_ARROWS = 15
"""Arrows of a field along each axis."""

_SURFACE = 61
"""Points of a surface along each axis: its facets are seen, and more would only be slower."""


@explains_misuse
def trajectory(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Return the picture that suits a run.

    One number as its only variable: `curve`.  Two numbers, or one vector of two: `contour`.  More: `losses`.
    A run whose function is not known (loaded, and written as code) shows its losses.
    """
    check_runs(run)
    size = run.points.layout.size
    if run.function is None or size not in (1, 2):
        return losses(run, ax=ax)
    return curve(run, ax) if size == 1 else contour(run, ax)


@explains_misuse
def curve(run: Trajectory, ax: Axes | None = None, *, tangents: int = 3) -> Axes:
    """Return the curve of a function of one number, with the points of the run on it, the first ones numbered.

    tangents: at how many of the first points to draw the tangent, whose slope is the gradient that the step follows.
    Raises ValueError where the run has more than one component or its function is not known.
    """
    check_runs(run)
    axes = axes_for(ax)
    shown = points_drawn(run)
    along, heights = curve_alone(axes, run, shown)
    _draw_tangents(axes, along, heights, run.gradients.rows[:shown, 0], tangents)
    axes.plot(along, heights, ":", color=BLUE, linewidth=1.0, zorder=3)
    axes.scatter(along, heights, s=30, color=BLUE, edgecolors="white", linewidths=0.6, zorder=4, label="steps")
    _number(axes, along, heights, run.gradients.rows[:shown, 0])
    _mark_ends(axes, along, heights, complete=shown == len(run.losses))
    finish(axes, run, shown)
    axes.legend(frameon=False, fontsize=8)
    return axes


def curve_alone(axes: Axes, run: Trajectory, shown: int) -> tuple[Array, Array]:
    """Draw the curve under the first points of a run; return where these lie along it and up."""
    import numpy as np

    function = function_of(run, components=1)
    (label,) = component_names(run)
    along = run.points.rows[:shown, 0]
    heights = drawable(run.losses[:shown])
    xs = np.linspace(*window(along, along), SAMPLES)
    axes.plot(xs, values_at(function, run, xs[:, None]), color=GREY, linewidth=1.8, zorder=1, label=function.name)
    axes.set_xlabel(label)
    axes.set_ylabel(f"{function.name}({', '.join(run.variables)})")
    axes.spines[["top", "right"]].set_visible(False)
    return along, heights


@explains_misuse
def contour(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Return the levels of a function of two numbers, dark where it is low, with the path across them.

    The window is fitted to the path, so that a diverging run shows what it does. Levels are spaced like squares:
    those of a quadratic bowl are evenly spaced rings, and a narrow valley keeps its floor. Where the losses of the
    path span more than three decades above the lowest point, the levels go by decades.
    Raises ValueError where the run has other than two components or its function is not known.
    """
    check_runs(run)
    axes = axes_for(ax)
    shown = points_drawn(run)
    across, up = levels_alone(axes, run, shown)
    _draw_path(axes, across, up)
    _mark_ends(axes, across, up, complete=shown == len(run.losses))
    finish(axes, run, shown)
    axes.legend(fontsize=8, framealpha=0.9)
    return axes


def levels_alone(axes: Axes, run: Trajectory, shown: int) -> tuple[Array, Array]:
    """Draw the levels around the first points of a run; return where these lie."""
    function, across, up, xs, ys = _grid(run, shown)
    heights = grid_values(function, run, xs, ys)
    # The recorded losses of a run through batches are those of the batches, which say little of the levels.
    losses = run.losses[:shown] if run.places is None else values_at(function, run, run.points.rows[:shown])
    draw_levels(axes, xs, ys, heights, _written(function, run), losses)
    _name_axes(axes, run, (float(xs[0]), float(xs[-1])), (float(ys[0]), float(ys[-1])))
    return across, up


@explains_misuse
def surface(run: Trajectory, ax: Any = None) -> Any:
    """Return the surface of a function of two numbers in three dimensions, with the path on it.

    ax: three-dimensional Axes, ``figure.add_subplot(projection="3d")``.
    Raises ValueError for flat ones, and as `contour`.
    """
    import numpy as np

    check_runs(run)
    if ax is not None and not hasattr(ax, "plot_surface"):
        raise ValueError("a surface needs three-dimensional Axes; write ax=figure.add_subplot(projection='3d')")
    axes = new_figure(figsize=(5.6, 4.8)).add_subplot(projection="3d") if ax is None else ax
    shown = points_drawn(run)
    function, across, up, xs, ys = _grid(run, shown, _SURFACE)
    heights = grid_values(function, run, xs, ys)
    # By default matplotlib draws a surface over a line wherever its middle is nearer: the path would vanish.
    axes.computed_zorder = False
    axes.plot_surface(
        *np.meshgrid(xs, ys), np.ma.masked_invalid(heights), cmap="cividis", alpha=0.75, linewidth=0, zorder=1
    )
    high = drawable(run.losses[:shown])
    # A little above the surface, or it lies half inside.
    lifted = high + 0.01 * float(np.nanmax(heights) - np.nanmin(heights)) if np.isfinite(heights).any() else high
    axes.plot(across, up, lifted, color="white", linewidth=3.0, zorder=4)
    marker = "o" if shown <= _MARKED else ""
    axes.plot(across, up, lifted, color=ORANGE, linewidth=1.4, marker=marker, markersize=3.5, zorder=5, label="steps")
    ends = {"start": (0, "s", "white", BLACK, 7), "end": (shown - 1, "*", BLACK, "white", 12)}
    for name, (place, mark, colour, edge, size) in ends.items():
        if name == "start" or (shown == len(run.losses) and shown > 1):
            axes.plot(
                across[place], up[place], lifted[place], mark, color=colour, markeredgecolor=edge, markersize=size,
                linestyle="", zorder=6, label=name,
            )  # fmt: skip
    for name, write in zip(component_names(run), (axes.set_xlabel, axes.set_ylabel), strict=True):
        write(name)
    axes.set_zlabel(_written(function, run))
    axes.view_init(elev=38, azim=-60)
    finish(axes, run, shown)
    axes.legend(frameon=False, fontsize=8)
    return axes


@explains_misuse
def field(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Return the directions of steepest descent around a run, as arrows, with the path among them.

    All arrows are of one length, and their shade says how long the gradient is there: on a logarithmic scale, since
    gradients span decades.
    Raises ValueError as `contour`.
    """
    import matplotlib as mpl
    import numpy as np
    from matplotlib.colors import ListedColormap, LogNorm
    from matplotlib.ticker import LogLocator

    check_runs(run)
    axes = axes_for(ax)
    shown = points_drawn(run)
    function, across, up, xs, ys = _grid(run, shown, _ARROWS)
    rows = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    gradients = _gradients(function, run, rows)
    lengths = np.hypot(*gradients.T)
    seen = np.isfinite(lengths) & (lengths > 0)
    if seen.any():
        low, high = float(lengths[seen].min()), float(lengths[seen].max())
        # An arrow as long as the picture sees it: in units of the window, not of the axes, whose scales differ.
        spans = np.array([xs[-1] - xs[0], ys[-1] - ys[0]])
        arrows = -gradients[seen] / spans
        arrows = arrows / np.hypot(*arrows.T)[:, None] * spans
        dark = mpl.colormaps["cividis_r"](np.linspace(0.25, 1, 192))  # its yellow is lost on white
        drawn = axes.quiver(
            *rows[seen].T, *arrows.T, lengths[seen], norm=LogNorm(low, high if high > low else 2 * low),
            cmap=ListedColormap(dark), angles="xy", scale_units="xy", scale=_ARROWS * 1.15, pivot="middle", width=0.005,
        )  # fmt: skip
        bar = axes.figure.colorbar(drawn, ax=axes, ticks=LogLocator(subs=_tick_digits(high / low)), format="%g")
        bar.minorticks_off()
        bar.set_label("length of the gradient")
    _draw_path(axes, across, up)
    _mark_ends(axes, across, up, complete=shown == len(run.losses))
    _name_axes(axes, run, (float(xs[0]), float(xs[-1])), (float(ys[0]), float(ys[-1])))
    finish(axes, run, shown)
    axes.legend(fontsize=8, framealpha=0.9)
    return axes


# What they share ----------------------------------------------------------------------------------------


def _grid(run: Trajectory, shown: int, samples: int | None = None) -> tuple[Function, Array, Array, Array, Array]:
    """Return the function, the path across and up, and the two axes of a grid around it."""
    import numpy as np

    function = function_of(run, components=2)
    across, up = run.points.rows[:shown].T
    count = samples or samples_for(function)
    xs, ys = (np.linspace(*ends, count) for ends in (window(across, up), window(up, across)))
    return function, across, up, xs, ys


def _tick_digits(span: float) -> tuple[int, ...]:
    """Return the first digits of the numbers at a logarithmic scale that reaches over a factor of *span*."""
    if span < 10:
        return tuple(range(1, 10))
    return (1, 2, 5) if span < 1000 else (1,)


def _written(function: Function, run: Trajectory) -> str:
    return f"{function.name}({', '.join(run.variables)})"


def _name_axes(axes: Axes, run: Trajectory, across: tuple[float, float], up: tuple[float, float]) -> None:
    axes.set_xlim(*across)
    axes.set_ylim(*up)
    for name, write in zip(component_names(run), (axes.set_xlabel, axes.set_ylabel), strict=True):
        write(name)
    axes.spines[["top", "right"]].set_visible(False)


def _gradients(function: Function, run: Trajectory, rows: Array) -> Array:
    """Return the gradients at rows of points, nan where there is none."""
    import numpy as np

    layout = run.points.layout
    try:
        with np.errstate(all="ignore"):
            return ManyPoints(function, Point(run.points[0]), layout).gradients(rows)
    except GradlabError:  # no formula, or one that holds on one side of an `if`
        return np.array([_gradient(function, run, row) for row in rows])


def _gradient(function: Function, run: Trajectory, row: Array) -> Array:
    import numpy as np

    from gradlab.numeric import estimate

    layout = run.points.layout
    try:
        return layout.flat(estimate(function, layout.unpacked(row)).partials)
    except GradlabError:
        return np.full(layout.size, np.nan)


def _draw_path(axes: Axes, across: Array, up: Array) -> None:
    axes.plot(across, up, "-", color="white", linewidth=3.0, zorder=2)
    style = "o-" if len(across) <= _MARKED else "-"
    axes.plot(across, up, style, color=ORANGE, linewidth=1.3, markersize=3.5, zorder=3, label="steps")


def draw_levels(axes: Axes, xs: Array, ys: Array, heights: Array, label: str, losses: Array) -> None:
    """Draw the levels of *heights* over a grid, with their bar; *losses* are those of the path."""
    import numpy as np
    from matplotlib.colors import BoundaryNorm, PowerNorm

    finite = heights[np.isfinite(heights)]
    if not len(finite) or not finite.max() > finite.min():
        return
    masked = np.ma.masked_invalid(heights)
    # Two digits of the range: the bar then says 0, 1, 4, 9 rather than 4.73e-05, 0.995.
    unit = 10.0 ** (floor(log10(float(finite.max() - finite.min()))) - 1)
    low, high = floor(float(finite.min()) / unit) * unit, ceil(float(finite.max()) / unit) * unit
    by_decades = _by_decades(finite, losses)
    if by_decades is None:
        levels = low + (high - low) * np.linspace(0, 1, _LEVELS) ** 2
        norm, ticks = PowerNorm(0.5, vmin=low, vmax=high), np.round(levels[::3] / unit) * unit
    else:
        levels = by_decades
        norm, ticks = BoundaryNorm(levels, 256), levels[::2]
    filled = axes.contourf(xs, ys, masked, levels=levels, norm=norm, cmap="cividis", zorder=0)
    axes.contour(xs, ys, masked, levels=levels, colors="white", linewidths=0.3, alpha=0.6, zorder=1)
    bar = axes.figure.colorbar(filled, ax=axes, ticks=ticks, format=_shortest(ticks))
    bar.set_label(label)


def _shortest(ticks: Array) -> str:
    """Return the format of the fewest digits, two to four, in which the ticks of a bar differ.

    >>> _shortest([0.0071, 0.02801]), _shortest([0.08462, 0.08493])
    ('%.2g', '%.3g')
    """
    digits = (digits for digits in (2, 3) if len({f"{tick:.{digits}g}" for tick in ticks}) == len(ticks))
    return f"%.{next(digits, 4)}g"


def _by_decades(heights: Array, losses: Array) -> Array | None:
    """Return levels that grow by a factor, where the losses of the path span decades; else None."""
    import numpy as np

    seen = losses[np.isfinite(losses) & (np.abs(losses) < 1e300)]
    if len(seen) < 2:
        return None
    low, high = min(float(heights.min()), float(seen.min())), float(heights.max())
    above = np.sort(seen - low)
    first = float(above[above > 0][0]) if (above > 0).any() else 0.0
    if first == 0 or above[-1] < _DECADES * first or high <= low:
        return None
    # Down to where the path arrives, but not to rings that are smaller than a marker, nor to what three digits of the
    # bar could not say.
    inner = max(first, 3e-4 * (high - low), 2e-3 * abs(low))
    if high - low < _DECADES / 30 * inner:
        return None
    grown = np.geomspace(inner, high - low, _LEVELS - 1)
    levels = np.unique([low, *(low + float(f"{step:.2g}") for step in grown[:-1]), low + 1.0001 * (high - low)])
    return levels if len(levels) > 2 else None


def _draw_tangents(axes: Axes, along: Array, heights: Array, slopes: Array, most: int) -> None:
    """Draw the tangents at the first points that lie apart, all of the length that the picture sees."""
    import numpy as np

    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    width, height = right - left, top - bottom
    drawn: list[float] = []
    for x, y, slope in zip(along, heights, slopes, strict=True):
        if len(drawn) >= most:
            break
        if not np.isfinite([y, slope]).all() or any(abs(x - other) < 0.05 * width for other in drawn):
            continue
        steep = slope * width / height
        half = _TANGENT / 2 * width / float(np.hypot(1, steep))
        axes.plot(
            [x - half, x + half], [y - half * slope, y + half * slope], color=GREEN, linewidth=1.4, zorder=2,
            label="tangents" if not drawn else None,
        )  # fmt: skip
        drawn.append(float(x))
    axes.set_xlim(left, right)


def _number(axes: Axes, along: Array, heights: Array, slopes: Array) -> None:
    """Write the number of the first points beside them, above the curve, where there is room."""
    width, height = float(along.max() - along.min()), float(heights.max() - heights.min())
    numbered: list[tuple[float, float]] = []
    for step in range(min(_NUMBERED, len(along))):
        x, y = float(along[step]), float(heights[step])
        if y != y or any(abs(x - a) < 0.04 * width and abs(y - b) < 0.04 * height for a, b in numbered):
            continue
        numbered.append((x, y))
        side = -7 if slopes[step] > 0 else 7
        axes.annotate(
            f"{step}",
            (x, y),
            xytext=(side, 4),
            textcoords="offset points",
            ha="right" if side < 0 else "left",
            fontsize=8,
        )


def _mark_ends(axes: Axes, across: Array, up: Array, *, complete: bool) -> None:
    """Mark the first point and, if it is drawn, the last, by shape as well as by colour."""
    axes.plot(across[0], up[0], "s", color="white", markeredgecolor=BLACK, markersize=8, zorder=5, label="start")
    if complete and len(across) > 1:
        axes.plot(across[-1], up[-1], "*", color=BLACK, markeredgecolor="white", markersize=13, zorder=6, label="end")
