"""One short program of a first course, with the point at which it is tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np


class Program(NamedTuple):
    """source: text or a function.  at: the values of its variables.  refused: why it may be without a formula."""

    name: str
    source: Any
    at: dict[str, np.ndarray]
    refused: str = ""


def positive_definite(size: int) -> np.ndarray:
    """Return a symmetric matrix with eigenvalues well above 0."""
    factor = normal(size, size)
    return factor @ factor.T + size * np.eye(size)


def normal(*shape: int) -> np.ndarray:
    """Return normal numbers, the same for a shape in every run."""
    return np.random.default_rng([7, *shape]).normal(size=shape)


def uniform(*shape: int) -> np.ndarray:
    """Return numbers in (0.15, 0.85), the same for a shape in every run."""
    return np.random.default_rng([11, *shape]).uniform(0.15, 0.85, size=shape)


def point(shapes: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return a point: a shape stands for normal numbers, different for each variable; an array for itself."""
    found = {}
    for place, (name, shape) in enumerate(shapes.items()):
        if isinstance(shape, tuple):
            shape = np.random.default_rng([3, place]).normal(size=shape)
        found[name] = np.asarray(shape, dtype=float)
    return found
