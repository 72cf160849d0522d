"""What all pictures share: a figure to draw on, colours, and axes in decades."""

from __future__ import annotations

import sys
from math import floor, log10
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gradlab.descent.trajectory import Trajectory

BLUE, ORANGE, GREEN, PURPLE, BLACK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#666666"


LINES = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (PURPLE, ":"), (BLACK, "-"), (GREY, "--"))
"""The colour and the dash of each line of a picture, in order: either tells the lines apart."""

MARKERS = "osD^v*"
"""Their markers."""


def line_style(place: int) -> dict[str, Any]:
    """Return the colour and the dash of a line."""
    colour, dash = LINES[place % len(LINES)]
    return {"color": colour, "linestyle": dash}


def check_runs(*runs: Any) -> None:
    """Raise TypeError, with what to write instead, for what is no run of a descent."""
    from gradlab.descent import Trajectory

    for run in runs:
        if not isinstance(run, Trajectory):
            shown = repr(run).partition("\n")[0]
            raise TypeError(
                "this picture is of a run, which descend returns: run = gl.descend(f, start); "
                f"not of {shown:.60}, which is of type {type(run).__name__}"
            )


def described(run: Trajectory, shown: int | None = None) -> str:
    """Return ``rate 0.1, 10 steps: converging``; shown: how many points are drawn, where not all are."""
    name = type(run.rule).__name__
    rate = getattr(run.rule, "rate", None)
    said = [] if run.rule is None or name == "GradientDescent" else [name]
    said += [f"rate {rate:g}"] if isinstance(rate, float) else []
    said.append(f"{run.steps:,} steps" if run.steps != 1 else "1 step")
    if shown is not None and shown < len(run.losses):
        said[-1] = f"the first {shown - 1:,} of {said[-1]}"
    return f"{', '.join(said)}: {run.diagnosis.split(':')[0]}"


def finish(axes: Any, run: Trajectory, shown: int) -> None:
    """Say above the picture what run it shows."""
    axes.set_title(described(run, shown), fontsize=10)


def new_figure(**options: Any) -> Any:
    """Return a new figure; see `gradlab.plots` for which."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        import matplotlib.pyplot as plt

        return plt.figure(layout="constrained", **options)
    from matplotlib.figure import Figure

    return Figure(layout="constrained", **options)


def axes_for(ax: Axes | None) -> Axes:
    """Return the Axes to draw on: those given, or new ones."""
    return new_figure(figsize=(5.6, 4.2)).subplots() if ax is None else ax


def decades(axes: Axes, low: float, high: float) -> None:
    """Make the vertical axis logarithmic from *low* to *high*."""
    from matplotlib.ticker import FixedLocator, NullLocator

    if high < 1e100 and low > 1e-100:
        axes.set_yscale("log")
        return
    # matplotlib's own margins and ticks go decades beyond the data, and overflow at the end of a diverging run.
    axes.set_ylim(max(low / 2, 1e-307), min(high, 1e307) * 2)
    axes.set_yscale("log")
    first, last = floor(log10(max(low, 1e-307))), floor(log10(high))
    every = max(1, (last - first) // 6)
    axes.yaxis.set_major_locator(FixedLocator([10.0**power for power in range(first, last + 1, every)]))
    axes.yaxis.set_minor_locator(NullLocator())
