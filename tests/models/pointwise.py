"""What is done entry by entry: activations, masks, bounds, choices, and the losses made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from tests.models.model import Model, modelled


def network(*activations: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return the loss of a network with these activations between its layers."""

    def loss(X: Any, W1: Any, b1: Any, W2: Any, y: Any) -> Any:
        Z = X @ W1 + b1
        H = activations[0](Z)
        o = activations[-1](H @ W2)
        return F.mse_loss(o, y)

    return loss


LAYERS = {"X": (3, 2), "W1": (2, 4), "b1": (4,), "W2": (4, 2), "y": (3, 2)}
SQUARE = {"X": (3, 3), "W1": (3, 3), "b1": (3,), "W2": (3, 3), "y": (3, 3)}

causal = torch.ones(3, 3).tril().bool()
outside = torch.full((3, 3), float("-inf"), dtype=torch.float64).triu(1)
signs = torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)


def masked_attention(S: Any, V: Any) -> Any:
    A = torch.softmax(S.masked_fill(~causal, float("-inf")), dim=-1)
    return ((A @ V) ** 2).sum()


CODE: list[tuple[str, Callable[..., Any], dict[str, tuple[int, ...]]]] = [
    ("relu network", network(torch.relu), LAYERS),
    ("gelu and softplus network, equal sizes", network(F.gelu, F.softplus), SQUARE),
    ("leaky, elu and silu", lambda Z: F.silu(F.elu(F.leaky_relu(Z, 0.2), 0.5)).sum(), {"Z": (3, 2)}),
    ("huber loss", lambda x, y: F.huber_loss(3 * x, y, delta=0.5), {"x": (4,), "y": (4,)}),
    (
        "divergence",
        lambda Z, Y: F.kl_div(F.log_softmax(Z, 1), F.softmax(Y, 1), reduction="batchmean"),
        {"Z": (3, 2), "Y": (3, 2)},
    ),
    (
        "hinge",
        lambda w, X: torch.clamp(1 - signs * (X @ w), min=0).mean() + 0.1 * w.abs().sum(),
        {"w": (3,), "X": (4, 3)},
    ),
    ("cosine similarity", lambda x, y: F.cosine_similarity(x, y, dim=0), {"x": (3,), "y": (3,)}),
    ("cases", lambda x, y: torch.where(torch.gt(x, y), x**2, torch.sin(y)).sum(), {"x": (4,), "y": (4,)}),
    ("bounds", lambda x, y: (torch.clamp(x, -0.5, 0.7) - y).pow(2).sum(), {"x": (4,), "y": (4,)}),
    ("masked softmax", masked_attention, {"S": (3, 3), "V": (3, 2)}),
    ("scores with -∞ added", lambda S: torch.logsumexp(S / 2 + outside, -1).sum(), {"S": (3, 3)}),
]

TEXTS: dict[str, dict[str, float]] = {
    "where(x > y, x^2, sin y) clamp(y, -1, 1) + huber(x - y, 1/2)": {"x": 0.7, "y": 0.4},
    "gelu(x) logaddexp(x, y) + atan2(x, y)/hypot(x, y)": {"x": 0.6, "y": -0.8},
}

MODELS = [Model(text, text, dict(at)) for text, at in TEXTS.items()] + modelled(CODE)
