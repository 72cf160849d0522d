"""What a worker process does: grade one answer, within a time, whatever it is.

An answer that takes too long ends the process, by timers that no loop in C can hold up; whoever sent the answer finds
out by the process that is gone, and goes on with another one.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import gradlab
from gradlab.courses.results import Result
from gradlab.errors import GradlabError, IsolationError
from gradlab.grading import CodeExercise
from gradlab.grading.files import exercises_of

if TYPE_CHECKING:
    from gradlab.courses.answers import Exercises
    from gradlab.grading import CodeGrade, Grade
    from gradlab.isolation import Sandbox


@dataclass(frozen=True)
class Job:
    """Answers to be graded by one process.

    exercises: the TOML they come from, as text.  secret: what inputs of code are drawn by.
    items: digest, exercise and answer of each.  patience: seconds of computing for one of them.
    memory: bytes that a process may take; None for any.
    """

    exercises: str
    secret: str
    items: Sequence[tuple[str, str, str]]
    trust: bool = False
    patience: float = 60.0
    memory: int | None = None


WALL = 10
"""How many times longer an answer may take by the clock than by the processor: others compute on the machine, too."""

TOO_LONG = {-signal.SIGPROF: "{0:g} seconds of computing", 1: "{1:g} seconds"}
"""What an answer took longer than, by the exit code of its process: its timers', and faulthandler's."""


def too_long(code: int, patience: float) -> str:
    """Return why there is no grade of an answer whose process ended.

    >>> too_long(1, 60)
    'grading took longer than 600 seconds'
    """
    if code in TOO_LONG:
        return f"grading took longer than {TOO_LONG[code].format(patience, WALL * patience)}"
    return f"the process that graded it ended (exit code {code})"


def begin(job: Job) -> None:
    """Prepare the process that this is for all answers of a course: read its exercises, and limit its memory."""
    with suppress(OSError):  # where memory runs out, the system ends this process and not the one with the results
        Path("/proc/self/oom_score_adj").write_text("1000")
    if job.memory is not None:
        _limit_memory(job.memory)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    loaded(job.exercises, job.secret)
    import_module("gradlab.grading.marking")  # seconds on a busy machine, which are not the first answer's


def run(job: Job) -> list[Result]:
    """Return the results of a job, of no student yet; the process ends where one takes too long."""
    exercises = loaded(job.exercises, job.secret)
    results: list[Result] = []
    with open(os.devnull, "w") as silent:
        for digest, name, text in job.items:
            signal.setitimer(signal.ITIMER_PROF, job.patience)
            faulthandler.dump_traceback_later(WALL * job.patience, exit=True, file=silent)
            try:
                results.append(graded(exercises, digest, name, text, trust=job.trust))
            finally:
                faulthandler.cancel_dump_traceback_later()
                signal.setitimer(signal.ITIMER_PROF, 0)
    return results


@lru_cache(4)
def loaded(text: str, secret: str) -> Exercises:
    """Return the exercises of a TOML text, read once in a process."""
    import tomllib

    from gradlab.courses.answers import Exercises

    exercises = exercises_of(tomllib.loads(text))
    for exercise in exercises:
        if isinstance(exercise, CodeExercise):
            exercise.secret = f"{secret}{exercise.secret}"
    return Exercises(exercises)


def graded(exercises: Exercises, digest: str, name: str, text: str, *, trust: bool = False) -> Result:
    """Return the result of one answer; whatever goes wrong is a result as well."""
    exercise = exercises[name]
    began, before = time.perf_counter(), time.process_time()
    try:
        if isinstance(exercise, CodeExercise):
            grade: Grade | CodeGrade = exercise.check(text, sandbox=_sandbox(trust))
        else:
            grade = exercise.check(text)
        if grade.error:
            raise GradlabError(grade.error)
        found = _result(digest, name, text, grade)
    except IsolationError:
        raise
    except Exception as error:
        reason = str(error) if isinstance(error, GradlabError) else f"{type(error).__name__}: {error}"
        found = without_grade(digest, name, text, float(exercise.points), reason)
    from dataclasses import replace

    return replace(
        found,
        seconds=round(time.perf_counter() - began, 6),
        cpu_seconds=round(found.cpu_seconds + time.process_time() - before, 6),
    )


def without_grade(digest: str, name: str, text: str, points: float, problem: str) -> Result:
    """Return the result of an answer that could not be graded."""
    return Result(
        "", name, digest, text, "undecided", 0, points, problem=problem, version=gradlab.__version__, finished=now()
    )


def now() -> str:
    """Return the time, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _result(digest: str, name: str, text: str, grade: Grade | CodeGrade) -> Result:
    told = grade.as_dict()
    return Result(
        student="",
        exercise=name,
        digest=digest,
        answer=text,
        verdict=str(grade.verdict),
        score=float(grade.score),
        out_of=float(grade.out_of),
        certificate=str(grade.certificate or ""),
        misconception=grade.misconception or "",
        candidates=tuple(grade.candidates),
        feedback=grade.feedback,
        mistakes=tuple((str(kind), line, str(says)) for kind, line, says in told.get("mistakes", [])),
        printed=told.get("printed", ""),
        cpu_seconds=getattr(grade, "seconds", 0.0),
        isolation=told.get("isolation", ""),
        trusted=bool(told.get("trusted", False)),
        version=gradlab.__version__,
        finished=now(),
    )


def _sandbox(trust: bool) -> Sandbox:
    from gradlab import isolation

    return isolation.trusting() if trust else isolation.shared()


def _limit_memory(size: int) -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size, hard))
