"""Which part of a document each kind of record becomes, chosen by its type."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from gradlab.autodiff.table import Table
from gradlab.comparison import Comparison
from gradlab.descent import Trajectory
from gradlab.descent.explanation import Explanation
from gradlab.descent.sweeping import RateSweep
from gradlab.graph import Function
from gradlab.graph.gradient import Gradient
from gradlab.reports import derivations, descents, explanations, routes
from gradlab.reports.document import Section
from gradlab.reports.pictures import Picture, figure_of, words_in
from gradlab.reports.setting import Setting
from gradlab.symbolic import Derivation


@singledispatch
def section(record: Any, setting: Setting) -> Section:
    """Return what a document says about *record*; raises TypeError for what it knows nothing about."""
    figure = figure_of(record)
    if figure is None:
        raise TypeError(
            "report takes what derive, estimate, backward, compare, descend, explain, sweep_rates and as_function "
            f"return, and matplotlib figures; not {type(record).__name__}: {record!r:.60}"
        )
    words = words_in(figure)
    return picture(Picture(lambda: figure, words or "a figure without titles or labels", title=_first(words)), setting)


def _first(words: str) -> str:
    return words.partition("; ")[0] or "Figure"


@section.register
def picture(record: Picture, setting: Setting) -> Section:
    """A picture with its caption."""
    return Section(record.title, (record,), frozenset({"matplotlib"}))


section.register(Section, lambda record, _: record)
section.register(Function, derivations.function)
section.register(Derivation, derivations.derivation)
section.register(Gradient, routes.gradient)
section.register(Comparison, routes.comparison)
section.register(Table, routes.backpropagation)
section.register(Trajectory, descents.trajectory)
section.register(Explanation, explanations.explanation)
section.register(RateSweep, explanations.sweep)
