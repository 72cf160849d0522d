"""Functions with gradients worked out by hand, which every route has to meet.

Each is written once, over a module of functions (NumPy, torch or jax.numpy): small functions whose gradient stands in
any table of derivatives, and kinks with their slopes. The problems of Moré, Garbow and Hillstrom are in
`tests/more_garbow_hillstrom.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Scenario:
    """A function of one vector, a point, and its gradient by hand.

    f: called with a module of functions and the vector.  gradient: by hand, over NumPy.
    minimum: a point and the value there that was published, to check f by; None where there is none.
    source: where the function and its constants were looked up; "" for what any table of derivatives has.
    slopes: at a kink, per component the slopes to the left and to the right; then there is no gradient.
    """

    name: str
    f: Callable[[Any, Any], Any]
    at: Array
    gradient: Callable[[Array], Array]
    minimum: tuple[Array, float] | None = None
    source: str = ""
    slopes: Array | None = None

    def in_numpy(self, x: Any) -> Any:
        """Return f over NumPy."""
        return self.f(np, x)

    def in_torch(self, x: Any) -> Any:
        """Return f over torch."""
        import torch

        return self.f(torch, x)


def scenario(
    name: str, at: Any, f: Callable[[Any, Any], Any], gradient: Callable[[Array], Any], slopes: Any = None
) -> Scenario:
    """Return a scenario; point, gradient and slopes may be lists."""
    return Scenario(
        name,
        f,
        np.asarray(at, dtype=float),
        lambda x: np.asarray(gradient(x), dtype=float),
        slopes=None if slopes is None else np.asarray(slopes, dtype=float),
    )


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def softmax(x: Array) -> Array:
    raised = np.exp(x - x.max())
    return raised / raised.sum()


def _least_squares(X: Array, y: Array) -> tuple[Callable[[Any, Any], Any], Callable[[Array], Array]]:
    return (
        lambda xp, w: ((xp.asarray(X) @ w - xp.asarray(y)) ** 2).mean(),
        lambda w: 2 / len(y) * X.T @ (X @ w - y),
    )


def _cosine_to(b: Array) -> tuple[Callable[[Any, Any], Any], Callable[[Array], Array]]:
    length = float(np.sqrt((b**2).sum()))

    def gradient(x: Array) -> Array:
        norm = np.sqrt((x**2).sum())
        return b / (norm * length) - (x @ b) * x / (norm**3 * length)

    return lambda xp, x: (x * xp.asarray(b)).sum() / (xp.sqrt((x**2).sum()) * length), gradient


_X = np.array([[1.0, 2.0, -1.0], [0.5, -1.5, 2.0], [3.0, 0.0, 1.0], [-2.0, 1.0, 0.5]])
_Y = np.array([1.0, -2.0, 0.5, 3.0])
_LABELS = np.array([1.0, 0.0, 1.0, 0.0])
_A = np.array([[4.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.0, -1.0, 2.0]])

SMOOTH = [
    scenario("squares", [1.0, -2.0, 3.0], lambda xp, x: (x**2).sum(), lambda x: 2 * x),
    scenario("x² + y", [3.0, 1.0], lambda xp, x: x[0] ** 2 + x[1], lambda x: [2 * x[0], 1]),
    scenario(
        "product and quotient",
        [2.0, -3.0, 0.5],
        lambda xp, x: x[0] * x[1] * x[2] + x[0] / x[1],
        lambda x: [x[1] * x[2] + 1 / x[1], x[0] * x[2] - x[0] / x[1] ** 2, x[0] * x[1]],
    ),
    scenario("cubic", [0.3, -1.7], lambda xp, x: (x**3 - 2 * x).sum(), lambda x: 3 * x**2 - 2),
    scenario("reciprocal", [0.25, -4.0], lambda xp, x: (1 / x).sum(), lambda x: -1 / x**2),
    scenario("exponential", [0.0, 1.5, -3.0], lambda xp, x: xp.exp(x).sum(), np.exp),
    scenario("logarithm", [0.01, 1.0, 20.0], lambda xp, x: xp.log(x).sum(), lambda x: 1 / x),
    scenario("square root", [1e-4, 2.0, 9.0], lambda xp, x: xp.sqrt(x).sum(), lambda x: 0.5 / np.sqrt(x)),
    scenario("sine", [0.0, 1.0, 3.0], lambda xp, x: xp.sin(x).sum(), np.cos),
    scenario("cosine", [0.5, 2.0, -3.0], lambda xp, x: xp.cos(x).sum(), lambda x: -np.sin(x)),
    scenario("tangent", [0.1, 1.2, -0.7], lambda xp, x: xp.tan(x).sum(), lambda x: 1 / np.cos(x) ** 2),
    scenario("arctangent", [0.0, 1.0, -8.0], lambda xp, x: xp.arctan(x).sum(), lambda x: 1 / (1 + x**2)),
    scenario("arcsine", [0.0, 0.6, -0.9], lambda xp, x: xp.arcsin(x).sum(), lambda x: 1 / np.sqrt((1 - x) * (1 + x))),
    scenario("hyperbolic tangent", [0.0, 1.0, -2.5], lambda xp, x: xp.tanh(x).sum(), lambda x: 1 / np.cosh(x) ** 2),
    scenario("bell", [0.3, -1.1, 2.0], lambda xp, x: xp.exp(-(x**2)).sum(), lambda x: -2 * x * np.exp(-(x**2))),
    scenario(
        "power of a positive number",
        [2.0, 1.5],
        lambda xp, x: x[0] ** x[1],
        lambda x: [x[1] * x[0] ** (x[1] - 1), x[0] ** x[1] * np.log(x[0])],
    ),
    scenario(
        "product rule, x sin x²",
        [0.7, -1.3],
        lambda xp, x: (x * xp.sin(x**2)).sum(),
        lambda x: np.sin(x**2) + 2 * x**2 * np.cos(x**2),
    ),
    scenario("entropy", [0.1, 0.5, 0.9], lambda xp, x: -(x * xp.log(x)).sum(), lambda x: -np.log(x) - 1),
    scenario("norm", [3.0, -4.0, 12.0], lambda xp, x: xp.sqrt((x**2).sum()), lambda x: x / np.sqrt((x**2).sum())),
    scenario("log-sum-exp", [0.1, -2.0, 1.5], lambda xp, x: xp.log(xp.exp(x).sum()), softmax),
    scenario(
        "softmax, one entry",
        [0.1, -2.0, 1.5],
        lambda xp, x: xp.exp(x[1]) / xp.exp(x).sum(),
        lambda x: softmax(x)[1] * (np.array([0.0, 1.0, 0.0]) - softmax(x)),
    ),
    scenario("least squares", [0.5, -1.0, 2.0], *_least_squares(_X, _Y)),
    scenario(
        "ridge",
        [0.5, -1.0, 2.0],
        lambda xp, w: ((xp.asarray(_X) @ w - xp.asarray(_Y)) ** 2).sum() + 0.1 * (w**2).sum(),
        lambda w: 2 * _X.T @ (_X @ w - _Y) + 0.2 * w,
    ),
    scenario(
        "logistic regression",
        [0.2, -0.4, 0.6],
        lambda xp, w: (xp.log(1 + xp.exp(xp.asarray(_X) @ w)) - xp.asarray(_LABELS) * (xp.asarray(_X) @ w)).mean(),
        lambda w: _X.T @ (sigmoid(_X @ w) - _LABELS) / 4,
    ),
    scenario(
        "Poisson regression",
        [0.2, -0.4, 0.6],
        lambda xp, w: (xp.exp(xp.asarray(_X) @ w) - xp.asarray(_LABELS) * (xp.asarray(_X) @ w)).sum(),
        lambda w: _X.T @ (np.exp(_X @ w) - _LABELS),
    ),
    scenario("quadratic form", [1.0, -2.0, 0.5], lambda xp, x: x @ (xp.asarray(_A) @ x), lambda x: 2 * _A @ x),
    scenario("cosine similarity", [1.0, 2.0, -0.5], *_cosine_to(np.array([0.5, -1.0, 2.0]))),
    scenario(
        "variance",
        [1.0, 4.0, -2.0, 0.5],
        lambda xp, x: ((x - x.mean()) ** 2).mean(),
        lambda x: 2 / 4 * (x - x.mean()),
    ),
    scenario(
        "products of neighbours",
        [1.0, -0.5, 2.0, 3.0],
        lambda xp, x: (x[1:] * x[:-1]).sum(),
        lambda x: [x[1], x[0] + x[2], x[1] + x[3], x[2]],
    ),
    scenario(
        "determinant of 2 x 2",
        [2.0, 1.0, -3.0, 0.5],
        lambda xp, x: xp.log(x[0] * x[3] - x[1] * x[2]),
        lambda x: np.array([x[3], -x[2], -x[1], x[0]]) / (x[0] * x[3] - x[1] * x[2]),
    ),
    # Smooth, though they are made of what has kinks.
    scenario("x |x|", [0.7, -0.2], lambda xp, x: (x * xp.abs(x)).sum(), lambda x: 2 * np.abs(x)),
    scenario(
        "Huber, away from its joins",
        [0.3, -0.9, 2.5, -4.0],
        lambda xp, x: xp.where(xp.abs(x) <= 1, x**2 / 2, xp.abs(x) - 0.5).sum(),
        lambda x: np.clip(x, -1, 1),
    ),
    # Huber's function is once differentiable at its joins; the second derivative jumps.
    scenario(
        "Huber, at its joins",
        [1.0, -1.0],
        lambda xp, x: xp.where(xp.abs(x) <= 1, x**2 / 2, xp.abs(x) - 0.5).sum(),
        lambda x: np.clip(x, -1, 1),
    ),
]

KINKS = [
    scenario("|x| at 0", [0.0, 2.0], lambda xp, x: xp.abs(x).sum(), np.sign, slopes=[[-1, 1], [1, 1]]),
    scenario(
        "relu at 0",
        [0.0, -1.0, 3.0],
        lambda xp, x: xp.maximum(x, 0 * x).sum(),
        lambda x: 1.0 * (x > 0),
        slopes=[[0, 1], [0, 0], [1, 1]],
    ),
    scenario(
        "max of two that are equal",
        [1.5, 1.5],
        lambda xp, x: xp.maximum(x[0], x[1]),
        lambda x: [0.5, 0.5],
        slopes=[[0, 1], [0, 1]],
    ),
    scenario(
        "max(x, 2x) at 0",
        [0.0],
        lambda xp, x: xp.maximum(x[0], 2 * x[0]),
        lambda x: [1.5],
        slopes=[[1, 2]],
    ),
    scenario(
        "clamp at both its bounds",
        [1.0, -1.0, 0.5],
        lambda xp, x: (3 * xp.clip(x, -1, 1)).sum(),
        lambda x: 3.0 * (np.abs(x) <= 1),
        slopes=[[3, 0], [0, 3], [3, 3]],
    ),
    scenario(
        "hinge at its corner",
        [1.0, 0.2],
        lambda xp, x: xp.maximum(1 - x, 0 * x).sum(),
        lambda x: -1.0 * (x < 1),
        slopes=[[-1, 0], [-1, -1]],
    ),
    scenario(
        "a norm at 0, along one axis",
        [0.0, 0.0],
        lambda xp, x: xp.abs(x[0]) + xp.abs(x[1]) * 2,
        np.sign,
        slopes=[[-1, 1], [-2, 2]],
    ),
    scenario(
        "Huber with the slope of its arms doubled",
        [1.0, -1.0],
        lambda xp, x: xp.where(xp.abs(x) <= 1, x**2 / 2, 2 * xp.abs(x) - 1.5).sum(),
        lambda x: 1.0 * x,
        slopes=[[1, 2], [-2, -1]],
    ),
]
