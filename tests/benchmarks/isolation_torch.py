"""What a torch submission costs beyond its own time."""

from __future__ import annotations

from gradlab.isolation import available
from tests.benchmarks import Figure
from tests.benchmarks._isolation import TORCH, cost


def measure() -> Figure:
    """Return milliseconds of CPU for one submission whose own work takes next to nothing, of 15."""
    seconds, rate = cost(TORCH, "torch", 400)
    return Figure(
        "CPU of a torch submission, isolated, in ms",
        1000 * seconds,
        15,
        f"grader, server and process together, {available()}; {rate:.0f} submissions a second by two workers (of 60)",
    )
