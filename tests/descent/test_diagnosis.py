"""Diagnoses of quadratics, whose eigenvalues say what has to come out.

A step multiplies the error along an eigenvector by 1 - rate λ: between 0 and 1 it converges (too slowly, if it
would take many times the steps there were), between -1 and 0 it bounces, beyond -1 it diverges.
"""

from __future__ import annotations

import numpy as np
import pytest

from gradlab.descent import GradientDescent, descend
from gradlab.descent.diagnosis import diagnose
from gradlab.descent.history import norms
from gradlab.descent.running import Run
from tests.descent import rollercoaster as ride


def stepped(eigenvalues, start, rate, steps, centre=0.0):
    """Descend sum λ_i (x_i - centre)² / 2 in NumPy, turned so that no axis is an eigenvector."""
    curvatures = np.array(eigenvalues, dtype=float)
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(len(curvatures),) * 2))
    hessian = turn @ np.diag(curvatures) @ turn.T
    x = centre + turn @ np.array(start, dtype=float)
    points, losses, gradients = [], [], []
    for _ in range(steps + 1):
        error = x - centre
        points.append(x)
        losses.append(error @ hessian @ error / 2)
        gradients.append(hessian @ error)
        x = x - rate * gradients[-1]
    return Run(np.array(points), np.array(losses), np.array(gradients), "steps", f"took all {steps} steps")


def label(run, rate):
    return diagnose(run, GradientDescent(rate)).split(":")[0]


ONE = [  # eigenvalue, rate, steps, label
    (2.0, 0.05, 50, "converging"),  # factor 0.9
    (2.0, 0.25, 10, "converging"),  # 0.5
    (2.0, 0.45, 5, "converging"),  # 0.1
    (2.0, 0.5, 3, "converging"),  # 0: there in one step
    (1e6, 1e-7, 100, "converging"),  # 0.9
    (1e-6, 1e5, 100, "converging"),  # 0.9
    (2.0, 0.005, 1000, "converging"),  # 0.99, and many steps
    (2.0, 5e-5, 10, "too slow"),  # 0.9999
    (2.0, 5e-4, 20, "too slow"),  # 0.999
    (1e6, 1e-11, 50, "too slow"),  # 0.99999
    (1e-6, 1.0, 100, "too slow"),  # 0.999999
    (2.0, 5e-9, 1000, "too slow"),  # 0.99999999
    (2.0, 0.6, 10, "bouncing"),  # -0.2
    (2.0, 0.75, 10, "bouncing"),  # -0.5
    (2.0, 0.95, 10, "bouncing"),  # -0.9
    (2.0, 0.999, 100, "bouncing"),  # -0.998
    (2.0, 1.0, 25, "bouncing"),  # -1: for ever
    (1e6, 1.9e-6, 40, "bouncing"),  # -0.9
    (2.0, 1.001, 10, "diverging"),  # -1.002
    (2.0, 1.1, 10, "diverging"),  # -1.2
    (2.0, 5.0, 3, "diverging"),  # -9
    (2.0, 1.1, 1, "diverging"),  # -1.2, seen in one step
    (1e6, 3e-6, 100, "diverging"),  # -2
    (1e-6, 2.5e6, 30, "diverging"),  # -1.5
]

SEVERAL = [  # eigenvalues, start along each, rate, steps, label
    ([1, 3], [1, 1], 0.1, 40, "converging"),
    ([1, 2, 4], [1, 1, 1], 0.2, 30, "converging"),
    ([1, 10], [1, 1], 0.15, 60, "converging"),  # -0.5 dies out before 0.85
    ([1, 19], [5, 1], 0.0995, 120, "converging"),  # -0.8905 gives way to 0.9005 after half of the run
    ([1e-4, 1], [1, 1], 0.5, 100, "too slow"),
    ([0.001, 1, 1000], [1, 1, 1], 1e-3, 50, "too slow"),
    ([1, 10], [1, 1], 0.19, 30, "bouncing"),  # -0.9 outlasts 0.81
    ([1, 100], [1, 1], 0.0199, 50, "bouncing"),  # -0.99 against 0.98
    ([1, 1000], [1, 1], 1.95e-3, 30, "bouncing"),
    ([1, 10], [1, 1], 0.21, 40, "diverging"),  # -1.1
    ([1, 10], [1, 1e-3], 0.25, 40, "diverging"),  # -1.5 from a small beginning
    ([1, 2, 4, 8], [1, 1, 1, 1], 0.3, 20, "diverging"),  # -1.4
]


