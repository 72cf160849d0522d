"""The compiled gradient of the three-parameter fit, 20 points."""

from __future__ import annotations

from typing import Any

from tests.benchmarks import Figure
from tests.benchmarks._compiled import beside_autograd


def measure(repeats: int = 201) -> Figure:
    """Return the compiled gradient of the fit beside torch's autograd."""
    import numpy as np
    import torch

    t = np.linspace(0.0, 1.0, 20)
    y = t**2 + np.sin(7 * t)
    times, targets = torch.tensor(t), torch.tensor(y)

    def loss(params: Any) -> Any:
        a, b, c = params
        return ((a * t**2 + b * t + c - y) ** 2).mean()

    def torch_loss(params: Any) -> Any:
        a, b, c = params
        return ((a * times**2 + b * times + c - targets) ** 2).mean()

    start = np.array([0.1, -0.2, 0.3])
    return beside_autograd(
        "compiled: quadratic fit, 20 points", loss, torch_loss, {"params": start}, 0.1, repeats, calls=20
    )
