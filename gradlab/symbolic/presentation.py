"""A derivation on paper: the function, its named values, the deltas, the gradient, the steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlab.graph import names, printing
from gradlab.graph.kinds import Index, Let, Stack, Variable
from gradlab.graph.kinds.index import entries
from gradlab.graph.nodes import Node, topological
from gradlab.graph.styles import LatexPrinter, TextPrinter
from gradlab.graph.tidying import tidied
from gradlab.graph.writing import Printer

if TYPE_CHECKING:
    from gradlab.symbolic.derivation import Derivation

LONGEST = 60
"""Characters up to which a gradient is also written out in full, beside its form with named values."""


@dataclass(frozen=True)
class Equation:
    """One line: a left side, and what it equals, in one or two forms."""

    left: str
    right: tuple[str, ...]


def function_equation(derivation: Derivation, style: type[Printer]) -> Equation:
    """Return ``f(x, y) = …``."""
    function = derivation.function
    if style is LatexPrinter:
        inside = ", ".join(names.in_latex(name) for name in function.variables)
        return Equation(rf"{names.in_latex(function.name)}\left({inside}\right)", (_written(function.formula, style),))
    return Equation(function.signature, (_written(function.formula, style),))


def definitions(derivation: Derivation, style: type[Printer]) -> list[Equation]:
    """Return what the writer's names stand for, in the order in which they are computed."""
    equations: list[Equation] = []
    unpacked: set[str] = set()
    function = derivation.function
    for node in topological([function.formula, *(guard.condition for guard in function.guards)]):
        if isinstance(node, Let) and node.names_an_input and isinstance(node.operands[0], Index):
            variable = node.operands[0].operands[0]
            found = _unpacked(derivation, variable.name) if isinstance(variable, Variable) else {}
            if isinstance(variable, Variable) and len(found) == variable.axes[0]:
                if variable.name not in unpacked:
                    unpacked.add(variable.name)
                    left = ", ".join(_name(found[place], style) for place in sorted(found))
                    equations.append(Equation(left, (_name(variable.name, style),)))
                continue
        if isinstance(node, Let):
            equations.append(_definition(node, style))
    return equations


def conditions(derivation: Derivation, style: type[Printer]) -> list[str]:
    """Return under which conditions the formula is the function, each with its line of the code."""
    said: dict[str, str] = {}
    for guard in derivation.function.guards:
        said.setdefault(guard.written(style), guard.line)
    if style is LatexPrinter:
        return list(said)
    return [f"{written} ({line})" if line else written for written, line in said.items()]


def deltas(derivation: Derivation, style: type[Printer]) -> list[Equation]:
    """Return the deltas that the gradient is written with, from the output backwards."""
    second = list(derivation.second.blocks.values()) if derivation.order > 1 else []
    used = topological([*derivation.partials.values(), *second])
    known = set(topological([derivation.function.formula]))
    return [_definition(node, style) for node in used if isinstance(node, Let) and node not in known]


def rewritten(derivation: Derivation, style: type[Printer]) -> list[Equation]:
    """Return the function in the form that is differentiated, where that is not the one that was written."""
    if not reasons(derivation):
        return []
    return [Equation(_name(derivation.function.name, style), (_written(derivation.sweep.output, style),))]


def reasons(derivation: Derivation) -> list[str]:
    """Return the equalities that led to the form that is differentiated, each once, as plain text.

    None if that form is written in the same way as the function is: log Σ e^u has no other.
    """
    if not derivation.rewritings:
        return []
    same = _written(derivation.sweep.output, TextPrinter) == _written(derivation.function.formula, TextPrinter)
    return [] if same else list(dict.fromkeys(rewriting.because for rewriting in derivation.rewritings))


def gradient_equations(derivation: Derivation, style: type[Printer]) -> list[Equation]:
    """Return the partial derivatives; a vector that the code unpacks (``a, b, c = params``) by its entries."""
    equations = []
    for name, partial in derivation.partials.items():
        listed = entries(partial)
        if listed:
            unpacked = _unpacked(derivation, name)
            for place, entry in enumerate(listed):
                symbol = unpacked.get(place)
                wrt = _name(symbol, style) if symbol else _name(name, style, (str(place),))
                equations.append(_partial(derivation, wrt, entry, style))
        else:
            _, indices = printing.written(partial, style)
            equations.append(_partial(derivation, _name(name, style, indices), partial, style))
    return equations


def _unpacked(derivation: Derivation, variable: str) -> dict[int, str]:
    """Return the names that the code gave to single entries of *variable*."""
    found = {}
    for node in topological([derivation.function.formula]):
        if isinstance(node, Let) and node.names_an_input and isinstance(node.operands[0], Index):
            index = node.operands[0]
            whole = index.operands[0]
            if isinstance(whole, Variable) and whole.name == variable and isinstance(index.selection[0], int):
                size = whole.axes[0]
                place = index.selection[0]
                found[place % size if isinstance(size, int) else place] = node.name
    return found


