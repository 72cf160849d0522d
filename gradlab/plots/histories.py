"""What happened step by step: losses, the error along each direction, the three gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradlab.descent.curvature import in_words
from gradlab.descent.explanation import Direction, Explanation, explain
from gradlab.descent.trajectory import Trajectory
from gradlab.errors import GradlabError
from gradlab.misuse import explains_misuse
from gradlab.plots.canvas import (
    BLUE,
    GREEN,
    GREY,
    MARKERS,
    ORANGE,
    axes_for,
    check_runs,
    decades,
    described,
    finish,
    line_style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gradlab.graph.point import Array


_MARKED = 60
"""Points that get a marker of their own; more run together."""

_DIRECTIONS = 6
"""Directions that are drawn: more lines cannot be told apart."""

_CHECKED = 9
"""Points along a run at which the gradients are compared."""


@explains_misuse
def losses(*runs: Trajectory, ax: Axes | None = None, labels: Sequence[str] | None = None) -> Axes:
    """Return the loss at each step of one run or of several, told apart by colour and dash.

    The axis is logarithmic where the losses span more than two decades above zero. A run that leaves the others far
    behind, upwards, is cut off at the edge.
    labels: what to call the runs; their rules and diagnoses if None.
    Raises ValueError where there is no run, or not one label for each.
    """
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    check_runs(*runs)
    if not runs:
        raise ValueError("losses draws one run or more; write plots.losses(run)")
    if labels is not None and len(labels) != len(runs):
        raise ValueError(f"{len(labels)} labels for {len(runs)} runs: each run has one")
    axes = axes_for(ax)
    for place, run in enumerate(runs):
        steps = run.step_of
        marker = MARKERS[place % len(MARKERS)] if len(steps) <= _MARKED else ""
        label = labels[place] if labels is not None else described(run)
        axes.plot(steps, run.losses, marker=marker, markersize=4, linewidth=1.5, label=label, **line_style(place))
    drawn = np.concatenate([run.losses[np.isfinite(run.losses)] for run in runs])
    if len(drawn) and drawn.min() > 0 and drawn.max() > 100 * drawn.min():
        decades(axes, float(drawn.min()), float(drawn.max()))
    if len(runs) > 1:
        _cut(axes, runs)
        axes.legend(frameon=False, fontsize=8)
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.margins(x=0.02)
    _ruled(axes)
    if len(runs) == 1:
        finish(axes, runs[0], len(runs[0].losses))
    return axes


def _cut(axes: Axes, runs: Sequence[Trajectory]) -> None:
    """Limit the axis to a little above the start where a run diverges: the others are to be seen too."""
    settled = [run for run in runs if not run.diagnosis.startswith("diverging")]
    if not settled or len(settled) == len(runs):
        return
    top = max(float(run.losses.max()) for run in settled)
    bottom = min(float(run.losses.min()) for run in settled)
    if axes.get_yscale() == "log":
        axes.set_ylim(bottom / 2, top * 100)
    else:
        axes.set_ylim(bottom - 0.05 * (top - bottom), top + (top - bottom))


@explains_misuse
def validation(run: Trajectory, ax: Axes | None = None, *, metric: str | None = None) -> Axes:
    """Return the losses that a run was trained with, those on held-out examples, and which point was the best.

    Losses of batches are drawn as their mean in each epoch, in the middle of it.
    metric: what `gradlab.Validation` measured, where that is no loss; it gets an axis of its own, on the right.
    Raises ValueError for a run that measured nothing on the way.
    """
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    check_runs(run)
    if run.best is None or not len(run.validations):
        raise ValueError("this run has no validation; write descend(…, stop=Validation((X, y))) with held-out examples")
    axes = axes_for(ax)
    steps, losses = _by_epoch(run)
    axes.plot(steps, losses, linewidth=1.5, label="training loss", **line_style(0))
    beside = axes if metric is None else axes.twinx()
    at, measured = run.validations.T
    beside.plot(at, measured, linewidth=1.5, label=metric or "validation loss", **line_style(1))
    axes.axvline(run.best.step, linestyle="--", color=GREY, linewidth=1.0, label=f"best, after step {run.best.step:,}")
    every = np.concatenate([losses, measured if metric is None else losses])
    if every.min() > 0 and every.max() > 20 * every.min():
        decades(axes, float(every.min()), float(every.max()))
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    lines = [*axes.lines, *beside.lines] if beside is not axes else axes.lines
    if beside is not axes:
        beside.set_ylabel(metric or "")
    axes.legend(lines, [str(line.get_label()) for line in lines], frameon=False, fontsize=8)
    _ruled(axes)
    return axes


def _by_epoch(run: Trajectory) -> tuple[Array, Array]:
    """Return steps and losses: of each epoch in the mean where there are batches, and of each point otherwise."""
    import numpy as np

    if run.places is None or run.epoch_losses is None:
        return run.step_of.astype(float), run.losses
    epochs, first = np.unique(run.places[:, 0], return_index=True)
    counts = np.diff([*first, len(run.places)])
    # A run that stops after an epoch has one more point, measured on one batch: no mean of an epoch.
    whole = len(counts) - 1 if len(counts) > 1 and counts[-1] < counts[0] else len(counts)
    middles = [run.step_of[run.places[:, 0] == epoch].mean() for epoch in epochs[:whole]]
    return np.array(middles), run.epoch_losses[:whole]


@explains_misuse
def directions(run: Trajectory | Explanation, ax: Axes | None = None) -> Axes:
    """Return the error along each eigenvector of the Hessian at each step, and dashed what its eigenvalue predicts.

    run: a trajectory, or what `gradlab.explain` says of one.  The error along an eigenvector is the gradient along it
    over the eigenvalue; where the function is no quadratic this holds near the place of the curvature.
    Raises ValueError where the curvature is not known.
    """
    import numpy as np

    found = run if isinstance(run, Explanation) else explain(run)
    if not found.directions:
        raise ValueError(f"the curvature of this run is not known: {'; '.join(found.notes)}")
    axes = axes_for(ax)
    shown = [each for each in _extremes(found.directions) if each.eigenvalue]
    steps = found.run.step_of
    for place, each in enumerate(reversed(shown)):
        errors = np.abs(each.components / each.eigenvalue)
        errors = np.where((errors > 0) & (errors < 1e300), errors, np.nan)
        style = line_style(place)
        axes.plot(
            steps, errors, color=style["color"], linewidth=1.6, marker=MARKERS[place % len(MARKERS)],
            markersize=4, markevery=max(1, len(steps) // 12), label=_named(each),
        )  # fmt: skip
        if each.predicted is not None and np.isfinite(errors[0]):
            with np.errstate(all="ignore"):
                predicted = errors[0] * abs(each.predicted) ** steps
            inside = (predicted > 1e-300) & (predicted < 1e300)
            axes.plot(steps, np.where(inside, predicted, np.nan), "--", color=style["color"], linewidth=1.0, alpha=0.8)
    lines = [line.get_ydata() for line in axes.lines]
    seen = np.concatenate([np.asarray(line, dtype=float) for line in lines]) if lines else np.array([])
    seen = seen[np.isfinite(seen)]
    if len(seen):
        decades(axes, float(seen.min()), float(seen.max()))
    axes.plot([], [], "--", color=GREY, linewidth=1.0, label="predicted")
    axes.set_xlabel("step")
    axes.set_ylabel("error along an eigenvector")
    axes.legend(fontsize=8, framealpha=0.85, edgecolor="none")
    _ruled(axes)
    finish(axes, found.run, len(found.run.losses))
    return axes


def _extremes(directions: Sequence[Direction]) -> list[Direction]:
    half = _DIRECTIONS // 2
    return [*directions] if len(directions) <= _DIRECTIONS else [*directions[:half], *directions[-half:]]


def _named(each: Direction) -> str:
    return f"λ = {each.eigenvalue:.4g}: {in_words(each.vector, each.labels, most=2)}"


@explains_misuse
def routes(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Return how far the measured gradient and torch's lie from the derived one along a run, each with its bound.

    Nine points of the run are compared. A difference of nothing at all is drawn at the foot.
    Raises ValueError where the run's function is not known or has no formula.
    """
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    check_runs(run)
    if run.function is None or run.function.output is None:
        raise ValueError("the three gradients are compared where the function has a formula, and this run has none")
    axes = axes_for(ax)
    places = np.unique(np.linspace(0, len(run.losses) - 1, _CHECKED).round().astype(int))
    found = [_differences(run, int(place)) for place in places]
    steps = run.step_of[places]
    names = [name for name in ("numeric", "autodiff") if any(name in each for each in found)]
    every = np.array([value for each in found for pair in each.values() for value in pair if 0 < value < np.inf])
    foot = float(every.min()) / 10 if len(every) else 1e-18
    words = {"numeric": "finite differences", "autodiff": "backward()"}
    for name, colour, marker in zip(names, (ORANGE, BLUE), "os", strict=False):
        at = [step for step, each in zip(steps, found, strict=True) if name in each]
        apart, bound = np.array([each[name] for each in found if name in each]).T
        axes.plot(
            at, np.maximum(apart, foot), marker, color=colour, markersize=5.5, markeredgecolor="white",
            markeredgewidth=0.6, label=words[name], zorder=3,
        )  # fmt: skip
        axes.plot(at, np.maximum(bound, foot), "--" if name == "numeric" else ":", color=colour, label="its bound")
    axes.set_yscale("log")
    axes.set_ylim(bottom=foot / 3)
    axes.axhline(foot, color=GREEN, linewidth=0.8, zorder=1)
    axes.annotate(
        "exactly equal", (1, foot), xycoords=("axes fraction", "data"), xytext=(-2, 2), textcoords="offset points",
        ha="right", fontsize=7, color=GREEN,
    )  # fmt: skip
    axes.set_xlabel("step")
    axes.set_ylabel("distance from the derived gradient")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.legend(frameon=False, fontsize=8, ncols=2)
    _ruled(axes)
    finish(axes, run, len(run.losses))
    return axes


def _differences(run: Trajectory, place: int) -> dict[str, tuple[float, float]]:
    """Return per route how far its gradient is from the derived one, and its bound, at one point; as norms."""
    import numpy as np

    from gradlab.autodiff import backward
    from gradlab.comparison.rounding import knowable
    from gradlab.graph import Point
    from gradlab.graph.precision import DOUBLE
    from gradlab.numeric import estimate
    from gradlab.symbolic import derive

    assert run.function is not None
    layout, point = run.points.layout, run.points[place]
    derivation = derive(run.function, at=point)
    exact = layout.flat(derivation.at(point).partials)
    own = layout.flat(knowable(derivation, Point(point), DOUBLE, DOUBLE))
    found: dict[str, tuple[float, float]] = {}
    for name, route in (("numeric", estimate), ("autodiff", backward)):
        try:
            gradient = route(run.function, point)
        except GradlabError:  # code that takes no tensors
            continue
        apart = layout.flat(gradient.partials) - exact
        bound = own if gradient.error is None else own + layout.flat(gradient.error)
        found[name] = float(np.linalg.norm(apart)), float(np.linalg.norm(bound))
    return found


def _ruled(axes: Axes) -> None:
    axes.grid(visible=True, color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
