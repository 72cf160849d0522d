"""Whether memory grows with a course."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import Figure
from tests.benchmarks._course import written

_RUN = """
import resource, sys
from gradlab.courses import grade_course
grade_course(*sys.argv[1:4], workers=1)
whose = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
print(*(resource.getrusage(each).ru_maxrss for each in whose))
"""


def measure() -> Figure:
    """Return the memory at 100,000 answers relative to that at 10,000: of the command, and of a process that grades."""
    small, large = (_peaks(count) for count in (10_000, 100_000))
    told = [
        f"{name} {ours / 1024:.0f} and {theirs / 1024:.0f} MB"
        for name, (ours, theirs) in (("at 10,000", small), ("at 100,000", large))
    ]
    return Figure(
        "memory of grading a course, ten times as large",
        max(more / less for less, more in zip(small, large, strict=True)),
        1.3,
        f"peaks of the command and of a process that grades: {', '.join(told)}",
    )


def _peaks(count: int) -> tuple[int, ...]:
    """Return kilobytes."""
    with TemporaryDirectory() as name:
        paths = [*written(Path(name), count), Path(name) / "results.sqlite"]
        done = subprocess.run(
            [sys.executable, "-c", _RUN, *map(str, paths)], capture_output=True, text=True, check=True
        )
        return tuple(map(int, done.stdout.split()[-2:]))
