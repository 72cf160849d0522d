"""The words of whoever writes an exercise, in a notebook: formulas are set, and nothing else is obeyed."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"(\$[^$\n]+\$)")
_LEADING = re.compile(
    r"\]\s*[(\[:]|<|`|\\(?:href|url|input|include|write|require|class|style|unicode|html\w*)(?![a-z])"
)
"""What leads somewhere from within a formula, as MathJax or a reader of Markdown without mathematics has it."""

_MARKS = re.compile(r"[\\`<>\[\]$]")


def in_markdown(text: str) -> str:
    r"""Return *text* as Markdown without links, pictures and HTML; a formula between dollars stays one.

    >>> print(in_markdown("slope of $x^2$, <b>now</b>"), in_markdown(r"[a](b) $\href{c}{d}$"))
    slope of $x^2$, \<b\>now\</b\> \[a\](b) \$\\href{c}{d}\$
    """
    pieces = _FORMULA.split(text)
    return "".join(
        piece if place % 2 and not _LEADING.search(piece) else _MARKS.sub(r"\\\g<0>", piece)
        for place, piece in enumerate(pieces)
    )
