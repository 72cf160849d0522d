"""Submissions as courses hand them over: a folder for each student, exports of platforms, tables of answers."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import BadZipFile, ZipFile

from gradlab.errors import CourseError

LARGEST_FILE = 4 << 20
"""Bytes of a submission that are read; more is no program and no answer."""

LARGEST_ARCHIVE = 4 << 30
MOST_FILES = 1_000_000

CODE = (".py", ".ipynb")
TEXT = (".txt", ".tex", ".md")

_CANVAS = re.compile(r"(?P<student>[^_]+)_(?:LATE_)?(?P<id>\d+)_\d+_(?P<file>.+)")
_MOODLE = re.compile(r"(?P<student>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?")
_AGAIN = re.compile(r"-\d+(?=\.\w+$)")


@dataclass(frozen=True)
class Answer:
    """What one student handed in for one exercise.  problem: why it cannot be graded, empty if it can."""

    student: str
    exercise: str
    text: str
    problem: str = ""


@dataclass(frozen=True)
class Unmatched:
    """Something that belongs to no exercise, or to nobody."""

    what: str
    why: str


@dataclass(frozen=True)
class Course:
    """The exercises that submissions are matched with: by name, and whether each asks for code."""

    names: tuple[str, ...]
    code: frozenset[str]

    def matching(self, file: str) -> str | None:
        """Return the exercise that a file of this name answers: of the same name, of its number, or the only one.

        >>> Course(("gradient", "step"), frozenset()).matching("exercise-2.txt")
        'step'
        """
        stem = Path(file).stem.lower()
        for name in self.names:
            if stem == name.lower():
                return name
        number = re.search(r"(\d+)$", stem)
        if number and 1 <= int(number[1]) <= len(self.names) and not any(name.lower() in stem for name in self.names):
            return self.names[int(number[1]) - 1]
        for name in sorted(self.names, key=len, reverse=True):
            if name.lower() in stem:
                return name
        suited = [name for name in self.names if (name in self.code) == file.endswith(CODE)]
        return suited[0] if len(suited) == 1 else None


def read(path: str | Path, course: Course, missed: Callable[[Unmatched], Any]) -> Iterator[Answer]:
    """Yield the answers in a folder, a zip file or a CSV file, one at a time, students in alphabetical order.

    missed: is called with whatever cannot be matched, so that nothing is lost silently.
    Raises CourseError where there is nothing to read.
    """
    path = Path(path)
    if not path.exists():
        raise CourseError(f"there are no submissions at {path}; give a folder, a zip file or a CSV file")
    with ExitStack() as stack:
        if path.suffix.lower() == ".zip":
            path = _unpacked(path, Path(stack.enter_context(TemporaryDirectory(prefix="gradlab-"))))
        if path.is_dir():
            yield from _in_folder(path, course, missed)
        elif path.suffix.lower() in (".csv", ".tsv"):
            yield from _in_table(path, course, missed)
        else:
            raise CourseError(f"{path} is no folder, no zip file and no CSV file of answers")


# Folders ---------------------------------------------------------------------------------------------


def _in_folder(path: Path, course: Course, missed: Callable[[Unmatched], Any]) -> Iterator[Answer]:
    entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith((".", "__")))
    metadata = path / "submission_metadata.yml"
    named = _gradescope(metadata) if metadata.is_file() else {}
    flat: dict[str, list[tuple[str, Path]]] = {}
    for entry in entries:
        if entry == metadata:
            continue
        if entry.is_symlink():
            missed(Unmatched(entry.name, "it is a link, and links are not followed"))
        elif entry.is_dir():
            student = named.get(entry.name) or _student(entry.name)
            yield from _of_student(student, list(_files(entry, missed)), course, missed)
        else:
            found = _CANVAS.fullmatch(entry.name)
            if found is None:
                missed(Unmatched(entry.name, "a file that belongs to no student: each has a folder"))
                continue
            # Canvas puts the number of a file that was handed in again at its end.
            flat.setdefault(f"{found['student']} ({found['id']})", []).append((_AGAIN.sub("", found["file"]), entry))
    for student, files in sorted(flat.items()):
        yield from _of_student(student, files, course, missed)


def _student(folder: str) -> str:
    moodle = _MOODLE.fullmatch(folder)
    return f"{moodle['student']} ({moodle['id']})" if moodle else folder


def _files(folder: Path, missed: Callable[[Unmatched], Any]) -> Iterator[tuple[str, Path]]:
    for entry in sorted(folder.rglob("*")):
        relative = entry.relative_to(folder)
        if any(part.startswith((".", "__")) for part in relative.parts):
            continue
        if entry.is_symlink():
            missed(Unmatched(f"{folder.name}/{relative}", "it is a link, and links are not followed"))
        elif entry.is_file():
            yield entry.name, entry


def _of_student(
    student: str, files: Sequence[tuple[str, Path]], course: Course, missed: Callable[[Unmatched], Any]
) -> Iterator[Answer]:
    """Yield the answers of one student's files; of two for one exercise neither is chosen for them."""
    by_exercise: dict[str, list[Path]] = {}
    for name, path in files:
        if name.lower() in ("answers.csv", "answers.toml"):
            yield from _answers_file(student, path, course, missed)
            continue
        exercise = course.matching(name) if path.suffix.lower() in (*CODE, *TEXT) else None
        if exercise is None:
            missed(Unmatched(f"{student}: {name}", f"no exercise has this name; there are {', '.join(course.names)}"))
            continue
        by_exercise.setdefault(exercise, []).append(path)
    for exercise, paths in by_exercise.items():
        if len(paths) > 1:
            names = " and ".join(path.name for path in paths)
            yield Answer(student, exercise, "", f"there are several files for it: {names}")
        else:
            yield _read_file(student, exercise, paths[0])


