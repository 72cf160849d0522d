"""The eigenvalues behind a rate: against NumPy's of matrices that are known, and against torch's Hessian."""

from __future__ import annotations

import numpy as np
import pytest

from gradlab.descent.curvature import in_words, spectrum
from gradlab.descent.krylov import lanczos
from gradlab.descent.scaling import rescaling, standardised
from gradlab.descent.sweeping import sweep_rates
from gradlab.errors import GradlabError, NoFormulaError
from gradlab.sources import as_function
from tests.descent import rollercoaster as ride


def matrix(eigenvalues, seed=0):
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(eigenvalues),) * 2))
    return turn @ np.diag(eigenvalues) @ turn.T


def bowl(hessian):
    return lambda x: 0.5 * x @ hessian @ x


# What the eigenvalues say -----------------------------------------------------------------------------


def test_a_bowl_tells_its_rates():
    found = spectrum("x**2/2 + 5*y**2", {"x": 1.0, "y": 1.0})
    assert found.eigenvalues == pytest.approx([1, 10])
    assert found.largest_rate == pytest.approx(2 / 10)
    assert found.best_rate == pytest.approx(2 / 11)
    assert found.best_factor == pytest.approx(9 / 11)
    assert found.condition == pytest.approx(10)
    assert (found.along(0), found.along(-1)) == ("x", "y")
    assert found.quadratic


def test_a_saddle_has_no_best_rate_and_says_that_no_rate_converges():
    found = spectrum("x**2 - y**2", {"x": 1.0, "y": 1.0})
    assert (found.smallest, found.largest) == pytest.approx((-2, 2))
    assert found.best_rate is None
    assert found.condition == np.inf
    assert "no rate converges" in found.text()


def test_a_valley_floor_is_flat_to_second_order():
    found = spectrum("(x + y)**2", {"x": 1.0, "y": 1.0})
    assert found.eigenvalues == pytest.approx([0, 4])
    assert found.best_rate is None
    assert "cannot be told from 0" in found.text()
    assert found.along(0) == "0.707 x - 0.707 y"


def test_a_straight_slope_takes_any_rate():
    assert spectrum("2*x + y", {"x": 1.0, "y": 1.0}).largest_rate == np.inf


def test_the_fit_has_the_eigenvalues_of_its_columns():
    powers = np.stack([np.array(ride.RIDE["time"]) ** power for power in (2, 1, 0)], axis=1)
    found = spectrum(ride.numpy_loss(), ride.START)
    assert found.eigenvalues == pytest.approx(np.linalg.eigvalsh(2 / len(powers) * powers.T @ powers), rel=1e-9)
    assert found.largest_rate == pytest.approx(3.54e-5, rel=1e-3)
    assert found.along(-1) == "0.998 a + 0.064 b"


def test_what_is_not_quadratic_is_said_to_hold_here():
    assert "the same everywhere" in spectrum("x**2", 1.0).text()
    assert "at x = 1" in spectrum("x**4", 1.0).text()


# Many components ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 7, 40, 150])
def test_lanczos_finds_the_extremes_of_a_known_matrix(size):
    eigenvalues = np.geomspace(1e-3, 1e3, size) - (5 if size == 40 else 0)
    known = matrix(eigenvalues)
    values, vectors, bound, products = lanczos(lambda v: known @ v, size)
    assert products <= size
    assert abs(values[0] - eigenvalues.min()) <= bound
    assert abs(values[-1] - eigenvalues.max()) <= bound
    assert np.linalg.norm(known @ vectors - vectors * values, axis=0).max() <= 2 * bound
    assert bound < 1e-9 * 1e3


def test_lanczos_takes_few_products_for_many_components():
    diagonal = np.concatenate([[-3.0, 50.0], np.random.default_rng(0).uniform(0, 1, 20_000)])
    values, _, bound, products = lanczos(lambda v: diagonal * v, len(diagonal))
    assert values == pytest.approx([-3, 50], abs=bound)
    assert bound < 1e-8
    assert products < 60


def test_lanczos_goes_on_where_its_vectors_close_upon_themselves():
    # One eigenvalue of 9 in a thousand: the start's own space closes after two products.
    diagonal = np.ones(50)
    diagonal[7] = 9.0
    values, _, _, products = lanczos(lambda v: diagonal * v, 50)
    assert values == pytest.approx([1, 9])
    assert products == 50


def test_a_hessian_that_is_not_finite_is_refused():
    with pytest.raises(GradlabError, match="not finite"):
        lanczos(lambda v: v * np.inf, 5)


def test_extremes_of_derived_products_are_those_of_the_whole_matrix():
    random = np.random.default_rng(2)
    inputs, targets = random.normal(size=(60, 6)), random.integers(0, 2, 60).astype(float)

    def loss(w, b):
        z = inputs @ w + b
        return np.mean(np.log(1 + np.exp(z)) - targets * z)

    at = {"w": random.normal(size=6), "b": 0.3}
    whole, products = spectrum(loss, at), spectrum(loss, at, whole=0)
    assert len(whole.eigenvalues) == 7
    assert [products.smallest, products.largest] == pytest.approx([whole.smallest, whole.largest], rel=1e-9)
    assert abs(products.directions[:, -1] @ whole.directions[:, -1]) == pytest.approx(1)
    assert products.method.endswith("each derived")
    assert not products.quadratic


