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
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measure() -> Figure:
    """Return the memory at 200,000 answers relative to that at 50,000."""
    peaks = {count: _peak(count) for count in (50_000, 200_000)}
    small, large = peaks.values()
    return Figure(
        "memory of grading a course, four times as large",
        large / small,
        1.2,
        f"peak at 200,000 answers ({large / 1024:.0f} MB) / at 50,000 ({small / 1024:.0f} MB)",
    )


def _peak(count: int) -> int:
    with TemporaryDirectory() as name:
        paths = [*written(Path(name), count), Path(name) / "results.sqlite"]
        done = subprocess.run(
            [sys.executable, "-c", _RUN, *map(str, paths)], capture_output=True, text=True, check=True
        )
        return int(done.stdout.split()[-1])
