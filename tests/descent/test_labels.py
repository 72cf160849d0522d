"""Runs whose label is known before they are made: the eigenvalues, the saddle or the plateau decide it.

Each run is made by `descend`, except those of mini-batches, which are stepped here so that their noise is known.
"""

from __future__ import annotations

import numpy as np
import pytest

from gradlab.descent import GradientDescent, descend
from gradlab.descent.diagnosis import LABELS, diagnose
from gradlab.descent.optimizers import Adam, Momentum, Nesterov
from gradlab.descent.running import Run
from tests.descent import rollercoaster as ride


def label(run):
    said, _, words = run.diagnosis.partition(": ")
    assert said in LABELS
    assert words
    return said


TURN, _ = np.linalg.qr(np.random.default_rng(7).normal(size=(3, 3)))


def turned(*eigenvalues):
    """A quadratic with these eigenvalues, no axis along an eigenvector."""
    hessian = TURN @ np.diag(eigenvalues) @ TURN.T
    return lambda x: 0.5 * x @ hessian @ x


ONES = TURN @ np.ones(3)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def dead(w):
    return np.mean((np.maximum(w[0] * np.array([1.0, 2.0]) + w[1], 0) - 3.0) ** 2)


XOR = (np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0.0, 1.0, 1.0, 0.0]))


def network(W1, b1, w2, b2):
    hidden = np.tanh(XOR[0] @ W1 + b1)
    return np.mean((hidden @ w2 + b2 - XOR[1]) ** 2)


ASLEEP = {"W1": np.zeros((2, 2)), "b1": np.zeros(2), "w2": np.zeros(2), "b2": 0.0}

