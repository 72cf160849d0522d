"""Submissions as courses hand them over: a folder for each student, exports of platforms, tables of answers."""

from __future__ import annotations

import csv
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gradlab.courses.answer_tables import in_table
from gradlab.courses.archives import unpacked
from gradlab.courses.handed_in import CODE, LARGEST_FILE, TEXT, Answer, Course, Missed, Unmatched, printable
from gradlab.errors import CourseError
from gradlab.files import text_in

_CANVAS = re.compile(r"(?P<student>[^_]+)_(?:LATE_)?(?P<id>\d+)_\d+_(?P<file>.+)", re.DOTALL)
_MOODLE = re.compile(r"(?P<student>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)", re.DOTALL)

LARGEST_METADATA = 32_000_000
"""Bytes of what Gradescope lists: some hundred for each student."""

_BOMS = (b"\xff\xfe", b"\xfe\xff")

File = tuple[str, Path]
"""What a file is called, without what a platform puts before it, and where it is."""


def read(
    path: str | Path, course: Course, missed: Missed, expect: Callable[[int], Any] = lambda _: None
) -> Iterator[Answer]:
    """Yield the answers in a folder, a zip file or a CSV file, one at a time, students in alphabetical order.

    missed: is called with whatever cannot be matched.  expect: is called with how many answers there are, once.
    Raises CourseError where there is nothing to read.
    """
    path = Path(path)
    if not path.exists():
        raise CourseError(f"there are no submissions at {path}; give a folder, a zip file or a CSV file")
    with ExitStack() as stack:
        if path.suffix.lower() == ".zip" and path.is_file():
            target = Path(stack.enter_context(TemporaryDirectory(prefix="gradlab-")))
            unpacked(path, target, missed)
            path = target
        if path.is_dir():
            yield from _in_folder(_innermost(path), course, missed, expect)
        elif path.suffix.lower() in (".csv", ".tsv") and path.is_file():
            yield from in_table(path, course, missed, expect)
        else:
            raise CourseError(f"{path} is no folder, no zip file and no CSV file of answers")


# Folders ---------------------------------------------------------------------------------------------


def _in_folder(path: Path, course: Course, missed: Missed, expect: Callable[[int], Any]) -> Iterator[Answer]:
    students = _students(path, missed)
    expect(len(students) * len(course.names))
    for student in sorted(students):
        yield from _of_student(student, students[student], course, missed)


def _visible(folder: Path) -> list[Path]:
    """Return what is in a folder, in order; what begins with a dot or two underscores belongs to a machine."""
    return sorted(folder / name for name in os.listdir(folder) if not name.startswith((".", "__")))


def _innermost(path: Path) -> Path:
    """Return the folder itself, or the only one in it if that holds the students: most archives are like this."""
    inside = _visible(path)
    if len(inside) != 1 or inside[0].is_symlink() or not inside[0].is_dir():
        return path
    entries = _visible(inside[0])
    loose = [entry.name for entry in entries if not entry.is_dir() and not _platform(entry.name)]
    many = len(loose) < len(entries) and all(not name.lower().endswith((*CODE, *TEXT)) for name in loose)
    return inside[0] if many else path


def _platform(name: str) -> re.Match[str] | None:
    return _MOODLE.fullmatch(name) or _CANVAS.fullmatch(name)


def _students(path: Path, missed: Missed) -> dict[str, list[File]]:
    """Return folders and files by the student that they belong to."""
    metadata = path / "submission_metadata.yml"
    named = _gradescope(metadata) if metadata.is_file() and not metadata.is_symlink() else {}
    students: dict[str, list[File]] = {}
    entries = [entry for entry in _visible(path) if entry != metadata]
    for entry in entries:
        folder, shown = entry.is_dir(), printable(entry.name)
        found = _MOODLE.fullmatch(entry.name) if folder else _platform(entry.name)
        if entry.is_symlink():
            missed(Unmatched(shown, "it is a link, and links are not followed"))
        elif folder or found:
            student = f"{found['student']} ({found['id']})" if found else named.get(entry.name, entry.name)
            files = students.setdefault(printable(student), [])
            files.append((entry.name if found is None else found["file"], entry))
        else:
            missed(Unmatched(shown, "a file that belongs to no student: each has a folder"))
    for folder in sorted(set(named) - {entry.name for entry in entries}):
        missed(Unmatched(f"{folder} of {named[folder]}", "the export lists it and does not have it"))
    return students


def _files(places: Sequence[File], missed: Missed, above: str = "") -> Iterator[File]:
    """Yield all files at some places, folders opened."""
    for name, path in places:
        shown = printable(f"{above}{path.name}")
        try:
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode):
                yield from _files([(entry.name, entry) for entry in _visible(path)], missed, f"{shown}/")
            elif stat.S_ISREG(mode):
                yield name, path
            elif stat.S_ISLNK(mode):
                missed(Unmatched(shown, "it is a link, and links are not followed"))
            else:
                missed(Unmatched(shown, "it is no file that can be read, but a pipe or a device"))
        except OSError as error:
            missed(Unmatched(shown, f"it cannot be read: {error.strerror or error}"))


