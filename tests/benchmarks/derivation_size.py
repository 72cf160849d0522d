"""What a derivation costs on a million points, beside twenty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.benchmarks import Figure, grown, in_turns

WHY = """
The points are never looked at: the formula holds for n of them.
SymPy has no sum over data that it could derive rightly, so its sum is written out, and its cache is emptied each time.
"""

WRITTEN_OUT = 200
"""Points up to which SymPy is asked: its time grows with them."""


def _fit(points: int) -> Any:
    import numpy as np

    t = np.linspace(0.0, 1.0, points)
    y = t**2

    def loss(params: Any) -> Any:
        a, b, c = params
        return ((a * t**2 + b * t + c - y) ** 2).mean()

    return as_function(loss)


def by_sympy(points: int) -> Callable[[], Any]:
    """Return a call that derives the same loss, written out, by its three parameters."""
    import sympy

    a, b, c = parameters = sympy.symbols("a b c")
    loss = sum((a * t**2 + b * t + c - t**3) ** 2 for t in sympy.symbols(f"t:{points}")) / points

    def derived() -> Any:
        sympy.core.cache.clear_cache()  # or the second time it only looks the answer up
        return [sympy.diff(loss, parameter) for parameter in parameters]

    return derived


def _calls(points: int) -> dict[str, Callable[[], object]]:
    function = _fit(points)
    calls: dict[str, Callable[[], object]] = {"gradlab.derive": lambda: derive(function).partials}
    if points <= WRITTEN_OUT:
        calls["sympy.diff"] = by_sympy(points)
    return calls


def measure(repeats: int = 101) -> Figure:
    """Return the time to derive the gradient of a mean squared error at 10^6 points over that at 20."""
    large, small = _fit(10**6), _fit(20)
    ratio, many, few = in_turns(lambda: derive(large).partials, lambda: derive(small).partials, repeats)
    return Figure(
        "deriving a mean squared error, whatever the number of points",
        ratio,
        1.1,
        f"10^6 points ({1e3 * many:.2f} ms) / 20 points ({1e3 * few:.2f} ms), median of {repeats} pairs",
        growth=grown("points", (20, WRITTEN_OUT, 10**6), _calls),
    )
