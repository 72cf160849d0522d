"""How long a hundred thousand answers take."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from gradlab.courses import grade_course
from tests.benchmarks import Figure, Growth
from tests.benchmarks._course import written

WHY = """
Two processes; equal answers are graded once.
At this rate a million answers take {million_minutes:.0f} minutes.
"""

ANSWERS = 100_000


def measure() -> Figure:
    """Return the seconds that a course of that many answers takes on two processes, of 60."""
    found = {answers: _graded(answers) for answers in (1_000, 10_000, ANSWERS)}
    first, again, different = found[ANSWERS]
    curves = {
        "graded": tuple((answers, each[0]) for answers, each in found.items()),
        "looked through again": tuple((answers, each[1]) for answers, each in found.items()),
    }
    return Figure(
        "a course of 100,000 answers",
        first / 60,
        1,
        f"{first:.1f} s of 60, from the file of answers to that of results; {different:,} of them different; "
        f"looked through again, with nothing to do, {again:.1f} s",
        growth=Growth("answers", "s", curves),
        values={"million_minutes": 10 * first / 60},
    )


def _graded(answers: int) -> tuple[float, float, int]:
    """Return the seconds of grading so many answers, those of a second look, and how many are different."""
    with TemporaryDirectory() as name:
        exercises, submissions = written(Path(name), answers)
        begun = time.perf_counter()
        summary = grade_course(exercises, submissions, Path(name) / "results.sqlite", workers=2)
        first = time.perf_counter() - begun
        begun = time.perf_counter()
        again = grade_course(exercises, submissions, Path(name) / "results.sqlite", workers=2)
        assert again.kept == summary.graded == answers
        return first, time.perf_counter() - begun, summary.worked
