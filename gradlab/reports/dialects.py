"""How each block is written for each file format: Markdown that people read, and Markdown that pandoc reads.

One class for each format, all with the same methods; pandoc does the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gradlab.graph import printing
from gradlab.reports.blocks import Row
from gradlab.reports.formulas import atoms, filled, lines, polished, powered, spaced, width
from gradlab.reports.markdown import fenced, link_target, typed
from gradlab.reports.pictures import Picture

PHONE = 18.0
"""The widest piece of an equation that is to be read on a telephone, in em."""

BOX = 24.0
"""The widest piece of an equation in a PDF, which leaves room for the name of a rule beside it."""

PAPER = 36.0
"""The width of a column of paper, in em of its mathematics."""

LONG_LEFT = 9.0
"""Left sides up to this many em stand in a column of their own; with longer ones, each line hangs below its first."""


class Dialect(Protocol):
    """What a file format has to say how to write."""

    def text(self, markdown: str) -> str: ...
    def heading(self, text: str, level: int, number: str) -> str: ...
    def equations(self, rows: Sequence[Row], number: int) -> str: ...
    def reference(self, number: int) -> str: ...
    def code(self, text: str, *, runs: bool) -> str: ...
    def blank(self, count: int) -> str: ...
    def picture(self, name: str, picture: Picture) -> str: ...


# Markdown that people and notebooks read -------------------------------------------------------------


@dataclass(frozen=True)
class Plain:
    """CommonMark with ``$`` mathematics, as GitHub and notebooks show it.

    link: from the name of a picture's file and the picture to Markdown.  cells: whether pandoc is to make a notebook
    of it, with cells that run.
    """

    link: Callable[[str, Picture], str]
    cells: bool = False

    def text(self, markdown: str) -> str:
        return markdown

    def heading(self, text: str, level: int, number: str) -> str:
        return f"{'#' * (level + 1)} {number} {typed(text)}"

    def equations(self, rows: Sequence[Row], number: int) -> str:
        return f"$$\n{_environment('aligned', rows, 1.7 * PAPER)} \\tag{{{number}}}\n$$"

    def reference(self, number: int) -> str:
        return f"({number})"

    def code(self, text: str, *, runs: bool) -> str:
        block = fenced(text, "python")
        return f"::: {{.cell .code}}\n{block}\n:::" if runs and self.cells else block

    def blank(self, count: int) -> str:
        return "\n\n".join(["&nbsp;"] * count)

    def picture(self, name: str, picture: Picture) -> str:
        return self.link(name, picture) + (f"\n\n{picture.caption}" if picture.caption else "")


def image(picture: Picture, target: str) -> str:
    """Return a picture in Markdown, taken from *target*."""
    return f"![{typed(picture.alt)}]({target})"


# Markdown that only pandoc reads ---------------------------------------------------------------------


def _pandoc_heading(text: str, level: int, number: str) -> str:
    return f"{'#' * level} {typed(text)} {{#{section_id(number)}}}"


def section_id(number: str) -> str:
    """Return by what a link finds the title with that number.

    >>> section_id("1.2")
    'sec-1-2'
    """
    return f"sec-{number.replace('.', '-')}"


def _with_words(markdown: str) -> str:
    """Return a block with the names in its formulas as words: else pandoc takes each letter for a symbol."""
    return re.sub(r"\\mathrm\{([^{}\\]{2,})\}", r"\\text{\1}", markdown)


@dataclass(frozen=True)
class Html:
    """MathML in pieces that flow like words, so that a long equation is broken where its column ends."""

    def text(self, markdown: str) -> str:
        return _with_words(markdown)

    def heading(self, text: str, level: int, number: str) -> str:
        return _pandoc_heading(text, level, number)

    def equations(self, rows: Sequence[Row], number: int) -> str:
        shape = "aligned" if _short(rows) else "hanging"
        inside = "\n\n".join(self._row(row) for row in rows)
        outer = f":::::: {{#eq-{number} .equation .{shape}}}\n::::: framed\n"
        return f"{outer}:::: rows\n{inside}\n::::\n\n[({number})]{{.number}}\n:::::\n::::::"

    def _row(self, row: Row) -> str:
        left = _pieces(row.left)
        rights = ["".join(_pieces(f"{row.sign} {form}")) for form in row.right] or [""]
        remark = f"[{row.remark}]{{.remark}}" if row.remark else "[]{.remark}"
        cells = [
            f"[{''.join(left) if not place else ''}]{{.left}} [{right}]{{.right}}" for place, right in enumerate(rights)
        ]
        marked = [f"{cell} {remark if not place else '[]{.remark}'}" for place, cell in enumerate(cells)]
        return "\n\n".join(marked)

    def reference(self, number: int) -> str:
        return f"[({number})](#eq-{number})"

    def code(self, text: str, *, runs: bool) -> str:
        return fenced(text, "python")

    def blank(self, count: int) -> str:
        return f'::: {{.blank style="--lines: {count}"}}\n:::'

    def picture(self, name: str, picture: Picture) -> str:
        return _figure(f"{name}{picture.ending}", picture)


def _pieces(latex: str) -> list[str]:
    """Return the pieces of a formula, each with its width for the style sheet."""
    # MathML leaves no space between a factor and the name of a function.
    named = _FUNCTION.sub(r" \\, ", _upright(latex))
    found = []
    for piece in lines(named, PHONE) if latex else []:
        # A relation that stands first gets its space only where something stands before it.
        spoken = f"{{}} {piece}" if atoms(piece)[0].kind == "relation" else piece
        found.append(f'[$${spoken}$$]{{.piece style="--w: {max(width(piece), 1):.1f}"}} ')
    return found


_FUNCTION = re.compile(r"(?<=[\w})\]])\s+(?=\\(?:a?r?c?(?:sin|cos|tan)h?|log|ln|exp|det|max|min|operatorname)\b)")


def _upright(latex: str) -> str:
    """Return a formula for pandoc: names as words, else each letter is a symbol, and bars that stretch everywhere."""
    words = re.sub(r"\\mathrm\{([^{}]{2,})\}", r"\\text{\1}", polished(latex))
    return words.replace(r"\left\lVert", r"\left\Vert").replace(r"\right\rVert", r"\right\Vert")


@dataclass(frozen=True)
class Typst:
    """The same pieces in Typst's boxes, for the PDF."""

    ending = ".svg"

    def text(self, markdown: str) -> str:
        # What a table leaves open, Typst centres.
        return _with_words(_closed(_RULE.sub(lambda rule: re.sub(r"(?<=\| )-+(?= \|)", ":---", rule[0]), markdown)))

    def heading(self, text: str, level: int, number: str) -> str:
        return _pandoc_heading(text, level, number)

    def equations(self, rows: Sequence[Row], number: int) -> str:
        name = "aligned" if _short(rows) else "hanging"
        inside = "\n\n".join(part for row in rows for part in self._row(row))
        return f"{_raw(f'#{name}({number},')}\n\n{inside}\n\n{_raw(f') <eq-{number}>')}"

    def _row(self, row: Row) -> list[str]:
        left = self._flow(row.left)
        remark = _cell(row.remark)
        cells = []
        for place, form in enumerate(row.right or ("",)):
            right = self._flow(f"{row.sign} {form}") if form else ""
            cells.append(f"{_cell(left if not place else '')}{_cell(right)}{remark if not place else _cell('')}")
        return cells

    def _flow(self, latex: str) -> str:
        if not latex:
            return ""
        # Typst takes a sign for a prefix where nothing stands before it, and pandoc leaves an empty group out.
        pieces = (re.sub(r"^\{\}", r"\\text{}", piece) for piece in lines(_upright(_closed(latex)), BOX))
        return " ".join(f"`#piece[`{{=typst}}${piece}$`]`{{=typst}}" for piece in pieces)

    def reference(self, number: int) -> str:
        return f"[({number})](#eq-{number})"

    def code(self, text: str, *, runs: bool) -> str:
        return fenced(text, "python")

    def blank(self, count: int) -> str:
        return _raw(f"#blank({count})")

    def picture(self, name: str, picture: Picture) -> str:
        return _figure(f"{name}{self.ending}", picture)


