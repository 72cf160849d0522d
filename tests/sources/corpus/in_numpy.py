"""What people write in NumPy, and in plain Python."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.sources.corpus.program import Program, point, positive_definite, uniform

PROGRAMS: list[Program] = []
LABELS = np.array([0, 2, 1, 1, 0])
SIGNS = np.array([1.0, -1.0, 1.0, 1.0, -1.0])
T = np.linspace(-2, 2, 6)
Y = np.array([1.5, -0.5, 0.3, 0.8, 2.1, 3.3])


def add(name: str, source: Any, refused: str = "", **shapes: Any) -> None:
    PROGRAMS.append(Program(f"numpy: {name}", source, point(shapes), refused))


# Plain Python ----------------------------------------------------------------------------------------


def horner(x: Any) -> Any:
    result = 0.0
    for coefficient in (2, -1, 0.5, 3):
        result = result * x + coefficient
    return result


def newton_root(x: Any) -> Any:
    root = x
    for _ in range(4):
        root = 0.5 * (root + x / root)
    return root


def loss_over_points(a: Any, b: Any) -> Any:
    total = 0
    for t, y in zip(T, Y, strict=True):
        total += (a * t + b - y) ** 2
    return total / len(T)


def piecewise(x: Any) -> Any:
    if x < 0:
        return -x
    elif x < 1:
        return x**2
    return 2 * x - 1


add("square", lambda x: x**2, x=())
add("two variables", lambda x, y: x**2 * y + math.sin(y), x=(), y=())
add("horner", horner, x=())
add("newton iterations", newton_root, x=uniform())
add("loop over data", loss_over_points, a=(), b=())
add("piecewise", piecewise, x=uniform())
add("math functions", lambda x: math.exp(-x) * math.cos(x) + math.log(x), x=uniform())
add("conditional expression", lambda x: x if x > 0 else 0.1 * x, x=uniform())
add("builtin sum", lambda x, y: sum([x * y, x**2, y**2]), x=(), y=())
add("builtin max", lambda x, y: max(x, y), x=(), y=())
add("abs", lambda x: abs(x) ** 3, x=())
add("nested functions", lambda x: (lambda u: u * math.tanh(u))(x + 1), x=())

# Arrays ----------------------------------------------------------------------------------------------


def mean_squared_error(params: Any) -> Any:
    a, b, c = params
    return np.mean((a * T**2 + b * T + c - Y) ** 2)


def polynomial(w: Any) -> Any:
    X = np.stack([T**0, T, T**2], axis=1)
    return np.sum((X @ w - Y) ** 2)


def logistic(X: Any, w: Any, b: Any) -> Any:
    y = (SIGNS + 1) / 2
    p = 1 / (1 + np.exp(-(X @ w + b)))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def softmax_cross_entropy(X: Any, W: Any) -> Any:
    Z = X @ W
    Z = Z - Z.max(axis=1, keepdims=True)
    P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    return -np.log(P[np.arange(5), LABELS]).mean()


def network(X: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    A = np.tanh(X @ W1 + b1)
    B = np.maximum(0, A @ W2 + b2)
    return (B**2).mean()


def layer_norm(X: Any, g: Any, b: Any) -> Any:
    mean = X.mean(axis=-1, keepdims=True)
    deviation = X.std(axis=-1, keepdims=True)
    return np.sum(np.sin((X - mean) / (deviation + 1e-6) * g + b))


def attention(X: Any, Wq: Any, Wk: Any, Wv: Any) -> Any:
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    S = Q @ K.T / np.sqrt(K.shape[1])
    E = np.exp(S - S.max(axis=1, keepdims=True))
    A = E / E.sum(axis=1, keepdims=True)
    return ((A @ V) ** 2).sum()


def k_means(X: Any, C: Any) -> Any:
    distances = ((X[:, None, :] - C[None, :, :]) ** 2).sum(axis=2)
    return distances.min(axis=1).mean()


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def filled(x: Any) -> Any:
    out = np.zeros(4)
    for i in range(4):
        out[i] = x[i] ** 2 * (i + 1)
    return out.sum()


def in_place(x: Any) -> Any:
    y = x * 3
    y[0] = 0
    y[1:] += x[:-1]
    return (y**2).sum()


def running_total(x: Any) -> Any:
    total = 0.0
    for value in x:
        total += np.sin(value)
    return total**2


def recurrent(X: Any, W: Any, U: Any) -> Any:
    h = np.zeros(4)
    for x in X:
        h = np.tanh(x @ W + h @ U)
    return h.sum()


def gaussian(mu: Any, S: Any, y: Any) -> Any:
    r = y - mu
    return 0.5 * r @ np.linalg.solve(S, r) + 0.5 * np.linalg.slogdet(S)[1]


def moving_average(x: Any) -> Any:
    return np.convolve(x, np.ones(3) / 3, mode="valid").std()


def ridge_path(X: Any, w: Any, y: Any) -> Any:
    residual = y - X.dot(w)
    return residual.T @ residual / X.shape[0] + 0.3 * np.linalg.norm(w) ** 2


add("sum of squares", lambda x: (x**2).sum(), x=(4,))
add("np.sum over an axis", lambda X: (np.sum(X, axis=0) ** 2).sum(), X=(5, 3))
add("mean squared error of a fit", mean_squared_error, params=(3,))
add("design matrix", polynomial, w=(3,))
add("least squares", lambda X, w, y: np.linalg.norm(X @ w - y) ** 2, X=(5, 3), w=(3,), y=(5,))
add("ridge", ridge_path, X=(5, 3), w=(3,), y=(5,))
add("logistic regression", logistic, X=(5, 3), w=(3,), b=())
add("softmax cross-entropy", softmax_cross_entropy, X=(5, 4), W=(4, 3))
add("log-sum-exp", lambda z: np.log(np.sum(np.exp(z))), z=(4,))
add("stable log-sum-exp", lambda z: z.max() + np.log(np.exp(z - z.max()).sum()), z=(4,))
add("hinge", lambda X, w: np.maximum(0, 1 - SIGNS * (X @ w)).mean(), X=(5, 3), w=(3,))
add("huber", lambda x: np.where(np.abs(x) <= 1, 0.5 * x**2, np.abs(x) - 0.5).sum(), x=(6,))
add("leaky relu", lambda x: np.where(x > 0, x, 0.01 * x).sum(), x=(6,))
add("clip", lambda x: np.clip(x, -0.5, 0.5).sum(), x=(6,))
add("mask", lambda x: np.sum(x * (x > 0)), x=(6,))
add("l1 and l2", lambda w: np.abs(w).sum() + 0.5 * (w**2).sum(), w=(4,))
add("network", network, X=(5, 3), W1=(3, 4), b1=(4,), W2=(4, 2), b2=(2,))
add("layer norm", layer_norm, X=(5, 4), g=(4,), b=(4,))
add("attention", attention, X=(5, 4), Wq=(4, 3), Wk=(4, 3), Wv=(4, 2))
add("k-means", k_means, X=(6, 3), C=(2, 3))
add("matrix factorisation", lambda U, V, R: np.sum((R - U @ V.T) ** 2), U=(4, 2), V=(3, 2), R=(4, 3))
add("cosine similarity", lambda x, y: x @ y / (np.linalg.norm(x) * np.linalg.norm(y)), x=(4,), y=(4,))
add("correlation", lambda x, y: np.mean((x - x.mean()) * (y - y.mean())) / (x.std() * y.std()), x=(5,), y=(5,))
add("rosenbrock", rosenbrock, x=(5,))
add("filled in a loop", filled, x=(4,))
add("in place", in_place, x=(4,))
add("running total", running_total, x=(4,))
add("recurrent network", recurrent, X=(3, 2), W=(2, 4), U=(4, 4))
add("gaussian likelihood", gaussian, mu=(3,), S=positive_definite(3), y=(3,))
add("log det", lambda A: np.log(np.linalg.det(A)), A=positive_definite(3))
add("trace of an inverse", lambda A: np.trace(np.linalg.inv(A)), A=positive_definite(3))
add("quadratic form", lambda x, A: x.T @ A @ x, x=(4,), A=(4, 4))
add("einsum", lambda A, B: np.einsum("ij,kj->ik", A, B).sum(), A=(4, 3), B=(2, 3))
add("outer", lambda x, y: np.outer(x, y).sum(), x=(4,), y=(3,))
add("concatenate", lambda x, y: (np.concatenate([x, y]) ** 3).sum(), x=(3,), y=(2,))
add("reshape", lambda x: (x.reshape(2, 3) @ np.array([1.0, 2, 3])).prod(), x=(6,))
add("cumsum", lambda x: np.cumsum(x)[-1] * np.cumsum(x**2)[1], x=(4,))
add("diff", lambda x: (np.diff(x) ** 2).sum(), x=(5,))
add("embedding", lambda E: (E[LABELS] ** 2).mean(), E=(3, 4))
add("convolution", moving_average, x=(8,))
add("max over an axis", lambda X: X.max(axis=0).sum(), X=(5, 3))
add("sort", lambda x: np.sort(x)[0], refused="sorting", x=(4,))
add("median", lambda x: np.median(x), refused="sorting", x=(5,))
add("product", lambda x: np.prod(x), x=(4,))
add("variance", lambda X: np.var(X, axis=0, ddof=1).sum(), X=(5, 3))
add("total variation", lambda x: np.abs(x[1:] - x[:-1]).sum(), x=(5,))
add("meshed", lambda x, y: np.exp(-((x[:, None] - y[None, :]) ** 2)).sum(), x=(4,), y=(3,))
add("power method", lambda A, x: np.linalg.norm(A @ (A @ x)) / np.linalg.norm(A @ x), A=(4, 4), x=(4,))
add("tril", lambda A: np.tril(A).sum() + np.trace(A) ** 2, A=(4, 4))
add("logaddexp", lambda x, y: np.logaddexp(x, y).sum(), x=(4,), y=(4,))
add("polyval", lambda w: np.polyval(w, 0.5), refused="not in the table", w=(4,))
add("interpolation", lambda y: np.interp(0.3, [0.0, 1.0, 2.0], y), refused="a table that is searched", y=(3,))
add("softmax temperature", lambda z, t: (np.exp(z / t) / np.exp(z / t).sum())[0], z=(4,), t=uniform())
