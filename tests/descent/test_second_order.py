"""Rules that step by the curvature or search along the gradient, beside what they come to by hand or by torch."""

from __future__ import annotations

import numpy as np
import pytest

from gradlab.descent import Armijo, Batches, ExactLineSearch, GaussNewton, GradientDescent, Newton, descend
from gradlab.descent.searching import zero_after
from gradlab.errors import GradlabError, NoFormulaError
from gradlab.sources import as_function
from tests.descent import rollercoaster as ride

ROSENBROCK = "(1 - x)^2 + 100 (y - x^2)^2"
START = {"x": -1.2, "y": 1.0}
RANDOM = np.random.default_rng(5)
X, Y = RANDOM.normal(size=(40, 3)), RANDOM.normal(size=40)


def run(f, start, rule, **options):
    return descend(f, start, rule=rule, check=False, **options)


def least_squares(w):
    return ((X @ w - Y) ** 2).mean()


@pytest.mark.parametrize("engine", ["exact", "torch", "compiled", "numeric"])
@pytest.mark.parametrize("rule", [Newton(), GaussNewton()])
def test_least_squares_are_solved_in_one_step(engine, rule):
    solution = np.linalg.lstsq(X, Y, rcond=None)[0]
    done = run(least_squares, np.zeros(3), rule, steps=1, engine=engine)
    # The numeric gradient is known to about 1e-10; the others to rounding.
    assert done.points.of("w")[1] == pytest.approx(solution, rel=1e-8 if engine == "numeric" else 1e-12)


def rosenbrock(w):
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


@pytest.mark.parametrize("rate", [1.0, 0.5])
def test_newton_takes_the_steps_of_the_hessian_that_torch_finds(rate):
    import torch

    w = torch.tensor([-1.2, 1.0], dtype=torch.float64)
    done = run(ROSENBROCK, START, Newton(rate), steps=5)
    for point in done.points.rows:
        assert point == pytest.approx(w.numpy(), rel=1e-10)
        hessian = torch.autograd.functional.hessian(rosenbrock, w)
        assert bool((torch.linalg.eigvalsh(hessian) > 0).all()), "where it is not, the step is another"
        w = w - rate * torch.linalg.solve(hessian, torch.autograd.functional.jacobian(rosenbrock, w))


def test_gauss_newton_takes_the_steps_of_the_jacobian_that_torch_finds():
    import torch

    t = np.linspace(0, 2, 15)
    y = 2 * np.exp(-1.3 * t) + 0.01 * RANDOM.normal(size=15)

    def decay(a, k):
        return ((a * np.exp(-k * t) - y) ** 2).sum()

    def residuals(w):
        return w[0] * torch.exp(-w[1] * torch.tensor(t)) - torch.tensor(y)

    done = run(decay, {"a": 1.0, "k": 1.0}, GaussNewton(damping=0.1), steps=6)
    w = torch.tensor([1.0, 1.0], dtype=torch.float64)
    for point in done.points.rows:
        assert point == pytest.approx(w.numpy(), rel=1e-9)
        jacobian = torch.autograd.functional.jacobian(residuals, w)
        matrix = 2 * jacobian.T @ jacobian + 0.1 * torch.eye(2, dtype=torch.float64)
        w = w - torch.linalg.solve(matrix, 2 * jacobian.T @ residuals(w))


def test_variables_of_several_shapes_are_one_vector_to_newton():
    def network(W, b):
        return ((X @ W + b - Y[:, None]) ** 2).sum() + 0.1 * (W**2).sum()

    done = run(network, {"W": np.ones((3, 2)), "b": np.ones(2)}, Newton(), steps=1)
    assert done.gradient_norms[1] < 1e-11 * done.gradient_norms[0]


def test_newton_leads_away_from_a_saddle_and_the_plain_method_to_it():
    start = {"x": 1.0, "y": 0.1}
    down = run("x^2 - y^2 + y^4/4", start, Newton(), steps=30)
    assert down.points[-1]["y"] == pytest.approx(np.sqrt(2))
    plain = run("x^2 - y^2 + y^4/4", start, Newton(descending=False), steps=30)
    assert plain.points[-1]["y"] == pytest.approx(0, abs=1e-12)
    assert plain.losses[-1] > down.losses[-1]


def test_a_direction_without_curvature_is_left_out():
    done = run("(x + y - 2)^2", {"x": 3.0, "y": 1.0}, Newton(), steps=1)
    assert list(done.points[-1].values()) == pytest.approx([2.0, 0.0])


def test_a_plane_has_no_parabola():
    with pytest.raises(GradlabError, match="the Hessian is zero here"):
        run("2*x + y", {"x": 1.0, "y": 1.0}, Newton())
    bent = run("max(x, 1)^2", 3.0, Newton(rate=0.9), steps=10)  # flat below 1, where it arrives in two steps
    assert bent.stopped.kind == "rule"
    assert bent.stopped.startswith("no step from here, after ")


def test_code_without_a_formula_has_no_hessian():
    with pytest.raises(NoFormulaError):
        run(as_function(lambda x: x**2, opaque=True), 1.0, Newton(), engine="numeric")


