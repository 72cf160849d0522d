"""Markdown that every reader understands alike: CommonMark with pipe tables and ``$`` mathematics, and Pandoc."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gradlab.reports.words import Words

_MARKS = re.compile(r"[\\`*_{}\[\]<>&#$|~^]")
"""What Markdown or Pandoc would read as more than itself; Pandoc must not be asked for smart quotes or citations."""

_LIST_MARK = re.compile(r"^(\d+)?([-+.)])(?=\s|$)")
"""What would begin a list at the start of a line."""

_DOUBLE_BAR, _NORM, _BAR = r"\|", r"\Vert ", r"\vert "


def typed(text: str) -> str:
    r"""Return *text* such that a reader of the document sees it as it was typed, on one line.

    >>> print(typed("cost in $ & <b>_1_</b>"))
    cost in \$ \& \<b\>\_1\_\</b\>
    """
    on_one_line = " ".join("".join(c if c.isprintable() else _shown(c) for c in text).split())
    return _LIST_MARK.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", on_one_line))


def _shown(character: str) -> str:
    """Return spaces for line ends and tabs; direction marks, which right-to-left text needs, as they are."""
    if character.isspace():
        return " "
    return "" if ord(character) < 32 or 127 <= ord(character) < 160 else character


def fenced(code: str, language: str) -> str:
    """Return *code* as a block; the fence is longer than any in the code."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 0) -> str:
    """Return a pipe table of cells that are Markdown already; the first *left* columns align left, the rest right."""
    rule = [":---" if column < left else "---:" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


MOST_ROWS = 24
"""Rows of a table; a longer one loses its middle and says how much is left out."""


def shortened(head: list[str], rows: list[list[str]], words: Words, *, left: int = 0) -> list[str]:
    """Return a table; the middle of a long one is left out, and the text says how much."""
    if len(rows) <= MOST_ROWS:
        return [table(head, rows, left=left)]
    half = MOST_ROWS // 2
    shown = [*rows[:half], ["…"] * len(head), *rows[-half:]]
    hidden = words.say("left out", hidden=f"{len(rows) - 2 * half:,}", rows=f"{len(rows):,}")
    return [table(head, shown, left=left), hidden]


def mathematics(latex: str) -> str:
    """Return a formula inside a line; bars are named, because in a table they would end the cell."""
    return f"${latex.replace(_DOUBLE_BAR, _NORM).replace('|', _BAR)}$"


def notes(said: Sequence[str], words: Words) -> list[str]:
    """Return each note as a paragraph."""
    return [words.say("note", note=typed(note)) for note in said]


def link_target(path: str) -> str:
    """Return *path* as the target of a link: every character that ends or splits one is percent-encoded.

    >>> link_target("my run (2)_figures/01-loss.png")
    'my%20run%20%282%29_figures/01-loss.png'
    """
    from urllib.parse import quote

    return quote(path, safe="/~")
