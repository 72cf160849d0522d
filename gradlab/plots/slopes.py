"""Pictures of a slope: secants that turn into the tangent, and a function along each of its variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradlab.graph.gradient import component_name
from gradlab.misuse import explains_misuse
from gradlab.numeric import estimate
from gradlab.plots.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, axes_for, new_figure
from gradlab.plots.sampling import SAMPLES, drawable, value_at
from gradlab.sources import at_point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from gradlab.graph import Function, Gradient, Point
    from gradlab.graph.point import Array

_SECANTS = ((ORANGE, "--"), (PURPLE, ":"), (BLUE, "-."), (BLACK, "--"))
"""The colour and the dash of each secant, in order; green is the tangent's."""

MOST = 12
"""Panels of `slices`; more cannot be taken in at a glance."""


@explains_misuse
def secants(f: Any, at: Any, steps: Sequence[float] = (1.0, 0.5, 0.1), *, ax: Axes | None = None) -> Axes:
    """Return the curve of a function of one number with a secant for each step, and the tangent they turn into.

    f: anything `gradlab.as_function` takes.  at: a number.
    steps: how far to the right of it, or with a minus to the left of it, the other end of each secant lies; the first
        one has its run and its rise drawn.
    Raises ValueError for a function of more than one number, for a step of 0 and for none at all, and DomainError
    where the function has no finite value.

    >>> axes = secants("x**2", 3, steps=[1])
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['f', 'step 1: slope 7', 'tangent: slope 6']
    """
    function, point = at_point(f, at)
    places = _places(point)
    if len(places) != 1:
        raise ValueError(f"secants belong to a function of one number; {function.signature} has {len(places)}")
    if not steps or not all(steps):
        raise ValueError(f"steps={list(steps)}: a secant needs a step, and it must not be 0")
    gradient = estimate(function, point)
    (name, position) = places[0]
    x, y = float(point[name][position]), gradient.value
    axes = axes_for(ax)
    widest = max(map(abs, steps))
    xs = x + widest * _spread(min(0.0, *steps) / widest - 0.6, max(0.0, *steps) / widest + 0.6)
    _curve(axes, function, point, (name, position), xs)
    for number, step in enumerate(steps):
        rise = value_at(function, _moved(point, (name, position), x + step)) - y
        color, dash = _SECANTS[number % len(_SECANTS)]
        label = f"step {step:g}: slope {rise / step:.6g}"
        axes.axline((x, y), slope=rise / step, color=color, linestyle=dash, linewidth=1.4, zorder=2, label=label)
        axes.plot(x + step, y + rise, "o", markersize=5, zorder=3, color=color)
        if number == 0:
            _stairs(axes, x, y, step, rise)
    _tangent(axes, x, y, gradient, (name, position), "tangent: slope")
    axes.legend(frameon=False, fontsize=8)
    return axes


@explains_misuse
def slices(f: Any, at: Any, *, reach: float | None = None, ax: Sequence[Axes] | None = None) -> NDArray[Any]:
    """Return a function along each of its variables while the others are held, with the tangents, as an array of Axes.

    f: anything `gradlab.as_function` takes.  at: a point.  The slope of each tangent is a partial derivative.
    reach: how far to go to both sides; by default as far as the component is from 0, and at least 1.
    ax: as many Axes as there are components, to draw on.
    Raises ValueError for a point of no components or more than twelve, and for too few Axes.

    >>> axes = slices("x**2 + y", {"x": 3, "y": 1})
    >>> [axis.get_title() for axis in axes]
    ['only x moves: y = 1', 'only y moves: x = 3']
    """
    function, point = at_point(f, at)
    places = _places(point)
    if not 0 < len(places) <= MOST:
        raise ValueError(
            f"there is a picture for each component, for 1 to {MOST}; {function.signature} has {len(places)}"
        )
    drawn = _panels(len(places), ax)
    gradient = estimate(function, point)
    for axes, (name, position) in zip(drawn, places, strict=False):
        x = float(point[name][position])
        width = reach or max(1.0, abs(x))
        _curve(axes, function, point, (name, position), x + width * _spread(-1.0, 1.0))
        _tangent(
            axes, x, gradient.value, gradient, (name, position), f"∂{function.name}/∂{component_name(name, position)} ="
        )
        axes.set_title(_held(places, point, (name, position)), fontsize=10)
        axes.legend(frameon=False, fontsize=8)
    return drawn


