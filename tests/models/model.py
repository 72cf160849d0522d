"""A function with a point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np


class Model(NamedTuple):
    name: str
    source: Any
    at: dict[str, Any]


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    """Return normal numbers, the same in every run."""
    return np.random.default_rng(seed + len(shape)).normal(size=shape)


def modelled(code: Sequence[tuple[str, Callable[..., Any], dict[str, tuple[int, ...]]]]) -> list[Model]:
    """Return a model for each name, function and shapes, at a drawn point."""
    return [
        Model(name, function, {key: drawn(*shape, seed=place) for place, (key, shape) in enumerate(shapes.items())})
        for name, function, shapes in code
    ]
