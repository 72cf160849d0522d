"""What a derivation costs as the function gets longer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.benchmarks import Figure, grown, in_turns

WHY = """
Sines of sines: the time grows with their number.
SymPy writes each derivative out, so that its formula, and its time, grow with the square; at 1,000 it reaches Python's limit of recursion.
"""

DEEPEST = 100
"""Sines that SymPy is asked for."""


def _chain(depth: int) -> Any:
    import numpy as np

    def chain(x: Any) -> Any:
        for _ in range(depth):
            x = np.sin(x)
        return x

    return as_function(chain)


def _by_sympy(depth: int) -> Callable[[], object]:
    import sympy

    chain = x = sympy.Symbol("x")
    for _ in range(depth):
        chain = sympy.sin(chain)

    def derived() -> Any:
        sympy.core.cache.clear_cache()
        return sympy.diff(chain, x)

    return derived


def _calls(depth: int) -> dict[str, Callable[[], object]]:
    function = _chain(depth)
    calls: dict[str, Callable[[], object]] = {"gradlab.derive": lambda: derive(function).partials}
    if depth <= DEEPEST:
        calls["sympy.diff"] = _by_sympy(depth)
    return calls


def measure(repeats: int = 31) -> Figure:
    """Return the time to derive 1,000 sines of each other over that of 100."""
    long, short = _chain(1000), _chain(100)
    ratio, many, few = in_turns(lambda: derive(long).partials, lambda: derive(short).partials, repeats)
    return Figure(
        "deriving a chain ten times as long",
        ratio,
        12,
        f"1,000 sines ({1e3 * many:.2f} ms) / 100 sines ({1e3 * few:.2f} ms), median of {repeats} pairs",
        growth=grown("sines of each other", (10, 100, 1000), _calls),
    )
