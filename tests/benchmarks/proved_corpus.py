"""Whether the derivatives of the corpus are right, and every step of each is proved."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.benchmarks._pytest import outcomes
from tests.symbolic.scalar_corpus import CORPUS

WHY = """
{functions:,} functions of one to four numbers, of every rule and three deep: each is derived in steps, agrees with `sympy.diff` in ball arithmetic at 256 bits (radius below 1e-30) and with torch, and every step of it is exact or certified.
"""

COMPARED = "test_the_derivative_is_sympys_and_torchs"
PROVED = "test_every_step_of_every_scalar_function_is_exact_or_certified"


def measure() -> Figure:
    """Return on how many functions a derivative differs or a step is not proved."""
    compared = outcomes(f"tests/symbolic/test_scalar_corpus.py::{COMPARED}")
    proved = outcomes(f"tests/symbolic/test_steps.py::{PROVED}")
    functions = sum(len(entries) for entries in CORPUS.values())
    wrong = compared["failed"] + proved["failed"]
    return Figure(
        "functions whose derivative differs from SymPy's, or has a step unproved",
        wrong,
        0,
        f"of {functions}; {compared['passed']} agree, {proved['passed']} are proved in every step",
        values={"functions": functions},
    )
