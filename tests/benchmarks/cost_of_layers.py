"""What an estimate costs where every term has all variables in it, beside torch's gradcheck."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from gradlab import as_function, estimate
from tests.benchmarks import Figure, Growth, in_turns
from tests.benchmarks._gradcheck_costs import SIZES, by_torch, point
from tests.benchmarks._threads import one_thread

WHY = """
A linear layer in front: no term can be left out, and every probe is a product with the whole matrix.
"""

SHORT = """
Both sides spend nearly all of their time on products with the matrix; gradlab probes each variable at two dozen steps on both sides, torch at one.
Next: fewer steps where the first differences already agree.
"""

LAYERS = {
    "least squares": lambda xp, x, v: ((v - 1) ** 2).sum(),
    "tanh": lambda xp, x, v: xp.tanh(v).sum(),
    "log-sum-exp": lambda xp, x, v: xp.log(xp.exp(v).sum()),
    "quadratic form": lambda xp, x, v: x @ v,
}
"""What is done with x and v = A x, which is as long."""


def measure(repeats: int = 7) -> Figure:
    """Return the largest ratio of times, over the functions and sizes."""
    with one_thread():
        curves = {name: tuple((size, _ratio(after, size, repeats)) for size in SIZES) for name, after in LAYERS.items()}
    worst = max(ratio for points in curves.values() for _, ratio in points)
    how = (
        f"the worst of four functions of A x at {', '.join(map(str, SIZES))} variables, median of {repeats} pairs each"
    )
    growth = Growth("variables", "ratio", curves)
    return Figure("estimate behind a linear layer, beside torch's gradcheck", worst, 1.0, how, growth=growth)


def _ratio(after: Any, size: int, repeats: int) -> float:
    matrix = np.random.default_rng(1).normal(size=(size, size)) / size
    weights = torch.tensor(matrix)
    function = as_function(lambda x: after(np, x, matrix @ x), shapes={"x": (size,)})
    x = point(size)
    at = x.detach().numpy()
    return in_turns(lambda: estimate(function, at), by_torch(lambda x: after(torch, x, weights @ x), x), repeats)[0]
