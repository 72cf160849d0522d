"""The compiled gradient of single-head attention."""

from __future__ import annotations

from typing import Any

from tests.benchmarks import Figure
from tests.benchmarks._compiled import beside_autograd


def measure(repeats: int = 41) -> Figure:
    """Return the compiled gradient of attention over 512 positions of 64 features beside torch's autograd."""
    import numpy as np
    import torch

    random = np.random.default_rng(0)
    X = torch.tensor(random.normal(size=(512, 64)))

    def loss(Wq: Any, Wk: Any, Wv: Any) -> Any:
        Q, K, V = X @ Wq, X @ Wk, X @ Wv
        A = torch.softmax(Q @ K.T / K.shape[1] ** 0.5, dim=-1)
        return ((A @ V) ** 2).mean()

    start = {name: 0.1 * random.normal(size=(64, 64)) for name in ("Wq", "Wk", "Wv")}
    return beside_autograd("compiled: attention 512 x 64", loss, loss, start, 1.0, repeats)
