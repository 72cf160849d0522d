r"""Mathematics in LaTeX cut into the tokens that text gives, so that one parser reads both.

A fraction becomes its numerator over its denominator in brackets, a matrix the list of its rows, a group in braces a
bracket where it is an argument and nothing where it only groups, as TeX shows it: ``{x+1}^2`` looks like x + 1².
"""

from __future__ import annotations

import re

from gradlab.sources.latex_cutter import Cutter
from gradlab.sources.latex_structures import STRUCTURES
from gradlab.sources.names import Names
from gradlab.sources.tokens import Kind, Token, check_length

_OUTSIDE = re.compile(r"\s*(?:\$\$?(?P<a>[^$]*)\$\$?|\\\((?P<b>.*)\\\)|\\\[(?P<c>.*)\\\])\s*$", re.DOTALL)


def tokenize_latex(text: str, names: Names) -> list[Token]:
    r"""Return the tokens of *text*, the last of kind END.

    names: which of the letters side by side are one name; others are products.
    Raises ParseError at the first thing that is not read.

    >>> " ".join(token.text for token in tokenize_latex(r"\frac{x_{1}}{2}^{3}", Names()))
    '( ( x_1 ) / ( 2 ) ) ^ ( 3 ) '
    """
    check_length(text)
    outside = _OUTSIDE.match(text)
    start, end = (0, len(text)) if outside is None else outside.span(outside.lastgroup or 0)
    cutter = Cutter(text, names, start, end, STRUCTURES)
    ending = cutter.until()
    if ending:
        said = {"&": "is a column sign outside of a matrix", "\\\\": "is a line break"}.get(ending, "closes nothing")
        cutter.fail(f"'{ending}' {said}; write one formula without it", cutter.place - len(ending))
    cutter.tokens.append(Token(Kind.END, "", len(text), len(text)))
    return cutter.tokens
