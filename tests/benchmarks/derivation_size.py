"""What a derivation costs on a million points, beside twenty."""

from __future__ import annotations

from typing import Any

from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.benchmarks import Figure, in_turns


def _fit(points: int) -> Any:
    import numpy as np

    t = np.linspace(0.0, 1.0, points)
    y = t**2

    def loss(params: Any) -> Any:
        a, b, c = params
        return ((a * t**2 + b * t + c - y) ** 2).mean()

    return as_function(loss)


def measure(repeats: int = 101) -> Figure:
    """Return the time to derive the gradient of a mean squared error at 10^6 points over that at 20."""
    large, small = _fit(10**6), _fit(20)
    ratio, many, few = in_turns(lambda: derive(large).partials, lambda: derive(small).partials, repeats)
    return Figure(
        "deriving the mean squared error's gradient, whatever the number of points",
        ratio,
        1.1,
        f"10^6 points ({1e3 * many:.2f} ms) / 20 points ({1e3 * few:.2f} ms), median of {repeats} pairs",
    )