@pytest.mark.parametrize(("eigenvalue", "rate", "steps", "expected"), ONE)
@pytest.mark.parametrize("centre", [0.0, 3.0])
def test_one_eigenvalue(eigenvalue, rate, steps, expected, centre):
    assert label(stepped([eigenvalue], [2.0], rate, steps, centre), rate) == expected


@pytest.mark.parametrize(("eigenvalues", "start", "rate", "steps", "expected"), SEVERAL)
def test_several_eigenvalues(eigenvalues, start, rate, steps, expected):
    assert label(stepped(eigenvalues, start, rate, steps), rate) == expected


def made(losses, gradients):
    points = np.cumsum(gradients)[:, None]
    return Run(points, np.array(losses), np.array(gradients)[:, None], "steps", "took all steps")


def test_a_long_run_that_has_arrived_is_converging_whatever_rounding_does_at_the_end():
    for seed in range(5):
        start = np.random.default_rng(seed).normal(size=3)
        assert label(stepped([1, 2, 5], start, 0.3, 500, centre=1.7), 0.3) == "converging"


def test_rounding_noise_that_grows_is_not_diverging():
    assert label(made([1.0, 1e-14, 2e-14, 3e-14], [1.0, 1e-12, 2e-12, 3e-12]), 0.1) == "converging"


def test_rounding_noise_that_changes_sign_is_not_bouncing():
    assert label(made([1.0, 0.25, 1e-14, 1e-14, 1e-14], [1.0, 0.5, -1e-12, 1e-12, -1e-12]), 0.1) == "converging"


def test_a_loss_whose_rounding_hides_its_fall_is_neither_bouncing_nor_diverging():
    ulp = np.spacing(1e9)
    slopes = 0.9 ** np.arange(9)
    assert label(made(1e9 + ulp * np.arange(9), slopes), 0.1) == "converging"
    assert label(made(1e9 + ulp * np.array([0, 1, 0, 1, 0, 1, 0, 1, 0]), slopes), 0.1) == "converging"


def test_a_loss_that_grows_while_its_gradient_fades_is_diverging():
    # One step too long, from a bowl out onto the plateau around it.
    run = descend("x**2/(1 + x**2)", 1.0, rule=GradientDescent(20), steps=1, check=False)
    assert run.gradient_norms[1] < run.gradient_norms[0] / 100
    assert run.diagnosis.startswith("diverging: the loss grew from 0.5 to ")


@pytest.mark.parametrize("steps", range(20, 60))
def test_a_run_that_leaps_about_within_bounds_is_not_diverging(steps):
    run = descend("x**4/4 - x**2/2", 0.3, rule=GradientDescent(1.8), steps=steps, check=False)
    assert abs(run.points.of("x")).max() < 2
    assert run.diagnosis.startswith("bouncing")


def test_the_fit_diverges_beyond_2_over_its_largest_eigenvalue():
    powers = np.stack([np.array(ride.RIDE["time"]) ** power for power in (2, 1, 0)], axis=1)
    eigenvalues = np.linalg.eigvalsh(2 / len(powers) * powers.T @ powers)
    assert eigenvalues == pytest.approx([0.259, 16.0, ride.LARGEST_CURVATURE], rel=2e-3)

    def diagnosed(rate, steps=10):
        return descend(ride.numpy_loss(), ride.START, rule=GradientDescent(rate), steps=steps, check=False).diagnosis

    assert diagnosed(1e-5).startswith("converging: the loss fell from 15462.9 to 691.841 in 10 steps")
    assert diagnosed(3.4e-5).startswith("bouncing")
    assert diagnosed(3.6e-5, 40).startswith("diverging")
    assert diagnosed(1e-4).startswith("diverging: the loss grew from 15462.9 to ")
    assert diagnosed(1e-5, 1000).startswith("too slow")


