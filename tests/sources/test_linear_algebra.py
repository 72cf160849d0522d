"""What the functions of np.linalg and torch.linalg mean: held against the code itself and torch's autograd."""

import numpy as np
import pytest
import torch

from gradlab.errors import DomainError, ShapeError, TraceError
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive

L, T = np.linalg, torch.linalg


def _drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


A = _drawn(3, 3) + 3 * np.eye(3)
S = A @ A.T + np.eye(3)
B, b, x, v = _drawn(3, 2), _drawn(3, seed=1), _drawn(4), _drawn(3, seed=2)
X, Y, AA = _drawn(2, 4), _drawn(4, 2), _drawn(2, 3, 3)
BB = _drawn(2, 3, 2)
identity = torch.eye(3, dtype=torch.float64)

OLDER = {
    "torch.cholesky": (lambda S: torch.cholesky(S)[1, 1] + S.cholesky()[1, 0], (S,)),
    "torch.cholesky, upper": (lambda S: torch.cholesky(S, True)[0, 1], (S,)),
}
"""What PyTorch has up to 2.13."""

TORCH = {
    "inv": (lambda A: T.inv(A)[0, 1], (A,)),
    "inverse": (lambda A: A.inverse()[0, 1] + torch.inverse(A)[1].sum(), (A,)),
    "solve": (lambda A, b: T.solve(A, b)[1], (A, b)),
    "solve, matrix": (lambda A, B: T.solve(A, B)[1, 0], (A, B)),
    "solve, left=False": (lambda A, B: T.solve(A, B.T, left=False)[1, 0], (A, B)),
    "solve, many": (lambda A, B: T.solve(A, B)[1, 1, 0], (AA, BB)),
    "solve, one vector for many": (lambda A, b: T.solve(A, b)[1, 0], (AA, b)),
    "solve, many right sides": (lambda A, B: T.solve(A, B)[1, 1, 0], (A, BB)),
    "det": (lambda A: T.det(A) * torch.det(A) * A.det(), (A,)),
    "logdet": (lambda S: torch.logdet(S) + S.logdet(), (S,)),
    "slogdet, named": (lambda A: T.slogdet(A).logabsdet * torch.slogdet(A).sign, (-A,)),
    "slogdet, unpacked": (lambda A: _signed(*A.slogdet()), (-A,)),
    "cholesky": (lambda S: T.cholesky(S)[2, 0], (S,)),
    "cholesky, upper": (lambda S: T.cholesky(S, upper=True)[0, 2], (S,)),
    **(OLDER if torch.torch_version.TorchVersion(torch.__version__) < (2, 14) else {}),
    "cholesky_solve": (lambda S, B: torch.cholesky_solve(B, T.cholesky(S))[0, 1], (S, B)),
    "cholesky_solve, any factor": (lambda A, B: torch.cholesky_solve(B, torch.tril(A))[0, 1], (A, B)),
    "cholesky_solve, upper": (lambda A, B: torch.cholesky_solve(B, torch.triu(A), upper=True)[0, 1], (A, B)),
    "cholesky_solve, upper of a factor": (lambda S, B: torch.cholesky_solve(B, T.cholesky(S).mT, True)[0, 1], (S, B)),
    "cholesky_inverse": (
        lambda A: torch.cholesky_inverse(A.tril())[0, 1] + torch.cholesky_inverse(A.triu(), True)[0, 2],
        (A,),
    ),
    "solve_triangular": (lambda A, B: T.solve_triangular(A, B, upper=False)[2, 0], (A, B)),
    "solve_triangular, upper": (lambda A, B: T.solve_triangular(A, B, upper=True)[0, 0], (A, B)),
    "solve_triangular, unit": (lambda A, B: T.solve_triangular(A, B, upper=True, unitriangular=True)[0, 0], (A, B)),
    "solve_triangular, unit lower": (
        lambda A, B: T.solve_triangular(A, B, upper=False, unitriangular=True)[2, 0],
        (A, B),
    ),
    "solve_triangular, right": (lambda A, B: T.solve_triangular(A, B.T, upper=False, left=False)[0, 0], (A, B)),
    "solve_triangular, column": (lambda A, b: T.solve_triangular(A, b[:, None], upper=False)[2, 0], (A, b)),
    "trace": (lambda A: torch.trace(A @ A), (A,)),
    "diag of a vector": (lambda v, A: (torch.diag(v) @ A)[1, 2] + (A @ v.diag())[0, 1], (v, A)),
    "diag of a matrix": (lambda A: (torch.diag(A) ** 2).sum() + A.diag(1).sum() + torch.diag(A, diagonal=-1)[0], (A,)),
    "diag of a wide matrix": (lambda X: (torch.diag(X) ** 2).sum() + torch.diag(X, 2)[1] * torch.diag(X, -1)[0], (X,)),
    "diag_embed": (lambda A: (torch.diag_embed(A) @ A)[1, 0].sum(), (A,)),
    "diagonal": (lambda A: (torch.diagonal(A) ** 2).sum() + A.diagonal(-1)[0], (A,)),
    "diagonal of many": (lambda A: (T.diagonal(A) * torch.diagonal(A, dim1=1, dim2=2)).sum(), (AA,)),
    "diagonal, first axes": (lambda A: torch.diagonal(A, 0, 0, 1)[2, 1] ** 2, (AA,)),
    "tril and triu": (lambda A: (torch.tril(A) @ torch.triu(A, 1) @ A.tril(-1) @ A.triu(diagonal=1))[2, 2], (A,)),
    "matrix_power": (
        lambda A: T.matrix_power(A, 2)[0, 1] + torch.matrix_power(A, -3)[1, 1] + A.matrix_power(1)[0, 0],
        (A,),
    ),
    "matrix_power 0": (lambda A: (torch.matrix_power(A, 0) @ A)[0, 1], (A,)),
    "multi_dot": (lambda A, B: T.multi_dot([A, A, B])[0, 1], (A, B)),
    "multi_dot, vectors": (lambda A, b: T.multi_dot([b, A, b]), (A, b)),
    "outer": (lambda b, v: torch.outer(b, v)[0, 1] + b.outer(v)[2, 0] + torch.ger(b, v)[1, 1], (b, v)),
    "cross": (lambda b, v: T.cross(b, v)[0] + torch.cross(b, v, dim=0)[2], (b, v)),
    "cross of many": (lambda A: T.cross(A, A.T)[1, 2], (A,)),
    "norm": (lambda x: torch.norm(x) + x.norm() + T.norm(x) + T.vector_norm(x), (x,)),
    "norm, p": (lambda x: torch.norm(x, 1) * x.norm(p=3) * T.norm(x, 1.5) * T.vector_norm(x, 4), (x,)),
    "norm, rows": (lambda X: torch.norm(X, dim=1)[1] * X.norm(2, 1)[0] * T.norm(X, dim=0)[2], (X,)),
    "norm, kept axes": (lambda X: (X / torch.norm(X, dim=1, keepdim=True))[0, 2], (X,)),
    "norm, kept axes, linalg": (lambda X: (X / T.vector_norm(X, 3, dim=0, keepdim=True))[0, 2], (X,)),
    "norm of a matrix": (lambda X: torch.norm(X) * T.norm(X) * T.matrix_norm(X) * T.norm(X, "fro"), (X,)),
    "norm of a matrix's entries": (lambda X: torch.norm(X, 1) * torch.norm(X, 3) * T.vector_norm(X, 1), (X,)),
    "norm of two axes": (
        lambda A: torch.norm(A, dim=(1, 2))[1] * T.norm(A, dim=(0, 2))[1] * T.matrix_norm(A)[0],
        (AA,),
    ),
    "squared norm": (lambda X: torch.norm(X) ** 2 + X.norm(dim=1).pow(2)[0], (X,)),
    "dist": (lambda b, v: torch.dist(b, v) * torch.dist(b, v, 1), (b, v)),
}