def _partial(derivation: Derivation, wrt: str, partial: Node, style: type[Printer]) -> Equation:
    function = _name(derivation.function.name, style)
    left = rf"\frac{{\partial {function}}}{{\partial {wrt}}}" if style is LatexPrinter else f"∂{function}/∂{wrt}"
    return Equation(left, _forms(partial, style))


def _forms(node: Node, style: type[Printer], form: str = "auto") -> tuple[str, ...]:
    """Return a derivative with named values, if it has any, and written out, if that is short."""
    final = tidied(node)
    full = printing.written(final, style, form=form)[0]
    if not any(isinstance(part, Let) and not part.names_an_input for part in topological([node])):
        return (full,)
    named = printing.written(node, style, form=form)[0]
    short = len(printing.written(final, TextPrinter, form=form)[0]) <= LONGEST
    return (named, full) if short and full != named else (named,)


def hessian_equations(derivation: Derivation, style: type[Printer]) -> list[Equation]:
    """Return the second partial derivatives, each pair of variables once."""
    equations: list[Equation] = []
    blocks = derivation.second.blocks
    for place, first in enumerate(derivation.wrt):
        for second in derivation.wrt[place:]:
            equations += _second_partials(derivation, first, second, blocks[first, second], style)
    return equations


def _second_partials(
    derivation: Derivation, first: str, second: str, block: Node, style: type[Printer]
) -> list[Equation]:
    latex = style is LatexPrinter
    axes = derivation.function.variables
    ranks = len(axes[first]), len(axes[second])
    listed = _listed(derivation, first, second, block, style)
    if listed:
        return [Equation(_second_left(derivation, v, w, style), _forms(entry, style)) for v, w, entry in listed]
    if sum(ranks) > 2:
        _, indices = printing.written(block, style, form="index")
        wrt = _name(first, style, indices[: ranks[0]]), _name(second, style, indices[ranks[0] :])
        return [Equation(_second_left(derivation, *wrt, style), _forms(block, style, "index"))]
    if ranks == (1, 1):
        turned = rf"{_name(second, style)}^{{\top}}" if latex else f"{_name(second, style)}^T"
        return [Equation(_second_left(derivation, _name(first, style), turned, style), _forms(block, style))]
    _, indices = printing.written(block, style)
    wrt = _name(first, style, indices if ranks[0] else ()), _name(second, style, indices if ranks[1] else ())
    return [Equation(_second_left(derivation, *wrt, style), _forms(block, style))]


MOST_LISTED = 10
"""Second derivatives of one vector that are written one below the other; more are written as a matrix."""


def _listed(
    derivation: Derivation, first: str, second: str, block: Node, style: type[Printer]
) -> list[tuple[str, str, Node]]:
    """Return the second derivatives by the single places of vectors that the code picks apart, [] if it does not."""
    rows = [row.operands if isinstance(row, Stack) else (row,) for row in block.operands]
    both = first == second
    whole = isinstance(block, Stack) and all(not entry.axes for row in rows for entry in row)
    if not both or not whole or len(rows) * (len(rows) + 1) // 2 > MOST_LISTED:
        return []
    unpacked = _unpacked(derivation, first)
    marks = [
        _name(unpacked[place], style) if place in unpacked else _name(first, style, (str(place),))
        for place in range(len(rows))
    ]
    return [(marks[i], marks[j], rows[i][j]) for i in range(len(rows)) for j in range(i, len(rows))]


def _second_left(derivation: Derivation, first: str, second: str, style: type[Printer]) -> str:
    function = _name(derivation.function.name, style)
    if style is LatexPrinter:
        below = rf"\partial {first}^{{2}}" if first == second else rf"\partial {first} \partial {second}"
        return rf"\frac{{\partial^{{2}} {function}}}{{{below}}}"
    return f"∂²{function}/∂{first}²" if first == second else f"∂²{function}/∂{first}∂{second}"


def _definition(node: Let, style: type[Printer]) -> Equation:
    body, indices = printing.written(node.operands[0], style)
    return Equation(_name(node.name, style, indices), (body,))


def _name(symbol: str, style: type[Printer], indices: tuple[str, ...] = ()) -> str:
    return style().name(symbol, indices).written


def _written(node: Node, style: type[Printer]) -> str:
    return printing.written(node, style)[0]


def text(derivation: Derivation, *, steps: bool) -> str:
    """Return the derivation as plain text."""
    lines = _lines([function_equation(derivation, TextPrinter)])
    named = definitions(derivation, TextPrinter)
    if named:
        lines += [("where " if place == 0 else "      ") + line for place, line in enumerate(_lines(named))]
    held = conditions(derivation, TextPrinter)
    lines += [("if    " if place == 0 else "and   ") + condition for place, condition in enumerate(held)]
    lines += [f"note: {note}" for note in derivation.function.notes]
    lines += _lines(rewritten(derivation, TextPrinter))
    lines += [f"  since {reason}" for reason in reasons(derivation)]
    if steps:
        lines += [
            "",
            *(f"{number:3}. {step.text()}  ({step.evidence})" for number, step in enumerate(derivation.steps, 1)),
        ]
        lines += [""]
    lines += _lines(deltas(derivation, TextPrinter))
    lines += _lines(gradient_equations(derivation, TextPrinter))
    if derivation.order > 1:
        lines += _lines(hessian_equations(derivation, TextPrinter))
    return "\n".join(lines)


