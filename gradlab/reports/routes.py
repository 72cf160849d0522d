"""What a document says about gradients at a point: one route's, all side by side, and the pass of ``backward()``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradlab.autodiff.table import Table
from gradlab.autodiff.views import halves
from gradlab.comparison import Comparison
from gradlab.comparison.record import ComponentVerdict
from gradlab.comparison.verdicts import Verdict
from gradlab.errors import GradlabError
from gradlab.graph.cells import escaped
from gradlab.graph.gradient import Gradient
from gradlab.graph.names import in_latex
from gradlab.graph.point import brief
from gradlab.reports.blocks import Block, Heading, Reference
from gradlab.reports.document import Section
from gradlab.reports.markdown import MOST_ROWS, mathematics, notes, shortened, typed
from gradlab.reports.pictures import Picture, canvas
from gradlab.reports.setting import Setting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gradlab.graph.point import Array

MOST_OPERATIONS = 40
"""Operations up to which the pass of ``backward()`` is shown; more fill pages that nobody reads."""

_LIBRARIES: Mapping[str, frozenset[str]] = {
    "symbolic": frozenset({"numpy", "python-flint"}),
    "numeric": frozenset({"numpy"}),
    "autodiff": frozenset({"numpy", "torch"}),
}
"""What each route computes with."""

_DTYPES = {53: "float64", 24: "float32", 11: "float16", 8: "bfloat16"}
"""The floating-point numbers by their bits."""


def gradient(record: Gradient, setting: Setting) -> Section:
    """Every component of the gradient at its point, with the bound on its error where the route has one."""
    say = setting.words.say
    rows = []
    for name, position in record.components():
        error = record.error
        bound = "" if error is None else f"{error[name][position]:.2g}"
        rows.append([component(name, position), f"{record.partials[name][position]:.12g}", bound])
    head = [say("component"), say("partial"), say("error bound")]
    if record.error is None:
        head, rows = head[:2], [row[:2] for row in rows]
    blocks: list[Block] = [say("value at", point=point(record.at), value=f"{record.value:.12g}")]
    blocks += [*shortened(head, rows, setting.words, left=1), *_kinks(record, setting)]
    blocks += notes(record.notes, setting.words)
    title = say("route", route=record.route)
    return Section(title, tuple(blocks), libraries_of(record.route), _dtypes(record))


def _kinks(record: Gradient, setting: Setting) -> list[str]:
    """Return a table of the slopes on both sides of each kink that the route found."""
    import numpy as np

    if record.slopes is None:
        return []
    sides = [(name, position, record.slopes[name][position]) for name, position in record.components()]
    rows = [
        [component(name, at), *(f"{slope:.6g}" for slope in pair)]
        for name, at, pair in sides
        if np.isfinite(pair).any()
    ]
    head = [setting.words.say(key) for key in ("kink in", "slope left", "slope right")]
    return shortened(head, rows, setting.words, left=1) if rows else []


def comparison(record: Comparison, setting: Setting) -> Section:
    """The routes side by side with the verdict, the error of finite differences, and the pass of ``backward()``."""
    say = setting.words.say
    used = frozenset[str]().union(*(libraries_of(route) for route in record.gradients))
    routes = setting.words.count(len(record.gradients), "one route")
    blocks: list[Block] = [say("at", point=point(record.at)), record.markdown(_saying(setting))]
    if "symbolic" in record.gradients:
        blocks.append(Reference("gradient", say("symbolic column")))
    if "numeric" in record.gradients:
        blocks += _kinks(record.gradients["numeric"], setting)
    picture = _step_sizes(record, setting)
    if picture is not None:
        blocks += [Heading(say("steps of differences")), picture]
        used |= {"matplotlib"}
    blocks += _pass(record, setting)
    title = say("comparison", name=record.function.signature, routes=routes, verdict=say(str(record.verdict)))
    return Section(title, tuple(blocks), used, _dtypes(*record.gradients.values()))


def _saying(setting: Setting) -> Mapping[str, str]:
    """Return the fixed words of the table of a comparison in the language of the document."""
    keys = ("component", "verdict", "agree", "differ", "kink", "unstable", "undecided")
    return {key: setting.words.say(key) for key in keys}


def _step_sizes(record: Comparison, setting: Setting) -> Picture | None:
    """Return the picture of error against step for the worst component that has a derivative; None without one."""
    worst, estimate = _worst(record), record.gradients.get("numeric")
    if worst is None or estimate is None or worst.variable not in estimate.partials:
        return None
    say = setting.words.say

    def draw() -> Figure:
        from gradlab import plots

        figure = canvas(fixed=True)
        plots.step_sizes(record.function, record.at, component=worst.name, ax=figure.subplots())
        return figure

    value = float(estimate.partials[worst.variable][worst.position])
    said = [say("step sizes", component=worst.name)]
    if estimate.error is not None:
        bound = float(estimate.error[worst.variable][worst.position])
        said.append(say("estimate", value=f"{value:.6g}", bound=f"{bound:.2g}"))
    alt = " ".join(said)
    return Picture(draw, alt, typed(alt), say("steps of differences"))


def _worst(record: Comparison) -> ComponentVerdict | None:
    """Return the worst component that is not at a kink, if it is among the worst few."""
    seen = (record.component(int(place)) for place in record.judgement.order[:MOST_ROWS])
    return next((entry for entry in seen if entry.verdict is not Verdict.KINK), None)


def _pass(record: Comparison, setting: Setting) -> list[Block]:
    """Return the table of ``backward()`` and its graph, where the function has a formula whose operations are few."""
    found = record.gradients.get("autodiff")
    if found is None or found.tabulate is None:
        return []
    try:
        made: Table = found.table()
    except GradlabError:
        return []
    if len(made.rows) > MOST_OPERATIONS:
        return []
    return [Heading(setting.words.say("backpropagation")), *table(made, setting)]


def backpropagation(record: Table, setting: Setting) -> Section:
    """The backpropagation table and its graph."""
    return Section(
        f"{setting.words.say('backpropagation')}: {record.function.signature}",
        (setting.words.say("at", point=point(record.at)), *table(record, setting)),
        _LIBRARIES["autodiff"],
        frozenset({_DTYPES.get(record.precision, f"{record.precision} bits")}),
    )


def table(record: Table, setting: Setting) -> list[Block]:
    """Return the pass forward, the pass back beside torch's, what they come to, and the graph."""
    say = setting.words.say
    forward, back = halves(record)
    heads = {key: say(key) for key in ("name", "operation", "value", "local derivative", "apart")}
    count = sum(bool(row.operation) for row in record.rows)
    drawn = say("graph", name=record.function.signature, operations=setting.words.count(count, "operation noun"))
    return [
        say("forward"),
        forward.renamed(heads).markdown(),
        say("backward"),
        back.renamed(heads).markdown(),
        escaped(record.conclusion),
        Picture(record.svg, drawn, typed(drawn), say("backpropagation"), ending=".svg"),
    ]


# Small parts ---------------------------------------------------------------------------------------


def libraries_of(route: str) -> frozenset[str]:
    """Return what a route computes with; for one that the caller added nothing is known."""
    return _LIBRARIES.get(route, frozenset())


def _dtypes(*gradients: Gradient) -> frozenset[str]:
    return frozenset(_DTYPES.get(record.precision, f"{record.precision} bits") for record in gradients)


def point(at: Mapping[str, Array]) -> str:
    """Return a point as Markdown: ``$x = 3$, $w$ = [1, 2]``; an array is no formula, so that its line can be broken."""
    return ", ".join(
        mathematics(f"{in_latex(name)} = {brief(array)}")
        if array.ndim == 0
        else f"{mathematics(in_latex(name))} = {typed(brief(array).replace('-', '−'))}"
        for name, array in at.items()
    )


def component(name: str, position: tuple[int, ...]) -> str:
    """Return the name of a component as Markdown."""
    return mathematics(in_latex(name, tuple(map(str, position))))
