"""The equations of a derivation: the function, its named values, the deltas, the gradient, in either style."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
                    left = ", ".join(name_of(found[place], style) for place in sorted(found))
                    equations.append(Equation(left, (name_of(variable.name, style),)))
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


def domain(derivation: Derivation, style: type[Printer]) -> list[str]:
    """Return where the derivation holds, each condition once, if it was derived from the front.

    Through arrays nearly every operation has entries at which it has a kink: there each step says so of its own.
    """
    return [condition.written(style) for condition in derivation.conditions] if derivation.boards else []


def absent(derivation: Derivation) -> list[str]:
    """Return a note for each variable that does not occur."""
    parts = set(topological([derivation.output]))
    missing = [name for name in derivation.wrt if derivation.function.nodes[name] not in parts]
    return [f"{name} does not occur in {derivation.function.name}: its derivative is 0" for name in missing]


def deltas(derivation: Derivation, style: type[Printer]) -> list[Equation]:
    """Return the deltas that the gradient is written with, from the output backwards."""
    second = list(derivation.second.blocks.values()) if derivation.order > 1 else []
    used = topological([*derivation.shown.values(), *second])
    known = set(topological([derivation.function.formula]))
    return [_definition(node, style) for node in used if isinstance(node, Let) and node not in known]


def rewritten(derivation: Derivation, style: type[Printer]) -> list[Equation]:
    """Return the function in the form that is differentiated, where that is not the one that was written."""
    if not reasons(derivation):
        return []
    return [Equation(name_of(derivation.function.name, style), (_written(derivation.output, style),))]


def reasons(derivation: Derivation) -> list[str]:
    """Return the equalities that led to the form that is differentiated, each once, as plain text.

    None if that form is written in the same way as the function is: log Σ e^u has no other.
    """
    if not derivation.rewritings:
        return []
    same = _written(derivation.output, TextPrinter) == _written(derivation.function.formula, TextPrinter)
    return [] if same else list(dict.fromkeys(rewriting.because for rewriting in derivation.rewritings))


def gradient_equations(derivation: Derivation, style: type[Printer], form: str = "auto") -> list[Equation]:
    """Return the partial derivatives; a vector that the code unpacks (``a, b, c = params``) by its entries.

    form: "matrix", "index", or "auto", as for `gradlab.graph.printing.written`.
    """
    equations = []
    for name, partial in derivation.shown.items():
        listed = entries(partial)
        if listed:
            unpacked = _unpacked(derivation, name)
            for place, entry in enumerate(listed):
                symbol = unpacked.get(place)
                wrt = name_of(symbol, style) if symbol else name_of(name, style, (str(place),))
                equations.append(_partial(derivation, wrt, entry, style, form))
        else:
            _, indices = printing.written(partial, style, form=form)
            final = derivation.gradient[name].formula
            equations.append(_partial(derivation, name_of(name, style, indices), partial, style, form, final))
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


def _partial(
    derivation: Derivation, wrt: str, partial: Node, style: type[Printer], form: str, final: Node | None = None
) -> Equation:
    function = name_of(derivation.function.name, style)
    left = rf"\frac{{\partial {function}}}{{\partial {wrt}}}" if style is LatexPrinter else f"∂{function}/∂{wrt}"
    return Equation(left, _forms(partial, style, form, final))


def _forms(node: Node, style: type[Printer], form: str = "auto", final: Node | None = None) -> tuple[str, ...]:
    """Return a derivative with named values, if it has any, and written out, as *final*, if that is short."""
    final = tidied(node) if final is None else final
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
        wrt = name_of(first, style, indices[: ranks[0]]), name_of(second, style, indices[ranks[0] :])
        return [Equation(_second_left(derivation, *wrt, style), _forms(block, style, "index"))]
    if ranks == (1, 1):
        turned = rf"{name_of(second, style)}^{{\top}}" if latex else f"{name_of(second, style)}^T"
        return [Equation(_second_left(derivation, name_of(first, style), turned, style), _forms(block, style))]
    _, indices = printing.written(block, style)
    wrt = name_of(first, style, indices if ranks[0] else ()), name_of(second, style, indices if ranks[1] else ())
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
        name_of(unpacked[place], style) if place in unpacked else name_of(first, style, (str(place),))
        for place in range(len(rows))
    ]
    return [(marks[i], marks[j], rows[i][j]) for i in range(len(rows)) for j in range(i, len(rows))]


def _second_left(derivation: Derivation, first: str, second: str, style: type[Printer]) -> str:
    function = name_of(derivation.function.name, style)
    if style is LatexPrinter:
        below = rf"\partial {first}^{{2}}" if first == second else rf"\partial {first} \partial {second}"
        return rf"\frac{{\partial^{{2}} {function}}}{{{below}}}"
    return f"∂²{function}/∂{first}²" if first == second else f"∂²{function}/∂{first}∂{second}"


def _definition(node: Let, style: type[Printer]) -> Equation:
    body, indices = printing.written(node.operands[0], style)
    return Equation(name_of(node.name, style, indices), (body,))


def name_of(symbol: str, style: type[Printer], indices: tuple[str, ...] = ()) -> str:
    """Return a name as it is written, with the indices of one component."""
    return style().name(symbol, indices).written


def _written(node: Node, style: type[Printer]) -> str:
    return printing.written(node, style)[0]
