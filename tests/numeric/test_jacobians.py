import numpy as np
import pytest
import torch

from gradlab.errors import GradlabError, NotScalarError, ShapeError
from gradlab.numeric import estimate_hessian, estimate_jacobian, hessians
from gradlab.numeric.estimation import METHODS
from gradlab.numeric.patterns import terms
from gradlab.sources import as_function
from gradlab.symbolic import derive

N = 1000


def broyden(x):
    """Broyden's tridiagonal function: Moré, Garbow & Hillstrom (1981), problem 30."""
    left, right = np.concatenate([[0.0], x[:-1]]), np.concatenate([x[1:], [0.0]])
    return (3 - 2 * x) * x - left - 2 * right + 1


def broyden_jacobian(x):
    n = len(x)
    return np.diag(3 - 4 * x) - np.diag(np.ones(n - 1), -1) - 2 * np.diag(np.ones(n - 1), 1)


TRIDIAGONAL = np.abs(np.subtract.outer(np.arange(N), np.arange(N))) <= 1


@pytest.mark.parametrize("opaque", [False, True], ids=["formula", "code"])
def test_a_tridiagonal_jacobian_of_a_thousand_takes_eleven_calls(opaque):
    x = np.linspace(-1, 1, N)
    found = estimate_jacobian(as_function(broyden, opaque=opaque), x, method="central", sparsity=TRIDIAGONAL)
    assert found.calls == 11
    assert (np.abs(found["x"] - broyden_jacobian(x)) <= found.error["x"]).all()
    assert np.abs(found["x"] - broyden_jacobian(x)).max() < 1e-7


def test_the_pattern_of_a_formula_is_found():
    x = np.linspace(-1, 1, 50)
    found = estimate_jacobian(broyden, x)
    assert found.calls == 1 + 48 * 3
    assert (np.abs(found["x"] - broyden_jacobian(x)) <= found.error["x"]).all()
    assert np.abs(found["x"] - broyden_jacobian(x)).max() < 1e-11


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_jacobians(method):
    X = np.random.default_rng(0).normal(size=(4, 3))
    found = estimate_jacobian(lambda w, b: np.tanh(X @ w + b), {"w": [0.1, -0.2, 0.3], "b": 0.5}, method=method)
    slope = 1 - np.tanh(X @ [0.1, -0.2, 0.3] + 0.5) ** 2
    assert found["w"].shape == (4, 3)
    assert found["b"].shape == (4,)
    assert (np.abs(found["w"] - slope[:, None] * X) <= found.error["w"]).all()
    assert (np.abs(found["b"] - slope) <= found.error["b"]).all()


def test_values_and_variables_of_any_shape():
    f = lambda X: X @ X.T  # noqa: E731
    at = np.random.default_rng(1).normal(size=(2, 3))
    found = estimate_jacobian(f, at)
    truth = torch.autograd.functional.jacobian(f, torch.tensor(at)).numpy()
    assert found["X"].shape == (2, 2, 2, 3)
    assert (np.abs(found["X"] - truth) <= found.error["X"] + 1e-15).all()


def test_a_sparsity_that_lacks_a_pair_is_refused():
    with pytest.raises(GradlabError, match="the sparsity does not hold: value 0 of"):
        estimate_jacobian(lambda x: x**2 + np.roll(x, 1), np.arange(1.0, 9.0), sparsity=np.eye(8))


def test_a_value_that_should_stand_still_and_moves_is_named():
    sparsity = np.eye(8)
    sparsity[0, 0] = 0
    for f in (lambda x: x**2, lambda x: x**2 + 1e3):
        with pytest.raises(GradlabError, match="value 0 of"):
            estimate_jacobian(f, np.arange(1.0, 9.0), sparsity=sparsity)


def test_a_sparsity_of_another_shape_is_refused():
    with pytest.raises(ShapeError, match=r"\(7, 7\).*\(8, 8\)"):
        estimate_jacobian(lambda x: x**2, np.arange(1.0, 9.0), sparsity=np.eye(7))
    with pytest.raises(ValueError, match="belongs to one variable"):
        estimate_jacobian(lambda x, y: x * y, {"x": [1.0], "y": [2.0]}, sparsity=np.eye(1))


def test_a_jacobian_shows_its_entries_with_their_errors_and_its_calls():
    first, partial = repr(estimate_jacobian(lambda x: x**2, [1.0, 2.0])).splitlines()
    assert first == "Jacobian by finite differences at x = [1, 2], 97 calls"
    assert partial.startswith("  ∂f/∂x = [[2, 0], [0, 4]]  ± [[")


# Hessians -----------------------------------------------------------------------------------------


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


@pytest.mark.parametrize("n", [2, 7, 40])
def test_hessians_of_torch_lie_within_the_bounds(n):
    x = np.linspace(-1, 1.3, n)
    found = estimate_hessian(rosenbrock, x)
    truth = torch.autograd.functional.hessian(rosenbrock, torch.tensor(x)).numpy()
    assert (np.abs(found.matrix - truth) <= found.error).all()
    assert np.abs(found.matrix - truth).max() < 1e-7 * np.abs(truth).max()


def test_blocks_of_several_variables_are_those_of_the_derivation():
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(30, 4)), rng.normal(size=30)

    def loss(w, b):
        z = X @ w + b
        return np.mean(np.log1p(np.exp(z)) - y * z)

    at = {"w": rng.normal(size=4), "b": 0.3}
    found = estimate_hessian(loss, at)
    derived = derive(as_function(loss, shapes={"w": (4,), "b": ()}), order=2).curvature(at)
    assert found.labels == derived.labels
    assert (np.abs(found.matrix - derived.matrix) <= found.error + derived.error).all()
    assert found.blocks["w", "b"].shape == (4,)
    assert found.largest_rate == pytest.approx(derived.largest_rate, rel=1e-6)


def test_at_a_kink_there_is_no_second_derivative():
    found = estimate_hessian("x**2 + abs(y)", {"x": 3, "y": 0})
    assert found.matrix[0, 0] == pytest.approx(2)
    assert np.isnan(found.matrix[1, 1])
    assert any("y is at a kink" in note for note in found.notes)
    assert "undecided" in repr(found)


def test_a_hessian_is_of_one_number():
    with pytest.raises(NotScalarError, match=r"has 2 values, in the shape \(2,\)"):
        estimate_hessian(lambda x: x**2, [1.0, 2.0])


def test_a_point_in_float32_has_its_hessian_measured_in_float32():
    found = estimate_hessian("x^2*y", {"x": np.float32(1.1), "y": np.float32(2)})
    truth = np.array([[4, 2.2], [2.2, 0]])
    assert (np.abs(found.matrix - truth) <= found.error).all()
    assert found.error.max() < 0.1
    assert any("computed in float32" in note for note in found.notes)


def test_the_terms_of_a_formula_are_found_behind_the_names_of_its_parts():
    def loss(x):
        squares = (x**2).sum()
        products = (x[1:] * x[:-1]).sum()
        return squares + 3 * products

    assert [part.axes for _, part in terms(as_function(loss, shapes={"x": (5,)}).output)] == [(5,), (4,)]


def test_pairs_of_entries_are_taken_in_pieces(monkeypatch):
    def f(x):
        return (x[:, None] ** 2 * x).sum()

    at = np.array([1.0, 2.0, -0.5, 0.7])
    whole = estimate_hessian(f, at)
    monkeypatch.setattr(hessians, "AT_ONCE", 4)  # of six pairs
    np.testing.assert_array_equal(estimate_hessian(f, at).matrix, whole.matrix)
