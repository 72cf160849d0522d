"""Choosing: embeddings, classes by position, the largest of many, cumulative sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

from tests.models.model import modelled

WORDS = torch.tensor([2, 0, 2, 3])
BAGS = torch.tensor([[0, 1], [1, 1], [3, 2]])
CLASSES = torch.tensor([2, 0, 1, 1, 2])
SQUARE = torch.tensor([1, 2, 0])
CHOSEN = torch.tensor([True, False, True, True])


def embedded(E: Any, w: Any) -> Any:
    return torch.tanh(E[WORDS].mean(0) @ w)


def bag_of_words(E: Any, W: Any) -> Any:
    Z = F.embedding(BAGS, E).sum(1) @ W
    return (Z**2).mean()


def by_range(X: Any, W: Any) -> Any:
    logp = torch.log_softmax(X @ W, dim=1)
    return -logp[range(X.shape[0]), CLASSES].mean()


def by_arange(Z: Any) -> Any:
    p = torch.softmax(Z, 1)
    return -torch.log(p[torch.arange(Z.shape[0]), SQUARE]).sum()


def by_gather(Z: Any) -> Any:
    return -Z.log_softmax(1).gather(1, CLASSES[:, None]).squeeze(1).mean()


def gathered_twice(A: Any) -> Any:
    return (
        torch.gather(A, 0, torch.tensor([[0, 2], [2, 2], [1, 0]])).pow(2).sum() + (A[[0, 1, 1], [2, -1, 2]] ** 3).sum()
    )


def k_means(X: Any, C: Any) -> Any:
    return ((X[:, None, :] - C[None, :, :]) ** 2).sum(-1).min(dim=1).values.mean()


def pooled(X: Any, w: Any) -> Any:
    return torch.sigmoid(X.amax(dim=0) @ w) + X.max() * X.amin((0, 1))


def best_row(X: Any) -> Any:
    values, indices = torch.max(X, 0)
    return (values**2).sum() + X[indices, 0].sum()


def turned(X: Any) -> Any:
    return (X.flip(1) * X.roll(1, 0) * torch.cumsum(X, 1)).sum() + torch.diff(X, dim=0).pow(2).sum()


CODE: list[tuple[str, Callable[..., Any], dict[str, tuple[int, ...]]]] = [
    ("embedding mean", embedded, {"E": (5, 3), "w": (3,)}),
    ("bag of words", bag_of_words, {"E": (4, 3), "W": (3, 2)}),
    ("classes by range", by_range, {"X": (5, 2), "W": (2, 3)}),
    ("classes by arange, equal sizes", by_arange, {"Z": (3, 3)}),
    ("classes by gather", by_gather, {"Z": (5, 3)}),
    ("gather", gathered_twice, {"A": (3, 3)}),
    ("mask", lambda x, w: (x[CHOSEN] ** 2 * w).sum(), {"x": (4,), "w": (3,)}),
    ("k-means", k_means, {"X": (4, 2), "C": (3, 2)}),
    ("pooled", pooled, {"X": (4, 3), "w": (3,)}),
    ("best row", best_row, {"X": (3, 3)}),
    ("cumulative sum", lambda x: torch.exp(x.cumsum(0)).sum(), {"x": (4,)}),
    ("turned", turned, {"X": (3, 3)}),
    ("products", lambda x: x.prod() + (x.cumprod(0) ** 2).sum(), {"x": (4,)}),
]

MODELS = modelled(CODE)