def _of_student(student: str, places: Sequence[File], course: Course, missed: Missed) -> Iterator[Answer]:
    """Yield an answer of one student's for each exercise; of two for one exercise neither is chosen for them."""
    strange: list[str] = []

    def unmatched(what: Unmatched) -> None:
        strange.append(what.what.removeprefix(f"{student}: ").rpartition("/")[2])
        missed(what)

    given: dict[str, list[tuple[str, Answer]]] = {name: [] for name in course.names}
    for name, path in _files(places, unmatched):
        for file, answer in _answers(student, name, path, course, unmatched):
            given[answer.exercise].append((file, answer))
    for exercise, answers in given.items():
        if len(answers) == 1:
            yield answers[0][1]
        elif answers:
            names = " and ".join(file for file, _ in answers)
            yield Answer(student, exercise, "", f"there are several files for it: {names}")
        elif strange:
            what = ", ".join(strange[:5]) + (f" and {len(strange) - 5} more" if len(strange) > 5 else "")
            yield Answer(student, exercise, "", f"no file is for it that can be recognised; others are there: {what}")
        else:
            yield Answer(student, exercise, "")


def _answers(student: str, name: str, path: Path, course: Course, missed: Missed) -> Iterator[tuple[str, Answer]]:
    """Yield the answers of one file, each with what to call the file."""
    shown = printable(name)
    if name.lower() in ("answers.csv", "answers.toml"):
        for answer in _answers_file(student, path, course, missed):
            yield shown, answer
        return
    exercise = course.matching(name) if name.lower().endswith((*CODE, *TEXT)) else None
    if exercise is None:
        missed(Unmatched(f"{student}: {shown}", f"no exercise has this name; there are {', '.join(course.names)}"))
    else:
        text, problem = _text(path, shown)
        if not problem and name.lower().endswith((".html", ".htm")):
            text = _plain(text)
        yield shown, Answer(student, exercise, text if name.lower().endswith(CODE) else text.strip(), problem)


def _text(path: Path, shown: str) -> tuple[str, str]:
    """Return what is in a file, and why it cannot be read, one of the two empty."""
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            return "", f"{shown} has {size:,} bytes; {LARGEST_FILE:,} are read at most"
        content = path.read_bytes()
    except OSError as error:
        return "", f"{shown} cannot be read: {error.strerror or error}"
    wide = content.startswith(_BOMS)
    if b"\0" in content and not wide:
        return "", f"{shown} is no text"
    try:
        return content.decode("utf-16" if wide else "utf-8-sig"), ""
    except UnicodeDecodeError as error:
        return "", f"{shown} is not in {'UTF-16' if wide else 'UTF-8'}: byte {error.start} cannot be read"


class _Words(HTMLParser):
    """Collects the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _plain(page: str) -> str:
    r"""Return the text of a page, as platforms keep what is typed into a field.

    >>> _plain("<p>2x &lt; 3</p>")
    '2x < 3'
    """
    words = _Words()
    words.feed(page)
    words.close()
    return "".join(words.words)


def _answers_file(student: str, path: Path, course: Course, missed: Missed) -> Iterator[Answer]:
    """Yield the answers of one file that names exercises, each as often as it is there."""
    import tomllib

    text, problem = _text(path, path.name)
    given: list[tuple[str, str]] = []
    if not problem:
        try:
            if path.suffix.lower() == ".toml":
                given = [(name, str(value)) for name, value in tomllib.loads(text).items()]
            else:
                given = [
                    (row[0].strip(), ",".join(row[1:]).rstrip(",")) for row in csv.reader(text.splitlines()) if row
                ]
        except (tomllib.TOMLDecodeError, RecursionError, csv.Error) as error:
            problem = f"it cannot be read: {error}"
    if problem:
        missed(Unmatched(f"{student}: {path.name}", problem))
    for place, (name, answer) in enumerate(given):
        if name in course.names:
            yield Answer(student, name, answer.strip())
        elif place or name.lower() not in ("exercise", "name"):  # the head of a table
            missed(Unmatched(f"{student}: {name[:40]}", f"no exercise; there are {', '.join(course.names)}"))


def _gradescope(metadata: Path) -> dict[str, str]:
    """Return the students of a Gradescope export by folder, two of one name with their addresses."""
    import yaml

    try:
        listed: Mapping[str, Any] = yaml.safe_load(text_in(metadata, CourseError, LARGEST_METADATA)) or {}
        found = {str(folder): list(about[":submitters"]) for folder, about in listed.items()}
        names = {folder: " and ".join(map(_name, people)) for folder, people in found.items()}
        often = Counter(names.values())
        for folder, people in found.items():
            if often[names[folder]] > 1:
                addresses = ", ".join(str(each.get(":email") or folder) for each in people)
                names[folder] = f"{names[folder]} ({addresses})"
        return names
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise CourseError(f"{metadata} is not as Gradescope exports it: {error}") from error


def _name(submitter: Mapping[str, Any]) -> str:
    name = submitter.get(":name") or submitter.get(":email")
    if isinstance(name, (list, dict)):  # by aliases such a thing can be of any size when it is written out
        raise TypeError("a name is no text")
    return str(name)
