"""A derivation on paper: as plain text, LaTeX, Markdown or plain data, as deep as the reader wants it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from gradlab.graph import printing
from gradlab.graph.styles import LatexPrinter, TextPrinter
from gradlab.symbolic import lines
from gradlab.symbolic.lines import Line
from gradlab.symbolic.presentation import (
    Equation,
    absent,
    conditions,
    definitions,
    deltas,
    domain,
    function_equation,
    gradient_equations,
    hessian_equations,
    reasons,
    rewritten,
)

if TYPE_CHECKING:
    from gradlab.symbolic.derivation import Derivation
    from gradlab.symbolic.steps import Step


class Depth(StrEnum):
    """How much of a derivation is shown.

    result: the function and its gradient.  outline: the main line of the derivation too.
    steps: and what it leaves open, without what everybody sees (∂x/∂x = 1).  rules: every rule that was applied.
    """

    RESULT = "result"
    OUTLINE = "outline"
    STEPS = "steps"
    RULES = "rules"


def for_notebook(derivation: Derivation) -> str:
    """Return the derivation as Markdown, as deep as no line is wider than a notebook."""
    depth = fitting(derivation)
    shown = markdown(derivation, depth)
    if depth is not Depth.RESULT:
        return shown
    return f'{shown}\n*The steps are wider than a notebook;* `print(derivation.text("steps"))` *has them.*\n'


PAGE = 110
"""Signs of plain text, the name of the rule among them, that a line of a notebook has room for as mathematics."""


def fitting(derivation: Derivation) -> Depth:
    """Return how deep a derivation can be shown without a line that is wider than a notebook.

    The reverse sweep of a function of arrays is a table, and a table is always shown.
    """
    if not derivation.boards:
        return Depth.STEPS
    for depth in (Depth.STEPS, Depth.OUTLINE):
        groups = lines.groups(derivation, depth, TextPrinter)
        if all(_length(line) <= PAGE for _, group in groups for line in group):
            return depth
    return Depth.RESULT


def _length(line: Line) -> int:
    return len(f"{line.left} = {line.right}  {line.rule.split(':')[0]}")


def chosen(depth: str) -> Depth:
    """Return the depth of that name; raises ValueError if there is none."""
    try:
        return Depth(depth)
    except ValueError:
        raise ValueError(f"depth is one of {', '.join(Depth)}; not {depth!r}") from None


def text(derivation: Derivation, depth: Depth) -> str:
    """Return the derivation as plain text."""
    rows = rows_of([function_equation(derivation, TextPrinter)])
    named = definitions(derivation, TextPrinter)
    if named:
        rows += [("where " if place == 0 else "      ") + row for place, row in enumerate(rows_of(named))]
    held = conditions(derivation, TextPrinter)
    rows += [("if    " if place == 0 else "and   ") + condition for place, condition in enumerate(held)]
    rows += [f"note: {note}" for note in (*derivation.function.notes, *absent(derivation))]
    rows += rows_of(rewritten(derivation, TextPrinter))
    rows += [f"  since {reason}" for reason in reasons(derivation)]
    if depth is not Depth.RESULT:
        for title, group in lines.groups(derivation, depth, TextPrinter):
            rows += ["", f"{title}:", *_columns(group)]
        rows += [""]
    rows += rows_of(deltas(derivation, TextPrinter))
    rows += rows_of(gradient_equations(derivation, TextPrinter))
    if derivation.order > 1:
        rows += rows_of(hessian_equations(derivation, TextPrinter))
    needed = domain(derivation, TextPrinter)
    rows += [f"holds for {' and '.join(needed)}"] if needed else []
    return "\n".join(rows)


def rows_of(equations: list[Equation]) -> list[str]:
    """Return equations as lines of text, further forms of the right side below the first."""
    rows = []
    for equation in equations:
        rows.append(f"{equation.left} = {equation.right[0]}")
        rows += [f"{' ' * len(equation.left)} = {form}" for form in equation.right[1:]]
    return rows


WIDEST = 72
"""Columns up to which equations are filled up, so that the rules stand in one column to the right of them."""


def _columns(group: list[Line]) -> list[str]:
    """Return lines of a derivation, indented as they depend on each other, the rules in a column of their own."""
    equations = [
        "  " * (line.level + 1) + (f"{line.left} = {line.right}" if line.left else f"  = {line.right}")
        for line in group
    ]
    width = max((len(equation) for equation in equations if len(equation) <= WIDEST), default=WIDEST)
    return [
        f"{equation:{width}}   {line.rule} ({line.evidence})" for equation, line in zip(equations, group, strict=True)
    ]


# LaTeX and Markdown ----------------------------------------------------------------------------------


def latex(derivation: Derivation, depth: Depth) -> str:
    """Return the derivation as an aligned block, the names of the rules to the right of its lines."""
    before = [
        [function_equation(derivation, LatexPrinter)],
        definitions(derivation, LatexPrinter),
        rewritten(derivation, LatexPrinter),
    ]
    after = [
        deltas(derivation, LatexPrinter),
        gradient_equations(derivation, LatexPrinter),
        hessian_equations(derivation, LatexPrinter) if derivation.order > 1 else [],
    ]
    rows = [row for group in before for row in _aligned_rows(group)]
    if depth is not Depth.RESULT:
        rows += [row for _, group in lines.groups(derivation, depth, LatexPrinter) for row in _ruled_rows(group)]
    rows += [row for group in after for row in _aligned_rows(group)]
    needed = r" \text{ and } ".join(domain(derivation, LatexPrinter))
    rows += [rf"&\text{{for }} {needed}"] if needed else []
    held = conditions(derivation, LatexPrinter)
    rows += [rf"&\text{{{'if' if place == 0 else 'and'} }} {row}" for place, row in enumerate(held)]
    return printing.block(rows)


def aligned(equations: list[Equation]) -> str:
    """Return equations one below the other, aligned at their equals signs."""
    return printing.block(_aligned_rows(equations))


def _aligned_rows(equations: list[Equation]) -> list[str]:
    rows = []
    for equation in equations:
        rows.append(f"{equation.left} &= {equation.right[0]}")
        rows += [f"&= {form}" for form in equation.right[1:]]
    return rows


def _ruled_rows(group: list[Line]) -> list[str]:
    return [rf"{line.left} &= {line.right} && {line.rule}" for line in group]


def markdown(derivation: Derivation, depth: Depth) -> str:
    """Return the derivation as Markdown with ``$`` mathematics."""
    parts = [_display(aligned([function_equation(derivation, LatexPrinter)]))]
    named = definitions(derivation, LatexPrinter)
    if named:
        parts += ["with", _display(aligned(named))]
    held = conditions(derivation, LatexPrinter)
    if held:
        places = dict.fromkeys(f"`{guard.line}`" for guard in derivation.function.guards if guard.line)
        parts += [f"The code decides ({'; '.join(places)}); this holds for"]
        parts += [_display(r" \quad\text{and}\quad ".join(held))]
    parts += [f"Note: {note}." for note in (*derivation.function.notes, *absent(derivation))]
    if reasons(derivation):
        because = "; ".join(f"`{reason}`" for reason in reasons(derivation))
        parts += [
            f"In a form that is numerically stable ({because})",
            _display(aligned(rewritten(derivation, LatexPrinter))),
        ]
    if depth is not Depth.RESULT:
        parts += _steps_in_markdown(derivation, depth)
    flowing = deltas(derivation, LatexPrinter)
    if flowing:
        parts += [
            "The deltas (derivatives of the result with respect to the named values) are",
            _display(aligned(flowing)),
        ]
    parts += ["so the gradient is", _display(aligned(gradient_equations(derivation, LatexPrinter)))]
    if derivation.order > 1:
        parts += ["and the second derivatives are", _display(aligned(hessian_equations(derivation, LatexPrinter)))]
    needed = domain(derivation, LatexPrinter)
    parts += [f"This holds for {' and '.join(f'${condition}$' for condition in needed)}."] if needed else []
    return "\n\n".join(parts) + "\n"


def _display(block: str) -> str:
    return f"$$\n{block}\n$$"


def _steps_in_markdown(derivation: Derivation, depth: Depth) -> list[str]:
    if not derivation.boards:
        return ["Step by step, from the result back to the variables:", _step_table(derivation.steps)]
    parts: list[str] = []
    for title, group in lines.groups(derivation, depth, LatexPrinter):
        parts += [f"{title}:", _display(printing.block(_ruled_rows(group)))]
    return parts


def _step_table(steps: tuple[Step, ...]) -> str:
    rows = ["| | step | rule | evidence |", "|---:|:---|:---|:---|"]
    for number, step in enumerate(steps, 1):
        # A bar inside mathematics would end the cell.
        equation = step.latex().replace(r"\|", r"\Vert ").replace("|", r"\vert ")
        rows.append(f"| {number} | ${equation}$ | {step.rule} | {step.evidence} |")
    return "\n".join(rows)


# Plain data ------------------------------------------------------------------------------------------


def as_dict(derivation: Derivation) -> dict[str, Any]:
    """Return the derivation as plain data."""

    def plain(equations: list[Equation]) -> dict[str, str]:
        return {equation.left: equation.right[-1] for equation in equations}

    return {
        "function": derivation.function.signature,
        "formula": printing.text(derivation.function.formula),
        "variables": {name: list(axes) for name, axes in derivation.function.variables.items()},
        "wrt": list(derivation.wrt),
        "conditions": conditions(derivation, TextPrinter),
        "domain": [condition.written(TextPrinter) for condition in derivation.conditions],
        "notes": [*derivation.function.notes, *absent(derivation)],
        "rewritten": [{"because": reason} for reason in reasons(derivation)],
        "named": plain(definitions(derivation, TextPrinter)),
        "gradient": {name: partial.text() for name, partial in derivation.gradient.items()},
        "latex": {name: partial.latex() for name, partial in derivation.gradient.items()},
        **({"hessian": _second_as_dict(derivation)} if derivation.order > 1 else {}),
        "steps": [_step_as_dict(step) for step in derivation.steps],
    }


def _step_as_dict(step: Step) -> dict[str, Any]:
    found = {"rule": step.rule, "because": step.because, "statement": step.statement(TextPrinter)}
    return {**found, "steps": [_step_as_dict(inner) for inner in step.substeps]} if step.substeps else found


def _second_as_dict(derivation: Derivation) -> dict[str, dict[str, str]]:
    """Return per variable and variable the second derivative as text."""
    found = {pair: function.text() for pair, function in derivation.hessian.items()}
    return {first: {second: found[first, second] for second in derivation.wrt} for first in derivation.wrt}
