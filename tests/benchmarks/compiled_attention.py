"""The compiled gradient of single-head attention."""

from __future__ import annotations

from typing import Any

from tests.benchmarks import Figure
from tests.benchmarks._compiled import Loss, beside_autograd

WHY = """
64 features, by the weights of queries, keys and values.
"""

SHORT = """
With one thread each the two do the same products of matrices; what is left is the softmax of 512 × 512 scores, which NumPy takes in five passes over memory and torch in one.
Next: rows in blocks that stay in the cache.
"""


def _attention(xp: Any, Wq: Any, Wk: Any, Wv: Any, X: Any) -> Any:
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    scores = Q @ K.T / K.shape[1] ** 0.5
    if xp.__name__ == "torch":
        A = xp.softmax(scores, -1)
    else:
        raised = xp.exp(scores - scores.max(1, keepdims=True))
        A = raised / raised.sum(1, keepdims=True)
    return ((A @ V) ** 2).mean()


def _loss(positions: int) -> Loss:
    import numpy as np

    random = np.random.default_rng(0)
    X = random.normal(size=(positions, 64))
    return Loss(
        _attention, {name: 0.1 * random.normal(size=(64, 64)) for name in ("Wq", "Wk", "Wv")}, {"X": X}, "torch"
    )


def measure(repeats: int = 41) -> Figure:
    """Return the compiled gradient of attention over 512 positions of 64 features beside torch's autograd."""
    what = "compiled gradient of attention"
    return beside_autograd(what, _loss, "positions", (8, 64, 512), 512, 1.0, repeats)
