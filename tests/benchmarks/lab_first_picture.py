"""How soon the lab shows its first picture."""

from __future__ import annotations

from tests.benchmarks import Figure, NotMeasured
from tests.benchmarks._lab import measured
from tests.lab.browser import missing

WHY = """
From the command to [the picture](decisions/0047-the-first-picture-does-not-wait-for-the-page.md) in Chromium, which is open already, as it is for a person who types the command.
The page answers after {answering:.1f} s, and the three gradients are compared after {verdict:.1f} s.
"""

SHORT = """
It does not wait for the page's controls; what it waits for are Chromium, Python and NumPy, which all begin at once on the same cores.
Next: a picture drawn without NumPy and matplotlib.
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
        f"{found.spent[0]:.1f} s of the processor",
        values={"answering": found.answering, "verdict": found.verdict},
    )
