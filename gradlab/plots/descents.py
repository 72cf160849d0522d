"""Pictures of a descent: its path, its losses, and the model at its steps."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

from gradlab.descent.signs import norms
from gradlab.descent.trajectory import Trajectory
from gradlab.errors import GradlabError
from gradlab.graph import evaluation
from gradlab.graph.gradient import component_name
from gradlab.plots.canvas import BLACK, BLUE, GREY, ORANGE, axes_for, decades, new_figure

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from gradlab.graph import Function
    from gradlab.graph.point import Array

_NUMBERED = 6
"""Points that get their number, or every point is hidden behind them."""

_SAMPLES = 241
"""Points of a drawn curve: one per two pixels of a figure of ordinary width."""

_GRID, _COARSE = 97, 33
"""Points of a contour along each axis: with a formula, and where the code has to be called for each point."""

_MARKED = 60
"""Points that get a marker of their own; more run together."""

_SPREAD = 50
"""How many times its first step a diverging run may go away in a picture where that step can still be seen."""

_LARGEST = 1e300
"""Numbers beyond this overflow in matplotlib's own arithmetic."""

_LEVELS = 14
"""Bands of a contour; more cannot be told apart in grey."""


def trajectory(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Return the picture that suits a run.

    One number as its only variable: `curve`.  Two numbers, or one vector of two: `contour`.  More: `losses`.
    A run whose function is not known (loaded, and written as code) shows its losses.
    """
    size = run.points.layout.size
    if run.function is None or size not in (1, 2):
        return losses(run, ax)
    return curve(run, ax) if size == 1 else contour(run, ax)


def curve(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Return the curve of a function of one number, with the points of the run on it, the first ones numbered.

    Raises ValueError where the run has more than one component or its function is not known.
    """
    import numpy as np

    function = _function(run, components=1)
    axes = axes_for(ax)
    (label,) = _component_names(run)
    shown = _drawn(run)
    along = run.points.rows[:shown, 0]
    heights = _drawable(run.losses[:shown])
    xs = np.linspace(*_window(along, along), _SAMPLES)
    axes.plot(xs, _values(function, run, xs[:, None]), color=GREY, linewidth=1.8, zorder=1, label=function.name)
    axes.plot(along, heights, ":", color=BLUE, linewidth=1.0, zorder=2)
    axes.scatter(along, heights, s=30, color=BLUE, edgecolors="white", linewidths=0.6, zorder=3, label="steps")
    _number(axes, along, heights, run.gradients.rows[:shown, 0])
    _mark_ends(axes, along, heights, complete=shown == len(run.losses))
    axes.set_xlabel(label)
    axes.set_ylabel(f"{function.name}({', '.join(run.variables)})")
    _finish(axes, run, shown)
    axes.legend(frameon=False, fontsize=8)
    return axes


def contour(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Return the levels of a function of two numbers, dark where it is low, with the path across them.

    The window is fitted to the path, so that a diverging run shows what it does. Levels are spaced like squares:
    those of a quadratic bowl are evenly spaced rings, and a narrow valley keeps its floor.
    Raises ValueError where the run has other than two components or its function is not known.
    """
    import numpy as np

    function = _function(run, components=2)
    axes = axes_for(ax)
    shown = _drawn(run)
    across, up = run.points.rows[:shown].T
    windows = [_window(across, up), _window(up, across)]
    samples = _GRID if function.output is not None else _COARSE
    xs, ys = (np.linspace(*window, samples) for window in windows)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1)
    heights = _values(function, run, grid.reshape(-1, 2)).reshape(samples, samples)
    _levels(axes, xs, ys, heights, f"{function.name}({', '.join(run.variables)})")
    axes.plot(across, up, "-", color="white", linewidth=3.0, zorder=2)
    style = "o-" if shown <= _MARKED else "-"
    axes.plot(across, up, style, color=ORANGE, linewidth=1.3, markersize=3.5, zorder=3, label="steps")
    _mark_ends(axes, across, up, complete=shown == len(run.losses))
    axes.set_xlim(*windows[0])
    axes.set_ylim(*windows[1])
    for name, write in zip(_component_names(run), (axes.set_xlabel, axes.set_ylabel), strict=True):
        write(name)
    _finish(axes, run, shown)
    axes.legend(fontsize=8, framealpha=0.9)
    return axes


def losses(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Return the loss at each step; on a logarithmic axis where it spans more than two decades above zero."""
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    axes = axes_for(ax)
    style = "o-" if len(run.losses) <= _MARKED else "-"
    axes.plot(np.arange(len(run.losses)), run.losses, style, color=BLUE, linewidth=1.5, markersize=4)
    finite = run.losses[np.isfinite(run.losses)]
    if len(finite) and finite.min() > 0 and finite.max() > 100 * finite.min():
        decades(axes, float(finite.min()), float(finite.max()))
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.margins(x=0.02)
    axes.grid(visible=True, color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    _finish(axes, run, len(run.losses))
    return axes


def fit(
    run: Trajectory,
    model: Callable[..., Any],
    x: Any,
    y: Any,
    step: int = -1,
    ax: Axes | None = None,
    *,
    names: tuple[str, str] = ("x", "y"),
) -> Axes:
    """Return the data with the model's curve at one step of the run.

    model: called with the inputs and then the variables' values in order, ``model(x, params)``; it may be written
        for NumPy or for torch.  x, y: the data, shape (n,).  step: as an index, -1 for the last.
    names: what to call them at the axes.
    """
    import numpy as np

    axes = axes_for(ax)
    inputs, targets = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    xs = np.linspace(inputs.min(), inputs.max(), _SAMPLES)
    axes.scatter(inputs, targets, s=22, facecolors="white", edgecolors=BLACK, linewidths=0.9, zorder=2, label="data")
    axes.plot(xs, _predictions(model, xs, run.points[step]), color=ORANGE, linewidth=1.8, zorder=3, label="model")
    number = step if step >= 0 else len(run.losses) + step
    axes.set_title(f"step {number:,}, loss {run.losses[step]:.6g}", fontsize=10)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def fits(
    run: Trajectory,
    model: Callable[..., Any],
    x: Any,
    y: Any,
    steps: Sequence[int] = (0, 1, 2, 3),
    ax: Sequence[Axes] | None = None,
    *,
    names: tuple[str, str] = ("x", "y"),
) -> NDArray[np.object_]:
    """Return `fit` for several *steps*, side by side on the same scale, as an array of Axes.

    Steps that the run does not have are left out.  ax: as many Axes as steps, to draw on.
    """
    import numpy as np

    present = [step for step in steps if -len(run.losses) <= step < len(run.losses)]
    if ax is None:
        figure = new_figure(figsize=(3.1 * max(1, len(present)), 3.0))
        drawn = figure.subplots(1, max(1, len(present)), sharex=True, sharey=True, squeeze=False)[0]
    else:
        drawn = np.asarray(ax, dtype=object).reshape(-1)
    if len(drawn) < len(present):
        raise ValueError(f"{len(present)} steps do not fit on {len(drawn)} Axes")
    for step, axes in zip(present, drawn, strict=False):
        fit(run, model, x, y, step, axes, names=names)
        if axes is not drawn[0]:  # they share the scale, and need its name and the legend once
            axes.set_ylabel("")
            axes.get_legend().remove()
    return drawn


# What they share ----------------------------------------------------------------------------------------


def _function(run: Trajectory, components: int) -> Function:
    size = run.points.layout.size
    if size != components:
        raise ValueError(
            f"this picture is for {components} number{'s' * (components > 1)}, and the run has {size}; "
            "plots.losses suits any run"
        )
    if run.function is None:
        raise ValueError("the run was loaded without its function; write Trajectory.load(path, function=f)")
    return run.function


def _component_names(run: Trajectory) -> list[str]:
    import numpy as np

    return [component_name(name, position) for name, shape in run.variables.items() for position in np.ndindex(shape)]


def _drawn(run: Trajectory) -> int:
    """Return how many points to draw: of a diverging run those that fit into one window with the first step."""
    import numpy as np

    if not run.diagnosis.startswith("diverging") or len(run.losses) < 3:
        return len(run.losses)
    away = norms(run.points.rows - run.points.rows[0])
    beyond = np.flatnonzero(away > _SPREAD * away[1])
    return int(beyond[0]) + 1 if len(beyond) else len(run.losses)


def _window(values: Array, others: Array) -> tuple[float, float]:
    """Return limits for *values* with a margin; at least a quarter as wide as the other axis."""
    low, high = float(values.min()), float(values.max())
    width = max(high - low, float(others.max() - others.min()) / 4)
    if width <= 1e-12 * max(abs(low), abs(high)):
        width = max(1.0, abs(low))
    middle, half = low / 2 + high / 2, width / 2 * 1.3
    return middle - half, middle + half


def _values(function: Function, run: Trajectory, rows: Array) -> Array:
    """Return the function at each of *rows*, shape (points, components); NaN where it cannot be drawn."""
    import numpy as np

    points = run.points.layout.unpacked(rows)
    if function.output is not None:
        sizes = function.sizes(run.points[0])
        (found,) = evaluation.with_numpy([function.output], {**function.data, **points}, sizes)
        values = np.array(np.broadcast_to(found, (len(rows),)), dtype=np.float64)
    else:
        values = np.array([_value(function, run.points.layout.unpacked(row)) for row in rows])
    return _drawable(values)


def _drawable(values: Array) -> Array:
    """Return *values* with NaN, a gap, for those that matplotlib cannot put a margin around."""
    import numpy as np

    return np.where(np.abs(values) < _LARGEST, values, np.nan)


def _value(function: Function, point: Mapping[str, Array]) -> float:
    import numpy as np

    try:
        with np.errstate(all="ignore"):
            return float(function(point))
    except (GradlabError, ArithmeticError, ValueError):  # outside the domain: a gap in the picture
        return float("nan")


def _levels(axes: Axes, xs: Array, ys: Array, heights: Array, label: str) -> None:
    import numpy as np
    from matplotlib.colors import PowerNorm

    finite = heights[np.isfinite(heights)]
    if not len(finite) or not finite.max() > finite.min():
        return
    # Two digits of the range: the bar then says 0, 1, 4, 9 rather than 4.73e-05, 0.995.
    unit = 10.0 ** (floor(log10(float(finite.max() - finite.min()))) - 1)
    low, high = floor(float(finite.min()) / unit) * unit, ceil(float(finite.max()) / unit) * unit
    levels = low + (high - low) * np.linspace(0, 1, _LEVELS) ** 2
    norm = PowerNorm(0.5, vmin=low, vmax=high)
    masked = np.ma.masked_invalid(heights)
    filled = axes.contourf(xs, ys, masked, levels=levels, norm=norm, cmap="cividis", zorder=0)
    axes.contour(xs, ys, masked, levels=levels, colors="white", linewidths=0.3, alpha=0.6, zorder=1)
    bar = axes.figure.colorbar(filled, ax=axes, ticks=np.round(levels[::3] / unit) * unit, format="%.4g")
    bar.set_label(label)


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
    axes.plot(across[0], up[0], "s", color="white", markeredgecolor=BLACK, markersize=8, zorder=4, label="start")
    if complete and len(across) > 1:
        axes.plot(across[-1], up[-1], "*", color=BLACK, markeredgecolor="white", markersize=13, zorder=5, label="end")


def _finish(axes: Axes, run: Trajectory, shown: int) -> None:
    rate = getattr(run.rule, "rate", None)
    said = [f"rate {rate:g}"] if rate is not None else []
    said.append(f"{run.steps:,} steps" if run.steps != 1 else "1 step")
    if shown < len(run.losses):
        said[-1] = f"the first {shown - 1:,} of {said[-1]}"
    axes.set_title(f"{', '.join(said)}: {run.diagnosis.split(':')[0]}", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)


def _predictions(model: Callable[..., Any], xs: Array, point: Mapping[str, Array]) -> Any:
    """Return the model at *xs*, by NumPy or, where it is written for torch, by torch."""
    import numpy as np

    try:
        return np.asarray(model(xs, *point.values()), dtype=np.float64)
    except (TypeError, AttributeError):
        torch = sys.modules.get("torch")  # a model that needs torch has imported it
        if torch is None:
            raise
        tensors = [torch.tensor(array) for array in (xs, *point.values())]
        return model(*tensors).detach().numpy()
