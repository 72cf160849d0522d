"""Products of matrices and sums over entries, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from gradlab import as_function
from gradlab.errors import GradlabError, ParseError
from gradlab.sources.answers import Names, read

SHAPES = {"X": ("n", "d"), "w": ("d",), "y": ("n",), "A": ("d", "d")}
draw = np.random.default_rng(3).normal
POINT = {"X": draw(size=(4, 3)), "w": draw(size=3), "y": draw(size=4), "A": draw(size=(3, 3))}
X, w, y, A = POINT.values()

VALUES = {
    "2/n X^T (X w - y)": 2 / 4 * X.T @ (X @ w - y),
    r"\frac{2}{n} X^{\top} \left(X w - y\right)": 2 / 4 * X.T @ (X @ w - y),
    "X^T X w": X.T @ X @ w,
    "w^T A w": w @ A @ w,
    "w^T w": w @ w,
    "y^T X": y @ X,
    "(y^T X)^T": y @ X,
    "w w^T": np.outer(w, w),
    "y w^T": np.outer(y, w),
    "-y w^T": -np.outer(y, w),
    "A ⊙ A": A * A,
    "(X w - y)^T (X w - y)/n": (X @ w - y) @ (X @ w - y) / 4,
    "‖X w - y‖²": np.sum((X @ w - y) ** 2),
    "sum_i w_i^2": w @ w,
    "sum_{i=1}^{d} w_i": w.sum(),
    "sum_i i w_i": w @ [1, 2, 3],
    "sum_{i=0}^{d-1} i w_i": w @ [0, 1, 2],
    "sum_ij w_i A_ij w_j": w @ A @ w,
    "sum_i A_ii": np.trace(A),
    "1/n sum_i (sum_j X_ij w_j - y_i)²": np.mean((X @ w - y) ** 2),
    r"\frac{1}{n} \sum_{i=1}^{n} \left(\sum_{j=1}^{d} X_{ij} w_j - y_i\right)^2": np.mean((X @ w - y) ** 2),
    "2/n sum_i (sum_j X_ij w_j - y_i) X_ik": 2 / 4 * X.T @ (X @ w - y),
    "2 w_i": 2 * w,
    "A_ij + A_ji": A + A.T,
    "w_i w_j": np.outer(w, w),
    "n d + 0 sum(w)": 12.0,
    "A^-1 w": np.linalg.inv(A) @ w,
    "A^-T w": np.linalg.inv(A).T @ w,
    r"A^{-\top} w": np.linalg.inv(A).T @ w,
    "A^⊙2": A**2,
    "A^2": A**2,
    "tr(A) det(A)": np.trace(A) * np.linalg.det(A),
    "diag(w) A": np.diag(w) @ A,
    "diag(A)": np.diag(A),
    "1^T y": y.sum(),
    "1^T X": X.sum(0),
    "1^T X w": (X @ w).sum(),
    "2 1^T y": 2 * y.sum(),
    "3·1^T y": 3 * y.sum(),
    "2/n 1^T (X w - y)": 2 / 4 * (X @ w - y).sum(),
    "-1/n 1^T X": -X.sum(0) / 4,
    "1/n X^T (σ(X w) - y)": X.T @ (1 / (1 + np.exp(-X @ w)) - y) / 4,
    "softmax(X) w": np.exp(X) / np.exp(X).sum(1, keepdims=True) @ w,
}


@pytest.mark.parametrize("written", VALUES)
def test_the_value_is_that_of_numpy(written: str):
    function = as_function(written, shapes=SHAPES, variables=list(SHAPES))
    np.testing.assert_allclose(function(POINT), VALUES[written], rtol=1e-12)


@pytest.mark.parametrize("written", ["2*X^T*(X*w - y)/n", "2*(X^T*X*w - X^T*y)/n", "2/n*((X*w - y)^T*X)^T"])
def test_a_star_in_an_answer_is_the_product_of_matrices(written: str):
    function = read(written, Names(list(SHAPES), shapes=SHAPES)).function()
    np.testing.assert_allclose(function(POINT), 2 / 4 * X.T @ (X @ w - y), rtol=1e-12)


def test_a_power_in_an_answer_is_that_of_the_matrix():
    function = read("A^2 + A^-2", Names(["A"], shapes={"A": ("d", "d")})).function()
    np.testing.assert_allclose(function(A), A @ A + np.linalg.inv(A @ A), rtol=1e-10)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("X w + w", "cannot add"),
        ("w X", "cannot multiply shapes"),
        ("2^T w", "a number has no transpose"),
        ("tr(X)", "n is not d"),
        ("det(w)", "det needs a square matrix"),
        ("A^-11 + X", "cannot add"),
        ("sum_i w_i w", "w has shape"),
        ("w_i + w", "w has shape"),
        ("sum_i X_i", "X_i is an entry of X, which has shape"),
        ("sum_i 3", "nothing in this sum has the index"),
        ("sum_{i=1}^{m} i w_1", "no variable named 'w_1'"),
        ("sum_{k=1}^{m} k", "nothing tells how much m is"),
        ("sum_{i=1}^{n} w_i", "w_i runs through n entries: d is not n"),
        ("sum_{i=2}^{n} y_i", "from 1 to n, or from 0 to n-1"),
        ("sum_i=2..4 y_i", "over all of them, from 1 or from 0 on"),
    ],
)
def test_what_does_not_fit_is_refused_where_it_stands(written: str, message: str):
    with pytest.raises(ParseError, match=message):
        as_function(written, shapes=SHAPES, variables=list(SHAPES))


@pytest.mark.parametrize("written", [r"\sum_{ix=1}^{n} x_i^2", r"\sum_{i=1}^x{n} x_i^2"])
def test_an_array_called_as_an_index_or_a_limit_is_refused(written: str):
    with pytest.raises(ParseError, match="in x_i, x is an index or a limit of this sum"):
        as_function(written)


def test_an_answer_that_multiplies_two_columns_is_refused():
    reading = read("w*w", Names(["w"], shapes={"w": ("d",)}))
    with pytest.raises(GradlabError, match=r"write u\^T v for a number, u ⊙ v"):
        reading.function()


def test_without_shapes_t_is_a_variable_in_an_exponent():
    assert list(as_function("x^T").variables) == ["x", "T"]
    assert list(as_function("x^T x", shapes={"x": ("n",)}).variables) == ["x"]
