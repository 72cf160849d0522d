"""What `import gradlab` adds to a process that does nothing."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.benchmarks._startup import PASS, beside


def measure() -> Figure:
    """Return a process that imports gradlab beside one that does nothing."""
    return beside(
        "import gradlab", ("-c", "import gradlab"), PASS, 3, "`python -c 'import gradlab'` / `python -c pass`"
    )
