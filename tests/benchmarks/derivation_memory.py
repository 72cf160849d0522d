"""The memory that a derivation takes, for a million points and for twenty."""

from __future__ import annotations

import tracemalloc
from typing import Any

from gradlab.sources import at_point
from gradlab.symbolic import derive
from tests.benchmarks import Figure, Growth


def _peak(points: int) -> int:
    """Return the bytes that deriving the fit at so many points takes at most."""
    import numpy as np

    def fit(params: Any, t: Any, y: Any) -> Any:
        a, b, c = params
        return ((a * t**2 + b * t + c - y) ** 2).mean()

    t = np.linspace(0.0, 1.0, points)
    function, _ = at_point(fit, {"params": np.ones(3), "t": t, "y": t})
    tracemalloc.start()
    derivation = derive(function)
    assert derivation.partials
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def measure() -> Figure:
    """Return how much more memory a derivation takes for a million points than for twenty."""
    _peak(20)
    few, many = _peak(20), _peak(10**6)
    middle = _peak(1000)
    growth = Growth("points", "kB", {"gradlab.derive": ((20, few / 1e3), (1000, middle / 1e3), (10**6, many / 1e3))})
    how = f"peak of derive at 10^6 points ({many / 1e3:.0f} kB) / at 20 points ({few / 1e3:.0f} kB)"
    return Figure("memory of deriving the mean squared error's gradient", many / few, 1.1, how, growth=growth)
