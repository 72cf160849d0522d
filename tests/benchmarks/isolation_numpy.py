"""What a NumPy submission costs beyond its own time."""

from __future__ import annotations

from gradlab.isolation import available
from tests.benchmarks import Figure
from tests.benchmarks._isolation import NUMPY, cost

WHY = """
Grader, server and process together, of a submission whose own work takes next to nothing; what it computes for itself is taken off.
"""

SHORT = """
What is left is the kernel's: some 500 copied pages for each process, and taking it apart again.
Next: a server that forks ahead, so that this is done while the grader computes.
"""


def measure() -> Figure:
    """Return milliseconds of CPU for one submission, of 5."""
    seconds, _ = cost(NUMPY, "numpy", 400)
    return Figure("milliseconds of CPU for a NumPy submission, isolated", 1000 * seconds, 5, f"by {available()}")
