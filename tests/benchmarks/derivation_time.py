"""What the derivations of fourteen textbook problems cost, beside SymPy's derivative of the smallest fit."""

from __future__ import annotations

from typing import Any

from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.benchmarks import Figure, in_turns
from tests.benchmarks.derivation_size import by_sympy

WHY = """
The problems of a first course, from `x² + y` to attention: each derives in {fastest:.1f} to {slowest:.1f} ms, at any size of its data.
"""


def problems() -> dict[str, tuple[Any, dict[str, tuple[Any, ...]], list[str] | None]]:
    """Return source, shapes and variables of each problem."""
    import numpy as np
    import torch

    functional: Any = torch.nn.functional

    def fit(params: Any, t: Any, y: Any) -> Any:
        a, b, c = params
        return ((a * t**2 + b * t + c - y) ** 2).mean()

    def ridge(X: Any, w: Any, y: Any) -> Any:
        return ((X @ w - y) ** 2).sum() + 0.1 * (w @ w)

    def logistic(X: Any, w: Any, b: Any, y: Any) -> Any:
        return functional.binary_cross_entropy_with_logits(X @ w + b, y)

    labels = torch.tensor([0, 2, 1, 1])

    def network(X: Any, W1: Any, b1: Any, w2: Any, y: Any) -> Any:
        Z = X @ W1 + b1
        H = torch.tanh(Z)
        o = H @ w2
        return functional.mse_loss(o, y)

    def layer_norm(X: Any, g: Any, b: Any) -> Any:
        centred = X - X.mean(1, keepdims=True)
        variance = (centred**2).mean(1, keepdims=True)
        return ((centred / np.sqrt(variance + 1e-5) * g + b) ** 2).sum()

    def attention(X: Any, Wq: Any, Wk: Any, Wv: Any) -> Any:
        Q, K, V = X @ Wq, X @ Wk, X @ Wv
        A = torch.softmax(Q @ K.T / K.shape[1] ** 0.5, dim=-1)
        return ((A @ V) ** 2).sum()

    X, w, y = {"X": ("n", "d")}, {"w": ("d",)}, {"y": ("n",)}
    return {
        "x² + y": ("x**2 + y", {}, None),
        "sum of squares": (lambda x: (x**2).sum(), {"x": ("n",)}, None),
        "quadratic fit": (fit, {"params": (3,), "t": ("n",), **y}, ["params"]),
        "least squares": (lambda X, w, y: ((X @ w - y) ** 2).sum(), {**X, **w, **y}, ["w"]),
        "ridge": (ridge, {**X, **w, **y}, ["w"]),
        "logistic regression": (logistic, {**X, **w, "b": (), **y}, ["w", "b"]),
        "cross-entropy in logits": (lambda Z: functional.cross_entropy(Z, labels), {"Z": (4, 3)}, None),
        "cross-entropy in W": (
            lambda W, X: functional.cross_entropy(X @ W, labels),
            {"W": ("d", 3), "X": (4, "d")},
            ["W"],
        ),
        "tanh network": (network, {**X, "W1": ("d", "h"), "b1": ("h",), "w2": ("h",), **y}, ["W1", "b1", "w2"]),
        "log det": (lambda A: np.linalg.slogdet(A)[1], {"A": ("n", "n")}, None),
        "trace of a product": (
            lambda A, X, B: np.trace(A @ X @ B),
            {"A": ("n", "m"), "X": ("m", "k"), "B": ("k", "n")},
            ["X"],
        ),
        "quadratic form": (lambda x, A: x @ A @ x, {"x": ("n",), "A": ("n", "n")}, ["x"]),
        "layer norm": (layer_norm, {**X, "g": ("d",), "b": ("d",)}, None),
        "attention": (attention, {**X, "Wq": ("d", "k"), "Wk": ("d", "k"), "Wv": ("d", "v")}, ["Wq"]),
    }


def measure(repeats: int = 31) -> Figure:
    """Return the slowest of the fourteen derivations beside SymPy's derivatives of a fit of three points."""
    sympy_diff, taken = by_sympy(3), []
    worst, name, slow, other = 0.0, "", 0.0, 0.0
    for problem, (source, shapes, wrt) in problems().items():
        function = as_function(source, shapes=shapes) if shapes else as_function(source)
        ratio, ours, theirs = in_turns(lambda f=function, w=wrt: derive(f, w).partials, sympy_diff, repeats)
        taken.append(ours)
        if ratio > worst:
            worst, name, slow, other = ratio, problem, ours, theirs
    return Figure(
        "deriving any of fourteen textbook problems, once read",
        worst,
        0.5,
        f"the slowest, {name} ({1e3 * slow:.2f} ms) / sympy.diff of a fit of 3 points ({1e3 * other:.2f} ms), "
        f"median of {repeats} pairs",
        values={"fastest": 1e3 * min(taken), "slowest": 1e3 * max(taken), "sympy": 1e3 * other},
    )
