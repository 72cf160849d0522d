"""A model among its data, at the steps of a run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradlab.descent.trajectory import Trajectory
from gradlab.misuse import explains_misuse
from gradlab.plots.canvas import BLACK, ORANGE, axes_for, check_runs, new_figure
from gradlab.plots.sampling import SAMPLES

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from gradlab.graph.point import Array


@explains_misuse
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

    check_runs(run)
    axes = axes_for(ax)
    inputs, targets = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    xs = np.linspace(inputs.min(), inputs.max(), SAMPLES)
    axes.scatter(inputs, targets, s=22, facecolors="white", edgecolors=BLACK, linewidths=0.9, zorder=2, label="data")
    axes.plot(xs, predictions(model, xs, run.points[step]), color=ORANGE, linewidth=1.8, zorder=3, label="model")
    number = step if step >= 0 else len(run.losses) + step
    axes.set_title(f"step {number:,}, loss {run.losses[step]:.6g}", fontsize=10)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


@explains_misuse
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

    check_runs(run)
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


def predictions(model: Callable[..., Any], xs: Array, point: Mapping[str, Array]) -> Any:
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
