"""The compiled gradient of a two-layer tanh network."""

from __future__ import annotations

from typing import Any

from tests.benchmarks import Figure
from tests.benchmarks._compiled import beside_autograd


def measure(repeats: int = 41) -> Figure:
    """Return the compiled gradient of a network with 300 hidden units on 2,000 points beside torch's autograd."""
    import numpy as np
    import torch

    random = np.random.default_rng(0)
    X, y = random.normal(size=(2000, 100)), random.normal(size=2000)
    inputs, targets = torch.tensor(X), torch.tensor(y)

    def loss(W1: Any, b1: Any, w2: Any) -> Any:
        return ((np.tanh(X @ W1 + b1) @ w2 - y) ** 2).mean()

    def torch_loss(W1: Any, b1: Any, w2: Any) -> Any:
        return ((torch.tanh(inputs @ W1 + b1) @ w2 - targets) ** 2).mean()

    start = {
        "W1": 0.1 * random.normal(size=(100, 300)),
        "b1": random.normal(size=300),
        "w2": random.normal(size=300),
    }
    return beside_autograd("compiled: tanh network 2000 x 100 x 300", loss, torch_loss, start, 1.0, repeats)