RUNS = [  # function, start, rule, steps, label; the factors are 1 - rate λ
    # Quadratics that arrive: every factor to the power of the steps is below a billionth
    (turned(1, 2, 4), ONES, 0.25, 200, "minimum"),  # 0.75
    (turned(1, 2, 4), ONES, 0.45, 150, "minimum"),  # -0.8 among others
    (turned(3, 3, 3), ONES, 0.3, 50, "minimum"),  # 0.1
    ("x**2", 3.0, 0.5, 5, "minimum"),  # 0
    ("x**2 + 5", 3.0, 0.1, 200, "minimum"),
    ("(x - 2)**2 + (y + 1)**2", {"x": 0.0, "y": 0.0}, 0.2, 100, "minimum"),
    ("(x + y)**2", {"x": 1.0, "y": 2.0}, 0.1, 100, "minimum"),  # the floor of a valley
    ("x**2", 0.0, 0.1, 10, "minimum"),  # there from the start
    ("cosh(x)", 2.0, 0.5, 100, "minimum"),
    ("(x**2 - 1)**2", 0.5, 0.05, 200, "minimum"),
    ("x**2/2 + (y**2 - 1)**2/4", {"x": 1.0, "y": 0.5}, 0.2, 200, "minimum"),
    ("log(1 + exp(x)) - 0.3 x", 3.0, 1.0, 300, "minimum"),
    # On the way
    (turned(1, 2, 4), ONES, 0.1, 40, "converging"),
    ("x**2", 3.0, 0.05, 50, "converging"),
    ("x**4", 1.0, 0.1, 300, "converging"),
    ("(1 - x)**2 + 100 (y - x**2)**2", {"x": 0.9, "y": 0.8}, 0.002, 3000, "converging"),
    (ride.numpy_loss(), ride.START, 1e-5, 10, "converging"),
    # One factor just below 1
    ("x**2", 3.0, 1e-6, 100, "too slow"),
    (turned(1e-4, 1, 1), ONES, 1.0, 100, "too slow"),  # 0.9999, and the rate can but double
    (turned(1, 2, 4), ONES, 1e-5, 100, "too slow"),
    (ride.numpy_loss(), ride.START, 1e-5, 1000, "too slow"),
    (ride.numpy_loss(), ride.START, 1e-9, 100, "too slow"),
    ("cosh(x)", 1.0, 1e-7, 100, "too slow"),
    ("(x - 1)**2 + 1000 (y - 1)**2", {"x": 0.0, "y": 1.0}, 1e-6, 50, "too slow"),
    # One factor between -1 and 0 that outlasts the others
    ("x**2", 3.0, 0.9, 10, "bouncing"),  # -0.8
    ("x**2", 3.0, 1.0, 30, "bouncing"),  # -1
    (turned(1, 2, 10), ONES, 0.19, 30, "bouncing"),  # -0.9
    (turned(1, 100, 100), ONES, 0.0199, 40, "bouncing"),  # -0.99
    (ride.numpy_loss(), ride.START, 3.5e-5, 20, "bouncing"),
    ("abs(x)", 0.25, 0.1, 20, "bouncing"),
    ("x**4/4 - x**2/2", 0.3, 1.8, 50, "bouncing"),
    # One factor below -1
    ("x**2", 3.0, 1.1, 20, "diverging"),  # -1.2
    ("x**2", 3.0, 50.0, 2000, "diverging"),  # until it overflows
    (turned(1, 2, 4), ONES, 0.51, 200, "diverging"),  # -1.04
    (ride.numpy_loss(), ride.START, 1e-4, 10, "diverging"),  # -4.65
    (ride.numpy_loss(), ride.START, 3.6e-5, 60, "diverging"),  # -1.03
    ("x**4", 3.0, 0.1, 5, "diverging"),
    ("exp(x**2)", 1.0, 1.0, 5, "diverging"),
    # A stationary point from which it goes down
    ("x**2 - y**2", {"x": 1.0, "y": 0.0}, 0.1, 100, "saddle"),
    ("x**2 - y**2", {"x": 1.0, "y": 0.0}, 0.1, 400, "saddle"),
    ("x**2 - y**2", {"x": 1.0, "y": 1e-9}, 0.1, 40, "saddle"),
    ("x**2 - y**2", {"x": 0.0, "y": 0.0}, 0.1, 40, "saddle"),
    ("x*y", {"x": 1.0, "y": 1.0}, 0.1, 300, "saddle"),
    ("x**2/2 + (y**2 - 1)**2/4", {"x": 1.0, "y": 1e-12}, 0.2, 50, "saddle"),
    ("x**2/2 + (y**2 - 1)**2/4", {"x": 1.0, "y": 0.0}, 0.2, 300, "saddle"),
    ("x**3 - 3 x y**2 + y**2 + x**2 - z**2", {"x": 0.1, "y": 0.1, "z": 0.0}, 0.2, 200, "saddle"),
    (turned(1, 2, -1), TURN @ np.array([1.0, 1.0, 0.0]), 0.2, 40, "saddle"),
    ("(x y - 1)**2", {"x": 0.3, "y": -0.3}, 0.2, 400, "saddle"),  # two layers, one weight each, of opposite signs
    # Where it is so flat that nothing leads anywhere
    (lambda w: (1 - sigmoid(w)) ** 2, -20.0, 1.0, 500, "stalled"),
    (lambda w: sigmoid(w), -25.0, 0.5, 200, "stalled"),
    (lambda w: (np.tanh(w[0] + w[1]) - 0.2) ** 2, np.array([9.0, 9.0]), 1.0, 500, "stalled"),
    ("1 - exp(-x**2)", 6.0, 1.0, 300, "stalled"),
    ("x**2/(1 + x**2)", 1e4, 1.0, 200, "stalled"),
    ("1 - exp(-x**2)", 0.9, 10.0, 50, "stalled"),  # one step too long leads from the slope out onto the plain
    (dead, np.array([-1.0, 5.0]), 2.0, 20, "stalled"),  # the first step turns both units off for good
    # Down for ever
    ("2 x + y", {"x": 1.0, "y": 1.0}, 0.1, 20, "still falling"),
    ("2 x + y + 1000000", {"x": 1.0, "y": 1.0}, 0.1, 20, "still falling"),
    ("x**2 - y**2", {"x": 1.0, "y": 1e-3}, 0.1, 200, "still falling"),
    ("-x**2", 0.1, 0.1, 50, "still falling"),
    ("x**2 + y", {"x": 3.0, "y": 1.0}, 0.1, 5, "still falling"),
    ("x**2 + y", {"x": 3.0, "y": 1.0}, 0.1, 200, "still falling"),
    ("(x + y)**2 + 1e-3*x - 1e-3*y", {"x": 3.0, "y": 1.0}, 0.1, 100, "still falling"),
    # Not a step
    ("-x**2", 0.0, 0.1, 10, "flat"),
    ("x**3", 0.0, 0.1, 10, "flat"),
    ("x**2", 3.0, 0.1, 0, "no step"),
    # Rules that remember
    ("x**2/2 + 5 y**2", {"x": 3.0, "y": 1.0}, Momentum(0.02, 0.9), 100, "converging"),  # circles by √0.9
    ("x**2/2 + 5 y**2", {"x": 3.0, "y": 1.0}, Momentum(0.02, 0.9), 600, "minimum"),
    ("x**2/2 + 5 y**2", {"x": 3.0, "y": 1.0}, Momentum(0.37, 0.9), 40, "bouncing"),  # below 2 (1 + β)/10 = 0.38
    ("x**2/2 + 5 y**2", {"x": 3.0, "y": 1.0}, Momentum(0.4, 0.9), 200, "diverging"),
    ("x**2/2 + 5 y**2", {"x": 3.0, "y": 1.0}, Nesterov(0.02, 0.9), 600, "minimum"),
    ("x**2", 3.0, Adam(1e-6), 100, "too slow"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "start", "rule", "steps", "expected"), RUNS)
