"""The compiled gradient of Rosenbrock's function of 100 variables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.benchmarks import Figure
from tests.benchmarks._compiled import Loss, beside_autograd, beside_numba

WHY = """
Written with slices.
As machine code, `derivation.compile("numba")`, it takes {numba_us:.0f} µs at 100 variables: {numba:.2g} of torch's time.
"""


def rosenbrock(x: Any) -> Any:
    """Return Rosenbrock's function, written with slices."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def _loss(count: int) -> Loss:
    import numpy as np

    return Loss(lambda xp, x: rosenbrock(x), {"x": np.linspace(-1.0, 1.5, count)}, {})


def measure(repeats: int = 201) -> Figure:
    """Return the compiled gradient of Rosenbrock's function beside torch's autograd."""
    what = "compiled gradient of Rosenbrock's function"
    found = beside_autograd(what, _loss, "variables", (10, 100, 10_000), 100, 0.1, repeats, calls=20)
    return replace(found, values=beside_numba(_loss(100), 20))
