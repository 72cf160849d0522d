"""`grade_course`: submissions in, rows out, as many processes at once as there are, and nothing done twice."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gradlab.courses import engines, work
from gradlab.courses.answers import Exercises
from gradlab.courses.handed_in import Answer, Unmatched
from gradlab.courses.results import Result, Results
from gradlab.courses.submissions import read
from gradlab.errors import CourseError
from gradlab.files import text_in

WINDOW = 5_000
"""Answers that are looked at together: equal ones among them are graded once, and no more are in memory."""

WINDOW_CHARACTERS = 64 << 20
"""Characters of answers that are in memory together, so that long ones are fewer."""

MEMORY = 8 << 30
"""Bytes of addresses for a process that grades, which maps large libraries; programs have limits of their own."""


@dataclass(frozen=True)
class Summary:
    """What grading a course came to.

    graded: rows that were written.  kept: rows that were there and still hold.  worked: answers that were graded anew;
    the others were equal to one that was.  counts: by exercise, how many results have which verdict.
    unmatched: what belongs to no exercise or to nobody.
    """

    graded: int
    kept: int
    worked: int
    counts: dict[str, dict[str, int]]
    unmatched: tuple[Unmatched, ...] = ()

    def __repr__(self) -> str:
        from gradlab.courses.tables import aligned

        kinds = ("correct", "wrong", "undecided", "problem")
        rows = [("exercise", *kinds)]
        rows += [(name, *(str(found.get(kind, 0)) for kind in kinds)) for name, found in self.counts.items()]
        lines = aligned(rows)
        lines += ["", f"{self.graded:,} results written, {self.kept:,} kept; {self.worked:,} different answers graded"]
        lines += [f"not matched: {each.what}: {each.why}" for each in self.unmatched[:MOST_TOLD]]
        if len(self.unmatched) > MOST_TOLD:
            lines.append(f"and {len(self.unmatched) - MOST_TOLD:,} more that are not matched")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "graded": self.graded,
            "kept": self.kept,
            "worked": self.worked,
            "counts": self.counts,
            "unmatched": [[each.what, each.why] for each in self.unmatched],
        }


MOST_TOLD = 20


@dataclass(eq=False)
class _Grading:
    """One run over a course."""

    exercises: Exercises
    job: work.Job
    results: Results
    graded: int = 0
    kept: int = 0
    worked: int = 0
    unmatched: list[Unmatched] = field(default_factory=list[Unmatched])


def grade_course(
    exercises: str | Path,
    submissions: str | Path,
    results: str | Path,
    *,
    engine: str = "processes",
    workers: int | None = None,
    scheduler: str | None = None,
    secret: str | None = None,
    trust: bool = False,
    progress: bool = False,
    patience: float = 60.0,
) -> Summary:
    """Grade all submissions to a file of exercises into a file of results, and return a summary.

    exercises: a TOML file.  submissions: a folder, a zip file or a CSV file; see `gradlab.courses.submissions`.
    results: an SQLite file, made or gone on with: what is in it and still holds is not graded again.
    engine: "processes" on this machine, as many as *workers*, by default one for each core; or "dask", on the cluster
    whose *scheduler* is at an address such as tcp://host:8786.
    secret: what inputs of code are drawn by; by default made once and kept beside the results.
    trust: run code without isolation.  patience: seconds of computing for one answer.
    Raises CourseError and ExerciseError for what cannot be read, IsolationError where code cannot be run.
    """
    if engine not in engines.ENGINES:
        raise ValueError(f"engine={engine!r}; there are {', '.join(engines.ENGINES)}")
    if engine == "dask" and scheduler is None:
        raise CourseError("engine dask needs the address of a scheduler: --scheduler tcp://host:8786")
    if workers is not None and workers < 1:
        raise CourseError(f"{workers} workers grade nothing; at least 1 is needed")
    with Results(results) as file:
        job = _job(exercises, Path(results), secret, trust, patience)
        given = work.loaded(job.exercises, job.secret)
        grading = _Grading(given, job, file)
        with engines.workers(engine, workers, scheduler) as parallel, _bar(progress) as bar:
            file.describe(given.listed())

            def expect(count: int) -> None:
                bar.total = count

            for window in _windows(read(submissions, given.course, grading.unmatched.append, expect)):
                _window(grading, window, parallel, bar)
        return Summary(grading.graded, grading.kept, grading.worked, file.counts(), tuple(grading.unmatched))


def _job(path: str | Path, results: Path, secret: str | None, trust: bool, patience: float) -> work.Job:
    """Return what a process that grades is to know of a course; exercises that ask for code need a secret."""
    from gradlab.grading import CodeExercise
    from gradlab.grading.files import load

    code = any(isinstance(exercise, CodeExercise) for exercise in load(path))  # its errors name the file
    if code and not trust:
        _check_isolation()
    if secret is None:
        secret = _secret(results) if code else ""
    return work.Job(text_in(Path(path), CourseError), secret, (), trust, patience, None if code else MEMORY)


def _check_isolation() -> None:
    from gradlab import isolation

    isolation.shared()


def _secret(results: Path) -> str:
    """Return the secret of a course, which lies beside its results and is nobody else's to read.

    It is written whole under another name first: half a secret would be used for ever after.
    """
    path = results.with_name(f"{results.name}.secret")
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        if not path.exists():
            draft.unlink(missing_ok=True)
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(16))
            with suppress(FileExistsError):  # another process was first, and its secret holds
                os.link(draft, path)
            draft.unlink()
        known = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} cannot be read or written: {error}") from error
    if not known:
        raise CourseError(f"{path} is empty; remove it, and another secret is made")
    return known


def _windows(answers: Iterable[Answer]) -> Iterator[list[Answer]]:
    """Yield answers by as many as are looked at together."""
    window: list[Answer] = []
    characters = 0
    for answer in answers:
        window.append(answer)
        characters += len(answer.text)
        if len(window) == WINDOW or characters >= WINDOW_CHARACTERS:
            yield window
            window, characters = [], 0
    if window:
        yield window


def _window(grading: _Grading, window: Sequence[Answer], parallel: Any, bar: Any) -> None:
    """Grade what is new among some answers, and write a row for each of them."""
    waiting: dict[str, list[Answer]] = {}
    ready: list[Result] = []
    for answer in window:
        digest = grading.exercises.digest(answer.exercise, answer.text, answer.problem)
        if grading.results.digest_of(answer.student, answer.exercise) == digest:
            grading.kept += 1
            bar.update(1)
        elif answer.problem or not answer.text:
            ready.append(_unanswered(grading, answer, digest))
        elif digest in waiting:
            waiting[digest].append(answer)
        elif (known := grading.results.with_digest(digest)) is not None:
            ready.append(replace(known, student=answer.student, answer=answer.text))
        else:
            waiting[digest] = [answer]
    _write(grading, ready, bar)
    items = [(digest, answers[0].exercise, answers[0].text) for digest, answers in waiting.items()]
    for found in engines.results(grading.job, items, parallel):
        grading.worked += 1
        rows = [replace(found, student=each.student, answer=each.text) for each in waiting[found.digest]]
        _write(grading, rows, bar)


def _write(grading: _Grading, rows: Sequence[Result], bar: Any) -> None:
    if rows:
        grading.results.add(rows)
        grading.graded += len(rows)
        bar.update(len(rows))


def _unanswered(grading: _Grading, answer: Answer, digest: str) -> Result:
    points = float(grading.exercises[answer.exercise].points)
    if answer.problem:
        found = work.without_grade(digest, answer.exercise, answer.text, points, answer.problem)
    else:
        found = replace(
            work.without_grade(digest, answer.exercise, "", points, ""),
            verdict="wrong",
            feedback="Nothing was handed in.",
        )
    return replace(found, student=answer.student)


# Progress --------------------------------------------------------------------------------------------


class _Silent:
    total = 0

    def update(self, count: int) -> None: ...
    def __enter__(self) -> _Silent:
        return self

    def __exit__(self, *_: object) -> None: ...


def _bar(progress: bool) -> Any:
    if not progress:
        return _Silent()
    from tqdm import tqdm

    return tqdm(unit=" answers", desc="graded", smoothing=0.1, dynamic_ncols=True)
