"""Extreme eigenvalues of a symmetric matrix that is never written out, by Lanczos' method."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gradlab.errors import GradlabError

if TYPE_CHECKING:
    from gradlab.graph.point import Array

Product = Callable[["Array"], "Array"]
"""A vector, multiplied by a symmetric matrix that need not be written out."""

_PRODUCTS = 200
"""Products with the Hessian that Lanczos' method may take: beyond, its basis costs more memory than it tells."""

_LOOK = 8
"""Products between two looks at the eigenvalues."""

_ENOUGH = 1e-10
"""A residual this small beside the largest eigenvalue is as good as the double precision of the products."""


def lanczos(product: Product, size: int, most: int = _PRODUCTS) -> tuple[Array, Array, float, int]:
    """Return the extreme eigenvalues of a symmetric matrix, their unit vectors, a bound, and the products taken.

    Shapes (2,) and (size, 2); (1,) and (1, 1) for one component.  The bound: each value lies this close to an
    eigenvalue, by the norm of its residual, which is |β_k s_k| (Parlett (1998), section 13.2).
    Each new vector is made orthogonal to all before it, twice: Lanczos' own recurrence loses that to rounding.
    Where the vectors close upon themselves, another start is taken from what they leave out.
    Raises GradlabError where a product is not finite.

    >>> import numpy as np
    >>> values, vectors, bound, products = lanczos(lambda v: np.array([1.0, 5.0, 2.0]) * v, 3)
    >>> values.round(12).tolist(), products
    ([1.0, 5.0], 3)
    """
    import numpy as np

    random = np.random.default_rng(0)
    basis = np.zeros((min(most, size), size))
    diagonal, beside = np.zeros(len(basis)), np.zeros(len(basis))
    vector = _unit(random.standard_normal(size))
    scale, taken = 0.0, 0
    weights, values, residuals = np.ones((1, 1)), np.zeros(1), np.zeros(1)
    for step in range(len(basis)):
        basis[step] = vector
        moved = product(vector)
        if not np.isfinite(moved).all():
            raise GradlabError("the Hessian is not finite there: a product with it overflows or has no value")
        diagonal[step] = vector @ moved
        scale = max(scale, float(np.linalg.norm(moved)))
        taken = step + 1
        rest = _left_over(moved, basis[:taken])
        beside[step] = np.linalg.norm(rest)
        closed = beside[step] <= 1e-13 * scale
        if closed:
            beside[step] = 0.0
        if taken == len(basis) or taken % _LOOK == 0:
            values, weights = np.linalg.eigh(_tridiagonal(diagonal[:taken], beside[: taken - 1]))
            residuals = np.abs(beside[step] * weights[-1, [0, -1]])
            if not closed and residuals.max() <= _ENOUGH * np.abs(values).max():
                break
        if taken == len(basis):
            break
        vector = _unit(_left_over(random.standard_normal(size), basis[:taken]) if closed else rest)
    ends = [0] if size == 1 else [0, -1]
    rounding = 8 * size * float(np.finfo(float).eps) * max(scale, float(np.abs(values).max()))
    return values[ends], basis[:taken].T @ weights[:, ends], float(residuals.max()) + rounding, taken


def _left_over(vector: Array, basis: Array) -> Array:
    for _ in range(2):
        vector = vector - basis.T @ (basis @ vector)
    return vector


def _unit(vector: Array) -> Array:
    import numpy as np

    return vector / np.linalg.norm(vector)


def _tridiagonal(diagonal: Array, beside: Array) -> Array:
    import numpy as np

    return np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
