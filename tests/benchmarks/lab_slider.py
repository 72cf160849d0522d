"""How soon a slider of the lab shows another picture."""

from __future__ import annotations

from statistics import median

from tests.benchmarks import Figure, NotMeasured
from tests.benchmarks._lab import measured
from tests.lab.browser import missing

WHY = """
An arrow key on the slider of the learning rate, until the next picture of the descent is shown.
"""

SHORT = """
The run, its picture and the page's own work share these milliseconds.
Next: a picture in two sizes, the small one first.
"""


def measure() -> Figure:
    """Return the median of the seconds, of 0.5.  Raises NotMeasured where no browser can be driven."""
    if missing():
        raise NotMeasured(missing())
    moves = measured().moves
    how = f"median of {len(moves)} moves, the worst {max(moves):.2f} s"
    return Figure("seconds from a slider of the lab to the next picture", median(moves), 0.5, how)
