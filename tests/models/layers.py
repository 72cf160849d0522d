"""Normalisation, attention, recurrent cells, and modules of torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.models.model import Model, drawn, modelled

STATISTICS = torch.tensor([0.3, -0.2, 0.5], dtype=torch.float64), torch.tensor([1.5, 0.7, 2.0], dtype=torch.float64)
MASK = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]], dtype=torch.float64)


def layer_norm(X: Any, w: Any, b: Any, T: Any) -> Any:
    Y = F.layer_norm(X, X.shape[-1:], w, b)
    return ((Y - T) ** 2).sum()


def layer_norm_by_hand(X: Any, w: Any, T: Any) -> Any:
    mu = X.mean(-1, keepdim=True)
    v = X.var(-1, keepdim=True, unbiased=False)
    Y = (X - mu) / torch.sqrt(v + 1e-5) * w
    return (Y * T).sum()


def batch_norm(X: Any, w: Any, b: Any, T: Any) -> Any:
    return (F.batch_norm(X, None, None, w, b, training=True) * T).sum()


def batch_norm_in_evaluation(X: Any, w: Any, T: Any) -> Any:
    return (F.batch_norm(X, *STATISTICS, w) * T).sum()


def attention(Q: Any, K: Any, V: Any) -> Any:
    return (F.scaled_dot_product_attention(Q, K, V) ** 2).mean()


def recurrent(X: Any, W: Any, U: Any, b: Any, h: Any) -> Any:
    for x in X:
        h = torch.tanh(W @ x + U @ h + b)
    return h @ h


def lstm(x: Any, h: Any, c: Any, W: Any, U: Any, b: Any) -> Any:
    h, c = torch.lstm_cell(x, (h, c), W, U, b, b)
    return (h * c).sum()


def gru(x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
    for _ in range(2):
        h = torch.gru_cell(x, h, W, U, b, 2 * b)
    return (h**2).sum()


def dropped(X: Any, w: Any) -> Any:
    return ((X * MASK / (1 - 0.25)) @ w).pow(2).sum()


def of_modules(name: str, function: Any, shapes: dict[str, tuple[int, ...]], *modules: nn.Module) -> Model:
    """Return a model at a point that also names the parameters of its modules."""
    at: dict[str, Any] = {key: drawn(*shape, seed=place) for place, (key, shape) in enumerate(shapes.items())}
    for module in modules:
        at |= {key: tensor.detach().double().numpy() for key, tensor in module.named_parameters()}
    return Model(name, function, at)


torch.manual_seed(0)
PERCEPTRON = nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3), nn.Tanh(), nn.Dropout(0.5), nn.Linear(3, 1)).eval()
RECURRENT = nn.LSTM(2, 1, batch_first=True)
HEADS = nn.MultiheadAttention(4, 2, bias=False)


def perceptron(X: Any, y: Any) -> Any:
    return F.mse_loss(PERCEPTRON(X).squeeze(1), y)


MODELS = [
    *modelled(
        [
            ("layer norm", layer_norm, {"X": (5, 3), "w": (3,), "b": (3,), "T": (5, 3)}),
            ("layer norm by hand", layer_norm_by_hand, {"X": (3, 3), "w": (3,), "T": (3, 3)}),
            ("batch norm", batch_norm, {"X": (4, 3, 2), "w": (3,), "b": (3,), "T": (4, 3, 2)}),
            ("batch norm in evaluation", batch_norm_in_evaluation, {"X": (4, 3), "w": (3,), "T": (4, 3)}),
            ("deviation", lambda X, t: torch.std(X, 0) @ t, {"X": (4, 3), "t": (3,)}),
            ("attention layer", attention, {"Q": (2, 4, 3), "K": (2, 5, 3), "V": (2, 5, 2)}),
            ("recurrent", recurrent, {"X": (3, 3), "W": (2, 3), "U": (2, 2), "b": (2,), "h": (2,)}),
            ("lstm", lstm, {"x": (2, 3), "h": (2, 1), "c": (2, 1), "W": (4, 3), "U": (4, 1), "b": (4,)}),
            ("gru", gru, {"x": (2, 3), "h": (2, 1), "W": (3, 3), "U": (3, 1), "b": (3,)}),
            ("fixed dropout", dropped, {"X": (2, 3), "w": (3,)}),
        ]
    ),
    of_modules("perceptron", perceptron, {"X": (4, 2), "y": (4,)}, PERCEPTRON),
    of_modules("lstm layer", lambda X: (RECURRENT(X)[0] ** 2).sum(), {"X": (1, 2, 2)}, RECURRENT),
    of_modules("heads", lambda X: (HEADS(X, X, X)[0] ** 2).sum(), {"X": (2, 4)}, HEADS),
]
