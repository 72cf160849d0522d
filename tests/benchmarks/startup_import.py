"""What `import gradlab` adds to a process that does nothing."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.benchmarks._startup import PASS, beside

WHY = """
Neither torch nor SymPy nor matplotlib is loaded before it is needed.
"""


def measure() -> Figure:
    """Return a process that imports gradlab beside one that does nothing."""
    return beside(
        "importing gradlab", ("-c", "import gradlab"), PASS, 3, "`python -c 'import gradlab'` / `python -c pass`"
    )
