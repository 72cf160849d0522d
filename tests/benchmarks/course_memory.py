"""Whether memory grows with a course."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import Figure, Growth
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
    peaks = {count: _peaks(count) for count in (1_000, 10_000, 100_000)}
    small, large = peaks[10_000], peaks[100_000]
    curves = {
        name: tuple((count, each[place] / 1024) for count, each in peaks.items())
        for place, name in enumerate(("the command", "a process that grades"))
    }
    return Figure(
        "memory of grading a course, ten times as large",
        max(more / less for less, more in zip(small, large, strict=True)),
        1.3,
        "the larger ratio of two peaks: of the command, and of a process that grades",
        growth=Growth("answers", "MB", curves),
    )


def _peaks(count: int) -> tuple[int, ...]:
    """Return kilobytes."""
    with TemporaryDirectory() as name:
        paths = [*written(Path(name), count), Path(name) / "results.sqlite"]
        done = subprocess.run(
            [sys.executable, "-c", _RUN, *map(str, paths)], capture_output=True, text=True, check=True
        )
        return tuple(map(int, done.stdout.split()[-2:]))
