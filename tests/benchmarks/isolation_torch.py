"""What a torch submission costs beyond its own time."""

from __future__ import annotations

from gradlab.isolation import available
from tests.benchmarks import Figure
from tests.benchmarks._isolation import TORCH, cost

WHY = """
Grader, server and process together, of a submission whose own work takes next to nothing; what it computes for itself is taken off.
"""

SHORT = """
What is left is the kernel's: torch is mapped by every process, and its pages are copied where they are written.
Next: a server that forks ahead.
"""


def measure() -> Figure:
    """Return milliseconds of CPU for one submission, of 15."""
    seconds, _ = cost(TORCH, "torch", 400)
    return Figure("milliseconds of CPU for a torch submission, isolated", 1000 * seconds, 15, f"by {available()}")
