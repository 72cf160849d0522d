"""The compiled gradient of a two-layer tanh network."""

from __future__ import annotations

from typing import Any

from tests.benchmarks import Figure
from tests.benchmarks._compiled import Loss, beside_autograd

WHY = """
100 inputs, 300 hidden units.
"""


def _network(xp: Any, W1: Any, b1: Any, w2: Any, X: Any, y: Any) -> Any:
    return ((xp.tanh(X @ W1 + b1) @ w2 - y) ** 2).mean()


def _loss(points: int) -> Loss:
    import numpy as np

    random = np.random.default_rng(0)
    data = {"X": random.normal(size=(points, 100)), "y": random.normal(size=points)}
    values = {
        "W1": 0.1 * random.normal(size=(100, 300)),
        "b1": random.normal(size=300),
        "w2": random.normal(size=300),
    }
    return Loss(_network, values, data)


def measure(repeats: int = 41) -> Figure:
    """Return the compiled gradient of a network with 300 hidden units on 2,000 points beside torch's autograd."""
    what = "compiled gradient of a tanh network"
    return beside_autograd(what, _loss, "points", (20, 200, 2000), 2000, 1.0, repeats)