def _read_file(student: str, exercise: str, path: Path) -> Answer:
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            return Answer(student, exercise, "", f"{path.name} has {size:,} bytes; {LARGEST_FILE:,} are read at most")
        content = path.read_bytes()
    except OSError as error:
        return Answer(student, exercise, "", f"{path.name} cannot be read: {error.strerror or error}")
    if b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Answer(student, exercise, "", f"{path.name} is no text")
    try:
        encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        return Answer(student, exercise, "", f"{path.name} is not in UTF-8: byte {error.start} cannot be read")
    return Answer(student, exercise, text if path.suffix.lower() in CODE else text.strip())


def _answers_file(student: str, path: Path, course: Course, missed: Callable[[Unmatched], Any]) -> Iterator[Answer]:
    import tomllib

    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".toml":
            given: Mapping[str, Any] = tomllib.loads(text)
        else:
            given = {row[0]: row[1] for row in csv.reader(text.splitlines()) if len(row) > 1}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, csv.Error) as error:
        missed(Unmatched(f"{student}: {path.name}", f"it cannot be read: {error}"))
        return
    for name, answer in given.items():
        if name in course.names:
            yield Answer(student, name, str(answer).strip())
        elif name.lower() not in ("exercise", "name"):  # the head of a table
            missed(Unmatched(f"{student}: {name}", f"no exercise has this name; there are {', '.join(course.names)}"))


def _gradescope(metadata: Path) -> dict[str, str]:
    """Return the students of a Gradescope export by folder, as its YAML lists them."""
    import yaml

    try:
        listed = yaml.safe_load(metadata.read_text(encoding="utf-8"))
        return {
            str(folder): " and ".join(str(each.get(":name") or each.get(":email")) for each in about[":submitters"])
            for folder, about in listed.items()
        }
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise CourseError(f"{metadata} is not as Gradescope exports it: {error}") from error


def _unpacked(archive: Path, target: Path) -> Path:
    """Unpack a zip file; names that lead out of it, links, and more than fits are refused."""
    try:
        with ZipFile(archive) as file:
            entries = file.infolist()
            size = sum(entry.file_size for entry in entries)
            if size > LARGEST_ARCHIVE or len(entries) > MOST_FILES:
                raise CourseError(f"{archive} unpacks to {size:,} bytes in {len(entries):,} files, which is too much")
            for entry in entries:
                place = (target / entry.filename).resolve()
                if not place.is_relative_to(target.resolve()):
                    raise CourseError(f"{archive} holds {entry.filename!r}, which leads out of it")
            file.extractall(target)
    except (BadZipFile, OSError, RuntimeError) as error:
        raise CourseError(f"{archive} cannot be unpacked: {error}") from error
    inside = [entry for entry in target.iterdir() if not entry.name.startswith((".", "__"))]
    # Most archives hold one folder with everything in it.
    return inside[0] if len(inside) == 1 and inside[0].is_dir() and not _looks_like_student(inside[0]) else target


def _looks_like_student(folder: Path) -> bool:
    return not any(entry.is_dir() for entry in folder.iterdir()) and not any(
        _CANVAS.fullmatch(entry.name) for entry in folder.iterdir()
    )


# Tables ----------------------------------------------------------------------------------------------

_STUDENTS = ("student", "name", "id", "email", "sid", "username", "email address", "student id")


def _in_table(path: Path, course: Course, missed: Callable[[Unmatched], Any]) -> Iterator[Answer]:
    """Yield the answers of a table: a row for each student, or for each answer."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            rows = csv.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
            head = [title.strip() for title in next(rows, [])]
            lower = [title.lower() for title in head]
            who = next((lower.index(title) for title in _STUDENTS if title in lower), None)
            if who is None:
                raise CourseError(
                    f"{path} has no column for students; its head is {', '.join(head) or 'empty'}, "
                    f"and one of {', '.join(_STUDENTS)} is looked for"
                )
            if "exercise" in lower and "answer" in lower:
                yield from _long(rows, who, lower.index("exercise"), lower.index("answer"), course, missed)
            else:
                yield from _wide(rows, who, head, course, missed)
        except (csv.Error, UnicodeDecodeError) as error:
            raise CourseError(f"{path} cannot be read as a table: {error}") from error


def _long(
    rows: Iterator[list[str]], who: int, what: int, answer: int, course: Course, missed: Callable[[Unmatched], Any]
) -> Iterator[Answer]:
    for number, row in enumerate(rows, 2):
        if len(row) <= max(who, what, answer):
            if row:
                missed(Unmatched(f"line {number}", "it has fewer columns than the head"))
        elif row[what].strip() not in course.names:
            missed(Unmatched(f"line {number}: {row[what][:40]}", f"no exercise; there are {', '.join(course.names)}"))
        else:
            yield Answer(row[who].strip(), row[what].strip(), row[answer].strip())


def _wide(
    rows: Iterator[list[str]], who: int, head: Sequence[str], course: Course, missed: Callable[[Unmatched], Any]
) -> Iterator[Answer]:
    columns = {place: title for place, title in enumerate(head) if title in course.names}
    for place, title in enumerate(head):
        if place not in columns and place != who and title.lower() not in _STUDENTS:
            missed(Unmatched(f"column {title}", f"no exercise; there are {', '.join(course.names)}"))
    if not columns:
        raise CourseError(f"no column is called like an exercise: {', '.join(course.names)}")
    for number, row in enumerate(rows, 2):
        if not row:
            continue
        student = row[who].strip() if len(row) > who else ""
        if not student:
            missed(Unmatched(f"line {number}", "it names no student"))
            continue
        for place, title in columns.items():
            text = row[place].strip() if len(row) > place else ""
            yield Answer(student, title, text)
