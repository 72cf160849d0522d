"""Worksheets: what is asked of a student about each record, with room to write, or with the solutions."""

from __future__ import annotations

from gradlab.comparison import Comparison
from gradlab.descent import Trajectory
from gradlab.graph import Function
from gradlab.graph.names import in_latex
from gradlab.graph.styles import LatexPrinter
from gradlab.reports.blocks import Blank, Block, Equations, Row
from gradlab.reports.derivations import as_written, closed, stepwise, validity, variables
from gradlab.reports.document import Section
from gradlab.reports.markdown import mathematics, table, typed
from gradlab.reports.routes import component, libraries_of, point
from gradlab.reports.setting import Setting
from gradlab.symbolic import Derivation
from gradlab.symbolic import presentation as shown

MOST_STEPS = 3
"""Steps of a descent that are asked for: more are no exercise by hand."""

_GAP = "&nbsp;" * 20
"""An empty cell that is wide enough to write in."""

_PARTIAL, _NUMBERS = 8, 6
"""Lines to write on: for each partial derivative, and for numbers."""


def exercise(record: object, setting: Setting, *, solved: bool) -> Section:
    """Return the exercise that goes with *record*; raises TypeError for what nothing can be asked about."""
    if isinstance(record, Derivation):
        return _derivation(record, setting, solved=solved)
    if isinstance(record, Comparison):
        return _evaluation(record, setting, solved=solved)
    if isinstance(record, Trajectory):
        return _descent(record, setting, solved=solved)
    raise TypeError(
        f"a worksheet asks about what derive, compare and descend return; not {type(record).__name__}: {record!r:.60}"
    )


def _derivation(record: Derivation, setting: Setting, *, solved: bool) -> Section:
    say, function = setting.words.say, record.function
    equation = shown.function_equation(record, LatexPrinter)
    blocks: list[Block] = [*as_written(function), Equations((Row(equation.left, equation.right),), "function")]
    named = shown.definitions(record, LatexPrinter)
    if named:
        blocks += [say("with"), Equations(tuple(Row(part.left, part.right) for part in named), "named")]
    blocks += [variables(function, setting), say("task", parts=_asked(record, setting))]
    if not solved:
        return Section(_title(function, setting), (*blocks, Blank(_PARTIAL * max(1, len(record.wrt)))))
    blocks += [f"**{say('answer')}.**", *stepwise(record, setting), *closed(record, setting)]
    return Section(_title(function, setting), (*blocks, *validity(record, setting)), frozenset({"numpy"}))


def _asked(record: Derivation, setting: Setting) -> str:
    name = in_latex(record.function.name)
    return setting.words.listed(
        [mathematics(rf"\frac{{\partial {name}}}{{\partial {in_latex(variable)}}}") for variable in record.wrt]
    )


def _evaluation(record: Comparison, setting: Setting, *, solved: bool) -> Section:
    say = setting.words.say
    routes = [route for route in ("symbolic", "numeric", "autodiff") if route in record.gradients]
    source = record.gradients[routes[0]] if routes else None
    names = [(name, position) for name, position in source.components()] if source is not None else []
    values = [f"{source.partials[name][position]:.10g}" if solved and source else _GAP for name, position in names]
    rows = [[component(name, position), value] for (name, position), value in zip(names, values, strict=True)]
    grid = table([say("component"), say("partial")], rows, left=1)
    blocks: list[Block] = [say("task at", point=point(record.at)), grid]
    blocks += [] if solved else [Blank(_NUMBERS)]
    used = libraries_of(routes[0]) if solved and routes else frozenset[str]()
    return Section(_title(record.function, setting), tuple(blocks), used)


def _descent(record: Trajectory, setting: Setting, *, solved: bool) -> Section:
    import numpy as np

    say = setting.words.say
    steps = min(record.steps, MOST_STEPS)
    names = [component(name, at) for name, shape in record.variables.items() for at in np.ndindex(shape)]
    rows = []
    for step in range(steps + 1):
        known = solved or step == 0
        values = [f"{value:.6g}" for value in record.points.rows[step]] if known else [_GAP for _ in names]
        loss = f"{record.losses[step]:.6g}" if solved else _GAP
        rows.append([f"{step}", *values, loss])
    rule = typed(repr(record.rule)) if record.rule else say("unknown rule")
    task = say("task descent", steps=setting.words.count(steps, "taken step"), rule=rule, start=point(record.points[0]))
    grid = table([say("descent step"), *names, say("loss")], rows)
    blocks: list[Block] = [task, grid, *([] if solved else [Blank(_NUMBERS)])]
    title = _title(record.function, setting) if record.function else say("exercise", name=say("descent", name=""))
    return Section(title, tuple(blocks), frozenset({"numpy"}) if solved else frozenset())


def _title(function: Function, setting: Setting) -> str:
    return setting.words.say("exercise", name=function.signature)
