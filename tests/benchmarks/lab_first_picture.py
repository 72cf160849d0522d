"""How soon the lab shows its first picture."""

from __future__ import annotations

from tests.benchmarks import Figure, NotMeasured
from tests.benchmarks._lab import measured
from tests.lab.browser import missing

WHY = """
From the command to the picture in Chromium, which is open already, as it is for a person who types the command.
The page answers after {answering:.1f} s, and the three gradients are compared after {verdict:.1f} s.
"""

SHORT = """
marimo is imported beside a worker that loads SymPy and matplotlib and draws; the picture is in the page that the server sends, before marimo's own program runs.
Next: a page of our own that is sent before marimo is imported.
"""


def measure() -> Figure:
    """Return the seconds, of 6.  Raises NotMeasured where no browser can be driven."""
    if missing():
        raise NotMeasured(missing())
    found = measured()
    return Figure(
        "seconds to the lab's first picture",
        found.first,
        6,
        f"{found.spent[0]:.1f} s of the processor, Chromium included",
        values={"answering": found.answering, "verdict": found.verdict},
    )
