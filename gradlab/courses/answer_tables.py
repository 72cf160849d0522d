"""Tables of answers: a row for each student, or for each answer.

A table is read twice, as a stream each time: first for whether it can be read at all, how many answers it has, and who
is in it more than once; then for the answers.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from gradlab.courses.handed_in import LARGEST_FILE, Answer, Course, Missed, Unmatched
from gradlab.errors import CourseError

STUDENTS = ("student", "student id", "sid", "id", "email", "email address", "username", "name")
"""What a column of students is called; where there are several, the first of these: two may share a name."""

LARGEST_FIELD = 64 << 20
"""Characters of one field; more is a quotation mark that is nowhere closed."""

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class _Table:
    """The head of a table.  columns: place and exercise of each column of answers, none in a long table."""

    path: Path
    head: list[str]
    who: int
    columns: dict[int, str]
    what: int = -1
    answer: int = -1

    def key(self, row: Sequence[str]) -> str:
        """Return what a row is about: a student, in a long table with the exercise."""
        return "\0".join(_cell(row, place) for place in ((self.who,) if self.columns else (self.who, self.what)))


@dataclass
class _Repeated:
    """What is in a table more than once.  lines: the first and the last of each; differing: those not the same."""

    lines: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    differing: set[str] = field(default_factory=set[str])
    seen: set[str] = field(default_factory=set[str])


def in_table(path: Path, course: Course, missed: Missed, expect: Callable[[int], Any]) -> Iterator[Answer]:
    """Yield the answers of a table; expect is called with how many there are before the first.

    Raises CourseError where it cannot be read, before anything is yielded.
    """
    table = _table(path, course, missed)
    repeated, rows = _looked_through(table)
    expect(rows * max(1, len(table.columns)))
    read = _wide if table.columns else _long
    for number, row in _rows(path):
        key = table.key(row) if _cell(row, table.who) else ""
        if key in repeated.seen:
            continue
        if key in repeated.lines:
            repeated.seen.add(key)
        problem = ""
        if key in repeated.differing:
            first, last = repeated.lines[key]
            problem = f"there are several answers for it: the first in line {first}, the last in line {last}"
        yield from read(table, number, row, problem, course, missed)


def _rows(path: Path) -> Iterator[Row]:
    """Yield the rows below the head that hold anything, with the line that each ends in."""
    with _opened(path) as rows:
        next(rows, None)
        for row in rows:
            if any(row):
                yield rows.line_num, row


@contextmanager
def _opened(path: Path) -> Generator[Any]:
    before = csv.field_size_limit(LARGEST_FIELD)
    rows: Any = None
    try:
        with path.open(encoding=_encoding(path), newline="") as file:
            rows = csv.reader(file, delimiter=_separator(path))
            yield rows
    except (csv.Error, UnicodeError) as error:
        line = 0 if rows is None else rows.line_num
        raise CourseError(f"{path} cannot be read as a table, near line {line + 1}: {error}") from error
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror or error}") from error
    finally:
        csv.field_size_limit(before)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def _separator(path: Path) -> str:
    """Return what separates columns: where numbers have a decimal comma, spreadsheets write semicolons."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    with path.open(encoding=_encoding(path), newline="") as file:
        head = file.readline(1 << 20)
    return max((",", ";", "\t"), key=head.count)


def _table(path: Path, course: Course, missed: Missed) -> _Table:
    with _opened(path) as rows:
        head = [title.strip() for title in next(rows, [])]
    lower = [title.lower() for title in head]
    who = next((lower.index(title) for title in STUDENTS if title in lower), None)
    if who is None:
        raise CourseError(
            f"{path} has no column for students; its head is {', '.join(head) or 'empty'}, "
            f"and one of {', '.join(STUDENTS)} is looked for"
        )
    if "exercise" in lower and "answer" in lower:
        return _Table(path, head, who, {}, lower.index("exercise"), lower.index("answer"))
    columns = {place: title for place, title in enumerate(head) if title in course.names and place != who}
    for place, title in enumerate(head):
        if title and place not in columns and title.lower() not in STUDENTS:
            missed(Unmatched(f"column {title}", f"no exercise; there are {', '.join(course.names)}"))
        elif title in head[:place] and place in columns:
            raise CourseError(f"{path} has two columns called {title}; leave the one that counts")
    if not columns:
        raise CourseError(f"{path}: no column is called like an exercise: {', '.join(course.names)}")
    return _Table(path, head, who, columns)


def _looked_through(table: _Table) -> tuple[_Repeated, int]:
    """Return who is in a table more than once, and how many rows it has; what is seen is kept on disk."""
    repeated, count = _Repeated(), 0
    with closing(sqlite3.connect("", isolation_level=None)) as seen:
        seen.execute("create table rows (key primary key, content, line) without rowid")
        seen.execute("begin")
        for number, row in _rows(table.path):
            count += 1
            if not _cell(row, table.who):
                continue
            key = table.key(row)
            content = sha256("\0".join(cell.strip() for cell in row).encode("utf-8", "replace")).digest()
            if seen.execute("insert or ignore into rows values (?, ?, ?)", (key, content, number)).rowcount:
                continue
            first, line = seen.execute("select content, line from rows where key = ?", (key,)).fetchone()
            repeated.lines[key] = (line, number)
            if first != content:
                repeated.differing.add(key)
    return repeated, count


def _long(
    table: _Table, number: int, row: Sequence[str], problem: str, course: Course, missed: Missed
) -> Iterator[Answer]:
    student, exercise = _cell(row, table.who), _cell(row, table.what)
    if len(row) <= max(table.who, table.what, table.answer):
        missed(Unmatched(f"line {number}", "it has fewer columns than the head"))
    elif not student:
        missed(Unmatched(f"line {number}", "it names no student"))
    elif exercise not in course.names:
        missed(Unmatched(f"line {number}: {exercise[:40]}", f"no exercise; there are {', '.join(course.names)}"))
    else:
        yield _answer(table, student, exercise, number, row, table.answer, problem)


def _wide(
    table: _Table, number: int, row: Sequence[str], problem: str, _course: Course, missed: Missed
) -> Iterator[Answer]:
    student = _cell(row, table.who)
    if not student:
        missed(Unmatched(f"line {number}", "it names no student"))
        return
    for place, title in table.columns.items():
        yield _answer(table, student, title, number, row, place, problem)


def _answer(
    table: _Table, student: str, exercise: str, number: int, row: Sequence[str], place: int, problem: str
) -> Answer:
    """Return an answer; one whose row does not fit the head is no answer, since its columns may have moved."""
    text = _cell(row, place)
    if len(row) > len(table.head) and any(row[len(table.head) :]):
        problem = problem or (
            f"line {number} has {len(row)} columns and the head {len(table.head)}: "
            "an answer with a comma stands in quotation marks"
        )
    elif len(text) > LARGEST_FILE:
        problem = problem or f"it has {len(text):,} characters; {LARGEST_FILE:,} are read at most"
    return Answer(student, exercise, "" if problem else text, problem)


def _cell(row: Sequence[str], place: int) -> str:
    return row[place].strip() if len(row) > place else ""
