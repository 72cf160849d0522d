"""A table of words, aligned for a terminal, as Markdown and as HTML: what the tables of all records share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """A head and rows of as many cells."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def renamed(self, words: Mapping[str, str], *, last: bool = False) -> Grid:
        """Return the table with its heads called as *words* has them, and *last*: the cells of the last column too."""
        rows = [[*cells, words.get(end, end)] for *cells, end in self.rows] if last else self.rows
        return Grid([words.get(name, name) for name in self.head], rows)

    def lines(self, width: int | None = None) -> list[str]:
        r"""Return the lines of the aligned table; cells are cut so that none is longer than *width*, if it is given.

        >>> print("\n".join(Grid(["a", "long"], [["b", "much too long"]]).lines(12)))
        a  long
        b  much too…
        """
        table = [self.head, *self.rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        if width is not None:
            widths = fitted(widths, width - 2 * (len(widths) - 1))
        return [
            "  ".join(cut(cell, room).ljust(room) for cell, room in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]

    def markdown(self) -> str:
        """Return a pipe table; what Markdown would read as markup is escaped."""
        head, *rows = ([escaped(cell) for cell in row] for row in (self.head, *self.rows))
        return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))

    def html(self) -> str:
        """Return a table; all text is escaped."""
        from html import escape

        def row(cells: Sequence[str], tag: str) -> str:
            return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"

        body = "".join(row(cells, "td") for cells in self.rows)
        return f"<table><thead>{row(self.head, 'th')}</thead><tbody>{body}</tbody></table>"


def fitted(widths: Sequence[int], room: int) -> list[int]:
    """Return *widths* with the widest ones cut down until all fit into *room*; none below 6.

    >>> fitted([3, 40, 20], 43)
    [3, 20, 20]
    """
    given = list(widths)
    while sum(given) > room and max(given) > 6:
        given[given.index(max(given))] -= 1
    return given


def cut(written: str, length: int) -> str:
    """Return *written*, cut to *length* with an ellipsis at its end."""
    return written if len(written) <= length else written[: length - 1] + "…"


def escaped(cell: str) -> str:
    """Return *cell* on one line, with what Markdown would read as markup escaped."""
    for mark in ("\\", "|", "*", "_", "<", "$", "`", "[", "]"):
        cell = cell.replace(mark, f"\\{mark}")
    return " ".join(cell.split())
