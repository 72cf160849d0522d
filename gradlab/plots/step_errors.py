"""The picture of finite differences: error against step size, where truncation meets rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlab.errors import PointError
from gradlab.graph.gradient import component_name
from gradlab.graph.precision import DTYPES, precision_of
from gradlab.misuse import explains_misuse
from gradlab.plots.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, axes_for
from gradlab.plots.quotients import ORDERS, Quotients, quotients
from gradlab.sources import at_point

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gradlab.graph import Point
    from gradlab.graph.point import Array

_STYLES = {
    "complex": (PURPLE, "d", 5.0),
    "forward": (ORANGE, "o", 3.0),
    "central": (BLUE, "s", 2.5),
    "Richardson": (GREEN, "^", 3.0),
}
"""Colour, marker and its size, in the order of drawing: the central errors lie on the complex ones."""

_POWERS = {1: "h", 2: "h²", 4: "h⁴"}

_CLEAR = 1e3
"""Errors this many times what rounding explains are truncation, and show its slope."""

_FEW = 4
"""With fewer points than this on a slope it is not drawn."""


@explains_misuse
def step_sizes(f: Any, at: Any, *, component: str | None = None, ax: Axes | None = None) -> Axes:
    """Return the error of finite differences against the step, on logarithmic axes: the classic V.

    f: anything `gradlab.as_function` takes.  at: a point; one in float32 is computed in float32.
    component: which partial derivative, such as "w[2]"; the first by default.

    Forward, central and complex differences, and Richardson's extrapolation of two central ones, each beside the
    slope of its truncation error, a power of h, and of rounding, 1/h; a circle where the two meet. The star is the
    step that `gradlab.estimate` chose, with its error and, as a bar up to it, its bound. The complex step is left out
    where f is not analytic as it is written.
    Errors are measured against the exact derivative, or without a formula against the estimate; what is exactly
    right lies on the line of half an ulp.
    Raises PointError where the point does not fit or has no components, KeyError for a component that is none.
    """
    function, point = at_point(f, at)
    variable, position = _component(point, component)
    found = quotients(function, point, variable, position, precision_of([at]))
    axes = axes_for(ax)
    axes.set_xscale("log")
    axes.set_yscale("log")
    # A slope of 0 has no last place of its own: that of f over x, or of 1.
    size = abs(found.reference) or abs(found.centre / (found.x or 1.0)) or 1.0
    floor = size * 2.0**-found.bits
    _curves(axes, found, floor)
    _rounding(axes, found)
    _chosen(axes, found, floor)
    axes.axhline(floor, color=GREY, linewidth=0.8, linestyle=(0, (1, 3)), zorder=1)
    _frame(axes, found, floor)
    return axes


def _component(point: Point, component: str | None) -> tuple[str, tuple[int, ...]]:
    import numpy as np

    names = {
        component_name(name, position): (name, position)
        for name, array in point.items()
        for position in np.ndindex(array.shape)
    }
    if not names:
        raise PointError("there is no component whose step could be chosen: the function has no variables")
    if component is not None and component not in names:
        raise KeyError(f"no component {component!r}; there are {', '.join(list(names)[:20])}")
    return names[component] if component is not None else next(iter(names.values()))


def _curves(axes: Axes, found: Quotients, floor: float) -> None:
    import numpy as np

    errors = found.errors()
    for method, (color, marker, size) in _STYLES.items():
        if method in errors:
            steps, error = errors[method]
            shown = np.maximum(error, floor)
            axes.plot(steps, shown, marker=marker, color=color, lw=1.0, markersize=size, zorder=3, label=method)
            _truncation(axes, found, steps, error, method)


def _truncation(axes: Axes, found: Quotients, steps: Array, error: Array, method: str) -> None:
    """Draw the power of h that the truncation error follows where it stands clear of rounding, and where both meet."""
    import numpy as np

    order, color = ORDERS[method], _STYLES[method][0]
    with np.errstate(all="ignore"):
        clear = error > _CLEAR * np.maximum(_rounded(found) / steps, abs(found.reference) * 2.0**-found.bits)
        power = np.diff(np.log(error)) / np.diff(np.log(steps))
    follows = np.flatnonzero(clear[:-1] & clear[1:] & (np.abs(power - order) < 0.1 * order))
    if follows.size < _FEW:
        return
    constant = float(np.exp(np.median(np.log(error[follows]) - order * np.log(steps[follows]))))
    ends = np.array([steps[-1], steps[0]])
    axes.plot(ends, constant * ends**order, "--", color=color, linewidth=0.8, alpha=0.7, zorder=2)
    if method == "complex":  # it has no rounding to meet
        return
    middle = float(steps[follows[follows.size // 2]])
    at = (middle, constant * middle**order)
    axes.annotate(_POWERS[order], at, xytext=(5, -9), textcoords="offset points", color=color, fontsize=8)
    balance = (_rounded(found) / constant) ** (1 / (order + 1))
    axes.plot(balance, _rounded(found) / balance, "o", color=color, markerfacecolor="none", markersize=9, zorder=4)


def _rounded(found: Quotients) -> float:
    """Return what rounding f to its dtype costs at the point; over h it is the slope of rounding."""
    return max(abs(found.centre), 1e-300) * 2.0**-found.bits


def _rounding(axes: Axes, found: Quotients) -> None:
    import numpy as np

    ends = np.array([found.steps[-1], found.steps[0]])
    axes.plot(ends, _rounded(found) / ends, "--", color=GREY, linewidth=0.8, zorder=2, label="rounding: ε |f| / h")


def _chosen(axes: Axes, found: Quotients, floor: float) -> None:
    step, error, bound = found.chosen
    if not step > 0 or not bound < float("inf"):
        return
    shown = max(error, floor)
    axes.plot([step, step], [shown, max(bound, shown)], "-", color=BLACK, linewidth=1.2, zorder=4)
    axes.plot(step, max(bound, shown), "_", color=BLACK, markersize=8, zorder=4)
    axes.plot(
        step,
        shown,
        "*",
        color=BLACK,
        markersize=11,
        markeredgecolor="white",
        zorder=5,
        label=f"estimate: h = {step:.1e}",
    )


def _frame(axes: Axes, found: Quotients, floor: float) -> None:
    top = max(abs(found.reference), abs(found.centre / (abs(found.x) or 1.0)), floor * 2.0**found.bits)
    axes.set_ylim(floor / 10, top * 1e3)
    axes.set_xlim(float(found.steps[-1]) / 3, float(found.steps[0]) * 3)
    name = component_name(found.variable, found.position)
    axes.set_xlabel("step h")
    against = "error" if found.exact is not None else "distance from the estimate"
    axes.set_ylabel(f"{against} of ∂{found.function.name}/∂{name}")
    axes.set_title(f"{found.function.signature} at {name} = {found.x:.6g}, {DTYPES[found.bits]}", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