def _lines(equations: list[Equation]) -> list[str]:
    lines = []
    for equation in equations:
        lines.append(f"{equation.left} = {equation.right[0]}")
        lines += [f"{' ' * len(equation.left)} = {form}" for form in equation.right[1:]]
    return lines


def latex(derivation: Derivation) -> str:
    """Return the derivation as an aligned block."""
    groups = [
        [function_equation(derivation, LatexPrinter)],
        definitions(derivation, LatexPrinter),
        rewritten(derivation, LatexPrinter),
        deltas(derivation, LatexPrinter),
        gradient_equations(derivation, LatexPrinter),
        hessian_equations(derivation, LatexPrinter) if derivation.order > 1 else [],
    ]
    block = aligned([equation for group in groups for equation in group])
    held = conditions(derivation, LatexPrinter)
    if not held:
        return block
    rows = "".join(rf" \\ &\text{{{'if' if place == 0 else 'and'} }} {row}" for place, row in enumerate(held))
    return block.replace("\n\\end{aligned}", f"{rows}\n\\end{{aligned}}")


def aligned(equations: list[Equation]) -> str:
    """Return equations one below the other, aligned at their equals signs."""
    rows = []
    for equation in equations:
        rows.append(f"{equation.left} &= {equation.right[0]}")
        rows += [f"&= {form}" for form in equation.right[1:]]
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def markdown(derivation: Derivation, *, steps: bool) -> str:
    """Return the derivation as Markdown with ``$`` mathematics."""
    parts = [_display(aligned([function_equation(derivation, LatexPrinter)]))]
    named = definitions(derivation, LatexPrinter)
    if named:
        parts += ["with", _display(aligned(named))]
    held = conditions(derivation, LatexPrinter)
    if held:
        lines = dict.fromkeys(f"`{guard.line}`" for guard in derivation.function.guards if guard.line)
        parts += [f"The code decides ({'; '.join(lines)}); this holds for"]
        parts += [_display(r" \quad\text{and}\quad ".join(held))]
    parts += [f"Note: {note}." for note in derivation.function.notes]
    if reasons(derivation):
        because = "; ".join(f"`{reason}`" for reason in reasons(derivation))
        parts += [
            f"In a form that is numerically stable ({because})",
            _display(aligned(rewritten(derivation, LatexPrinter))),
        ]
    if steps:
        parts += ["Step by step, from the result back to the variables:", _step_table(derivation)]
    flowing = deltas(derivation, LatexPrinter)
    if flowing:
        parts += [
            "The deltas (derivatives of the result with respect to the named values) are",
            _display(aligned(flowing)),
        ]
    parts += ["so the gradient is", _display(aligned(gradient_equations(derivation, LatexPrinter)))]
    if derivation.order > 1:
        parts += ["and the second derivatives are", _display(aligned(hessian_equations(derivation, LatexPrinter)))]
    return "\n\n".join(parts) + "\n"


def _display(block: str) -> str:
    return f"$$\n{block}\n$$"


def _step_table(derivation: Derivation) -> str:
    rows = ["| | step | rule | evidence |", "|---:|:---|:---|:---|"]
    for number, step in enumerate(derivation.steps, 1):
        # A bar inside mathematics would end the cell.
        equation = step.latex().replace(r"\|", r"\Vert ").replace("|", r"\vert ")
        rows.append(f"| {number} | ${equation}$ | {step.rule} | {step.evidence} |")
    return "\n".join(rows)


def as_dict(derivation: Derivation) -> dict[str, Any]:
    """Return the derivation as plain data."""

    def plain(equations: list[Equation]) -> dict[str, str]:
        return {equation.left: equation.right[-1] for equation in equations}

    partials = {name: tidied(partial) for name, partial in derivation.partials.items()}
    return {
        "function": derivation.function.signature,
        "formula": _written(derivation.function.formula, TextPrinter),
        "variables": {name: list(axes) for name, axes in derivation.function.variables.items()},
        "wrt": list(derivation.wrt),
        "conditions": conditions(derivation, TextPrinter),
        "notes": list(derivation.function.notes),
        "rewritten": [{"because": reason} for reason in reasons(derivation)],
        "named": plain(definitions(derivation, TextPrinter)),
        "gradient": {name: _written(node, TextPrinter) for name, node in partials.items()},
        "latex": {name: _written(node, LatexPrinter) for name, node in partials.items()},
        **({"hessian": _second_as_dict(derivation)} if derivation.order > 1 else {}),
        "steps": [
            {"rule": step.rule, "because": step.because, "statement": step.statement(TextPrinter)}
            for step in derivation.steps
        ],
    }


def _second_as_dict(derivation: Derivation) -> dict[str, dict[str, str]]:
    """Return per variable and variable the second derivative as text."""
    found = {pair: function.text() for pair, function in derivation.hessian.items()}
    return {first: {second: found[first, second] for second in derivation.wrt} for first in derivation.wrt}
