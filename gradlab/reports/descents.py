"""What a document says about a descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradlab.descent import Trajectory
from gradlab.graph.point import brief
from gradlab.reports.blocks import Block
from gradlab.reports.document import Section
from gradlab.reports.markdown import notes, shortened, typed
from gradlab.reports.pictures import Picture, canvas
from gradlab.reports.routes import component, libraries_of, point
from gradlab.reports.setting import Setting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gradlab.graph.point import Array

MOST_COLUMNS = 6
"""Components of a point that get a column of their own."""


def trajectory(record: Trajectory, setting: Setting) -> Section:
    """How the descent went: rule, table, diagnosis, and the pictures that suit it."""
    say = setting.words.say
    rule = typed(repr(record.rule)) if record.rule else say("unknown rule")
    steps, start = setting.words.count(record.steps, "descent step"), point(record.points[0])
    blocks: list[Block] = [say("went", rule=rule, engine=record.engine, steps=steps, start=start)]
    if record.comparison is not None:
        blocks.append(say("compared", verdict=say(str(record.comparison.verdict))))
    blocks += _path(record, setting)
    label, _, details = str(record.diagnosis).partition(": ")
    said = f"**{typed(label[:1].upper() + label[1:])}**" + (f": {typed(details)}" if details else "")
    blocks += [say("stopped", why=typed(record.stopped)), f"{said}."]
    blocks += [*notes(record.notes, setting.words), *_pictures(record, setting)]
    by_torch = record.engine == "torch"
    used = libraries_of("autodiff") if by_torch else libraries_of("numeric")
    # torch steps in the dtype of the start, which the record does not keep.
    dtypes = frozenset[str]() if by_torch else frozenset({"float64"})
    name = say("of", name=record.function.signature) if record.function else ""
    return Section(say("descent", name=name), tuple(blocks), used | {"matplotlib"}, dtypes)


def _path(record: Trajectory, setting: Setting) -> list[str]:
    """Return the table of the points: component by component where they fit, else the losses alone."""
    import numpy as np

    names = [
        component(variable, position) for variable, shape in record.variables.items() for position in np.ndindex(shape)
    ]
    shown = len(names) if len(names) <= MOST_COLUMNS else 0
    rows = [
        [f"{step}", *(f"{value:.6g}" for value in values[:shown]), f"{loss:.8g}", f"{norm:.4g}"]
        for step, (values, loss, norm) in enumerate(
            zip(record.points.rows, record.losses, record.gradient_norms, strict=True)
        )
    ]
    head = [setting.words.say("descent step"), *names[:shown], setting.words.say("loss"), r"$\lVert\nabla\rVert$"]
    return shortened(head, rows, setting.words)


def _pictures(record: Trajectory, setting: Setting) -> list[Picture]:
    """Return the path where it can be drawn, and the losses."""
    say = setting.words.say
    size = record.points.layout.size
    first, last = float(record.losses[0]), float(record.losses[-1])
    steps = setting.words.count(record.steps, "descent step")
    told = say("losses alt", first=f"{first:.6g}", last=f"{last:.6g}", steps=steps)
    losses = Picture(lambda: _losses_drawn(record), told, typed(told), say("loss title"))
    if record.function is None or size not in (1, 2):
        return [losses]
    ends = {"first": _plain(record.points[0]), "last": _plain(record.points[-1])}
    told = say("curve alt" if size == 1 else "levels alt", name=record.function.name, **ends)
    return [Picture(lambda: _path_drawn(record), told, typed(told), say("path title")), losses]


def _path_drawn(record: Trajectory) -> Figure:
    figure = canvas()
    record.plot(figure.subplots())
    return figure


def _losses_drawn(record: Trajectory) -> Figure:
    from gradlab import plots

    figure = canvas()
    plots.losses(record, ax=figure.subplots())
    return figure


def _plain(at: Mapping[str, Array]) -> str:
    return ", ".join(f"{name} = {brief(array)}" for name, array in at.items())