Place = tuple[str, tuple[int, ...]]
"""A component: its variable and its position there."""


def _places(point: Point) -> list[Place]:
    import numpy as np

    return [(name, position) for name, array in point.items() for position in np.ndindex(array.shape)]


def _spread(first: float, last: float) -> Array:
    import numpy as np

    return np.linspace(first, last, SAMPLES)


def _moved(point: Point, place: Place, x: float) -> Point:
    import numpy as np

    name, position = place
    array = np.array(point[name])
    array[position] = x
    return point.replaced({name: array})


def _curve(axes: Axes, function: Function, point: Point, place: Place, xs: Array) -> None:
    import numpy as np

    heights = drawable(np.array([value_at(function, _moved(point, place, float(x))) for x in xs]))
    axes.plot(xs, heights, color=GREY, linewidth=1.8, zorder=1, label=function.name)
    axes.set_xlim(float(xs[0]), float(xs[-1]))
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    margin = 0.06 * (high - low) or 1.0
    axes.set_ylim(low - margin, high + margin)
    axes.set_xlabel(component_name(*place))
    axes.set_ylabel(function.signature)
    axes.spines[["top", "right"]].set_visible(False)


def _stairs(axes: Axes, x: float, y: float, step: float, rise: float) -> None:
    """Draw how far a secant goes across and up, with the lengths."""
    axes.plot([x, x + step, x + step], [y, y, y + rise], ":", color=BLACK, linewidth=1.2, zorder=2)
    below, right = rise >= 0, step > 0
    axes.annotate(
        f"run {step:g}", (x + step / 2, y), xytext=(0, -4 if below else 4), textcoords="offset points",
        ha="center", va="top" if below else "bottom", fontsize=9,
    )  # fmt: skip
    axes.annotate(
        f"rise {rise:.6g}", (x + step, y + rise / 2), xytext=(5 if right else -5, 0), textcoords="offset points",
        ha="left" if right else "right", va="center", fontsize=9,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},  # the other lines cross it
    )  # fmt: skip


def _tangent(axes: Axes, x: float, y: float, gradient: Gradient, place: Place, label: str) -> None:
    """Draw the tangent, where there is one: at a kink the slopes to both sides differ."""
    name, position = place
    slope = float(gradient[name][position])
    sides = None if gradient.slopes is None else gradient.slopes[name][position]
    if slope == slope and (sides is None or sides[0] != sides[0]):
        said = f"{label} {round(slope, 9) + 0.0:.6g}"
        axes.axline((x, y), slope=slope, color=GREEN, linewidth=1.6, zorder=2, label=said)
    axes.plot(x, y, "s", color="white", markeredgecolor=BLACK, markersize=7, zorder=4)


def _held(places: list[Place], point: Point, moving: Place) -> str:
    """Return ``only x moves: y = 1``."""
    held = [f"{component_name(*place)} = {float(point[place[0]][place[1]]):.6g}" for place in places if place != moving]
    said = f"only {component_name(*moving)} moves"
    return f"{said}: {', '.join(held)}" if 0 < len(held) <= 3 else said


def _panels(count: int, given: Sequence[Axes] | None) -> NDArray[Any]:
    import numpy as np

    if given is not None:
        drawn = np.asarray(given, dtype=object).reshape(-1)
        if len(drawn) < count:
            raise ValueError(f"{count} components do not fit on {len(drawn)} Axes")
        return drawn
    columns = min(count, 4)
    rows = -(-count // columns)
    figure = new_figure(figsize=(3.4 * columns, 3.0 * rows))
    panels = figure.subplots(rows, columns, squeeze=False).reshape(-1)
    for spare in panels[count:]:
        spare.remove()
    return panels[:count]
