"""A run as a moving picture, in one file."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradlab.descent.trajectory import Trajectory
from gradlab.files import check_place
from gradlab.misuse import explains_misuse
from gradlab.plots.canvas import BLACK, BLUE, ORANGE, axes_for, check_runs, described
from gradlab.plots.fitting import predictions
from gradlab.plots.histories import losses
from gradlab.plots.paths import curve_alone, levels_alone
from gradlab.plots.sampling import SAMPLES, points_drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Frame = Callable[[int], None]
"""Shows the run up to one of its points."""

_FRAMES = 60
"""Frames of a long run; of a shorter one, each point is a frame."""

_ENDINGS = (".gif", ".mp4", ".html")


@explains_misuse
def animate(
    run: Trajectory,
    path: str | PathLike[str],
    ax: Axes | None = None,
    *,
    model: Callable[..., Any] | None = None,
    x: Any = None,
    y: Any = None,
    frames: int = _FRAMES,
    fps: float = 10,
) -> Axes:
    """Write the run to *path* as a moving picture and return the Axes, which show its last frame.

    path: its ending says what is written: ``.gif``, ``.mp4`` (needs the program ffmpeg), or ``.html``, a page with
        buttons that holds all it needs.
    model, x, y: the model and the data of `gradlab.plots.fit`; it is then the fit that moves.  Else it is the point on
        the curve, the path across the levels or the losses, as suits the run.
    frames: how many pictures at most, spread evenly over the run.  fps: pictures per second.
    Raises FileError where nothing can be written there, ValueError for another ending, for what is no number of
    frames, and for MP4 where ffmpeg is missing.
    """
    from matplotlib import animation

    check_runs(run)
    file = Path(path)
    kind = file.suffix.lower()
    if kind not in _ENDINGS:
        raise ValueError(f"{str(path)!r} does not end in {', '.join(_ENDINGS[:-1])} or {_ENDINGS[-1]}")
    check_place(file)
    if frames < 2 or not fps > 0:
        raise ValueError(
            f"frames={frames!r} and fps={fps!r}: write at least 2 frames, and a positive number per second"
        )
    if kind == ".mp4" and not animation.writers.is_available("ffmpeg"):
        raise ValueError(
            f"{str(path)!r}: an MP4 is written by the program ffmpeg, which is not installed here; "
            "install it, or write .gif or .html, which need nothing"
        )
    axes = axes_for(ax)
    speed = max(1, round(fps))
    show, count = _prepared(run, axes, model, x, y)
    places = _spread(count, frames)
    show(places[-1])
    figure = _figure(axes)
    figure.canvas.draw()
    with _still(figure):
        moving = animation.FuncAnimation(figure, lambda place: _shown(show, place), frames=places, interval=1000 / fps)
        if kind == ".html":
            file.write_text(moving.to_jshtml(fps=speed), encoding="utf-8")
        else:
            moving.save(file, writer="ffmpeg" if kind == ".mp4" else animation.PillowWriter(fps=speed))
    return axes


@contextmanager
def _still(figure: Any) -> Generator[None]:
    """Keep what is on a figure in its place: to arrange it anew takes most of the time of a frame, and shakes it."""
    engine = figure.get_layout_engine()
    figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.set_layout_engine(engine)


def _figure(axes: Axes) -> Any:
    """Return the figure of the Axes, with a canvas to draw on if it has none."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = axes.figure
    while not isinstance(figure, Figure):  # a part of a figure
        figure = figure.figure
    if type(figure.canvas).__name__ == "FigureCanvasBase":
        FigureCanvasAgg(figure)
    return figure


def _spread(count: int, frames: int) -> list[int]:
    """Return the points to show: all, or evenly spread ones, the first and the last among them."""
    import numpy as np

    return np.unique(np.linspace(0, count - 1, min(count, frames)).round().astype(int)).tolist()


def _shown(show: Frame, place: int) -> list[Any]:
    show(place)
    return []


def _prepared(run: Trajectory, axes: Axes, model: Any, x: Any, y: Any) -> tuple[Frame, int]:
    """Draw what stands still, and return what shows the rest, and of how many points."""
    if model is not None:
        if x is None or y is None:
            raise ValueError("a model is drawn among its data; write animate(run, path, model=model, x=x, y=y)")
        return _fit(run, axes, model, x, y), len(run.losses)
    size = run.points.layout.size
    if run.function is None or size > 2:
        return _losses(run, axes), len(run.losses)
    shown = points_drawn(run)
    across, up = (curve_alone if size == 1 else levels_alone)(axes, run, shown)
    colour = BLUE if size == 1 else ORANGE
    (trail,) = axes.plot([], [], ":" if size == 1 else "-", color=colour, linewidth=1.3, marker="o", markersize=3.5)
    (head,) = axes.plot([], [], "o", color=colour, markeredgecolor=BLACK, markersize=9, zorder=6)

    def show(place: int) -> None:
        trail.set_data(across[: place + 1], up[: place + 1])
        head.set_data(across[place : place + 1], up[place : place + 1])
        _title(axes, run, place)

    return show, shown


def _losses(run: Trajectory, axes: Axes) -> Frame:
    losses(run, ax=axes)
    (line,) = axes.lines
    limits = axes.get_xlim(), axes.get_ylim()
    steps, values = run.step_of, run.losses
    line.set_marker("")
    (head,) = axes.plot([], [], "o", color=BLUE, markeredgecolor=BLACK, markersize=8)
    axes.set_xlim(*limits[0])
    axes.set_ylim(*limits[1])

    def show(place: int) -> None:
        line.set_data(steps[: place + 1], values[: place + 1])
        head.set_data(steps[place : place + 1], values[place : place + 1])
        _title(axes, run, place)

    return show


def _fit(run: Trajectory, axes: Axes, model: Callable[..., Any], x: Any, y: Any) -> Frame:
    import numpy as np

    inputs, targets = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    xs = np.linspace(inputs.min(), inputs.max(), SAMPLES)
    axes.scatter(inputs, targets, s=22, facecolors="white", edgecolors=BLACK, linewidths=0.9, zorder=2, label="data")
    (line,) = axes.plot([], [], color=ORANGE, linewidth=1.8, zorder=3, label="model")
    # Of the data, not of the model: a first guess far away would flatten them.
    margin = 0.25 * (float(targets.max() - targets.min()) or 1.0)
    beside = 0.03 * float(xs[-1] - xs[0])
    axes.set_xlim(float(xs[0]) - beside, float(xs[-1]) + beside)
    axes.set_ylim(float(targets.min()) - margin, float(targets.max()) + margin)
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)

    def show(place: int) -> None:
        line.set_data(xs, predictions(model, xs, run.points[place]))
        _title(axes, run, place)

    return show


def _title(axes: Axes, run: Trajectory, place: int) -> None:
    axes.set_title(f"step {place:,}, loss {run.losses[place]:.4g}\n{described(run)}", fontsize=9)
