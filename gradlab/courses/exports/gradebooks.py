"""Gradebooks: points filled into the tables that Canvas and Moodle export, so that their own ids match."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradlab.courses.exports.tables import by_student, number, safe, said, total, write_rows
from gradlab.courses.results import Result, Results
from gradlab.errors import CourseError

_WITH_ID = re.compile(r"(?P<name>.+) \((?P<id>[^()]*)\)")


@dataclass(frozen=True)
class Filled:
    """A gradebook that was filled in.

    path: the file.  matched: how many students have points in it.
    absent: students with results who are not in the gradebook.  without: who is in it and has no results.
    ambiguous: those whose name fits several rows; they get no points.
    """

    path: Path
    matched: int
    absent: tuple[str, ...]
    without: tuple[str, ...]
    ambiguous: tuple[str, ...] = ()


def canvas(results: Results, gradebook: Path, target: Path, assignment: str) -> Filled:
    """Fill the column of an assignment in a gradebook that Canvas exported.

    assignment: the title of the column, "Homework 1 (1234)", or what stands before its id.
    Students are matched by ID, SIS User ID, SIS Login ID or name. The other assignments are left out of what is
    written, so that an import changes this one only.
    Raises CourseError where the file is no such gradebook, or has no or several such columns.
    """
    rows = _read(gradebook, ("Student", "ID"))
    head = rows[0]
    column = _column(head, assignment, gradebook)
    identity = [place for place, name in enumerate(head) if name.strip() in _CANVAS]
    kept = [*identity, column]
    matcher = _Matcher(results)
    body: list[list[str]] = []
    for row in rows[1:]:
        if _is_points(row):
            points = number(sum(each.points for each in results.exercises()))
            body.append([*(row[place] for place in identity), row[column] or points])
            continue
        keys = [row[place] for place in identity if head[place].strip() in _CANVAS_KEYS]
        found = matcher.find(keys, row[head.index("Student")])
        body.append([*(row[place] for place in identity), number(total(found)) if found else row[column]])
    write_rows(target, [[head[place] for place in kept], *body])
    return matcher.filled(target)


_CANVAS_KEYS = ("ID", "SIS User ID", "SIS Login ID", "Integration ID")
_CANVAS = ("Student", *_CANVAS_KEYS, "Root Account", "Section")


def _is_points(row: Sequence[str]) -> bool:
    """Whether it is the row of points that Canvas puts below the head, or the one of what posts by hand."""
    return row[0].strip().lower() in ("points possible", "")


def _column(head: Sequence[str], assignment: str, path: Path) -> int:
    found = [place for place, title in enumerate(head) if assignment in (title.strip(), _title(title))]
    if len(found) != 1:
        there = ", ".join(title for title in head if _WITH_ID.fullmatch(title.strip()))
        what = "several columns are" if found else "no column is"
        raise CourseError(f"{path}: {what} called {assignment!r}; its assignments are {there or 'none'}")
    return found[0]


def _title(column: str) -> str:
    named = _WITH_ID.fullmatch(column.strip())
    return named["name"] if named else column.strip()


def moodle(results: Results, worksheet: Path, target: Path) -> Filled:
    """Fill in a grading worksheet that Moodle exported: Grade, and Feedback comments where the column is there.

    Grades are scaled to the worksheet's Maximum Grade. Students are matched by the number in Identifier, by the
    other ids and the e-mail address, or by name.
    Raises CourseError where the file is no grading worksheet.
    """
    rows = _read(worksheet, ("Identifier", "Full name", "Grade"))
    head = [title.strip() for title in rows[0]]
    places = {title: place for place, title in enumerate(head)}
    out_of = sum(each.points for each in results.exercises())
    matcher = _Matcher(results)
    for row in rows[1:]:
        identifier = row[places["Identifier"]]
        keys = [re.sub(r"^\D+", "", identifier), identifier]
        keys += [row[places[name]] for name in ("ID number", "Username", "Email address") if name in places]
        found = matcher.find(keys, row[places["Full name"]])
        if found:
            most = _most(row, places, out_of)
            row[places["Grade"]] = number(total(found) * most / out_of if out_of else 0)
            if "Feedback comments" in places:
                row[places["Feedback comments"]] = safe(_comments(found))
    write_rows(target, [rows[0], *rows[1:]])
    return matcher.filled(target)


def _most(row: Sequence[str], places: Mapping[str, int], otherwise: float) -> float:
    written = next((row[places[name]] for name in ("Maximum Grade", "Maximum grade") if name in places), "")
    try:
        return float(written.replace(",", ".")) if written.strip() else otherwise
    except ValueError as error:
        raise CourseError(f"the worksheet's maximum grade is {written!r}, which is no number of points") from error


def _comments(results: Sequence[Result]) -> str:
    """Return what Moodle shows as HTML: every character of an answer's feedback stands for itself."""
    import html

    parts = [f"{each.exercise}: {number(each.score)} of {number(each.out_of)}. {said(each)}" for each in results]
    return "<br>".join(html.escape(part).replace("\n", "<br>") for part in parts)