@pytest.mark.parametrize("f", ["exp(x) + x^2", "x^2 - (x - 3)^2"])
def test_what_is_no_sum_of_squares_is_told_to_gauss_newton(f):
    with pytest.raises(GradlabError, match="is not written as a sum of squares"):
        run(f, 1.0, GaussNewton())


def test_gauss_newton_sees_the_batch_of_the_step():
    def fit(w, x, y):
        return ((x @ w - y) ** 2).mean()

    batches = Batches(X, Y, size=25, seed=1)
    for rule in (Newton(), GaussNewton()):
        done = run(fit, {"w": np.zeros(3)}, rule, batches=batches, steps=2)
        for step, (x, y) in enumerate(batches.epoch(0)):
            solution = np.linalg.lstsq(x, y, rcond=None)[0]
            assert done.points.of("w")[step + 1] == pytest.approx(solution, rel=1e-10)


# Line search -----------------------------------------------------------------------------------------


def test_exact_search_on_a_quadratic_makes_successive_gradients_orthogonal():
    done = run(ride.numpy_loss(), ride.START, ExactLineSearch(), steps=20)
    assert np.abs(done.cosines[1:]).max() < 1e-6  # the eigenvalues, 0.26 to 56,499, magnify rounding by 2e5
    g, t = done.gradients.rows[0], np.array(ride.RIDE["time"])
    powers = np.stack([t**2, t, np.ones_like(t)], axis=1)
    hessian = 2 / len(t) * powers.T @ powers
    assert done.points.rows[1] == pytest.approx(ride.START - (g @ g) / (g @ hessian @ g) * g, rel=1e-12)


@pytest.mark.parametrize("engine", ["exact", "torch"])
def test_exact_search_elsewhere_finds_where_the_slope_along_the_way_is_zero(engine):
    done = run("exp(x) + exp(-2 x) + (y - x)^4", {"x": 3.0, "y": 0.5}, ExactLineSearch(), steps=8, engine=engine)
    assert np.abs(done.cosines[1:]).max() < 1e-8
    assert (np.diff(done.losses) < 0).all()


def test_exact_search_stops_before_a_point_without_a_value():
    done = run("-sqrt(x)", 1.0, ExactLineSearch(), steps=3)  # a way down for ever
    assert np.isfinite(done.losses).all()
    walled = run("x - 0.1 log(1 - x)", 0.5, ExactLineSearch(), steps=1)
    assert walled.losses[1] < walled.losses[0]


def test_the_first_zero_is_found_to_the_last_digits():
    assert zero_after(lambda t: t - 1 / 3, -1 / 3, 1e-6) == pytest.approx(1 / 3, rel=1e-15)
    assert zero_after(lambda t: float("nan") if t > 1 else t**5 - 0.5, -0.5, 100.0) == pytest.approx(
        0.5**0.2, rel=1e-14
    )
    assert zero_after(lambda t: float("nan") if t > 1 else -1.0, -1.0, 4.0) == pytest.approx(1.0, rel=1e-9)
    assert zero_after(lambda t: -1.0, -1.0, 1.0) > 1e50


@pytest.mark.parametrize("rule", [Armijo(), Armijo(first=0.1, decrease=0.3, shrink=0.7)])
def test_backtracking_takes_the_first_step_that_falls_enough(rule):
    done = run(ROSENBROCK, START, rule, steps=20)
    f = as_function(ROSENBROCK)
    for before, after, g, loss in zip(
        done.points.rows, done.points.rows[1:], done.gradients.rows, done.losses, strict=False
    ):
        lengths = [rule.first * rule.shrink**k for k in range(60)]
        falls = [f(*(before - t * g)) <= loss - rule.decrease * t * (g @ g) for t in lengths]
        assert after == pytest.approx(before - lengths[falls.index(True)] * g, rel=1e-14)


@pytest.mark.parametrize("rule", [Armijo(), ExactLineSearch(), Newton(), GaussNewton()])
def test_a_rule_that_has_to_know_the_function_does_not_step_alone(rule):
    with pytest.raises(TypeError, match=r"has to know the function.*descend\("):
        rule.step(np.ones(2), np.ones(2), ())


def test_a_run_shows_and_keeps_the_rule_without_its_ground(tmp_path):
    from gradlab.descent import Trajectory

    done = run(ROSENBROCK, START, Newton(0.5), steps=2)
    assert done.rule == Newton(0.5)
    assert "by Newton(rate=0.5, descending=True), exact" in repr(done)
    done.save(tmp_path / "run")
    loaded = Trajectory.load(tmp_path / "run")
    assert loaded.rule == Newton(0.5)
    whole = run(ROSENBROCK, START, Newton(0.5), steps=4)
    assert np.array_equal(descend(ROSENBROCK, loaded, steps=2).points.rows, whole.points.rows)


def test_curvature_beats_the_gradient_on_the_ride():
    curved = run(ride.numpy_loss(), ride.START, Newton(), steps=2)
    slow = run(ride.numpy_loss(), ride.START, GradientDescent(1e-5), steps=1000)
    assert curved.losses[1] < slow.losses[-1]
