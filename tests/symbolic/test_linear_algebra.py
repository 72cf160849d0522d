import numpy as np
import pytest
import torch

from gradlab.comparison import Verdict, compare
from gradlab.errors import DomainError
from gradlab.numeric import estimate
from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.models.linear_algebra import gaussian_by_cholesky, gaussian_by_solving

SQUARE = {"A": ("n", "n"), "B": ("n", "n"), "b": ("n",)}


def _shapes(code):
    return {name: SQUARE[name] for name in code.__code__.co_varnames if name in SQUARE}


CLOSED = [
    (lambda A: torch.logdet(A), "A", "A^-T", r"A^{-\top}"),
    (lambda A: torch.linalg.slogdet(A)[1], "A", "A^-T", r"A^{-\top}"),
    (lambda A: torch.log(torch.det(A)), "A", "A^-T", r"A^{-\top}"),
    (lambda A: torch.det(A), "A", "(det A) A^-T", r"\left(\det A\right) A^{-\top}"),
    (lambda A: torch.logdet(torch.inverse(A)), "A", "-A^-T", r"-A^{-\top}"),
    (lambda A: torch.trace(torch.inverse(A)), "A", "-A^-T A^-T", r"-A^{-\top} A^{-\top}"),
    (lambda A, B: torch.trace(torch.inverse(A) @ B), "A", "-A^-T B^T A^-T", r"-A^{-\top} B^{\top} A^{-\top}"),
    (lambda A, B: torch.trace(torch.inverse(A) @ B), "B", "A^-T", r"A^{-\top}"),
    (lambda A, B: np.trace(np.linalg.solve(A, B)), "A", "-A^-T B^T A^-T", r"-A^{-\top} B^{\top} A^{-\top}"),
    (lambda b, A: b @ torch.inverse(A) @ b, "A", "-A^-T b b^T A^-T", r"-A^{-\top} b b^{\top} A^{-\top}"),
    (lambda b, A: b @ torch.linalg.solve(A, b), "A", "-A^-T b b^T A^-T", r"-A^{-\top} b b^{\top} A^{-\top}"),
    (lambda b, A: b @ torch.linalg.solve(A, b), "b", "A^-1 b + A^-T b", r"A^{-1} b + A^{-\top} b"),
    (lambda A: np.trace(A), "A", "I", "I"),
    (lambda A, B: np.trace(A @ B), "A", "B^T", r"B^{\top}"),
    (lambda b, A: torch.trace(torch.diag(b) @ A), "A", "diag(b)", r"\operatorname{diag}\left(b\right)"),
    (lambda A: torch.norm(A), "A", "A/‖A‖_F", r"\frac{A}{\left\lVert A\right\rVert_{F}}"),
    (lambda b: torch.norm(b), "b", "b_i/‖b‖", r"\frac{b_{i}}{\left\lVert b\right\rVert}"),
    (lambda A: (torch.tril(A) ** 2).sum(), "A", "2 tril(A)", r"2 \operatorname{tril}\left(A\right)"),
]


@pytest.mark.parametrize(("code", "wrt", "text", "latex"), CLOSED)
def test_closed_forms(code, wrt, text, latex):
    gradient = derive(as_function(code, shapes=_shapes(code)), wrt).as_dict()
    assert gradient["gradient"] == {wrt: text}
    assert gradient["latex"] == {wrt: latex}


def test_a_gaussian_by_cholesky_reads_as_in_a_paper():
    shapes = {"S": ("n", "n"), "mu": ("n",), "y": ("n",)}
    text = derive(as_function(gaussian_by_cholesky, shapes=shapes)).text()
    assert "L = chol(S)" in text
    assert "z = L^-1 (y - μ)\n" in text
    assert "∂S = 1/2 L^-T (tril(L^T δ_L) + tril(L^T δ_L, -1)^T) L^-1" in text
    assert "∂y = L^-T δ_z\n" in text


