"""Models that cut, join and slide: convolutional networks, heads of attention, joined features."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from tests.models.model import modelled


def signal_network(X: Any, W: Any, b: Any, v: Any) -> Any:
    Z = F.conv1d(X, W, b, stride=2, padding=1)
    H = torch.tanh(Z)
    return ((H.flatten(1) @ v) ** 2).mean()


def image_network(X: Any, W: Any, V: Any) -> Any:
    Z = F.conv2d(X, W)
    H = torch.relu(Z)
    P = F.avg_pool2d(H, 2)
    o = P.view(P.shape[0], -1) @ V
    return (o**2).mean()


def largest_of_windows(X: Any, W: Any) -> Any:
    Z = F.conv2d(X, W, padding=1)
    P = F.max_pool2d(Z, 2)
    return (P.mean((2, 3)) ** 2).sum()


def heads(X: Any, Wq: Any, Wk: Any) -> Any:
    n, t, d = X.shape
    X = torch.tanh(X)
    Q = (X @ Wq).view(n, t, 2, d // 2).transpose(1, 2)
    K = (X @ Wk).view(n, t, 2, d // 2).transpose(1, 2)
    A = torch.softmax(Q @ K.transpose(-2, -1) / d, dim=-1)
    mixed = (A @ Q).transpose(1, 2).reshape(n, t, d)
    return (mixed**2).mean()


def joined_features(X: Any, Z: Any, W: Any) -> Any:
    H = torch.cat([X, torch.tanh(Z)], dim=1) @ W
    first, second = H.chunk(2, dim=1)
    return (first * second).sum()


CODE = [
    ("signal network", signal_network, {"X": (2, 2, 5), "W": (2, 2, 3), "b": (2,), "v": (6,)}),
    ("image network", image_network, {"X": (1, 1, 4, 4), "W": (2, 1, 3, 3), "V": (2, 2)}),
    ("largest of windows", largest_of_windows, {"X": (1, 1, 2, 4), "W": (2, 1, 3, 3)}),
    ("heads", heads, {"X": (1, 2, 4), "Wq": (4, 4), "Wk": (4, 4)}),
    ("joined features", joined_features, {"X": (3, 2), "Z": (3, 1), "W": (3, 4)}),
    ("joined features, equal sizes", joined_features, {"X": (2, 2), "Z": (2, 2), "W": (4, 2)}),
    ("padded differences", lambda x: ((F.pad(x, (0, 1)) - F.pad(x, (1, 0))) ** 2).sum(), {"x": (4,)}),
    ("tiled", lambda X, Y: (torch.tile(X, (2, 2)) * Y).sum() ** 2, {"X": (2, 2), "Y": (4, 4)}),
    ("upwards", lambda X, W: (F.conv_transpose1d(X, W, stride=2) ** 2).sum(), {"X": (1, 2, 3), "W": (2, 1, 3)}),
]

MODELS = modelled(CODE)
