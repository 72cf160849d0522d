"""The lines of a derivation, as deep as the reader wants them: chains of equalities, below each what it leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradlab.graph import names, printing
from gradlab.graph.styles import LatexPrinter
from gradlab.graph.writing import Printer
from gradlab.symbolic.board import PUT_IN, SIMPLIFIED
from gradlab.symbolic.rules import CHAIN, CONSTANT, IDENTITY, NAME
from gradlab.symbolic.steps import Step

if TYPE_CHECKING:
    from gradlab.symbolic.derivation import Derivation
    from gradlab.symbolic.proof import Evidence
    from gradlab.symbolic.views import Depth


@dataclass(frozen=True)
class Line:
    """``left = right``, or ``= right`` where it goes on from the line before.

    rule: what is said beside it.  level: how deep it stands.
    """

    left: str
    right: str
    rule: str
    level: int
    evidence: Evidence


def groups(derivation: Derivation, depth: Depth, style: type[Printer]) -> Iterator[tuple[str, list[Line]]]:
    """Yield the lines for each variable, or those of the reverse sweep, with a title."""
    if not derivation.boards:
        yield "from the result back to the variables", [_flowing(step, style) for step in derivation.steps]
        return
    for name, board in derivation.boards.items():
        yield _title(derivation, name, style), _lines(board.steps, depth, style, 0)
    if derivation.order > 1:
        yield "second derivatives", _lines(derivation.second.steps, depth, style, 0)


def _title(derivation: Derivation, name: str, style: type[Printer]) -> str:
    held = [other for other in derivation.function.variables if other != name]
    latex = style is LatexPrinter
    spoken = [f"${names.in_latex(other)}$" if latex else names.in_text(other) for other in (name, *held)]
    if not held:
        return f"By {spoken[0]}"
    constant = ", ".join(spoken[1:])
    return f"By {spoken[0]}, with {constant} held constant"


def chains(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Yield steps that go on from each other: each begins where the one before it ends."""
    chain: list[Step] = []
    for step in steps:
        if chain and step.before is not chain[-1].after:
            yield chain
            chain = []
        chain.append(step)
    if chain:
        yield chain


def _lines(steps: Sequence[Step], depth: Depth, style: type[Printer], level: int) -> list[Line]:
    found: list[Line] = []
    for chain in chains(steps):
        if depth != "rules" and len(chain) == 1 and chain[0].rule in (IDENTITY.name, CONSTANT.name) and level:
            continue
        kept = chain if depth == "rules" else list(_merged(chain))
        left, _ = kept[0].sides(style)
        for step in kept:
            found.append(Line(left, step.sides(style)[1], _said(step, style), level, step.evidence))
            left = ""
            if depth != "outline":
                inner = _lines(step.substeps, depth, style, level + 2)
                found += inner
                if inner and style is LatexPrinter:  # nothing is indented there: say again what goes on
                    left, _ = kept[0].sides(style)
    return found


def _merged(chain: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps of a chain, what is put in and simplified on one line."""
    waiting: Step | None = None
    for step in chain:
        if waiting is not None and step.rule == SIMPLIFIED.name:
            yield replace(waiting, after=step.after)
            waiting = None
            continue
        if waiting is not None:
            yield waiting
        waiting = step if step.rule == PUT_IN.name else None
        if waiting is None:
            yield step
    if waiting is not None:
        yield waiting


def _said(step: Step, style: type[Printer]) -> str:
    """Return the name of the rule, and where that does not say it all, what it is applied to."""
    if style is LatexPrinter:
        if step.rule != NAME.name:
            return rf"\text{{{step.rule}}}"
        name = step.before.operands[0]
        meaning = (printing.written(node, style)[0] for node in (name, name.operands[0]))
        return rf"\text{{where }} {' = '.join(meaning)}"
    return f"{step.rule}: {step.because}" if step.rule in (CHAIN.name, NAME.name) else step.rule


def _flowing(step: Step, style: type[Printer]) -> Line:
    left, _, right = step.statement(style).partition(" = ")
    return Line(left, right, _said(step, style), 0, step.evidence)