def _signed(sign, logarithm):
    return sign * logarithm


@pytest.mark.parametrize("name", TORCH)
@pytest.mark.filterwarnings("ignore::UserWarning")  # torch's own, of older names
def test_torch_code_has_torchs_value_and_gradient(name):
    code, values = TORCH[name]
    names = code.__code__.co_varnames[: code.__code__.co_argcount]
    at = dict(zip(names, values, strict=True))
    function, point = at_point(code, at)
    gradient = derive(function).at(point)
    leaves = [torch.tensor(value, requires_grad=True) for value in values]
    value = code(*leaves)
    assert gradient.value == pytest.approx(float(value.detach()), rel=1e-11)
    expected = torch.autograd.grad(value, leaves)
    for own, other in zip(gradient.partials.values(), expected, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-10, atol=1e-12)


NUMPY = {
    "inv": (lambda A: L.inv(A)[0, 1], (A,)),
    "solve": (lambda A, b: L.solve(A, b)[1], (A, b)),
    "solve, matrices": (lambda A, B: L.solve(A, B)[1, 2, 0], (AA, B)),
    "det": (lambda A: L.det(A), (A,)),
    "slogdet": (lambda A: L.slogdet(A)[1] * L.slogdet(A).sign, (-A,)),
    "cholesky": (lambda S: L.cholesky(S)[2, 0] * L.cholesky(S, upper=True)[0, 1], (S,)),
    "trace": (lambda A: np.trace(A) * A[0, 1] + np.trace(A, offset=1) + L.trace(A), (A,)),
    "trace of many": (lambda A: L.trace(A)[0] * np.trace(A, axis1=1, axis2=2)[1], (AA,)),
    "trace over the first axes": (lambda A: np.trace(A)[1] ** 2, (AA,)),
    "diag": (lambda A, v: (np.diag(v) @ A)[1, 0] + np.diag(A, 1)[0] ** 2, (A, v)),
    "diagonal": (lambda A: A.diagonal(1)[0] * L.diagonal(A)[1] * np.diagonal(A, offset=-1)[1], (A,)),
    "tril and triu": (lambda A: (np.tril(A, -1) @ np.triu(A) @ np.triu(A, k=1))[2, 2], (A,)),
    "matrix_power": (lambda A: L.matrix_power(A, 3)[0, 1], (A,)),
    "multi_dot": (lambda A, B: L.multi_dot([A, A, B])[0, 1], (A, B)),
    "outer": (lambda b, v: np.outer(b, v)[0, 1] * L.outer(b, v)[1, 0], (b, v)),
    "cross": (lambda A: np.cross(A, A.T)[0, 1] + L.cross(A, A.T)[2, 2], (A,)),
    "norm": (lambda x: L.norm(x) * L.norm(x, 1) * L.norm(x, ord=2.5) * L.vector_norm(x, ord=3), (x,)),
    "norm, rows": (lambda X: L.norm(X, axis=1)[1] * L.norm(X, 1, 0)[2] * L.vector_norm(X, axis=0)[0], (X,)),
    "norm, kept axes": (lambda X: (X / L.norm(X, axis=1, keepdims=True))[0, 2], (X,)),
    "norm of a matrix": (lambda X: L.norm(X) * L.norm(X, "fro") * L.matrix_norm(X) * L.norm(X, axis=(0, 1)), (X,)),
    "norm of three axes": (lambda A: L.norm(A), (AA,)),
}


