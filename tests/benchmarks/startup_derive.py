"""What the first derivation of a lesson costs, process and all."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.benchmarks._startup import COMMAND_LINE, beside


def measure() -> Figure:
    """Return `gradlab derive` beside a process that imports SymPy, which it does without."""
    return beside(
        'gradlab derive "x**2 + y"',
        (*COMMAND_LINE, "derive", "x**2 + y"),
        ("-c", "import sympy"),
        1.5,
        "`gradlab derive` / `python -c 'import sympy'`",
        repeats=7,
    )
