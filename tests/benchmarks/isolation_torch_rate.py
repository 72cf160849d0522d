"""How fast torch submissions are run, one after the other, by two workers."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.benchmarks._isolation import TORCH, cost

WHY = """
At this rate a million of them take {million_hours:.1f} hours on this machine, a machine of 32 cores {million_minutes:.0f} minutes.
"""

SHORT = """
Where [the time of the processor](#milliseconds-of-cpu-for-a-torch-submission-isolated) goes, the time on the clock goes, too.
"""

GOAL, CORES = 60, 32


def measure() -> Figure:
    """Return milliseconds on the clock for each submission."""
    _, rate = cost(TORCH, "torch", 400)
    hours = 1e6 / rate / 3600
    return Figure(
        "milliseconds for a torch submission, two workers",
        1000 / rate,
        1000 / GOAL,
        f"{rate:.0f} submissions a second, of {GOAL}",
        values={"million_hours": hours, "million_minutes": 60 * hours * 2 / CORES},
    )
