"""What a student writes, read: the tree as written, what to tell of the reading, and the reading as mathematics.

Nothing of what is read is evaluated, simplified or run, and no graph is made before one is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from gradlab.sources.names import FUNCTIONS, Names
from gradlab.sources.notes import Note
from gradlab.sources.pratt import read_tokens
from gradlab.sources.syntax import Tree, Vector
from gradlab.sources.text_tokens import tokenize

if TYPE_CHECKING:
    from gradlab.graph.function import Function

__all__ = ["FUNCTIONS", "Names", "Note", "Reading", "read"]

Notation = Literal["text", "latex"]

_LATEX = re.compile(r"[\\$]|(?<!_)\{")
_SUM_IN_TEXT = re.compile(r"(?:sum|∑|Σ)_")


@dataclass(frozen=True, eq=False, slots=True)
class Reading:
    """A text and what it was read as.

    tree: what was written, unevaluated; every node has its place in *source*.
    notes: warnings, such as that ``1/2x`` was read as ``(1/2)x``.
    names: what the names in it stand for.
    """

    source: str
    notation: Notation
    tree: Tree
    notes: tuple[Note, ...]
    names: Names

    def __str__(self) -> str:
        return self.source

    @property
    def entries(self) -> tuple[Tree, ...] | None:
        """The entries of a vector as trees; None where a number was written.

        Sums and multiples of vectors are vectors, and so is ``2x i + j`` where i and j are directions.
        Raises ParseError for an operation that vectors do not have.

        >>> read("2[x, y] + (1, 0)").entries
        ((+ (* 2 x) 1), (+ (* 2 y) 0))
        """
        from gradlab.sources.vectors import entries

        return entries(self.tree, self.source, self.names.directions)

    @property
    def whole(self) -> Tree:
        """The tree, in which a sum of unit vectors stands as the vector that it is."""
        found = self.entries if self.names.directions else None
        return self.tree if found is None else Vector(found, self.tree.span)

    def text(self) -> str:
        """Return the reading as plain text.

        >>> read("sin^2 x*cos x").text()
        'sin(x)² cos(x)'
        """
        from gradlab.graph.styles import TextPrinter
        from gradlab.sources.echoes import echo

        return echo(self.tree, self.source, TextPrinter)

    def latex(self) -> str:
        r"""Return the reading as LaTeX.

        >>> read("sin x/2").latex()
        '\\frac{\\sin\\left(x\\right)}{2}'
        """
        from gradlab.graph.styles import LatexPrinter
        from gradlab.sources.echoes import echo

        return echo(self.tree, self.source, LatexPrinter)

    def function(self) -> Function:
        """Return the reading as a function: its graph, of the declared variables."""
        from gradlab.sources.reading import as_function

        declared = self.names.variables
        sizes = {size for axes in self.names.shapes.values() for size in ([axes] if isinstance(axes, str) else axes)}
        variables = None
        if declared is not None:
            spoken = (*declared.values(), *self.names.slopes.values())
            variables = [name for name in spoken if name not in sizes and name not in self.names.directions]
        return as_function(self, variables=variables, shapes=self.names.shapes)


def read(
    text: str, names: Names | Sequence[str] | None = None, notation: Literal["auto", "text", "latex"] = "auto"
) -> Reading:
    r"""Return what *text* says.

    names: those that may stand in it; None for any.  Make `Names` once where many texts are read.
    notation: "text", "latex", or "auto": LaTeX where there is a command, a dollar or a braced exponent.
    Raises ParseError, with the place and what to write instead, for whatever is no formula.

    >>> read("1/2x", ["x"]).tree
    (* (/ 1 2) x)
    >>> read(r"\frac{1}{2x}", ["x"]).tree
    (/ 1 (* 2 x))
    """
    # A caller's type checker does not see what a form or a notebook cell hands over.
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a formula is read from a string, not from {type(text).__name__}")
    if not isinstance(names, Names):
        names = _ANY if names is None else _declared(tuple(names) if not isinstance(names, str) else names)
    if notation == "auto":
        notation = notation_of(text)
    if notation == "latex":
        from gradlab.sources.latex_tokens import tokenize_latex

        tokens = tokenize_latex(text, names)
    elif notation == "text":
        tokens = tokenize(text, names.variables or ())
    else:
        raise ValueError(f"notation must be 'auto', 'text' or 'latex', not {notation!r}")
    tree, notes = read_tokens(tokens, text, names)
    return Reading(text, notation, tree, notes, names)


def notation_of(text: str) -> Notation:
    r"""Return which notation *text* is written in.

    >>> notation_of("x^2"), notation_of(r"x^{2}"), notation_of("sum_{i=1}^{n} x_i")
    ('text', 'latex', 'text')
    """
    found = _LATEX.search(text)
    if found is None or ("\\" not in text and "$" not in text and _SUM_IN_TEXT.search(text)):
        return "text"
    return "latex"


_ANY = Names()


@lru_cache(maxsize=64)
def _declared(names: tuple[str, ...] | str) -> Names:
    return Names(names)
