"""Code that writes into arrays, detaches values and decides by them."""

from __future__ import annotations

from typing import Any

import torch

from tests.models.model import modelled


def filled(x: Any) -> Any:
    out = torch.zeros(x.shape[0], dtype=x.dtype)
    for i in range(4):
        out[i] = torch.sin(x[i]) * x[i - 1]
    return torch.sum(out**2)


def assigned(x: Any) -> Any:
    y = x * 2
    y[1:] = x[:-1] ** 2
    y[0] += torch.exp(x[0])
    return torch.sum(y * x)


def rows(X: Any) -> Any:
    Y = X * 1
    Y[1] -= X[0] * X[0, 1]
    Y.T[2] = X[:, 0]
    return torch.sum(Y**3)


def recurrence(x: Any, a: Any) -> Any:
    h = torch.zeros(4, dtype=x.dtype)
    for k in range(1, 4):
        h[k] = torch.tanh(h[k - 1] + a * x[k - 1])
    return h.sum()


def bootstrapped(w: Any, x: Any) -> Any:
    target = (0.9 * torch.sum(w * x**2)).detach()
    return (torch.sum(w * x) - target) ** 2


def straight_through(x: Any) -> Any:
    return torch.sum((x + (torch.sign(x) - x).detach()) ** 3)


def clipped(x: Any) -> Any:
    norm = torch.sqrt(torch.sum(x**2))
    if norm > 1:
        x = x / norm
    return torch.sum(x**3)


MODELS = modelled(
    [
        ("a filled array", filled, {"x": (4,)}),
        ("an assigned slice", assigned, {"x": (4,)}),
        ("rows changed in place", rows, {"X": (3, 3)}),
        ("a recurrence in an array", recurrence, {"x": (3,), "a": ()}),
        ("a bootstrapped target", bootstrapped, {"w": (3,), "x": (3,)}),
        ("straight-through", straight_through, {"x": (3,)}),
        ("a norm that is clipped", clipped, {"x": (3,)}),
    ]
)
