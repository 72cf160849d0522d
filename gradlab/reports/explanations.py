"""What a document says about why a run went as it did, and about a sweep over learning rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlab.descent.explanation import Explanation
from gradlab.descent.sweeping import RateSweep
from gradlab.reports.blocks import Block
from gradlab.reports.document import Section
from gradlab.reports.markdown import notes, shortened, typed
from gradlab.reports.pictures import Picture, canvas
from gradlab.reports.routes import point
from gradlab.reports.setting import Setting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WHERE = {"start": "the start", "end": "the end", "lowest point": "the lowest point"}
"""Which words name the place of the curvature."""

_USED = frozenset({"numpy", "matplotlib"})


def explanation(record: Explanation, setting: Setting) -> Section:
    """Why a run went as it did: the curvature, and along each direction what a step was to do and what it did."""
    say = setting.words.say
    blocks: list[Block] = [f"{typed(record.diagnosis)}."]
    if record.spectrum is not None:
        blocks.append(say("curvature at", where=say(_WHERE[record.where])))
        blocks.append("\n".join(f"- {typed(line)}" for line in record.spectrum.text().splitlines()))
    if record.directions:
        head = [say(name) for name in ("along", "curvature", "predicted", "observed")]
        blocks.append(say("multiplies"))
        rows = [[typed(cell) for cell in each.cells] for each in record.directions]
        blocks += shortened(head, rows, setting.words, left=1)
        told = say("directions alt")
        blocks.append(Picture(lambda: _drawn(record, "directions"), told, typed(told), say("directions title")))
    if record.rescaling is not None:
        blocks.append("\n".join(f"- {typed(line)}" for line in record.rescaling.text().splitlines()))
    return Section(say("why so"), (*blocks, *notes(record.notes, setting.words)), _USED)


def sweep(record: RateSweep, setting: Setting) -> Section:
    """What each learning rate led to, and which one is suggested."""
    say, count = setting.words.say, setting.words.count
    steps, name = count(record.steps, "descent step"), type(record.rule).__name__
    rows = [
        [f"{rate:.4g}", say("diverged") if record.diverged[:, place].any() else f"{record.losses[:, place].max():.6g}"]
        for place, rate in enumerate(record.rates)
    ]
    start = point(record.starts[0])
    told = say("rates alt", steps=steps, reason=record.reason)
    blocks: list[Block] = [
        say("swept", rates=count(len(record.rates), "rate"), rule=typed(name), steps=steps, start=start),
        *shortened([say("rate"), say("loss at the end")], rows, setting.words),
        say("suggested", reason=typed(record.reason)),
        Picture(lambda: _drawn(record, "rates"), told, typed(told), say("rates title")),
    ]
    return Section(say("rates of", name=record.function.signature), tuple(blocks), _USED)


def _drawn(record: Explanation | RateSweep, kind: str) -> Figure:
    from gradlab import plots

    figure = canvas()
    getattr(plots, kind)(record, ax=figure.subplots())
    return figure
