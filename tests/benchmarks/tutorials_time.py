"""How long the tutorials run."""

from __future__ import annotations

from tests.benchmarks import Figure, seconds
from tests.notebooks import SOURCES, executed

WHY = """
Each in a process of its own, one after the other, what their programs print and draw included.
"""


def measure() -> Figure:
    """Return the seconds of all of them, of 300."""
    taken = {path.stem: seconds(lambda path=path: executed(path)) for path in SOURCES}
    slowest = max(taken, key=lambda name: taken[name])
    how = f"{len(taken)} notebooks; the slowest, {slowest}, takes {taken[slowest]:.0f} s"
    return Figure("seconds to run all tutorials", sum(taken.values()), 300, how)
