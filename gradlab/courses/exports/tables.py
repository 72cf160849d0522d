"""Results as plain tables: CSV that a spreadsheet opens without running anything, and JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from gradlab.courses.results import Result, Results
from gradlab.errors import CourseError

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe(text: str) -> str:
    """Return *text* such that no spreadsheet takes it for a formula: with an apostrophe before what begins like one.

    Only for words. Numbers are written as numbers, and names and ids as they are, because they are looked up.
    Source: OWASP, "CSV Injection".

    >>> safe("=HYPERLINK(1)"), safe("2x")
    ("'=HYPERLINK(1)", '2x')
    """
    return f"'{text}" if text.lstrip(" ").startswith(_BEGINS_A_FORMULA) else text


def number(value: float) -> str:
    """Return points as a table holds them.

    >>> number(2.0), number(1 / 3)
    ('2', '0.333333')
    """
    return f"{round(value, 6):.6f}".rstrip("0").rstrip(".") or "0"


def write_rows(path: Path, rows: Iterable[Sequence[str]]) -> Path:
    """Write a CSV file that spreadsheets read as UTF-8."""
    return written(path, lambda: _write(path, rows))


def written(path: Path, write: Any) -> Path:
    """Return *path* after calling *write*; raises CourseError where the file cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write()
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror or error}") from error
    return path


def write_text(path: Path, text: str) -> Path:
    """Write a file of text."""
    return written(path, lambda: path.write_text(text, encoding="utf-8"))


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)


# What is in them -------------------------------------------------------------------------------------


def said(result: Result) -> str:
    """Return what a student is told of one answer, as plain text."""
    if result.problem:
        return f"This answer could not be graded: {result.problem}"
    lines = [result.feedback] if result.feedback else []
    lines += [f"line {line}: {says}" if line else says for _, line, says in result.mistakes if says not in lines]
    return "\n".join(dict.fromkeys(lines))


def by_student(results: Results) -> dict[str, dict[str, Result]]:
    """Return every student's results by exercise."""
    found: dict[str, dict[str, Result]] = {}
    for row in results.rows():
        found.setdefault(row.student, {})[row.exercise] = row
    return found


def total(rows: Iterable[Result]) -> float:
    """Return the sum of the points."""
    return sum(row.score for row in rows)


_WORDS = ("answer", "certificate", "misconception", "feedback", "printed", "problem")
_COLUMNS = tuple(field.name for field in fields(Result))


def csv_of(results: Results, folder: Path) -> list[Path]:
    """Write results.csv, a row for each answer, and totals.csv, a row for each student."""
    names = [each.name for each in results.exercises()]
    rows = map(_row, results.rows())
    long = write_rows(folder / "results.csv", [_COLUMNS, *rows])
    totals = [["student", *map(safe, names), "total"]]
    for student, own in by_student(results).items():
        points = [number(own[name].score) if name in own else "" for name in names]
        totals.append([safe(student), *points, number(total(own.values()))])
    return [long, write_rows(folder / "totals.csv", totals)]


def _row(result: Result) -> list[str]:
    values: Mapping[str, Any] = asdict(result)
    return [_cell(values[name]) for name in _COLUMNS]


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return number(value)
    return safe(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def json_of(results: Results, folder: Path) -> list[Path]:
    """Write results.json: the exercises, and a row for each answer."""
    content = {
        "exercises": [asdict(each) for each in results.exercises()],
        "results": [asdict(row) for row in results.rows()],
    }
    return [write_text(folder / "results.json", json.dumps(content, ensure_ascii=False, indent=1))]
