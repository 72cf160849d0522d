"""What is said of a run along each eigenvector: predicted from the curvature, observed in the record."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gradlab.descent import Batches, GradientDescent, Trajectory, descend
from gradlab.descent.explanation import explain
from gradlab.descent.optimizers import Adam, Momentum, Nesterov
from tests.descent import rollercoaster as ride

BOWL = "x**2/2 + 5*y**2"
AT = {"x": 3.0, "y": 1.0}


def run(f, start, rule, steps):
    rule = GradientDescent(rule) if isinstance(rule, float) else rule
    return descend(f, start, rule=rule, steps=steps, check=False)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.15, 0.19, 0.21, 0.5])
def test_what_a_step_does_is_what_the_eigenvalues_predict(rate):
    found = explain(run(BOWL, AT, rate, 12))
    assert [each.eigenvalue for each in found.directions] == pytest.approx([1, 10])
    for each in found.directions:
        if each.observed is not None:  # at a rate of 0.1 y arrives in one step
            assert each.observed == pytest.approx(1 - rate * each.eigenvalue, abs=1e-5)
            assert each.predicted == pytest.approx(1 - rate * each.eigenvalue)


@pytest.mark.parametrize("rule", [Momentum(0.05, 0.5), Momentum(0.02, 0.9), Nesterov(0.05, 0.6), Momentum(0.3, 0.2)])
def test_momentum_shrinks_the_error_by_the_eigenvalue_of_its_matrix(rule):
    for each in explain(run(BOWL, AT, rule, 120)).directions:
        assert each.observed is None or abs(each.observed) == pytest.approx(abs(each.predicted), abs=0.03)


def test_the_fit_says_what_was_to_be_said_of_1e4():
    found = explain(run(ride.numpy_loss(), ride.START, 1e-4, 10))
    assert found.where == "start"
    assert found.diagnosis.endswith(
        "0.0001 is above 3.54e-05 = 2/λ_max, so each step multiplies the error along (0.998 a + 0.064 b) by -4.65"
    )
    assert found.directions[-1].observed == pytest.approx(1 - 1e-4 * ride.LARGEST_CURVATURE, rel=1e-3)
    assert found.limit == pytest.approx(3.54e-5, rel=1e-3)
    assert found.rescaling.standardised < 10
    assert "with time standardised it would be 7.702" in found.text()


def test_a_fast_direction_does_not_hide_what_a_slow_one_leaves():
    said = run(ride.numpy_loss(), ride.START, 1e-5, 10).diagnosis
    assert said.startswith("converging: the loss fell from 15462.9 to 691.841 in 10 steps")
    assert said.endswith(
        "but what is left lies along (0.979 c - 0.204 b), where the curvature is 0.259 and a step multiplies the error "
        "by 0.9999974: to come 100 times closer takes about 1,800,000 more steps"
    )
    assert " but " not in run(BOWL, AT, 0.1, 10).diagnosis


def test_no_limit_is_stated_for_adam():
    found = explain(run(BOWL, AT, Adam(0.1), 50))
    assert found.limit is None
    assert all(each.predicted is None for each in found.directions)
    assert "no largest stable rate is stated for Adam" in found.text()


def test_the_limit_of_momentum_is_its_own():
    found = explain(run(BOWL, AT, Momentum(0.1, 0.5), 50))
    assert found.limit == pytest.approx(2 * 1.5 / 10)
    assert "is stable below 0.3" in found.text()


def linear(**settings):
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 3)) * [1.0, 1.0, 10.0]
    y = X @ np.array([1.0, -2.0, 0.05]) + 0.5 * random.normal(size=200)

    def loss(w, x, y):
        return ((x @ w - y) ** 2).mean()

    done = descend(loss, np.zeros(3), batches=Batches(X, y, size=10), check=False, **settings)
    return done, X, y


def test_a_run_by_batches_is_explained_by_all_its_data():
    done, X, y = linear(rule=GradientDescent(1e-3), epochs=20)
    assert explain(done).spectrum.eigenvalues == pytest.approx(np.linalg.eigvalsh(2 / 200 * X.T @ X))
    found = explain(done, data={"x": X, "y": y})
    assert found.spectrum.eigenvalues == pytest.approx(np.linalg.eigvalsh(2 / 200 * X.T @ X))
    assert found.rescaling.inputs == ("x",)
    assert found.rescaling.standardised < found.rescaling.condition / 50


def test_a_run_by_a_loaders_batches_is_explained_once_the_data_are_given():
    _, X, y = linear(rule=GradientDescent(1e-3), epochs=1)
    loader = [(X[place : place + 10], y[place : place + 10]) for place in range(0, 200, 10)]
    done = descend(lambda w, x, y: ((x @ w - y) ** 2).mean(), np.zeros(3), batches=loader, check=False, steps=40)
    found = explain(done)
    assert found.spectrum is None
    assert "write explain(run, data={'x': …, 'y': …})" in found.text()
    found = explain(done, data={"x": X, "y": y})
    assert found.spectrum.eigenvalues == pytest.approx(np.linalg.eigvalsh(2 / 200 * X.T @ X))


@pytest.mark.parametrize(
    ("rate", "epochs", "expected"),
    [(5e-3, 60, "noise floor"), (1e-3, 1, "converging"), (1e-9, 2, "too slow"), (0.05, 3, "diverging")],
)
def test_a_run_by_real_batches_is_diagnosed(rate, epochs, expected):
    done, *_ = linear(rule=GradientDescent(rate), epochs=epochs)
    assert done.diagnosis.partition(": ")[0] == expected


def test_a_network_of_many_weights_is_explained_by_its_two_extremes():
    random = np.random.default_rng(0)
    inputs, targets = random.normal(size=(30, 6)), random.normal(size=30)

    def loss(W, v):
        return np.mean((np.tanh(inputs @ W) @ v - targets) ** 2)

    found = explain(run(loss, {"W": random.normal(size=(6, 8)), "v": random.normal(size=8)}, 0.05, 40))
    assert len(found.directions) == 2
    assert "Lanczos" in found.text()
    assert found.rescaling is None


def test_a_loaded_run_without_its_function_says_so(tmp_path):
    run(lambda x: x**2, 3.0, 0.1, 5).save(tmp_path / "run")
    found = explain(Trajectory.load(tmp_path / "run"))
    assert found.spectrum is None
    assert "note: the run was loaded without its function" in found.text()


def test_an_explanation_is_plain_data_too():
    plain = explain(run(BOWL, AT, 0.1, 10)).as_dict()
    assert json.loads(json.dumps(plain, allow_nan=False))["best_rate"] == pytest.approx(2 / 11)
    json.dumps(explain(run("x**2 - y**2", AT, 0.1, 10)).as_dict(), allow_nan=False)


def test_what_is_no_trajectory_is_refused():
    with pytest.raises(TypeError, match="explain takes the trajectory that descend returns, not 'x\\*\\*2'"):
        explain("x**2")
