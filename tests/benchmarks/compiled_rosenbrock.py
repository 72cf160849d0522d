"""The compiled gradient of Rosenbrock's function of 100 variables."""

from __future__ import annotations

from typing import Any

from tests.benchmarks import Figure
from tests.benchmarks._compiled import beside_autograd


def rosenbrock(x: Any) -> Any:
    """Return Rosenbrock's function, written with slices."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def measure(repeats: int = 201) -> Figure:
    """Return the compiled gradient of Rosenbrock's function beside torch's autograd."""
    import numpy as np

    start = np.linspace(-1.0, 1.5, 100)
    return beside_autograd(
        "compiled: Rosenbrock, 100 variables", rosenbrock, rosenbrock, {"x": start}, 0.1, repeats, calls=20
    )