def test_a_network_without_a_formula_is_differentiated_twice_by_torch():
    import torch

    random = np.random.default_rng(3)
    inputs = torch.tensor(random.normal(size=(20, 4)))

    def loss(w, v):
        return ((torch.tanh(inputs @ w) @ v) ** 2).mean()

    at = {"w": random.normal(size=(4, 8)), "v": random.normal(size=8)}
    found = spectrum(as_function(loss, variables=["w", "v"], opaque=True), at)
    assert "twice in torch" in found.method

    def flat(x):
        return loss(x[:32].reshape(4, 8), x[32:])

    known = torch.autograd.functional.hessian(flat, torch.tensor(np.concatenate([at["w"].ravel(), at["v"]])))
    eigenvalues = np.linalg.eigvalsh(known.numpy())
    assert [found.smallest, found.largest] == pytest.approx([eigenvalues[0], eigenvalues[-1]], rel=1e-8)
    assert spectrum(loss, at).largest == pytest.approx(eigenvalues[-1], rel=1e-8)  # derived, 40 components
    assert found.labels[33] == "v[1]"


def test_code_with_neither_a_formula_nor_tensors_has_no_curvature():
    with pytest.raises((GradlabError, NoFormulaError)):
        spectrum(as_function(lambda x: float(x) ** 2, opaque=True), 1.0)


def test_a_hessian_over_many_examples_is_that_over_few():
    random = np.random.default_rng(6)
    inputs, targets = random.normal(size=(20_000, 3)), random.integers(0, 2, 20_000).astype(float)

    def loss(w, b):
        z = inputs @ w + b
        return np.mean(np.log(1 + np.exp(z)) - targets * z)

    at = {"w": np.array([0.3, -0.2, 0.1]), "b": 0.1}
    found = spectrum(loss, at)
    assert "column by column" in found.method
    columns = np.column_stack([inputs, np.ones(20_000)])
    chances = 1 / (1 + np.exp(-(inputs @ at["w"] + at["b"])))
    hessian = columns.T @ (columns * (chances * (1 - chances))[:, None]) / 20_000
    assert found.eigenvalues == pytest.approx(np.linalg.eigvalsh(hessian), abs=found.error)
    assert found.error < 1e-12


def digits(count=300, side=8):
    """Images of two kinds, a bar on the left or on the right in noise, and which of the two they show."""
    random = np.random.default_rng(8)
    right = random.integers(0, 2, count).astype(float)
    images = random.uniform(0, 0.3, size=(count, side, side))
    images[right == 0, :, 1:3] += 0.7
    images[right == 1, :, 5:7] += 0.7
    return images.reshape(count, -1), right


def test_a_linear_classifier_of_images_is_explained_by_its_extremes():
    images, right = digits()

    def loss(w, b):
        z = images @ w + b
        return np.mean(np.log(1 + np.exp(z)) - right * z)

    start = {"w": np.zeros(64), "b": 0.0}
    found = spectrum(loss, start)
    columns = np.column_stack([images, np.ones(len(images))])
    eigenvalues = np.linalg.eigvalsh(columns.T @ columns / 4 / len(images))
    assert found.largest == pytest.approx(eigenvalues[-1], abs=found.error)
    assert found.smallest == pytest.approx(eigenvalues[0], abs=found.error)
    swept = sweep_rates(loss, start, rates=found.largest_rate * np.array([0.01, 0.1, 0.5]), steps=100)
    assert not swept.diverged.any()
    assert swept.losses[0, -1] < 0.01 * swept.first[0]


# Words ------------------------------------------------------------------------------------------------------


def test_a_direction_in_words_is_its_largest_components():
    assert in_words(np.array([0.0, -1.0]), ["a", "b"]) == "b"
    assert in_words(np.array([-0.6, 0.8]), ["a", "b"]) == "0.8 b - 0.6 a"


def test_components_are_called_as_the_code_calls_them():
    assert spectrum(ride.numpy_loss(), ride.START).labels == ("a", "b", "c")
    assert spectrum(lambda w: (w**2).sum(), [1.0, 2.0]).labels == ("w[0]", "w[1]")

    def same(w, a):
        b, c = w
        a = b + a
        return a**2 + c**2

    assert spectrum(same, {"w": [1.0, 2.0], "a": 1.0}).labels == ("b", "c", "a")


# Rescaling ----------------------------------------------------------------------------------------------------


def test_standardising_the_time_of_the_ride_makes_its_valley_round():
    found = rescaling(ride.numpy_loss(), ride.START)
    time = np.array(ride.RIDE["time"])
    time = (time - time.mean()) / time.std()
    powers = np.stack([time**2, time, time**0], axis=1)
    assert found.inputs == ("time",)
    assert found.condition == pytest.approx(218450, rel=1e-3)
    assert found.standardised == pytest.approx(np.linalg.cond(powers) ** 2, rel=1e-6)
    assert found.standardised < 10


def test_inputs_that_are_no_data_are_named():
    with pytest.raises(ValueError, match=r"inputs names 'tme'; the data of loss\(params\) are speed, time"):
        rescaling(ride.numpy_loss(), ride.START, inputs=["tme"])


def test_a_function_without_data_can_only_be_scaled():
    found = rescaling("x**2 + 100*y**2", {"x": 1.0, "y": 1.0})
    assert (found.standardised, found.inputs) == (None, ())
    assert (found.condition, found.scaled) == pytest.approx((100, 1))


def test_a_constant_column_stays_as_it_is():
    columns = standardised(np.array([[1.0, 5.0], [1.0, 7.0]]))
    assert columns.tolist() == [[1, -1], [1, 1]]