# Who is who ------------------------------------------------------------------------------------------


class _Matcher:
    """Finds the results that belong to a row of a gradebook, and keeps who was not found."""

    def __init__(self, results: Results) -> None:
        self._results = by_student(results)
        self._keys: dict[str, set[str]] = {}
        self._names: dict[str, set[str]] = {}
        for student in self._results:
            named = _WITH_ID.fullmatch(student)
            for key in (student, *([named["id"]] if named else [])):
                self._keys.setdefault(_plain(key), set()).add(student)
            for name in _names(named["name"] if named else student):
                self._names.setdefault(name, set()).add(student)
        self._taken: dict[str, str] = {}
        self._without: list[str] = []
        self._ambiguous: set[str] = set()

    def find(self, keys: Sequence[str], name: str) -> list[Result]:
        """Return the results of the one student that a row means, by an id first; [] for none or several."""
        tries: list[Callable[[], set[str]]] = [lambda: self._by_id(keys), lambda: self._by_name(name)]
        students = next((found for look in tries if (found := look())), set())
        if len(students) != 1:
            self._without.append(name)
            self._ambiguous |= students
            return []
        (student,) = students
        if student in self._taken:  # two rows for one person's results: neither can be believed by name alone
            self._ambiguous.add(student)
            self._without.append(name)
            return []
        self._taken[student] = name
        return list(self._results[student].values())

    def _by_id(self, keys: Sequence[str]) -> set[str]:
        return {student for key in keys if key.strip() for student in self._keys.get(_plain(key), ())}

    def _by_name(self, name: str) -> set[str]:
        return {student for each in _names(name) for student in self._names.get(each, ())}

    def filled(self, path: Path) -> Filled:
        absent = tuple(student for student in self._results if student not in self._taken)
        return Filled(path, len(self._taken), absent, tuple(self._without), tuple(sorted(self._ambiguous)))


def _plain(text: str) -> str:
    import unicodedata

    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _names(name: str) -> set[str]:
    """Return the ways in which a name is written: "Lovelace, Ada", "Ada Lovelace" and, by Canvas, "lovelaceada".

    >>> sorted(_names("Lovelace, Ada"))
    ['ada lovelace', 'lovelace, ada', 'lovelaceada']
    """
    plain = _plain(name)
    last, comma, first = plain.partition(", ")
    if not comma:
        return {plain}
    return {plain, f"{first} {last}", f"{last}{first}".replace(" ", "")}


def _read(path: Path, needed: Sequence[str]) -> list[list[str]]:
    """Return the rows of a CSV file, all as long as its head."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"{path} cannot be read as a CSV file in UTF-8: {error}") from error
    head = [title.strip() for title in rows[0]] if rows else []
    missing = [name for name in needed if name not in head]
    if missing:
        raise CourseError(f"{path} has no column {', '.join(missing)}; it has {', '.join(head) or 'nothing'}")
    return [[*row, *[""] * (len(head) - len(row))] for row in rows]
