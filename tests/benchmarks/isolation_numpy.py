"""What a NumPy submission costs beyond its own time."""

from __future__ import annotations

from gradlab.isolation import available
from tests.benchmarks import Figure
from tests.benchmarks._isolation import NUMPY, cost


def measure() -> Figure:
    """Return milliseconds of CPU for one submission whose own work takes next to nothing, of 5."""
    seconds, rate = cost(NUMPY, "numpy", 400)
    return Figure(
        "CPU of a NumPy submission, isolated, in ms",
        1000 * seconds,
        5,
        f"grader, server and process together, {available()}; {rate:.0f} submissions a second by two workers (of 250)",
    )
