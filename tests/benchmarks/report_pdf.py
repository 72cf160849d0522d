"""How long a PDF takes alone."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import Figure, seconds
from tests.benchmarks._documents import loaded, rollercoaster

SECONDS, RUNS = 1.0, 3


def measure() -> Figure:
    """Return the seconds for the PDF, its pictures drawn for it, over the seconds that it may take."""
    loaded()
    with TemporaryDirectory() as folder:
        taken = [seconds(partial(rollercoaster().save, Path(folder) / "fit.pdf")) for _ in range(RUNS)]
    how = f"the rollercoaster's, {min(taken):.2f} s of {SECONDS:g}, the fastest of {RUNS}"
    return Figure("a report as a PDF", min(taken) / SECONDS, 1.0, how)
