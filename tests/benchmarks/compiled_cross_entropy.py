"""The compiled gradient of softmax regression."""

from __future__ import annotations

from typing import Any

from tests.benchmarks import Figure
from tests.benchmarks._compiled import beside_autograd


def measure(repeats: int = 101) -> Figure:
    """Return the compiled gradient of a cross-entropy of 1,000 images in 10 classes beside torch's autograd."""
    import numpy as np
    import torch

    random = np.random.default_rng(0)
    inputs = torch.tensor(random.normal(size=(1000, 784)))
    labels = torch.tensor(random.integers(0, 10, size=1000))

    def loss(W: Any) -> Any:
        return torch.nn.functional.cross_entropy(inputs @ W, labels)

    start = {"W": 0.1 * random.normal(size=(784, 10))}
    return beside_autograd("compiled: cross-entropy 1000 x 784 x 10", loss, loss, start, 1.0, repeats)