def _closed(latex: str) -> str:
    """Return a formula whose braces, where one has no other, are text: Typst takes them for the end of something."""
    if latex.count(r"\{") == latex.count(r"\}"):
        return latex
    return re.sub(r"(?<!\\left)(?<!\\right)\\([{}])", r"\\text{\\\1}", latex)


_RULE = re.compile(r"^\|(?: :?-+:? \|)+$", re.MULTILINE)
"""The line between the head and the rows of a pipe table."""


def _raw(text: str) -> str:
    return f"```{{=typst}}\n{text}\n```"


def _cell(markdown: str) -> str:
    return f"`[`{{=typst}}{markdown}`],`{{=typst}}"


@dataclass(frozen=True)
class Latex:
    """amsmath's environments, lines broken for the page."""

    folder: str
    ending = ".png"

    def text(self, markdown: str) -> str:
        return markdown

    def heading(self, text: str, level: int, number: str) -> str:
        return _pandoc_heading(text, level, number)

    def equations(self, rows: Sequence[Row], number: int) -> str:
        tag = f"\\tag{{{number}}}\\label{{eq-{number}}}"
        return f"```{{=latex}}\n{_environment('align*', rows, PAPER, tag)}\n```"

    def reference(self, number: int) -> str:
        return f"`\\eqref{{eq-{number}}}`{{=latex}}"

    def code(self, text: str, *, runs: bool) -> str:
        return fenced(text, "python")

    def blank(self, count: int) -> str:
        return f"```{{=latex}}\n\\vspace{{{count}\\baselineskip}}\n```"

    def picture(self, name: str, picture: Picture) -> str:
        return _figure(f"{link_target(self.folder)}/{name}{self.ending}", picture)


