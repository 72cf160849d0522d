"""How long the six formats of one report take together."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.benchmarks import Figure
from tests.benchmarks._documents import FORMATS, loaded, rollercoaster

SECONDS, MEGABYTES = 5.0, 1.0


def measure() -> Figure:
    """Return the seconds for all six, records included, over the seconds that they may take."""
    loaded()
    with TemporaryDirectory() as folder:
        start = perf_counter()
        document = rollercoaster()
        for ending in FORMATS:
            document.save(Path(folder) / f"fit.{ending}")
        seconds = perf_counter() - start
        size = (Path(folder) / "fit.html").stat().st_size / 1e6
    return Figure(
        "the rollercoaster's report in six formats",
        max(seconds / SECONDS, size / MEGABYTES),
        1.0,
        f"{seconds:.2f} s of {SECONDS:g} after import, its records included; HTML {size:.2f} MB of {MEGABYTES:g}",
    )