def test_diverging_names_the_factor_and_the_limit_of_the_rate():
    said = diagnose(stepped([2.0], [1.0], 1.5, 10), GradientDescent(1.5))
    assert "each step multiplied the gradient by about 2;" in said  # 1 - 1.5 * 2 = -2
    assert said.endswith("the curvature reached 2, so the rate has to stay below 1")


def test_bouncing_counts_the_changes_of_sign_and_names_a_rate_that_settles():
    said = diagnose(stepped([4.0], [1.0], 0.45, 10), GradientDescent(0.45))
    assert "the gradient changed sign in 10 of 10 steps" in said
    assert said.endswith("a smaller rate, near 1/4 = 0.25, would settle")


def test_too_slow_says_how_many_steps_it_would_take():
    said = diagnose(stepped([2.0], [1.0], 5e-4, 20), GradientDescent(5e-4))
    assert "shrinks the gradient by only 0.1 %" in said
    assert "about 4,600 more steps" in said  # log(0.01) / log(0.999) = 4603
    assert said.endswith("a larger rate would help, but one above 1 would diverge")


def test_too_slow_by_unequal_curvature_does_not_advise_a_larger_rate():
    said = diagnose(stepped([1e-4, 1], [1, 1], 1.0, 100), GradientDescent(1.0))
    assert said.startswith("too slow")
    assert "the rate cannot grow much, since one above 2 would diverge" in said


def test_converging_that_bounced_on_the_way_says_so():
    said = diagnose(stepped([1, 16], [3, 1], 0.11, 30), GradientDescent(0.11))
    assert said.startswith("converging")
    assert "it bounced on the way" in said


def test_without_a_rate_nothing_is_advised():
    for eigenvalue, rate, steps, expected in ONE:
        said = diagnose(stepped([eigenvalue], [2.0], rate, steps))
        assert said.startswith(expected)
        assert "rate has to" not in said
        assert "1/" not in said


def test_a_straight_slope_has_no_minimum_in_sight():
    run = descend("2*x + y", {"x": 1.0, "y": 1.0}, check=False, steps=10)
    assert run.diagnosis == (
        "still falling: the loss fell from 3 to -2 in 10 steps, and the gradient does not shrink: "
        "no minimum is in sight"
    )


def test_a_straight_line_beside_a_parabola_falls_without_end_and_says_along_what():
    found = descend("x**2 + y", {"x": 3.0, "y": 1.0}, rule=GradientDescent(0.1), steps=30).diagnosis
    assert found == (
        "still falling: the loss fell from 10 to -1.99999 in 30 steps; along y there is no curvature and the slope "
        "stays 1: the function falls without end, and no rate leads to a minimum"
    )


def test_a_kink_bounces():
    assert descend("abs(x)", 0.25, check=False, steps=10).diagnosis.startswith("bouncing")


def test_a_step_too_short_for_the_numbers_is_too_slow():
    run = descend("x", 1e16, rule=GradientDescent(0.1), check=False)
    assert run.steps == 0
    assert run.diagnosis.startswith("too slow: the first step, along a gradient of length 1, is too short")


def test_a_quartic_converges_though_its_factor_approaches_1():
    run = descend("x**4", 1.0, rule=GradientDescent(0.1), steps=500, check=False)
    assert run.diagnosis.startswith("converging")


def test_every_diagnosis_is_one_line():
    for eigenvalue, rate, steps, _ in ONE:
        assert "\n" not in diagnose(stepped([eigenvalue], [2.0], rate, steps), GradientDescent(rate))


def test_lengths_neither_overflow_nor_hide_what_is_not_finite():
    rows = np.array([[3e300, 4e300], [0.0, 0.0], [np.inf, 1.0], [3e-300, 4e-300]])
    assert norms(rows).tolist() == pytest.approx([5e300, 0.0, np.inf, 5e-300])
