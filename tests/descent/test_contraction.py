"""The matrix of a step on λ x²/2, against the formulas of the books and against runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from gradlab.descent import GradientDescent
from gradlab.descent.contraction import factor, largest_rate, step_matrix
from gradlab.descent.optimizers import AdaGrad, Adam, Momentum, Nesterov, RMSProp
from gradlab.descent.schedules import StepDecay


@dataclass(frozen=True)
class SignStep(GradientDescent):
    def step(self, x, gradient, state):
        return x - self.rate * np.sign(gradient), state


@pytest.mark.parametrize("rate", [1e-3, 0.1, 0.5, 3.0])
def test_gradient_descent_is_one_minus_rate_times_eigenvalue(rate):
    assert factor(GradientDescent(rate), 1.7) == pytest.approx(1 - rate * 1.7)


@pytest.mark.parametrize("rate", [0.01, 0.2, 1.0, 2.0, 5.0])
def test_momentum_has_the_roots_of_its_companion_polynomial(rate):
    beta, eigenvalue = 0.8, 1.3
    roots = np.roots([1, -(1 + beta - rate * eigenvalue), beta])
    assert abs(factor(Momentum(rate, beta), eigenvalue)) == pytest.approx(np.abs(roots).max())


def test_the_error_of_a_run_shrinks_by_the_factor():
    for rule, eigenvalue in ((Momentum(0.02, 0.5), 2.0), (Nesterov(0.01, 0.7), 2.0), (GradientDescent(0.3), 2.0)):
        x, state, seen = np.ones(1), rule.initial(np.ones(1)), []
        for _ in range(60):
            x, state = rule.step(x, eigenvalue * x, state)
            seen.append(abs(x[0]))
        assert (seen[-1] / seen[-11]) ** 0.1 == pytest.approx(abs(factor(rule, eigenvalue)), rel=1e-4)


def test_the_largest_rate_of_momentum_is_twice_one_plus_beta_over_the_eigenvalue():
    for beta in (0.0, 0.5, 0.9, 0.99):
        assert largest_rate(Momentum(0.1, beta), 56499.4) == pytest.approx(2 * (1 + beta) / 56499.4, rel=1e-9)


def test_the_largest_rate_of_nesterov_parts_what_shrinks_from_what_grows():
    limit = largest_rate(Nesterov(0.1, 0.9), 3.0)
    assert abs(factor(Nesterov(limit * 0.999, 0.9), 3.0)) < 1 < abs(factor(Nesterov(limit * 1.001, 0.9), 3.0))


def test_no_limit_is_made_up_for_a_step_that_is_not_linear_or_changes_on_the_way():
    for rule in (SignStep(0.1), GradientDescent(StepDecay(0.1, every=10)), Adam(0.1), RMSProp(0.1), AdaGrad(0.1)):
        assert step_matrix(rule, 1.0) is None
        assert factor(rule, 1.0) is None
        assert largest_rate(rule, 1.0) is None


def test_nothing_is_said_of_a_curvature_that_is_not_positive():
    assert largest_rate(GradientDescent(0.1), -1.0) is None
    assert largest_rate(GradientDescent(0.1), 0.0) is None
