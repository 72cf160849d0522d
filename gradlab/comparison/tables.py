"""The table of a comparison, as plain text, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from gradlab.comparison.verdicts import RANKED, Verdict
from gradlab.graph.cells import Grid, escaped

if TYPE_CHECKING:
    from gradlab.comparison.record import Comparison, ComponentVerdict

ROWS = 20
"""Components shown; the rest is counted."""


def _grid(comparison: Comparison) -> Grid:
    routes = list(comparison.gradients)
    head = ["component", *(_head(comparison, route) for route in routes), "verdict"]
    order = comparison.judgement.order
    places = [int(place) for place in order[:ROWS]]
    if comparison.verdict is Verdict.AGREE:  # nothing to look for: their own order reads better
        places.sort()
    shown = [comparison.component(place) for place in places]
    rows = [[entry.name, *(_cell(entry, route) for route in routes), str(entry.verdict)] for entry in shown]
    return Grid(head, rows)


def _head(comparison: Comparison, route: str) -> str:
    """Return the name of a route, with what it computes in where that is not float64."""
    dtype = comparison.dtypes[route]
    said = route if dtype == "float64" else f"{route}, {dtype}"
    return f"{said} ± error" if route == "numeric" else said


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
    verbs = {
        "agree": "agree",
        "kink": "are at a kink",
        "unstable": "are lost to rounding",
        "undecided": "are undecided",
        "differ": "differ",
    }
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


def _rating(comparison: Comparison) -> list[str]:
    """Return how close torch is where it is right, in ulps; nothing where every component is the exact one rounded."""
    import numpy as np

    ulps = comparison.ulps.get("autodiff")
    if comparison.verdict is not Verdict.AGREE or ulps is None or not np.nan_to_num(ulps).any():
        return []
    worst, dtype = float(np.nanmax(ulps)), comparison.dtypes["autodiff"]
    return [f"autodiff: within {worst:.2g} ulp of {dtype} of the exact gradient"]


def _closing(comparison: Comparison) -> list[str]:
    cause = [f"cause: {comparison.cause}"] if comparison.cause else []
    return [
        f"{comparison.verdict}: {comparison.reason}",
        *cause,
        *_rating(comparison),
        *(f"note: {note}" for note in comparison.notes),
    ]


def text(comparison: Comparison) -> str:
    """Return an aligned table, then the verdict with its reason."""
    title = f"gradients of {comparison.function.signature} at {comparison.at!r}"
    hidden = _rest(comparison)
    rest = [hidden] if hidden else []
    return "\n".join([title, "", *_grid(comparison).lines(), *rest, "", *_closing(comparison)])


def markdown(comparison: Comparison, words: Mapping[str, str] | None = None) -> str:
    """Return a pipe table, then the verdict with its reason; its fixed words as *words* has them, by the English."""
    said = words or {}
    verdict, *notes = _closing(comparison)
    word, _, reason = verdict.partition(": ")
    hidden = _rest(comparison)
    rest = ["", escaped(hidden)] if hidden else []
    listed = ["", *(f"- {escaped(note)}" for note in notes)] if notes else []
    grid = _grid(comparison).renamed(said, last=True).markdown()
    return "\n".join([grid, *rest, "", f"**{said.get(word, word)}**: {escaped(reason)}", *listed])


def html(comparison: Comparison) -> str:
    """Return a table, then the verdict with its reason; all text is escaped."""
    from html import escape

    verdict, *notes = (escape(line) for line in _closing(comparison))
    word, _, reason = verdict.partition(": ")
    hidden = _rest(comparison)
    rest = f"<p>{escape(hidden)}</p>" if hidden else ""
    listed = f"<ul>{''.join(f'<li>{note}</li>' for note in notes)}</ul>" if notes else ""
    return f"{_grid(comparison).html()}{rest}<p><strong>{word}</strong>: {reason}</p>{listed}"
