"""How long a PDF takes alone."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.benchmarks import Figure
from tests.benchmarks._documents import loaded, rollercoaster

SECONDS = 1.0


def measure() -> Figure:
    """Return the seconds for the PDF, its pictures drawn for it, over the seconds that it may take."""
    loaded()
    document = rollercoaster()
    with TemporaryDirectory() as folder:
        start = perf_counter()
        document.save(Path(folder) / "fit.pdf")
        seconds = perf_counter() - start
    return Figure("the rollercoaster's report as a PDF", seconds / SECONDS, 1.0, f"{seconds:.2f} s of {SECONDS:g}")
