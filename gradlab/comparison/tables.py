"""The table of a comparison, as plain text, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlab.comparison.verdicts import RANKED, Verdict

if TYPE_CHECKING:
    from gradlab.comparison.record import Comparison, ComponentVerdict

ROWS = 20
"""Components shown; the rest is counted."""


@dataclass(frozen=True)
class _Table:
    head: list[str]
    rows: list[list[str]]
    rest: str


def _table(comparison: Comparison) -> _Table:
    routes = list(comparison.gradients)
    head = ["component", *("numeric ± error" if route == "numeric" else route for route in routes), "verdict"]
    order = comparison.judgement.order
    places = [int(place) for place in order[:ROWS]]
    if comparison.verdict is Verdict.AGREE:  # nothing to look for: their own order reads better
        places.sort()
    shown = [comparison.component(place) for place in places]
    rows = [[entry.name, *(_cell(entry, route) for route in routes), str(entry.verdict)] for entry in shown]
    return _Table(head, rows, _rest(comparison))


def _cell(entry: ComponentVerdict, route: str) -> str:
    if route not in entry.values:
        return "—"
    written = f"{entry.values[route]:.12g}"
    if route != "numeric":
        return written
    return f"{written} ± {entry.error:.1e}" if entry.error < float("inf") else f"{written} ± ∞"


def _rest(comparison: Comparison) -> str:
    """Return in words how many components are not shown, and what is said of them."""
    hidden = comparison.judgement.ranks[comparison.judgement.order[ROWS:]]
    if not hidden.size:
        return ""
    verbs = {"agree": "agree", "differ": "differ", "kink": "are at a kink", "undecided": "are undecided"}
    counts = [(int((hidden == rank).sum()), verbs[RANKED[rank]]) for rank in reversed(range(len(RANKED)))]
    told = [f"{count:,} more that {verb}" for count, verb in counts if count]
    return f"… and {', '.join(told)}"


def listed(names: Iterable[str]) -> str:
    """Return names as a sentence lists them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _closing(comparison: Comparison) -> list[str]:
    return [f"{comparison.verdict}: {comparison.reason}", *(f"note: {note}" for note in comparison.notes)]


def text(comparison: Comparison) -> str:
    """Return an aligned table, then the verdict with its reason."""
    table = _table(comparison)
    lines = [table.head, *table.rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.head))]
    aligned = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    ]
    title = f"gradients of {comparison.function.signature} at {comparison.at!r}"
    rest = [table.rest] if table.rest else []
    return "\n".join([title, "", *aligned, *rest, "", *_closing(comparison)])


def markdown(comparison: Comparison) -> str:
    """Return a pipe table, then the verdict with its reason."""
    table = _table(comparison)
    lines = [_piped(table.head), _piped(["---"] * len(table.head)), *(_piped(row) for row in table.rows)]
    verdict, *notes = _closing(comparison)
    word, _, reason = verdict.partition(": ")
    rest = ["", _escaped(table.rest)] if table.rest else []
    listed = ["", *(f"- {_escaped(note)}" for note in notes)] if notes else []
    return "\n".join([*lines, *rest, "", f"**{word}**: {_escaped(reason)}", *listed])


def _piped(cells: list[str]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(cell: str) -> str:
    """Return *cell* with what Markdown would read as markup escaped."""
    for mark in ("\\", "|", "*", "_", "<", "$", "`", "[", "]"):
        cell = cell.replace(mark, f"\\{mark}")
    return " ".join(cell.split())


def html(comparison: Comparison) -> str:
    """Return a table, then the verdict with its reason; all text is escaped."""
    from html import escape

    table = _table(comparison)

    def row(cells: list[str], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"

    body = "".join(row(cells, "td") for cells in table.rows)
    verdict, *notes = (escape(line) for line in _closing(comparison))
    word, _, reason = verdict.partition(": ")
    rest = f"<p>{escape(table.rest)}</p>" if table.rest else ""
    listed = f"<ul>{''.join(f'<li>{note}</li>' for note in notes)}</ul>" if notes else ""
    return (
        f"<table><thead>{row(table.head, 'th')}</thead><tbody>{body}</tbody></table>{rest}"
        f"<p><strong>{word}</strong>: {reason}</p>{listed}"
    )
