"""`Results`: one SQLite file with a row for each student and exercise, written as grading goes on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any
from zlib import crc32

from gradlab.errors import CourseError

FORMAT = 2
"""The version of the tables: the rows of 1 have no sums, and get them where they are written; others are refused."""


@dataclass(frozen=True)
class Result:
    """One submission to one exercise, graded.

    digest: of the exercise and the answer as it was understood: equal ones have equal grades.
    mistakes: name, line and sentence of each.  problem: why there is no grade, empty where there is one.
    seconds: that grading it took; cpu_seconds: of a submission's own process.
    isolation, trusted: how code was run.  version: gradlab's.  finished: UTC, as ISO 8601 has it.
    """

    student: str
    exercise: str
    digest: str
    answer: str
    verdict: str
    score: float
    out_of: float
    certificate: str = ""
    misconception: str = ""
    candidates: tuple[str, ...] = ()
    feedback: str = ""
    mistakes: tuple[tuple[str, int | None, str], ...] = ()
    printed: str = ""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    isolation: str = ""
    trusted: bool = False
    version: str = ""
    finished: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Listed:
    """An exercise of the course, as it was when it was graded last."""

    name: str
    prompt: str
    ask: str
    points: float


_COLUMNS = tuple(field.name for field in fields(Result))
_LISTS = ("candidates", "mistakes")
_LISTED = ("name", "prompt", "ask", "points", "place")
_TABLES = f"""
create table if not exists results ({", ".join(_COLUMNS)}, sum, primary key (student, exercise)) without rowid;
create index if not exists by_digest on results (digest);
create index if not exists by_exercise on results (exercise);
create table if not exists exercises ({", ".join(_LISTED)}, sum, primary key (name));
create table if not exists about (name primary key, value);
insert or ignore into about values ('format', {FORMAT});
"""
_UPGRADE = f"""
alter table results add column sum;
alter table exercises add column sum;
update about set value = {FORMAT} where name = 'format';
"""


class Results:
    """A file of results.

    Writers make whole transactions, so that a process which is killed leaves all of a row or nothing of it.
    Raises CourseError where the file is none of these.

    >>> results = Results(":memory:")
    >>> results.add([Result("ada", "first", "d1", "2x", "correct", 1, 1)])
    >>> [(row.student, row.score) for row in results.rows()]
    [('ada', 1)]
    """

    def __init__(self, path: str | Path, *, read_only: bool = False) -> None:
        self.path: str = str(path)
        if read_only and not Path(path).is_file():
            raise CourseError(
                f"there are no results in {path}; `gradlab grade EXERCISES SUBMISSIONS -o {path}` makes them"
            )
        if self.path != ":memory:" and (Path(path).is_dir() or not Path(path).absolute().parent.is_dir()):
            raise CourseError(f"{path} cannot hold results: give the name of a file, results.sqlite, in a folder")
        try:
            self._file = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
            with ExitStack() as failed:
                failed.callback(self.close)  # a file that is left open stays locked
                self._open(read_only)
                failed.pop_all()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise CourseError(f"{path} holds no results of gradlab's: {error}") from error

    def _open(self, read_only: bool) -> None:
        names = {row[0] for row in self._file.execute("select name from sqlite_master where type = 'table'")}
        if names and "about" not in names:
            raise CourseError(f"{self.path} is a database of something else, with {', '.join(sorted(names))}")
        if not read_only:
            self._file.execute("pragma journal_mode = wal")
            # What WAL has written survives the process; a power cut may cost the last seconds, graded anew then.
            self._file.execute("pragma synchronous = normal")
            # One transaction: half the tables would be no file of gradlab's.
            self._file.executescript(f"begin immediate; {_TABLES} commit")
        (found,) = self._file.execute("select value from about where name = 'format'").fetchone() or (None,)
        if found not in (1, FORMAT):
            raise CourseError(
                f"{self.path} has results of format {found}, and this gradlab writes {FORMAT}: begin a new file"
            )
        (problem,) = self._file.execute("pragma integrity_check(1)").fetchone()
        if problem != "ok":
            raise CourseError(f"{self.path} is a damaged file of results: {problem}; grade into a new file")
        if found == 1 and not read_only:
            self._file.executescript(f"begin immediate; {_UPGRADE} commit")
        self._sum = "null" if found == 1 and read_only else "sum"
        if read_only:  # whoever writes looks at rows one by one
            for table, columns in (("results", _COLUMNS), ("exercises", _LISTED)):
                for _ in self._whole(f"select {', '.join(columns)}, {self._sum} from {table}"):
                    pass

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    # Writing -----------------------------------------------------------------------------------------

    def describe(self, exercises: Sequence[Listed]) -> None:
        """Keep what the exercises are called and what they ask."""
        rows = [_summed((each.name, each.prompt, each.ask, each.points, place)) for place, each in enumerate(exercises)]
        with self._transaction():
            self._file.execute("delete from exercises")
            self._file.executemany("insert into exercises values (?, ?, ?, ?, ?, ?)", rows)

    def add(self, results: Iterable[Result]) -> None:
        """Write rows in one transaction; one for the same student and exercise takes the other's place."""
        marks = ", ".join("?" * (len(_COLUMNS) + 1))
        with self._transaction():
            self._file.executemany(f"insert or replace into results values ({marks})", map(_stored, results))

    @contextmanager
    def _transaction(self) -> Generator[None]:
        """Write all or nothing; raises CourseError where the file does not take it."""
        try:
            self._file.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._file.execute("rollback")
                raise
            self._file.execute("commit")
        except sqlite3.Error as error:
            raise CourseError(f"{self.path} cannot be written: {error}") from error

    # Reading -----------------------------------------------------------------------------------------

    def rows(self) -> Iterator[Result]:
        """Yield all results, by student and exercise."""
        yield from self._results("order by student, exercise")

    def of(self, student: str) -> list[Result]:
        """Return one student's results."""
        return [*self._results("where student = ? order by exercise", student)]

    def with_digest(self, digest: str) -> Result | None:
        """Return a result for an answer of this digest, whoever gave it; none that had a problem."""
        return next(self._results("where digest = ? and problem = '' limit 1", digest), None)

    def digest_of(self, student: str, exercise: str) -> str | None:
        """Return the digest of what is stored for a student and an exercise."""
        found = self._asked("select digest from results where student = ? and exercise = ?", student, exercise)
        return next((row[0] for row in found), None)

    def exercises(self) -> list[Listed]:
        """Return the exercises in their order."""
        query = f"select {', '.join(_LISTED)}, {self._sum} from exercises order by place"
        return [self._read(_listed, row) for row in self._whole(query)]

    def students(self) -> list[str]:
        """Return all students, in alphabetical order."""
        return [row[0] for row in self._asked("select distinct student from results order by student")]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return for each exercise how many results have which verdict; "problem" where there is no grade."""
        found: dict[str, dict[str, int]] = {}
        verdict = "case when problem = '' then verdict else 'problem' end"
        query = f"select exercise, {verdict}, count(*) from results group by 1, 2"
        for exercise, verdict, count in self._asked(query):
            found.setdefault(exercise, {})[verdict] = count
        return found

    def _results(self, which: str, *values: str) -> Iterator[Result]:
        query = f"select {', '.join(_COLUMNS)}, {self._sum} from results {which}"
        for row in self._whole(query, *values):
            yield self._read(_result, row)

    def _read(self, form: Callable[[Sequence[Any]], Any], row: Sequence[Any]) -> Any:
        try:
            return form(row)
        except CourseError as error:
            raise CourseError(f"{self.path}: {error}") from error

    def _whole(self, query: str, *values: str) -> Iterator[Sequence[Any]]:
        """Yield rows without their sums, the last column; raises CourseError for one that does not have its sum."""
        for *row, total in self._asked(query, *values):
            if total not in (None, _total(row)):
                raise CourseError(
                    f"{self.path} is a damaged file of results: the row {' '.join(map(str, row)):.200} is not as it "
                    "was written; grade into a new file"
                )
            yield row

    def _asked(self, query: str, *values: str) -> Iterator[Sequence[Any]]:
        """Yield the rows of a query; raises CourseError where the file does not have them."""
        try:
            for row in self._file.execute(query, values):  # noqa: UP028 - else the cursor of a closed file is closed
                yield row
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise CourseError(f"{self.path} is no file of results, or a damaged one: {error}") from error


def _stored(result: Result) -> tuple[Any, ...]:
    values: Mapping[str, Any] = asdict(result)
    return _summed([json.dumps(values[name]) if name in _LISTS else values[name] for name in _COLUMNS])


def _summed(row: Sequence[Any]) -> tuple[Any, ...]:
    """Return a row as SQLite keeps it, with its sum."""
    kept = [*map(_kept, row)]
    return (*kept, _total(kept))


def _kept(value: Any) -> Any:
    """Return a value as SQLite gives it back."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):  # NumPy's too
        return None if value != value else float(value)
    return value


