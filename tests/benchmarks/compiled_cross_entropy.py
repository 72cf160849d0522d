"""The compiled gradient of softmax regression."""

from __future__ import annotations

from typing import Any

from tests.benchmarks import Figure
from tests.benchmarks._compiled import Loss, beside_autograd

WHY = """
Images of 784 pixels in ten classes; torch has its own `cross_entropy`.
"""


def _cross_entropy(xp: Any, W: Any, X: Any, labels: Any) -> Any:
    Z = X @ W
    if xp.__name__ == "torch":
        return xp.nn.functional.cross_entropy(Z, labels)
    shifted = Z - Z.max(1, keepdims=True)
    picked = xp.take_along_axis(shifted, labels[:, None], 1)[:, 0]
    return (xp.log(xp.exp(shifted).sum(1)) - picked).mean()


def _loss(images: int) -> Loss:
    import numpy as np

    random = np.random.default_rng(0)
    data = {"X": random.normal(size=(images, 784)), "labels": random.integers(0, 10, size=images)}
    return Loss(_cross_entropy, {"W": 0.1 * random.normal(size=(784, 10))}, data, "torch")


def measure(repeats: int = 101) -> Figure:
    """Return the compiled gradient of a cross-entropy of 1,000 images in 10 classes beside torch's autograd."""
    what = "compiled gradient of a cross-entropy"
    return beside_autograd(what, _loss, "images", (10, 100, 1000), 1000, 1.0, repeats)
