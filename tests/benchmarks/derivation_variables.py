"""What a derivation costs as the function has more variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.benchmarks import Figure, grown, in_turns
from tests.benchmarks.operations import product

WHY = """
The product of all entries of a vector, written as a loop; its gradient has as many entries, and all of them share their products.
SymPy is asked for one derivative after the other.
There is no goal for it.
"""

MOST = 30
"""Variables that SymPy is asked for: its time grows with more than their square."""


def _function(count: int) -> Any:
    return as_function(product(count), shapes={"x": (count,)})


def _by_sympy(count: int) -> Callable[[], object]:
    import sympy

    symbols = sympy.symbols(f"x:{count}")
    whole = sympy.Mul(*symbols)

    def derived() -> Any:
        sympy.core.cache.clear_cache()
        return [sympy.diff(whole, symbol) for symbol in symbols]

    return derived


def _calls(count: int) -> dict[str, Callable[[], object]]:
    function = _function(count)
    calls: dict[str, Callable[[], object]] = {"gradlab.derive": lambda: derive(function).partials}
    if count <= MOST:
        calls["sympy.diff"] = _by_sympy(count)
    return calls


def measure(repeats: int = 11) -> Figure:
    """Return the time to derive a product of 1,000 variables over that of 100."""
    many, few = _function(1000), _function(100)
    ratio, long, short = in_turns(lambda: derive(many).partials, lambda: derive(few).partials, repeats)
    return Figure(
        "deriving a product of ten times as many variables",
        ratio,
        None,
        f"1,000 variables ({1e3 * long:.1f} ms) / 100 variables ({1e3 * short:.1f} ms), median of {repeats} pairs",
        growth=grown("variables", (10, MOST, 100, 1000), _calls, repeats=3),
    )
