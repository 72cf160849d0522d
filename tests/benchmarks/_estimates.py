"""Gradients by finite differences with an estimate of their error, by gradlab and by libraries in use.

Each takes a function of one vector over NumPy and a point, and returns values and errors. A function may be called
with many points at once, along further axes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Estimate = Callable[[Callable[[Any], Any], Array], tuple[Array, Array]]


def by_gradlab(f: Callable[[Any], Any], at: Array) -> tuple[Array, Array]:
    """The ladder, at its defaults."""
    from gradlab import estimate

    gradient = estimate(f, at)
    (name,) = gradient.partials
    return gradient[name], (gradient.error or {})[name]


def by_numdifftools(f: Callable[[Any], Any], at: Array) -> tuple[Array, Array]:
    """``numdifftools.Gradient``, at its defaults."""
    from numdifftools import Gradient

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = Gradient(f, full_output=True)(at)
    return np.ravel(found.estimate), np.ravel(found.error_estimate)


def by_scipy(f: Callable[[Any], Any], at: Array) -> tuple[Array, Array]:
    """``scipy.differentiate.jacobian``, at its defaults."""
    from scipy.differentiate import jacobian

    def rows(x: Array) -> Array:
        points = np.moveaxis(x, 0, -1)
        flat = [f(point) for point in points.reshape(-1, points.shape[-1])]
        return np.array(flat, dtype=x.dtype).reshape(points.shape[:-1])

    with np.errstate(all="ignore"):
        found = jacobian(rows, at)
    return np.ravel(found.df), np.ravel(found.error)


ALL: dict[str, Estimate] = {
    "gradlab.estimate": by_gradlab,
    "numdifftools": by_numdifftools,
    "scipy.differentiate": by_scipy,
}
"""By name, gradlab's own first."""