@dataclass(frozen=True)
class Docx:
    """One equation on each line: LibreOffice breaks aligned ones."""

    ending = ".png"

    def text(self, markdown: str) -> str:
        return _with_words(_proportioned(markdown))

    def heading(self, text: str, level: int, number: str) -> str:
        return _pandoc_heading(text, level, number)

    def equations(self, rows: Sequence[Row], number: int) -> str:
        written: list[str] = []
        left = ""
        for row in rows:
            left = row.left or left
            # LibreOffice needs something on both sides of a sign, so the left side is said again.
            forms = [f"{left} {row.sign} {form}" for form in row.right] or [left]
            forms[0] += rf" \text{{{_SPACE}}}{_in_latex(row.remark)}" if row.remark else ""
            written += [_words_only(form) for form in forms]
        written[-1] += rf" \text{{{_SPACE}({number})}}"
        return "\n\n".join([*(f"$${form}$$" for form in written[:-1]), f"[$${written[-1]}$$]{{#eq-{number}}}"])

    def reference(self, number: int) -> str:
        return f"[({number})](#eq-{number})"

    def code(self, text: str, *, runs: bool) -> str:
        return fenced(text, "python")

    def blank(self, count: int) -> str:
        return "\n\n".join(["\\ "] * count)

    def picture(self, name: str, picture: Picture) -> str:
        return _figure(f"{name}{self.ending}", picture)


_SPACE = "\u2003\u2003"
"""Word leaves the space out that TeX's commands ask for; a wide space is a letter to it."""


def _words_only(latex: str) -> str:
    """Return a formula with names as words, its brackets as they are: without them LibreOffice loses their powers."""
    return re.sub(r"\\mathrm\{([^{}]{2,})\}", r"\\text{\1}", spaced(powered(latex)))


def _proportioned(markdown: str) -> str:
    """Return a pipe table whose columns get shares of the page by their longest cells; other blocks as they are."""
    rows = markdown.split("\n")
    place = next((place for place, row in enumerate(rows) if _RULE.fullmatch(row)), None)
    if place is None:
        return markdown
    table = [row for row in rows if row.startswith("|")]
    columns = zip(*(re.split(r"(?<!\\)\|", row)[1:-1] for row in table), strict=True)
    longest = [min(40, max(8, *map(len, column))) for column in columns]
    marks = [mark.strip() for mark in rows[place].strip("|").split("|")]
    shares = [f"{mark[:1]}{'-' * width}{mark[-1:]}" for mark, width in zip(marks, longest, strict=True)]
    return "\n".join([*rows[:place], f"| {' | '.join(shares)} |", *rows[place + 1 :]])


def _figure(target: str, picture: Picture) -> str:
    """Return a picture for pandoc: its description for those who cannot see it, and its caption if it has one."""
    alt = re.sub(r'(["\\])', r"\\\1", " ".join(picture.alt.split()))
    return f'![{picture.caption}]({target}){{alt="{alt}"}}'


# LaTeX's environments --------------------------------------------------------------------------------


def _short(rows: Sequence[Row]) -> bool:
    return all(width(row.left) <= LONG_LEFT for row in rows)


def _environment(name: str, rows: Sequence[Row], paper: float, tag: str = "") -> str:
    """Return rows in an aligned environment, no line wider than *paper* where it can be broken."""
    short = _short(rows)
    indent = max((width(row.left) for row in rows), default=0.0) if short else 2.0
    written: list[str] = []
    for row in (replace(row, left=polished(row.left)) for row in rows):
        remark = f" && {_in_latex(row.remark)}" if row.remark else ""
        room = paper - indent - (0.5 * len(row.remark) if row.remark else 0.0)
        if not row.right:
            written.append(f"{'' if short else '&'}{row.left}{remark}")
            continue
        first, *more = [filled(polished(form), max(room, 8.0)) for form in row.right]
        whole = f"{row.left} {row.sign} {polished(row.right[0])}"
        if short:
            written.append(f"{row.left} &{row.sign} {first[0]}{remark}")
            written += [rf"&\qquad {line}" for line in first[1:]]
        elif width(whole) <= paper - 2.0 - (0.5 * len(row.remark)):
            written.append(f"&{whole}{remark}")
        else:
            head, *rest = filled(row.left, paper)
            written += [f"&{head}", *(rf"&\qquad {line}" for line in rest)]
            written.append(rf"&\quad {row.sign} {first[0]}{remark}")
            written += [rf"&\qquad\quad {line}" for line in first[1:]]
        for form in more:
            written.append(f"&{row.sign} {form[0]}" if short else rf"&\quad {row.sign} {form[0]}")
            written += [rf"&\qquad {line}" for line in form[1:]]
    written[-1] += f" {tag}" if tag else ""
    return printing.block(written, name)


def _in_latex(remark: str) -> str:
    r"""Return a remark in Markdown as LaTeX: its words as text, what stands between dollar signs as it is.

    >>> print(_in_latex("where $u = x$"))
    \text{where }u = x
    """
    parts = re.split(r"(?<!\\)\$", remark)
    return "".join(part if place % 2 else rf"\text{{{part}}}" for place, part in enumerate(parts) if part)
