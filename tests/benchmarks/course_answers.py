"""How long a hundred thousand answers take."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from gradlab.courses import grade_course
from tests.benchmarks import Figure
from tests.benchmarks._course import written

ANSWERS = 100_000


def measure() -> Figure:
    """Return the seconds that a course of that many answers takes on two processes, of 60."""
    with TemporaryDirectory() as name:
        exercises, submissions = written(Path(name), ANSWERS)
        begun = time.perf_counter()
        summary = grade_course(exercises, submissions, Path(name) / "results.sqlite", workers=2)
        seconds = time.perf_counter() - begun
        begun = time.perf_counter()
        again = grade_course(exercises, submissions, Path(name) / "results.sqlite", workers=2)
        after = time.perf_counter() - begun
        assert again.kept == summary.graded == ANSWERS
    return Figure(
        "a course of 100,000 answers",
        seconds / 60,
        1,
        f"{seconds:.1f} s of 60, from the file of answers to that of results; {summary.worked:,} of them different; "
        f"looked through again, with nothing to do, {after:.1f} s",
    )
