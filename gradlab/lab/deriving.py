"""The derivation as lines that unfold one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from gradlab.lab.models import LabError
from gradlab.lab.reading import read

if TYPE_CHECKING:
    from gradlab.symbolic import Derivation

MOST_LINES = 120
"""Lines that are shown; a longer derivation is read in a report."""

WIDEST = 4_000
"""Characters of LaTeX in one line that a browser still sets in a moment."""


@dataclass(frozen=True)
class Shown:
    """One line: ``left = right`` as LaTeX, its rule in words, how surely it is known, and how deep it stands."""

    left: str
    right: str
    rule: str
    evidence: str
    level: int
    title: str


@dataclass(frozen=True)
class Unfolding:
    """A derivation, ready to be shown.

    function, gradient: LaTeX.  lines: from the first to the last.  notes: plain words.  domain: LaTeX.
    """

    function: str
    gradient: str
    lines: tuple[Shown, ...]
    notes: tuple[str, ...]
    domain: tuple[str, ...]


@lru_cache(maxsize=64)
def derivation(text: str, name: str) -> Derivation:
    """Return the derivation of what was typed; kept, so that a slider does not ask for it again."""
    from gradlab.symbolic import derive

    subject = read(text, name)
    return derive(subject.function, list(subject.shapes))


@lru_cache(maxsize=64)
def unfold(text: str, name: str) -> Unfolding:
    """Return the lines of the derivation, each proved.

    >>> [line.rule for line in unfold("x*sin(x^2)", "A parabola: x²").lines][:2]
    ['product rule', 'chain rule: d/du sin u = cos u']
    """
    from gradlab.graph.styles import LatexPrinter, TextPrinter
    from gradlab.symbolic import lines, presentation, views

    derived = derivation(text, name)
    written = lines.groups(derived, views.Depth.STEPS, LatexPrinter)
    spoken = lines.groups(derived, views.Depth.STEPS, TextPrinter)
    shown: list[Shown] = []
    for (_, group), (title, words) in zip(written, spoken, strict=True):
        for line, said in zip(group, words, strict=True):
            if len(shown) == MOST_LINES:
                raise LabError(f"the derivation has more than {MOST_LINES} lines; `gradlab report` writes all of them")
            if len(line.left) + len(line.right) > WIDEST:
                raise LabError("a line of the derivation is wider than any page; `gradlab derive` prints it")
            shown.append(Shown(line.left, line.right, said.rule, str(line.evidence), line.level, title))
            title = ""
    return Unfolding(
        views.aligned([presentation.function_equation(derived, LatexPrinter)]),
        views.aligned(presentation.gradient_equations(derived, LatexPrinter)),
        tuple(shown),
        tuple(map(str, derived.function.notes)),
        tuple(presentation.domain(derived, LatexPrinter)),
    )
