"""How long the six formats of one report take together."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.benchmarks import Figure
from tests.benchmarks._documents import FORMATS, loaded, rollercoaster

WHY = """
HTML, PDF, LaTeX, Word, a notebook and Markdown, with their pictures.
"""

SECONDS, MEGABYTES, RUNS = 5.0, 1.0, 3


def measure() -> Figure:
    """Return the seconds for all six, records included, over the seconds that they may take."""
    loaded()
    with TemporaryDirectory() as folder:
        taken = [_seconds(Path(folder)) for _ in range(RUNS)]
        size = (Path(folder) / "fit.html").stat().st_size / 1e6
    return Figure(
        "a report in six formats",
        max(min(taken) / SECONDS, size / MEGABYTES),
        1.0,
        f"the rollercoaster's, {min(taken):.2f} s of {SECONDS:g} after import, its records included, the fastest of {RUNS}; "
        f"HTML {size:.2f} MB of {MEGABYTES:g}",
    )


def _seconds(folder: Path) -> float:
    start = perf_counter()
    document = rollercoaster()  # with pictures of its own, so that none is drawn already
    for ending in FORMATS:
        document.save(folder / f"fit.{ending}")
    return perf_counter() - start
