"""What the first derivation of a lesson costs, process and all."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.benchmarks._startup import COMMAND_LINE, beside

WHY = """
An ordinary derivation does not load SymPy.
"""


def measure() -> Figure:
    """Return `gradlab derive` beside a process that imports SymPy, which it does without."""
    return beside(
        "starting, deriving x² + y and ending",
        (*COMMAND_LINE, "derive", "x**2 + y"),
        ("-c", "import sympy"),
        1.5,
        "`gradlab derive` / `python -c 'import sympy'`",
        repeats=7,
    )
