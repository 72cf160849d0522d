"""How a Dask cluster grades a course: the same rows, and how many answers a second."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from gradlab.courses import Results, grade_course
from tests.benchmarks import Figure, Growth
from tests.benchmarks._course import written
from tests.courses.clusters import cluster

WHY = """
Each worker is a process of one core, and the machine has as many cores as the table above says: beyond that, more workers bring nothing.
"""

ANSWERS = 40_000


def measure() -> Figure:
    """Return how many rows differ between clusters of 1, 2 and 4 workers and this machine alone."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        exercises, submissions = written(folder, ANSWERS)
        grade_course(exercises, submissions, folder / "here.sqlite", workers=2)
        here, differing = _rows(folder / "here.sqlite"), 0
        rates: list[tuple[float, float]] = []
        for workers in (1, 2, 4):
            results = folder / f"{workers}.sqlite"
            with cluster(workers) as address:
                grade_course(exercises, _warm(folder), folder / "warm.sqlite", engine="dask", scheduler=address)
                begun = time.perf_counter()
                grade_course(exercises, submissions, results, engine="dask", scheduler=address)
                rates.append((workers, ANSWERS / (time.perf_counter() - begun)))
            differing += sum(one != other for one, other in zip(here, _rows(results), strict=True))
    return Figure(
        "rows that differ between Dask clusters of 1, 2 and 4 workers",
        differing,
        0,
        f"of {3 * ANSWERS:,}",
        growth=Growth("workers", "answers a second", {"Dask": tuple(rates)}),
    )


def _warm(folder: Path) -> Path:
    path = folder / "warm.csv"
    path.write_text("student,e0\n" + "".join(f"s{number},x + {number}\n" for number in range(64)))
    return path


def _rows(path: Path) -> list[dict[str, object]]:
    with Results(path, read_only=True) as results:
        found = [asdict(row) for row in results.rows()]
    for row in found:
        for name in ("finished", "seconds", "cpu_seconds"):
            del row[name]
    return found
