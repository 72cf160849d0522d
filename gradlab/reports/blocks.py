"""What a section is made of, before it is written in the language of any file format."""

from __future__ import annotations

from dataclasses import dataclass

from gradlab.reports.pictures import Picture


@dataclass(frozen=True)
class Row:
    """One line of an equation block: a left side and the forms that it equals.

    left: LaTeX; "" where it goes on from the row before.  right: LaTeX of each form; () for a left side alone.
    remark: what is said beside it, such as the name of the rule, as Markdown.  sign: what joins the two sides.
    """

    left: str
    right: tuple[str, ...] = ()
    remark: str = ""
    sign: str = "="


@dataclass(frozen=True)
class Equations:
    """Equations one below the other, with one number for all.

    label: by what a `Reference` finds them; the last with that label is meant.
    """

    rows: tuple[Row, ...]
    label: str = ""


@dataclass(frozen=True)
class Heading:
    """The title of a part of a section, as plain text."""

    text: str


@dataclass(frozen=True)
class Reference:
    """A sentence that refers to an equation; left out where the document has none with that *label* before it.

    sentence: Markdown, with ``{}`` where the number belongs.
    """

    label: str
    sentence: str


@dataclass(frozen=True)
class Code:
    """Program text.  runs: whether it is a cell to be executed in a notebook."""

    text: str
    runs: bool = False


@dataclass(frozen=True)
class Blank:
    """Room to write by hand, in lines."""

    lines: int


Block = str | Equations | Heading | Reference | Code | Blank | Picture
"""A piece of a section; a string is Markdown: a paragraph, a list or a table."""