def _total(row: Sequence[Any]) -> int:
    """Return the CRC-32 of the values of a row."""
    return crc32(repr([*row]).encode("utf-8", "backslashreplace"))


_NUMBERS = ("score", "out_of", "seconds", "cpu_seconds", "points")


def _result(row: Sequence[Any]) -> Result:
    values: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    values["trusted"] = bool(values["trusted"])
    for name, value in values.items():
        _check(name, value, isinstance(value, bool if name == "trusted" else float | int if name in _NUMBERS else str))
    candidates, mistakes = (_parsed(name, values[name]) for name in _LISTS)
    _check("candidates", candidates, all(isinstance(name, str) for name in candidates))
    _check("mistakes", mistakes, all(map(_is_mistake, mistakes)))
    values |= {"candidates": tuple(candidates), "mistakes": tuple(tuple(mistake) for mistake in mistakes)}
    return Result(**values)


def _listed(row: Sequence[Any]) -> Listed:
    *told, _ = row
    for name, value in zip(_LISTED, told, strict=False):
        _check(name, value, isinstance(value, float | int if name in _NUMBERS else str))
    return Listed(*told)


def _parsed(name: str, written: str) -> list[Any]:
    found: Any = None
    try:
        found = json.loads(written)
        json.dumps(found, ensure_ascii=False).encode()  # half a character can be escaped and not be written
    except (ValueError, RecursionError):
        found = None
    _check(name, written, isinstance(found, list))
    return found


def _is_mistake(mistake: Any) -> bool:
    name, line, sentence = mistake if isinstance(mistake, list) and len(mistake) == 3 else (None, None, None)
    return isinstance(name, str) and isinstance(line, int | None) and isinstance(sentence, str)


def _check(name: str, value: Any, fits: bool) -> None:
    if not fits:
        raise CourseError(f"the results hold {value!r} as {name}, which gradlab does not write; grade into a new file")
