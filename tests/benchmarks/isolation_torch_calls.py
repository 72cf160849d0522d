"""What grading a torch submission costs, everything included."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.benchmarks._isolation import CALLS, graded

WHY = """
Reading the program, drawing its inputs, running it isolated, the exact gradients to compare with, and the grade.
"""


def measure() -> Figure:
    """Return milliseconds of CPU for each call of a submission, of 15."""
    whole = 1000 * graded("torch")
    return Figure(
        "milliseconds of CPU for a call of a graded torch submission",
        whole / CALLS,
        15,
        f"{whole:.1f} ms for a submission that is called {CALLS} times",
    )
