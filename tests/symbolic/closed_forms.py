"""Functions whose derivations are held to the letter; `golden_latex.json` holds what they read like.

Run this file to write it anew, and look at every formula that changed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from gradlab import as_function, derive

GOLDEN = Path(__file__).parent / "golden_latex.json"


def quadratic_fit(params: Any, t: Any, y: Any) -> Any:
    a, b, c = params
    preds = a * t**2 + b * t + c
    return ((preds - y) ** 2).mean()


def logistic(X: Any, w: Any, b: Any, y: Any) -> Any:
    z = X @ w + b
    return F.binary_cross_entropy_with_logits(z, y)


def logistic_by_hand(X: Any, w: Any, b: Any, y: Any) -> Any:
    z = X @ w + b
    p = 1 / (1 + np.exp(-z))
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()


def softmax_regression(X: Any, W: Any, y: Any) -> Any:
    Z = X @ W
    return F.cross_entropy(Z, y)


def softmax_one_hot(X: Any, W: Any, Y: Any) -> Any:
    Z = X @ W
    return -(Y * torch.log_softmax(Z, 1)).sum(1).mean()


def tanh_network(X: Any, W1: Any, b1: Any, w2: Any, b2: Any, y: Any) -> Any:
    Z = X @ W1 + b1
    H = torch.tanh(Z)
    o = H @ w2 + b2
    return F.mse_loss(o, y)


def relu_network(X: Any, W1: Any, b1: Any, W2: Any, b2: Any, y: Any) -> Any:
    Z1 = X @ W1 + b1
    A1 = torch.relu(Z1)
    Z2 = A1 @ W2 + b2
    return F.cross_entropy(Z2, y)


def gelu_network(X: Any, W: Any, v: Any) -> Any:
    Z = X @ W
    H = F.gelu(Z)
    return (H @ v).pow(2).mean()


def layer_norm(X: Any, g: Any, b: Any, Y: Any) -> Any:
    N = F.layer_norm(X, (X.shape[-1],), g, b)
    return ((N - Y) ** 2).sum()


def layer_norm_by_hand(X: Any, Y: Any) -> Any:
    mu = X.mean(-1, keepdims=True)
    v = ((X - mu) ** 2).mean(-1, keepdims=True)
    N = (X - mu) / np.sqrt(v + 1e-5)
    return ((N - Y) ** 2).sum()


def attention(X: Any, Wq: Any, Wk: Any, Wv: Any) -> Any:
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    A = torch.softmax(Q @ K.T / K.shape[1] ** 0.5, dim=-1)
    mixed = A @ V
    return (mixed**2).sum()


def gaussian(mu: Any, S: Any, y: Any) -> Any:
    r = y - mu
    return 0.5 * r @ np.linalg.solve(S, r) + 0.5 * np.linalg.slogdet(S)[1]


def recurrent_cell(x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
    z = W @ x + U @ h + b
    n = torch.tanh(z)
    return (n**2).sum()


def k_means(X: Any, C: Any) -> Any:
    D = ((X[:, None, :] - C[None, :, :]) ** 2).sum(axis=2)
    return D.min(axis=1).mean()


X, W, y = ("n", "d"), ("d", "k"), ("n",)

FORMS: dict[str, tuple[Any, dict[str, tuple[Any, ...]] | None]] = {
    "x² + y": ("x**2 + y", None),
    "sum of squares": (lambda x: (x**2).sum(), {"x": y}),
    "quadratic fit": (quadratic_fit, {"params": (3,), "t": y, "y": y}),
    "least squares": (lambda X, w, y: ((X @ w - y) ** 2).sum(), {"X": X, "w": ("d",), "y": y}),
    "ridge": (lambda X, w, y, lam: ((X @ w - y) ** 2).mean() + lam * (w @ w), {"X": X, "w": ("d",), "y": y, "lam": ()}),
    "logistic regression": (logistic, {"X": X, "w": ("d",), "b": (), "y": y}),
    "logistic regression by hand": (logistic_by_hand, {"X": X, "w": ("d",), "b": (), "y": y}),
    "cross-entropy in the logits": (lambda Z, y: F.cross_entropy(Z, y), {"Z": ("n", "k"), "y": y}),
    "softmax regression": (softmax_regression, {"X": X, "W": W, "y": y}),
    "softmax regression, one-hot": (softmax_one_hot, {"X": X, "W": W, "Y": ("n", "k")}),
    "tanh network": (tanh_network, {"X": X, "W1": ("d", "h"), "b1": ("h",), "w2": ("h",), "b2": (), "y": y}),
    "relu network": (relu_network, {"X": X, "W1": ("d", "h"), "b1": ("h",), "W2": ("h", "k"), "b2": ("k",), "y": y}),
    "gelu network": (gelu_network, {"X": X, "W": W, "v": ("k",)}),
    "log det": (lambda A: np.linalg.slogdet(A)[1], {"A": ("n", "n")}),
    "trace of a product": (lambda A, X, B: np.trace(A @ X @ B), {"A": ("a", "b"), "X": ("b", "c"), "B": ("c", "a")}),
    "quadratic form": (lambda x, A: x @ A @ x, {"x": y, "A": ("n", "n")}),
    "layer norm": (layer_norm, {"X": X, "g": ("d",), "b": ("d",), "Y": X}),
    "layer norm by hand": (layer_norm_by_hand, {"X": X, "Y": X}),
    "attention": (attention, {"X": X, "Wq": W, "Wk": W, "Wv": ("d", "v")}),
    "gaussian likelihood": (gaussian, {"mu": ("k",), "S": ("k", "k"), "y": ("k",)}),
    "inverse": (lambda A, B: np.trace(np.linalg.inv(A) @ B), {"A": ("n", "n"), "B": ("n", "n")}),
    "recurrent cell": (recurrent_cell, {"x": ("d",), "h": ("m",), "W": ("m", "d"), "U": ("m", "m"), "b": ("m",)}),
    "k-means": (k_means, {"X": X, "C": ("k", "d")}),
    "matrix factorisation": (
        lambda R, U, V: ((R - U @ V.T) ** 2).sum(),
        {"R": ("n", "m"), "U": ("n", "k"), "V": ("m", "k")},
    ),
    "hinge": (lambda X, w, y: np.maximum(0, 1 - y * (X @ w)).mean(), {"X": X, "w": ("d",), "y": y}),
    "huber": (lambda x, y: F.huber_loss(x, y), {"x": y, "y": y}),
    "cosine": (lambda x, y: x @ y / (np.linalg.norm(x) * np.linalg.norm(y)), {"x": y, "y": y}),
    "elastic net": (lambda w: np.abs(w).sum() + (w**2).sum() / 2, {"w": ("d",)}),
    "max over an axis": (lambda X: torch.amax(X, dim=1).sum(), {"X": X}),
    "cumulative sum": (lambda x: (torch.cumsum(x, 0) ** 2).sum(), {"x": y}),
    "where": (lambda x: torch.where(x > 0, x, x**2).sum(), {"x": y}),
    "embedding": (lambda E, c: (E[c] ** 2).sum(), {"E": ("v", "d"), "c": y}),
}


def latex() -> dict[str, str]:
    """Return the derivation of each function as LaTeX."""
    return {
        name: derive(as_function(source, shapes=shapes) if shapes else source).latex()
        for name, (source, shapes) in FORMS.items()
    }


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(latex(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
