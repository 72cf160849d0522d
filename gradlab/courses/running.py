"""`grade_course`: submissions in, rows out, as many processes at once as there are, and nothing done twice."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from gradlab.courses import work
from gradlab.courses.alone import Alone
from gradlab.courses.answers import Exercises
from gradlab.courses.results import Result, Results
from gradlab.courses.handed_in import Answer, Unmatched
from gradlab.courses.submissions import read
from gradlab.errors import CourseError

WINDOW = 20_000
"""Answers that are looked at together: equal ones among them are graded once, and no more are in memory."""

ENGINES = ("processes", "dask")
CHUNK = 64
MEMORY = 8 << 30
"""Bytes of addresses for a local worker, which maps large libraries before it does anything."""


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
    trust: run code without isolation.  patience: seconds for one answer.
    Raises CourseError and ExerciseError for what cannot be read, IsolationError where code cannot be run.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine={engine!r}; there are {', '.join(ENGINES)}")
    if engine == "dask" and scheduler is None:
        raise CourseError("engine dask needs the address of a scheduler: --scheduler tcp://host:8786")
    try:
        text = Path(exercises).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{exercises} cannot be read: {error}") from error
    from gradlab.grading.files import load

    load(exercises)  # with the name of the file in what it says
    known = secret if secret is not None else _secret(Path(results))
    given = work.loaded(text, known)
    if given.course.code and not trust:
        _check_isolation()
    job = work.Job(
        text, known, (), trust, patience, MEMORY if engine == "processes" and not given.course.code else None
    )
    with Results(results) as file, _parallel(engine, workers, scheduler) as parallel:
        file.describe(given.listed())
        grading = _Grading(given, job, file)
        answers = read(submissions, given.course, grading.unmatched.append)
        with _bar(progress) as bar:
            while window := list(islice(answers, WINDOW)):
                _window(grading, window, parallel, bar)
        return Summary(grading.graded, grading.kept, grading.worked, file.counts(), tuple(grading.unmatched))


def _check_isolation() -> None:
    from gradlab import isolation

    isolation.shared()


def _secret(results: Path) -> str:
    """Return the secret of a course, which lies beside its results and is nobody else's to read."""
    path = results.with_name(f"{results.name}.secret")
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(16))
    except FileExistsError:
        pass
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror or error}") from error
    return path.read_text().strip()


def _window(grading: _Grading, window: Sequence[Answer], parallel: Any, bar: Any) -> None:
    """Grade what is new among some answers, and write a row for each of them."""
    waiting: dict[str, list[Answer]] = {}
    ready: list[Result] = []
    for answer in window:
        digest = grading.exercises.digest(answer.exercise, f"{answer.problem}{answer.text}")
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
    for found in _worked(grading.job, items, parallel):
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


# Working ---------------------------------------------------------------------------------------------


def _worked(job: work.Job, items: Sequence[tuple[str, str, str]], parallel: Any) -> Iterator[Result]:
    """Yield the result of each item as it is there; where a worker ends, what it left is graded one by one."""
    from joblib import delayed

    left = {item[0]: item for item in items}
    size = max(1, min(CHUNK, len(items) // 8))
    jobs = (replace(job, items=items[place : place + size]) for place in range(0, len(items), size))
    try:
        for results in parallel(delayed(work.run)(each) for each in jobs) if items else ():
            for result in results:
                del left[result.digest]
                yield result
    except Exception as error:
        if not _is_of_workers(error):
            raise
    if left:
        with Alone(job) as alone:
            for item in list(left.values()):
                yield alone.run(item)


def _is_of_workers(error: Exception) -> bool:
    """Return whether an error says that a worker process ended."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"TerminatedWorkerError", "BrokenProcessPool", "KilledWorker", "BrokenExecutor"})


class _parallel:
    """joblib's workers: local processes, or those of a Dask cluster."""

    def __init__(self, engine: str, workers: int | None, scheduler: str | None) -> None:
        try:
            import joblib
        except ImportError:
            raise CourseError('a course needs joblib: pip install "gradlab[course]"') from None
        self._client: Any = None
        self._config: Any = None
        if engine == "dask":
            self._client = _client(str(scheduler))
            self._config = joblib.parallel_config(backend="dask", client=self._client)
            self._config.__enter__()
        self._parallel = joblib.Parallel(
            n_jobs=workers or (-1 if engine == "dask" else os.cpu_count() or 1),
            return_as="generator_unordered",
            pre_dispatch="3 * n_jobs",
        )

    def __enter__(self) -> Any:
        return self._parallel

    def __exit__(self, *_: object) -> None:
        if self._config is not None:
            self._config.__exit__(None, None, None)
        if self._client is not None:
            self._client.close()


def _client(scheduler: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise CourseError('the engine dask needs distributed: pip install "gradlab[course]"') from None
    try:
        return Client(scheduler, timeout=10, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise CourseError(f"no scheduler answers at {scheduler}: {error}") from error


class _Silent:
    def update(self, count: int) -> None: ...
    def __enter__(self) -> _Silent:
        return self

    def __exit__(self, *_: object) -> None: ...


def _bar(progress: bool) -> Any:
    if not progress:
        return _Silent()
    from tqdm import tqdm

    return tqdm(unit=" answers", desc="graded", smoothing=0.1)
