"""What grading a NumPy submission costs, everything included."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.benchmarks._isolation import CALLS, graded

WHY = """
Reading the program, drawing its inputs, running it isolated, the exact gradients to compare with, and the grade.
"""


def measure() -> Figure:
    """Return milliseconds of CPU for each call of a submission, of 5."""
    whole = 1000 * graded("numpy")
    return Figure(
        "milliseconds of CPU for a call of a graded NumPy submission",
        whole / CALLS,
        5,
        f"{whole:.1f} ms for a submission that is called {CALLS} times",
    )
