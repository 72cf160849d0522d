"""A page of feedback for each student: one HTML file with no script, and nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path

from gradlab.courses.exports.names import file_name
from gradlab.courses.exports.tables import by_student, number, said, total, write_rows, write_text
from gradlab.courses.results import Listed, Result, Results

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}
main h1 {{ display: flex; justify-content: space-between; gap: 1rem; }}
main h1 .points {{ color: var(--soft); font-weight: normal; white-space: nowrap; }}
.verdict {{ font-family: system-ui, sans-serif; font-weight: 600; }}
pre {{ white-space: pre-wrap; }}
</style>
</head>
<body>
<header><h1>{student}</h1><p class="author">{points} of {out_of} points</p></header>
<main>
{body}
</main>
</body>
</html>
"""

_VERDICTS = {
    "correct": "✓ correct",
    "wrong": "✗ not right yet",
    "undecided": "? not decided: a person will look at it",
}

LONGEST_SHOWN = 20_000
"""Characters of an answer, or of what it printed, that a page shows."""


def pages(results: Results, folder: Path) -> list[Path]:
    """Write a page for each student, and index.csv, which says whose page is which.

    A page's name does not give another one away to somebody who knows only the list of names and not who is asked
    for; still, hand each student theirs alone.
    """
    exercises = results.exercises()
    made: list[Path] = []
    listed = [["student", "file"]]
    for student, own in by_student(results).items():
        name = f"{file_name(student)}.html"
        made.append(write_text(folder / name, page(student, exercises, own)))
        listed.append([student, name])
    return [*made, write_rows(folder / "index.csv", listed)]


def page(student: str, exercises: Sequence[Listed], own: Mapping[str, Result]) -> str:
    """Return the page of one student; whatever the student wrote stands there as text."""
    return _PAGE.format(
        title=escape(f"Feedback for {student}"),
        student=escape(student),
        style=_style(),
        points=number(total(own.values())),
        out_of=number(sum(each.points for each in exercises)),
        body="\n".join(_section(exercise, own.get(exercise.name)) for exercise in exercises),
    )


@cache
def _style() -> str:
    """Return the style of gradlab's documents."""
    from gradlab.reports.pandoc import ASSETS

    return (ASSETS / "report.css").read_text("utf-8")


def _section(exercise: Listed, result: Result | None) -> str:
    points = "0" if result is None else number(result.score)
    head = f'<h1>{escape(exercise.name)} <span class="points">{points} of {number(exercise.points)}</span></h1>'
    parts = [head, f"<p>{escape(exercise.prompt)}</p>"]
    if result is None:
        return "\n".join([*parts, "<p>There is no answer to this exercise.</p>"])
    parts += ["<h2>Your answer</h2>", _text(result.answer)]
    parts.append(f'<p class="verdict">{escape(_VERDICTS.get(result.verdict, result.verdict))}</p>')
    parts += [f"<p>{escape(line)}</p>" for line in said(result).splitlines() if line.strip()]
    if result.printed.strip():
        parts += ["<h2>What it printed</h2>", _text(result.printed)]
    if result.trusted:
        parts.append("<p>Not verified: it was run without isolation.</p>")
    return "\n".join(parts)


def _text(text: str) -> str:
    shown = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}\n… ({len(text):,} characters in all)"
    # Control characters are no HTML at all; marks of direction could make text read as something else.
    safe = "".join(c if c in "\n\t" or (c.isprintable() or c == " ") else "\N{REPLACEMENT CHARACTER}" for c in shown)
    return f"<pre>{escape(safe) or ' '}</pre>"