@pytest.mark.parametrize("name", NUMPY)
def test_numpy_code_has_numpys_value_and_the_gradient_of_its_formula(name):
    code, values = NUMPY[name]
    names = code.__code__.co_varnames[: code.__code__.co_argcount]
    function, point = at_point(code, dict(zip(names, values, strict=True)))
    gradient = derive(function).at(point)
    assert gradient.value == pytest.approx(float(code(*values)), rel=1e-11)
    for place, (key, own) in enumerate(gradient.partials.items()):
        for position in np.ndindex(own.shape):
            moved = []
            for sign in (1, -1):
                array = np.array(values[place])
                array[position] += sign * 1e-6
                if key == "S" and position[0] != position[1]:  # symmetric stays symmetric
                    array[position[::-1]] += sign * 1e-6
                moved.append(float(code(*values[:place], array, *values[place + 1 :])))
            twice = 2 if key == "S" and position[0] != position[1] else 1
            assert (moved[0] - moved[1]) / 2e-6 == pytest.approx(twice * own[position], rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(
    ("code", "instead"),
    [
        (lambda A: T.lstsq(A, A), "A.T @ A"),
        (lambda A: T.pinv(A), "A.T @ A"),
        (lambda A: L.pinv(A), "A.T @ A"),
        (lambda A: T.svd(A), "singular values"),
        (lambda A: torch.svd(A), "singular values"),
        (lambda A: L.svd(A), "singular values"),
        (lambda A: T.eigh(A), "trace"),
        (lambda A: L.eigvals(A), "trace"),
        (lambda A: T.qr(A), "Cholesky"),
        (lambda A: T.inv_ex(A), "without _ex"),
        (lambda A: torch.kron(A, A), "einsum"),
        (lambda A: T.matrix_exp(A), "series"),
        (lambda A: L.norm(A, 1), "largest sum of a column"),
        (lambda A: T.norm(A, 1), "largest sum of a column"),
        (lambda A: T.matrix_norm(A, 1), "largest sum of a column"),
        (lambda A: L.norm(A, np.inf), "largest sum of a row"),
        (lambda A: L.norm(A, 2), "Frobenius"),
        (lambda A: L.norm(A, "nuc"), "Frobenius"),
        (lambda A: torch.norm(A, "nuc"), "positive order"),
        (lambda A: torch.norm(A, float("inf")), "np.abs(x).max()"),
        (lambda A: L.norm(A[0], -np.inf), "np.abs(x).min()"),
        (lambda A: torch.norm(A, 0), "positive order"),
        (lambda A: L.norm(A[0], 0), "positive order"),
        (lambda A: L.matrix_power(A, 50), "whole number"),
        (lambda A: torch.cross(A, A), "torch.linalg.cross"),
        (lambda A: T.cross(A, A, dim=0), "3 components last"),
        (lambda A: torch.diag(A[0], 1), "write diag(v)"),
        (lambda A: A.trace(), "torch.trace(A)"),
        (lambda A: T.solve(torch.stack([A, A, A]), A), "B[..., None]"),
        (lambda A: torch.outer(A, A), "einsum"),
    ],
)
def test_what_is_not_read_is_refused_with_what_to_write_instead(code, instead):
    reason = as_function(code, shapes={"A": (3, 3)}).no_formula
    assert isinstance(reason, TraceError)
    assert instead in str(reason)


@pytest.mark.parametrize(
    ("code", "shape", "said"),
    [
        (lambda A: T.inv(A).sum(), (2, 3), "inv needs a square matrix, not one of shape (2, 3)"),
        (lambda A: L.det(A), ("n", "d"), "det needs a square matrix, not one of shape (n, d)"),
        (lambda A: torch.logdet(A), (3,), "logdet needs a matrix, not an array of shape (3,)"),
        (lambda A: T.solve(A, A[:2, 0]).sum(), (3, 3), "solve of shapes (3, 3) and (2,)"),
        (lambda A: T.solve_triangular(A, A[0], upper=True).sum(), (3, 3), "on the right side, needs a matrix"),
        (lambda A: np.trace(A, axis2=4), (3, 3), "no axis 4"),
        (lambda A: T.cross(A, A).sum(), (2, 4), "3 components"),
        (lambda A: L.norm(A, axis=2).sum(), (3, 3), "axis 2"),
        (lambda A: L.norm(A, 1), (3, 3, 3), "needs its axes"),
    ],
)
def test_shapes_that_do_not_fit_are_named_as_written(code, shape, said):
    reason = as_function(code, shapes={"A": shape}).no_formula
    assert isinstance(reason, ShapeError)
    assert said in str(reason)


def test_no_point_is_needed_where_the_functions_tell_the_shape():
    assert derive(lambda A: torch.logdet(A)).text() == "f(A) = log det A\n∂f/∂A = A^-T"
    assert derive(lambda A, b: b @ T.solve(A, b)).function.variables == {"A": ("n", "n"), "b": ("n",)}


@pytest.mark.parametrize("verb", ["compare", "estimate", "backward"])
def test_a_cholesky_factor_of_what_is_not_symmetric_is_refused(verb):
    import gradlab

    with pytest.raises(DomainError, match="needs a symmetric matrix, and A is not"):
        getattr(gradlab, verb)(lambda A: T.cholesky(A).sum(), {"A": [[2.0, 1.0], [0.5, 2.0]]})


def test_a_cholesky_factor_of_a_product_needs_no_symmetry_of_its_factors():
    function = as_function(lambda A, B: T.cholesky(A @ B).sum(), shapes={"A": ("n", "n"), "B": ("n", "n")})
    factor = np.array([[2.0, 0.0], [1.0, 3.0]])
    assert derive(function).at({"A": factor, "B": factor.T}).value == pytest.approx(6)


def test_a_norm_to_the_second_power_is_the_sum_of_the_squares():
    assert derive(lambda w: torch.norm(w) ** 2).text() == "f(w) = sum_i w_i²\n∂f/∂w_i = 2 w_i"
    assert derive("||x||^2").at([0, 0]).partials["x"].tolist() == [0, 0]


def test_the_other_half_of_a_cholesky_factor_is_not_read():
    # torch's backward() gives derivatives with respect to it, which are not 0: its formula takes it to be 0.
    def code(A, B):
        return torch.cholesky_solve(B, A)[0, 1]

    function, point = at_point(code, {"A": A, "B": B})
    gradient = derive(function).at(point).partials["A"]
    for position in np.ndindex(3, 3):
        moved = []
        for sign in (1, -1):
            array = A.copy()
            array[position] += sign * 1e-6
            moved.append(float(code(torch.tensor(array), torch.tensor(B))))
        assert (moved[0] - moved[1]) / 2e-6 == pytest.approx(gradient[position], rel=1e-6, abs=1e-9)


def test_a_multiple_of_the_identity_is_written_as_one():
    function = as_function(lambda X: np.linalg.slogdet(X.T @ X + 0.1 * np.eye(3))[1], shapes={"X": ("n", 3)})
    assert function.text() == "log |det(X^T X + 0.1 I)|"
    named = as_function(lambda X: torch.logdet(X.T @ X + identity), shapes={"X": ("n", 3)})
    assert named.text() == "log det(X^T X + identity)"
    two = as_function(lambda A: (A @ np.eye(3) @ (2 * np.eye(3))).sum(), shapes={"A": ("n", 3)})
    assert two({"A": np.ones((2, 3))}) == 12
