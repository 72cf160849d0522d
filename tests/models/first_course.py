"""What an introductory course writes: text, fits, regressions, a network, attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from tests.models.model import Model, modelled


def mse(preds: Any, targets: Any) -> Any:
    return ((preds - targets) ** 2).mean()


def quadratic(t: Any, params: Any) -> Any:
    a, b, c = params
    return a * (t**2) + b * t + c


def fit(t: Any, params: Any, y: Any) -> Any:
    preds = quadratic(t, params)
    return mse(preds, y)


def least_squares(X: Any, w: Any, y: Any) -> Any:
    return ((X @ w - y) ** 2).sum()


def logistic(X: Any, w: Any, b: Any, y: Any) -> Any:
    z = X @ w + b
    return torch.nn.functional.binary_cross_entropy_with_logits(z, y)


def tanh_network(X: Any, W1: Any, b1: Any, w2: Any, y: Any) -> Any:
    Z = X @ W1 + b1
    H = torch.tanh(Z)
    o = H @ w2
    return torch.nn.functional.mse_loss(o, y)


def standardised(X: Any, w: Any) -> Any:
    centred = X - X.mean(0, keepdims=True)
    return (centred @ w).pow(2).mean()


def attention(X: Any, Wq: Any, Wk: Any, Wv: Any) -> Any:
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    A = torch.softmax(Q @ K.T / K.shape[1] ** 0.5, dim=-1)
    return ((A @ V) ** 2).sum()


TEXTS: dict[str, dict[str, float]] = {
    "x**2 + y": {"x": 3.0, "y": 1.0},
    "x*x*x": {"x": 1.5},
    "2x^3 - 4x + 7": {"x": -1.25},
    "x*sin(x^2)": {"x": 0.7},
    "(x + 1)/(x^2 + 1)": {"x": 0.3},
    "1/x + x^-2": {"x": 1.7},
    "sqrt(x) + x^(1/3)": {"x": 2.3},
    "exp(-x^2/2)": {"x": 0.9},
    "x^y": {"x": 1.4, "y": 2.2},
    "2^x + e^(3x)": {"x": 0.4},
    "log(x) + log2(x) + log10(x)": {"x": 3.1},
    "sin x cos x tan x": {"x": 0.6},
    "asin(x) + acos(x/2) + atan(3x)": {"x": 0.2},
    "sinh(x) cosh(x) - tanh(x)": {"x": 0.8},
    "asinh(x) + acosh(x + 2) + atanh(x)": {"x": 0.35},
    "sigmoid(x y) + softplus(x - y)": {"x": 0.5, "y": -1.5},
    "erf(x) + relu(x) + |x|": {"x": 0.45},
    "max(x, y) min(x, 2y)": {"x": 0.45, "y": 0.3},
    "cot(x) + sec(x) + csc(x)": {"x": 0.85},
    "sign(x) x + floor(x) x": {"x": 2.5},
}

CLASSES = torch.tensor([0, 3, 1])

CODE: list[tuple[str, Callable[..., Any], dict[str, tuple[int, ...]]]] = [
    ("sum of squares", lambda x: (x**2).sum(), {"x": (3,)}),
    ("mean of exponentials", lambda x: torch.exp(-x).mean(), {"x": (4,)}),
    ("dot with itself", lambda x: torch.dot(x, x), {"x": (3,)}),
    ("indexing", lambda x: x[0] * x[1] + x[-1] ** 2, {"x": (4,)}),
    ("slices", lambda x: ((x[1:] - x[:-1]) ** 2).sum(), {"x": (5,)}),
    ("stack", lambda x: (torch.stack([x[0] ** 2, torch.sin(x[1])]) ** 2).sum(), {"x": (2,)}),
    ("fit", fit, {"t": (5,), "params": (3,), "y": (5,)}),
    ("least squares", least_squares, {"X": (5, 3), "w": (3,), "y": (5,)}),
    ("ridge", lambda X, w, y: least_squares(X, w, y) + 0.1 * (w @ w), {"X": (5, 3), "w": (3,), "y": (5,)}),
    ("quadratic form", lambda x, A: x @ A @ x, {"x": (3,), "A": (3, 3)}),
    (
        "trace of a product",
        lambda A, X, B: torch.einsum("ij,jk,ki->", A, X, B),
        {"A": (2, 3), "X": (3, 4), "B": (4, 2)},
    ),
    ("logistic regression", logistic, {"X": (5, 3), "w": (3,), "b": (), "y": (5,)}),
    ("tanh network", tanh_network, {"X": (5, 3), "W1": (3, 4), "b1": (4,), "w2": (4,), "y": (5,)}),
    ("tanh network, equal sizes", tanh_network, {"X": (3, 3), "W1": (3, 3), "b1": (3,), "w2": (3,), "y": (3,)}),
    ("standardised", standardised, {"X": (5, 3), "w": (3,)}),
    ("broadcast column", lambda X, b: (X * b[:, None]).sum(), {"X": (4, 3), "b": (4,)}),
    ("broadcast row", lambda X, b: torch.sigmoid(X + b).sum(), {"X": (4, 3), "b": (3,)}),
    ("transposes", lambda A, B: (A.T @ B.T).sum(), {"A": (3, 2), "B": (4, 3)}),
    ("outer", lambda x, y: (torch.outer(x, y) ** 2).sum(), {"x": (2,), "y": (3,)}),
    ("norm", lambda x: torch.norm(x), {"x": (3,)}),
    ("diagonal", lambda A: torch.einsum("ii->i", A).pow(2).sum(), {"A": (3, 3)}),
    ("batched product", lambda A, B: (A @ B).pow(2).mean(), {"A": (2, 3, 4), "B": (2, 4, 2)}),
    ("divided by its size", lambda x: (x**3).sum() / x.shape[0], {"x": (6,)}),
    (
        "binary cross-entropy",
        lambda z, y: torch.nn.functional.binary_cross_entropy(torch.sigmoid(z), torch.sigmoid(y)),
        {"z": (4,), "y": (4,)},
    ),
    ("l1", lambda x, y: torch.nn.functional.l1_loss(x, y), {"x": (4,), "y": (4,)}),
    (
        "linear layer",
        lambda x, W, b: torch.nn.functional.linear(x, W, b).pow(2).sum(),
        {"x": (5, 3), "W": (2, 3), "b": (2,)},
    ),
]

MODELS = [Model(text, text, dict(at)) for text, at in TEXTS.items()] + modelled(CODE)
