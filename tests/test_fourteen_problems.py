"""The fourteen problems of a first course, each with respect to every parameter and to the data, at any size.

The sizes are symbols when the gradient is derived; then it is evaluated at unequal sizes, and at equal ones, where a
transposition would not change a shape, and held against torch.autograd.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import gradlab as gl


class Problem(NamedTuple):
    name: str
    function: Callable[..., Any]
    shapes: dict[str, tuple[str, ...]]


def fit(a, b, c, t, y):
    preds = a * t**2 + b * t + c
    return ((preds - y) ** 2).mean()


def least_squares(X, w, y):
    return ((X @ w - y) ** 2).sum()


def logistic_regression(X, w, b, y):
    z = X @ w + b
    return F.binary_cross_entropy_with_logits(z, y)


def cross_entropy(Z, Y):
    return -(Y * torch.log_softmax(Z, dim=1)).sum() / Z.shape[0]


def linear_classifier(X, W, b, Y):
    Z = X @ W + b
    return cross_entropy(Z, Y)


def network(X, W1, b1, W2, b2, Y):
    Z = X @ W1 + b1
    H = torch.tanh(Z)
    O = H @ W2 + b2  # noqa: E741 - the output, as it is called on paper
    return F.mse_loss(O, Y)


def layer_norm(X, g, b, T):
    mu = X.mean(dim=-1, keepdim=True)
    v = X.var(dim=-1, keepdim=True, unbiased=False)
    Y = (X - mu) / torch.sqrt(v + 1e-5) * g + b
    return ((Y - T) ** 2).sum()


def attention(X, Wq, Wk, Wv, T):
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    A = torch.softmax(Q @ K.T / K.shape[1] ** 0.5, dim=-1)
    return ((A @ V - T) ** 2).sum()


PROBLEMS = [
    Problem("x² + y", lambda x, y: x**2 + y, {"x": (), "y": ()}),
    Problem("sum of squares", lambda x: (x**2).sum(), {"x": ("n",)}),
    Problem("quadratic fit", fit, {"a": (), "b": (), "c": (), "t": ("n",), "y": ("n",)}),
    Problem("least squares", least_squares, {"X": ("n", "d"), "w": ("d",), "y": ("n",)}),
    Problem(
        "ridge",
        lambda X, w, y, r: least_squares(X, w, y) + r * (w**2).sum(),
        {"X": ("n", "d"), "w": ("d",), "y": ("n",), "r": ()},
    ),
    Problem("logistic regression", logistic_regression, {"X": ("n", "d"), "w": ("d",), "b": (), "y": ("n",)}),
    Problem("softmax cross-entropy in the logits", cross_entropy, {"Z": ("n", "k"), "Y": ("n", "k")}),
    Problem(
        "softmax cross-entropy in the weights",
        linear_classifier,
        {"X": ("n", "d"), "W": ("d", "k"), "b": ("k",), "Y": ("n", "k")},
    ),
    Problem(
        "tanh network",
        network,
        {"X": ("n", "d"), "W1": ("d", "h"), "b1": ("h",), "W2": ("h", "k"), "b2": ("k",), "Y": ("n", "k")},
    ),
    Problem(
        "trace of a product",
        lambda A, X, B: torch.einsum("ij,jk,ki->", A, X, B),
        {"A": ("n", "d"), "X": ("d", "h"), "B": ("h", "n")},
    ),
    Problem("log det", lambda A: torch.linalg.slogdet(A).logabsdet, {"A": ("d", "d")}),
    Problem("quadratic form", lambda x, A: x @ A @ x, {"x": ("d",), "A": ("d", "d")}),
    Problem("layer norm", layer_norm, {"X": ("n", "d"), "g": ("d",), "b": ("d",), "T": ("n", "d")}),
    Problem(
        "attention",
        attention,
        {"X": ("n", "d"), "Wq": ("d", "k"), "Wk": ("d", "k"), "Wv": ("d", "h"), "T": ("n", "h")},
    ),
]

SIZES = {"unequal": {"n": 5, "d": 3, "h": 4, "k": 3}, "equal": dict.fromkeys("ndhk", 3)}


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_the_gradient_derived_for_every_size_is_torch_autograds(problem, sizes):
    derivation = gl.derive(gl.as_function(problem.function, shapes=problem.shapes))
    assert derivation.function.variables == problem.shapes
    draw = np.random.default_rng(len(problem.name))
    point = {name: draw.normal(size=[sizes[size] for size in axes]) for name, axes in problem.shapes.items()}
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in point.items()}
    expected = torch.autograd.grad(problem.function(*leaves.values()), list(leaves.values()))
    found = derivation.at(point).partials
    for name, partial in zip(leaves, expected, strict=True):
        error = np.abs(found[name] - partial.numpy()).max()
        assert error <= 1e-9 * np.abs(partial.numpy()).max(), name


FORMS = {
    "least squares": {"w": "2 X^T (X w - y)"},
    "logistic regression": {"w": "X^T δ_z", "b": "1^T δ_z"},
    "softmax cross-entropy in the weights": {"W": "X^T δ_Z"},
    "tanh network": {"W1": "X^T δ_Z", "W2": "H^T δ_O", "b1": "δ_Z^T 1"},
    "quadratic form": {"A": "x x^T"},
    "attention": {"Wq": "X^T δ_Q", "Wv": "X^T δ_V"},
}


@pytest.mark.parametrize("name", FORMS)
def test_the_gradient_reads_as_in_a_textbook(name):
    problem = next(problem for problem in PROBLEMS if problem.name == name)
    lines = gl.derive(gl.as_function(problem.function, shapes=problem.shapes)).text().splitlines()
    for variable, form in FORMS[name].items():
        assert any(line.endswith(f"/∂{variable} = {form}") for line in lines), lines