def test_a_gaussian_by_solving_reads_as_in_a_paper():
    shapes = {"S": ("n", "n"), "mu": ("n",), "y": ("n",)}
    gradient = derive(as_function(gaussian_by_solving, shapes=shapes))
    assert "= 1/2 (S^-T - S^-T r r^T S^-T)" in gradient.text().replace(
        "-S^-T r r^T S^-T + S^-T", "S^-T - S^-T r r^T S^-T"
    )


SINGULAR = {"A": [[1.0, 2.0], [2.0, 4.0]]}


@pytest.mark.parametrize(
    ("code", "at", "said"),
    [
        (lambda A: torch.inverse(A).sum(), SINGULAR, "A has no inverse: it is singular at A = [[1, 2], [2, 4]]"),
        (lambda A: np.linalg.inv(2 * A).sum(), SINGULAR, "2 A has no inverse"),
        (lambda A: torch.linalg.solve(A, A[0]).sum(), SINGULAR, "A has no inverse: it is singular"),
        (lambda A: torch.inverse(A).sum(), {"A": np.arange(1.0, 10).reshape(3, 3)}, "it is singular"),
        (lambda A: torch.det(A), SINGULAR, "A has no inverse"),
        (lambda A: torch.logdet(A), SINGULAR, "log det A is not finite: A is singular"),
        (lambda A: torch.slogdet(A)[1], SINGULAR, "log |det A| is not finite: A is singular"),
        (lambda A: torch.logdet(A), {"A": [[0.0, 1.0], [1.0, 0.0]]}, "log det A is not a number: det A < 0 (slogdet"),
        (lambda A: torch.linalg.cholesky(A).sum(), {"A": [[1.0, 2.0], [2.0, 1.0]]}, "A is not positive definite"),
        (lambda A: torch.linalg.cholesky(A).sum(), {"A": [[2.0, 1.0], [0.5, 2.0]]}, "needs a symmetric matrix"),
    ],
)
def test_a_matrix_without_an_answer_is_named(code, at, said):
    derivation = derive(as_function(code, shapes=_shapes(code)))
    with pytest.raises(DomainError) as caught:
        derivation.at(at)
    assert said in str(caught.value)


def test_estimating_where_a_matrix_is_singular_says_so():
    with pytest.raises(DomainError, match="A has no inverse: it is singular"):
        estimate(lambda A: np.linalg.inv(A).sum(), SINGULAR)


def test_an_ill_conditioned_matrix_is_no_singular_one():
    hilbert = np.array([[1 / (i + j + 1) for j in range(8)] for i in range(8)])
    found = derive(lambda A: torch.logdet(A)).at({"A": hilbert})
    assert abs(found.partials["A"][7, 7] / 176679360 - 1) < 1e-5  # the inverse has whole entries (Hilbert 1894)


@pytest.mark.parametrize(
    "code", [lambda x: torch.norm(x), lambda x: np.linalg.norm(x), lambda x: torch.linalg.vector_norm(x, dim=0)]
)
def test_a_norm_has_a_kink_at_zero_where_torch_says_zero(code):
    comparison = compare(code, np.zeros(3))
    assert comparison.verdict is Verdict.KINK
    assert comparison.gradients["symbolic"].partials["x"].tolist() == [0, 0, 0]
    assert "slope -1 to the left and 1 to the right" in comparison.worst.reason


def test_a_norm_of_rows_has_a_kink_only_in_the_row_of_zeros():
    comparison = compare(lambda X: torch.norm(X, dim=1).sum(), [[0.0, 0.0], [3.0, 4.0]])
    assert comparison.verdict is Verdict.KINK
    assert comparison.gradients["symbolic"].partials["X"].tolist() == [[0, 0], [0.6, 0.8]]


@pytest.mark.parametrize("scale", [1e-100, 1e100])
def test_norms_far_from_one(scale):
    at = np.array([3.0, 4.0]) * scale
    np.testing.assert_allclose(derive(lambda x: torch.norm(x)).at(at).partials["x"], [0.6, 0.8], rtol=1e-15)
