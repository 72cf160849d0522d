"""What each learning rate of a sweep led to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlab.descent.sweeping import RateSweep
from gradlab.misuse import explains_misuse
from gradlab.plots.canvas import BLACK, GREY, MARKERS, ORANGE, axes_for, line_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@explains_misuse
def rates(sweep: RateSweep, ax: Axes | None = None) -> Axes:
    """Return the final loss against the rate, with the limit of stability and the rate that is suggested.

    Runs that diverged are crosses along the upper edge.
    """
    import numpy as np

    axes = axes_for(ax)
    shown = np.where(sweep.diverged, np.nan, sweep.losses)
    finite = shown[np.isfinite(shown)]
    # The losses at the start belong to the picture: what stays there has learnt nothing.
    every = np.concatenate([finite, sweep.first])
    logarithmic = bool(every.min() > 0 and every.max() > 10 * every.min())
    for place, (row, gone) in enumerate(zip(shown, sweep.diverged, strict=True)):
        style, marker = line_style(place), MARKERS[place % len(MARKERS)]
        label = "loss at the end" if len(shown) == 1 else f"from {_start(sweep, place)}"
        axes.plot(sweep.rates, row, marker=marker, markersize=3.5, linewidth=1.3, label=label, **style)
        axes.plot(
            sweep.rates[gone], np.full(gone.sum(), 0.97), "x", color=style["color"], markersize=6,
            transform=axes.get_xaxis_transform(), label="diverged" if place == 0 and gone.any() else None,
        )  # fmt: skip
    axes.axhline(float(sweep.first.max()), color=GREY, linestyle=":", linewidth=1.0, label="loss at the start")
    if logarithmic:
        axes.set_yscale("log")
    axes.set_xscale("log")
    low, high = sweep.rates[0], sweep.rates[-1]
    if sweep.limit is not None and low < sweep.limit < high:
        axes.axvline(sweep.limit, color=BLACK, linestyle="--", linewidth=1.1, label=f"limit {sweep.limit:.3g}")
    if sweep.suggested is not None:
        best = int(np.argmin(np.abs(sweep.rates - sweep.suggested)))
        axes.plot(
            sweep.rates[best], np.nanmax(shown[:, best]), "*", color=ORANGE, markeredgecolor=BLACK, markersize=13,
            zorder=5, label=f"suggested {sweep.suggested:.3g}",
        )  # fmt: skip
    bottom, top = axes.get_ylim()
    # Room above the highest loss for the crosses.
    axes.set_ylim(bottom, top * (top / bottom) ** 0.12 if logarithmic else top + 0.12 * (top - bottom))
    axes.set_xlabel("learning rate")
    axes.set_ylabel(f"loss after {sweep.steps:,} step{'s' * (sweep.steps != 1)}")
    name = type(sweep.rule).__name__
    axes.set_title(f"{len(sweep.rates):,} rates of {name}", fontsize=10)
    axes.grid(visible=True, color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    return axes


def _start(sweep: RateSweep, place: int) -> str:
    from gradlab.graph.point import brief

    said = ", ".join(f"{name} = {brief(array, 3)}" for name, array in sweep.starts[place].items())
    return said if len(said) <= 40 else f"start {place}"
