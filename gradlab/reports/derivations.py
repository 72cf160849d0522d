"""What a document says about a function and the derivation of its gradient."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence

from gradlab.errors import GradlabError
from gradlab.graph import Function
from gradlab.graph.names import in_latex
from gradlab.graph.point import brief
from gradlab.graph.styles import LatexPrinter
from gradlab.reports.blocks import Block, Code, Equations, Heading, Row
from gradlab.reports.document import Section
from gradlab.reports.markdown import mathematics, notes, table, typed
from gradlab.reports.setting import Setting
from gradlab.symbolic import Derivation, lines
from gradlab.symbolic import presentation as shown
from gradlab.symbolic.presentation import Equation
from gradlab.symbolic.proof import Evidence
from gradlab.symbolic.steps import walk
from gradlab.symbolic.views import Depth

MOST_CODE = 60
"""Lines of a program for the gradient up to which it is printed."""


def function(record: Function, setting: Setting) -> Section:
    """The function as written, its formula, its variables, and why it has no formula where it has none."""
    say = setting.words.say
    blocks: list[Block] = [*as_written(record)]
    if record.output is not None:
        blocks.append(Equations((Row(_signature(record), (record.latex(),)),), "function"))
    else:
        blocks.append(say("no formula", reason=typed(str(record.no_formula))))
    blocks += [variables(record, setting), *notes(record.notes, setting.words)]
    return Section(say("function", name=record.signature), tuple(blocks))


def derivation(record: Derivation, setting: Setting) -> Section:
    """The function, the way to its gradient, the gradient in closed form, where it holds, and as a program."""
    say = setting.words.say
    blocks = [Heading(say("as written")), *written(record, setting)]
    if setting.depth is not Depth.RESULT:
        blocks += [Heading(say("step by step")), *stepwise(record, setting)]
    blocks += [Heading(say("closed form")), *closed(record, setting)]
    blocks += validity(record, setting)
    blocks += _program(record, setting)
    evidence = {step.evidence for step in walk(record.steps)} if setting.depth is not Depth.RESULT else set()
    # The steps are proved in ball arithmetic, and the rules of elementwise operations by SymPy.
    used = {"numpy"} | ({"python-flint"} if evidence else set()) | ({"sympy"} if Evidence.EXACT in evidence else set())
    return Section(say("derivation", name=record.function.signature), tuple(blocks), frozenset(used))


def as_written(record: Function) -> list[Code]:
    """Return the source of a function that was written as code; text and SymPy are shown by the formula."""
    return [Code(record.source)] if record.code is not None and record.source else []


def written(record: Derivation, setting: Setting) -> list[Block]:
    """Return the function: its code, its formula, its named values, its variables and the branch of an ``if``."""
    say, source = setting.words.say, record.function
    blocks: list[Block] = [*as_written(source), _block([shown.function_equation(record, LatexPrinter)], "function")]
    named = shown.definitions(record, LatexPrinter)
    if named:
        blocks += [say("with"), _block(named, "named")]
    blocks.append(variables(source, setting))
    held = shown.conditions(record, LatexPrinter)
    if held:
        places = dict.fromkeys(typed(guard.line) for guard in source.guards if guard.line)
        blocks += [say("guards", places="; ".join(places)), Equations(tuple(Row(condition) for condition in held))]
    if shown.reasons(record):
        because = "; ".join(map(typed, shown.reasons(record)))
        blocks += [say("stable", because=because), _block(shown.rewritten(record, LatexPrinter), "stable")]
    return [*blocks, *notes((*source.notes, *shown.absent(record)), setting.words)]


def stepwise(record: Derivation, setting: Setting) -> list[Block]:
    """Return the lines of the derivation with their rules, and how surely they are known to be right."""
    say = setting.words.say
    blocks: list[Block] = []
    for title, group in lines.groups(record, setting.depth, LatexPrinter):
        blocks.append(f"{_title(title, record, setting)}:")
        blocks.append(Equations(tuple(_ruled(line, setting) for line in group)))
    steps = list(walk(record.steps))
    counts = Counter(str(step.evidence) for step in steps)
    listed = [f"{counts[str(kind)]:,} {say(str(kind))}" for kind in Evidence if counts[str(kind)]]
    blocks.append(say("evidence", steps=setting.words.count(len(steps), "step"), kinds=setting.words.listed(listed)))
    return blocks


def _title(title: str, record: Derivation, setting: Setting) -> str:
    """Return the title of a group of lines in the language of the document."""
    if not record.boards or title == "second derivatives":
        return setting.words.say("second" if title == "second derivatives" else "backwards")
    name, _, held = title.removeprefix("By ").partition(", with ")
    constant = held.removesuffix(" held constant")
    return setting.words.say("by one", name=name, constant=constant) if held else setting.words.say("by", name=name)


def _ruled(line: lines.Line, setting: Setting) -> Row:
    text = line.rule.removeprefix(r"\text{")
    word, closed, rest = text.partition("}")
    remark = setting.words.rule(word.strip()) if closed else typed(line.rule)
    if closed and rest.strip():
        remark = f"{setting.words.rule(word.strip())} {mathematics(rest.strip())}"
    if line.evidence not in (Evidence.EXACT, Evidence.CERTIFIED):
        remark = f"{remark} ({setting.words.say(str(line.evidence))})"
    left, arrow, right = line.left, "", line.right
    if r"\longrightarrow" in right:
        before, _, after = right.partition(r"\;\longrightarrow\;")
        left, arrow, right = f"{left} = {before.strip()}", r"\longrightarrow", after.strip()
    return Row(left, (right,), remark, arrow or "=")


def closed(record: Derivation, setting: Setting) -> list[Block]:
    """Return the gradient with named values and written out, in matrix and in index form, and the Hessian."""
    say = setting.words.say
    blocks: list[Block] = []
    flowing = shown.deltas(record, LatexPrinter)
    if flowing:
        blocks += [say("deltas"), _block(flowing, "deltas")]
    first = shown.gradient_equations(record, LatexPrinter)
    blocks += [say("gradient is"), _block(first, "gradient")]
    for form in ("matrix", "index"):
        other = shown.gradient_equations(record, LatexPrinter, form)
        if [equation.right for equation in other] != [equation.right for equation in first]:
            blocks += [say(f"in {form} form"), _block(other, f"{form} form")]
    if record.order > 1:
        blocks += [say("second is"), _block(shown.hessian_equations(record, LatexPrinter), "hessian")]
    return blocks


def validity(record: Derivation, setting: Setting) -> list[Block]:
    """Return where the derivation holds."""
    needed = shown.domain(record, LatexPrinter)
    if not needed:
        return []
    conditions = setting.words.listed([mathematics(condition) for condition in needed])
    return [setting.words.say("holds", conditions=conditions)]


def _program(record: Derivation, setting: Setting) -> list[Block]:
    try:
        source = record.source("numpy")
        ast.parse(source)
    except (GradlabError, SyntaxError):  # an operation that NumPy has not, or a name that Python has not
        return []
    if source.count("\n") > MOST_CODE:
        return []
    return [Heading(setting.words.say("as code")), setting.words.say("program"), Code(source.rstrip("\n"), runs=True)]


def _block(equations: Sequence[Equation], label: str = "") -> Equations:
    return Equations(tuple(Row(equation.left, equation.right) for equation in equations), label)


def _signature(record: Function) -> str:
    inside = ", ".join(in_latex(name) for name in record.variables)
    return rf"{in_latex(record.name)}\left({inside}\right)"


def variables(record: Function, setting: Setting) -> str:
    """Return a table of the variables and data of a function, with their shapes."""
    say = setting.words.say
    rows = [
        [mathematics(in_latex(name)), _shape(axes, setting), say("variable")] for name, axes in record.variables.items()
    ]
    for name, values in record.data.items():
        held = _shape(values.shape, setting) if values.ndim else typed(brief(values))
        rows.append([mathematics(in_latex(name)), held, say("data")])
    return table([say("name"), say("values"), say("role")], rows, left=3)


def _shape(axes: Sequence[str | int], setting: Setting) -> str:
    if not axes:
        return setting.words.say("a number")
    return setting.words.say("shape", sizes=" × ".join(typed(str(size)) for size in axes))