def test_the_label_of_a_run_is_known_beforehand(f, start, rule, steps, expected):
    stepped = GradientDescent(rule) if isinstance(rule, float) else rule
    assert label(descend(f, start, rule=stepped, steps=steps, check=False)) == expected


def test_a_level_direction_beside_a_minimum_is_named():
    run = descend("1/(1 + exp(-x)) + y**2", {"x": -40.0, "y": 1.0}, rule=GradientDescent(0.2), steps=200, check=False)
    assert run.diagnosis.startswith("converging")
    assert run.diagnosis.endswith("along x the curvature cannot be told from 0")


def test_a_network_that_starts_at_zero_is_at_a_saddle():
    run = descend(network, ASLEEP, rule=GradientDescent(0.5), steps=200, check=False)
    assert label(run) in ("saddle", "converging")  # b2 finds the mean of the targets, and all else is zero for ever


def test_there_are_sixty_labelled_runs_and_every_label():
    assert len(RUNS) + len(NOISY) >= 60
    assert {expected for *_, expected in [*RUNS, *NOISY]} == set(LABELS)


# Mini-batches -------------------------------------------------------------------------------------------


def noisy(eigenvalues, start, rate, steps, spread, batch=4, seed=0, vanishing=False):
    """Descend the mean of λ_i (x_i - a_i)²/2 over examples a, a batch of them at a time.

    spread: the standard deviation of the examples around 0, which is the minimum.  vanishing: the noise is
    multiplicative instead, and nothing is left of it at the minimum.
    """
    random = np.random.default_rng(seed)
    curvatures, x = np.array(eigenvalues, dtype=float), np.array(start, dtype=float)
    points, losses, gradients = [], [], []
    for _ in range(steps + 1):
        drawn = random.normal(size=(batch, len(x)))
        centres = np.zeros_like(drawn) if vanishing else spread * drawn
        weights = 1 + spread * np.clip(drawn, -1, 1) if vanishing else np.ones_like(drawn)
        points.append(x)
        losses.append(float((weights * curvatures * (x - centres) ** 2).sum(axis=1).mean() / 2))
        gradients.append((weights * curvatures * (x - centres)).mean(axis=0))
        x = x - rate * gradients[-1]
    return Run(np.array(points), np.array(losses), np.array(gradients), "steps", f"took all {steps} steps")


NOISY = [  # what `noisy` takes, label.  1/(rate λ) steps pass until the start is forgotten.
    (([1.0], [10.0], 0.1, 1000, 1.0), "noise floor"),
    (([1.0], [10.0], 0.5, 300, 1.0), "noise floor"),
    (([1.0, 3.0], [5.0, 5.0], 0.05, 2000, 0.5), "noise floor"),
    (([1.0, 10.0], [5.0, 5.0], 0.05, 2000, 2.0), "noise floor"),
    (([1.0], [0.0], 0.1, 500, 1.0), "noise floor"),
    (([1e-3], [10.0], 100.0, 1000, 1.0), "noise floor"),
    (([1.0], [1000.0], 0.001, 1000, 1.0), "converging"),
    (([1.0, 2.0], [100.0, 100.0], 0.002, 500, 1.0), "converging"),
    (([1.0], [50.0], 0.01, 100, 1.0), "converging"),
    (([1.0], [10.0], 0.01, 100, 12.0), "converging"),  # a mean a few times what chance would leave
    (([1.0], [1e3], 1e-8, 200, 1.0), "too slow"),
    (([1.0], [10.0], 2.2, 100, 1.0), "diverging"),
    (([1.0, 10.0], [1.0, 1.0], 0.25, 100, 0.1), "diverging"),
    (([1.0], [10.0], 1.95, 60, 0.01), "bouncing"),
]


@pytest.mark.parametrize(("made", "expected"), NOISY)
@pytest.mark.parametrize("seed", range(5))
def test_the_label_of_a_run_by_mini_batches_is_known_beforehand(made, expected, seed):
    eigenvalues, start, rate, steps, spread = made
    run = noisy(eigenvalues, start, rate, steps, spread, seed=seed)
    said = diagnose(run, GradientDescent(rate), stochastic=True)
    assert said.partition(": ")[0] == expected, said


def test_noise_that_vanishes_at_the_minimum_has_no_floor():
    said = diagnose(noisy([1.0], [10.0], 0.1, 1000, 0.5, vanishing=True), GradientDescent(0.1), stochastic=True)
    assert said.startswith("converging")


def test_the_noise_floor_is_told_in_numbers():
    said = diagnose(noisy([1.0], [10.0], 0.1, 2000, 1.0), GradientDescent(0.1), stochastic=True)
    assert said.startswith("noise floor: over the last 1,001 steps the mini-batch gradients, of length 0.5")
    assert "cancel" in said
