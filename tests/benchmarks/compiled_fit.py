"""The compiled gradient of the three-parameter fit, 20 points."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.benchmarks import Figure
from tests.benchmarks._compiled import Loss, beside_autograd, beside_numba

WHY = """
With the `fast` extra, `derivation.compile("numba")` makes machine code of it, which takes {numba_us:.0f} µs at 20 points: {numba:.2g} of torch's time.
"""


def _fit(xp: Any, params: Any, t: Any, y: Any) -> Any:
    a, b, c = params
    return ((a * t**2 + b * t + c - y) ** 2).mean()


def _loss(points: int) -> Loss:
    import numpy as np

    t = np.linspace(0.0, 1.0, points)
    return Loss(_fit, {"params": np.array([0.1, -0.2, 0.3])}, {"t": t, "y": t**2 + np.sin(7 * t)})


def measure(repeats: int = 201) -> Figure:
    """Return the compiled gradient of the fit beside torch's autograd."""
    what = "compiled gradient of a quadratic fit"
    found = beside_autograd(what, _loss, "points", (20, 1000, 100_000), 20, 0.1, repeats, calls=20)
    return replace(found, values=beside_numba(_loss(20), 20))
