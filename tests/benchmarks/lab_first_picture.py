"""How long `gradlab lab` takes to its first picture."""

from __future__ import annotations

import statistics

from tests.benchmarks import Figure
from tests.benchmarks._lab import first_picture, spread


def measure() -> Figure:
    """Return the seconds from the command to the first picture."""
    times = first_picture()
    how = f"from `gradlab lab` to the picture in Chromium, of {len(times)}: {spread(times)}"
    return Figure("first picture of the lab, seconds", statistics.median(times), 6, how)
