"""Every route meets every scenario: the formula in ball arithmetic, finite differences, and torch's backward()."""

import numpy as np
import pytest
import torch

from gradlab import backward, compare, derive, estimate
from gradlab.comparison import Verdict
from gradlab.errors import GradientNotConfirmed
from gradlab.testing import assert_gradient, assert_gradients_agree
from tests.more_garbow_hillstrom import PROBLEMS
from tests.scenarios import KINKS, SMOOTH

SCENARIOS = [*SMOOTH, *PROBLEMS]

ROUNDING = 1e-13
"""What float64 may lose in a gradient by hand or by torch, relative to its largest component."""


def named(scenarios):
    return pytest.mark.parametrize("scenario", scenarios, ids=lambda scenario: scenario.name)


def points(scenario):
    """Return the point, and one nearby at which nothing is round."""
    return [scenario.at, scenario.at * 1.01 + 0.013] if scenario in PROBLEMS else [scenario.at]


def close(found, scenario, at, error=0.0):
    hand = scenario.gradient(at)
    return bool((np.abs(found - hand) <= error + ROUNDING * np.abs(hand).max()).all())


def test_there_are_enough():
    assert len({scenario.name for scenario in (*SCENARIOS, *KINKS)}) == len(SCENARIOS) + len(KINKS) >= 50
    assert [int(problem.name.split()[0]) for problem in PROBLEMS] == list(range(1, 36))


@named(SCENARIOS)
def test_the_gradient_by_hand_is_torch_s(scenario):
    for at in points(scenario):
        x = torch.tensor(at, requires_grad=True)
        (gradient,) = torch.autograd.grad(scenario.in_torch(x), x)
        assert close(gradient.numpy(), scenario, at)


@named([problem for problem in PROBLEMS if problem.minimum])
def test_the_published_minimum_is_where_and_what_it_was_published_to_be(scenario):
    at, value = scenario.minimum
    found = scenario.in_numpy(at)
    # Values were published with six digits, cut off. The gulf problem's own numbers are rounded at 1e-15.
    assert found == pytest.approx(value, rel=1e-5, abs=1e-18)
    random = np.random.default_rng(0)
    for _ in range(10):
        step = 1e-2 * random.normal(size=at.size) * np.maximum(np.abs(at), 1e-3)
        assert scenario.in_numpy(at + step) > found * (1 - 1e-9)


@named(SCENARIOS)
def test_the_formula_gives_the_gradient(scenario):
    for at in points(scenario):
        assert close(derive(scenario.in_torch, at=at).at(at)["x"], scenario, at)


@named(SCENARIOS)
def test_the_estimate_is_within_its_bound(scenario):
    for at in points(scenario):
        gradient = estimate(scenario.in_torch, at)
        assert np.isfinite(gradient.error["x"]).all()
        assert close(gradient["x"], scenario, at, gradient.error["x"])


@named(SCENARIOS)
def test_backward_gives_the_gradient(scenario):
    for at in points(scenario):
        assert close(backward(scenario.in_torch, at)["x"], scenario, at)


@named(SCENARIOS)
def test_all_routes_and_the_gradient_by_hand_agree(scenario):
    for at in points(scenario):
        comparison = compare(scenario.in_torch, at, claimed=scenario.gradient(at))
        assert set(comparison.gradients) == {"symbolic", "numeric", "autodiff", "claimed"}
        assert comparison.verdict is Verdict.AGREE, comparison


@named(SCENARIOS)
def test_one_wrong_sign_is_found(scenario):
    at = points(scenario)[-1]
    claimed = scenario.gradient(at)
    place = int(np.argmax(np.abs(claimed)))
    claimed[place] *= -1
    with pytest.raises(GradientNotConfirmed, match=rf"Mismatched components: 1 / .*\nWorst: x\[{place}\], "):
        assert_gradient(scenario.in_torch, at, claimed)


# Kinks -----------------------------------------------------------------------------------------------


@named(KINKS)
def test_the_slopes_of_a_kink_are_those_by_hand(scenario):
    gradient = estimate(scenario.in_torch, scenario.at)
    bends = scenario.slopes[:, 0] != scenario.slopes[:, 1]
    # The bound of the estimate spans both slopes; each of them is as exact as a smooth one.
    assert gradient.slopes["x"][bends] == pytest.approx(scenario.slopes[bends], abs=1e-9)
    assert np.isnan(gradient.slopes["x"][~bends]).all()
    assert gradient["x"][~bends] == pytest.approx(scenario.slopes[~bends, 0], abs=1e-9)


@named(KINKS)
def test_every_value_between_the_slopes_is_accepted_where_kinks_are_allowed_and_no_other(scenario):
    low, high = scenario.slopes.min(axis=1), scenario.slopes.max(axis=1)
    for share in (0.0, 0.3, 1.0):
        assert assert_gradient(scenario.in_torch, scenario.at, low + share * (high - low), kinks=True)
    for outside in (low - 0.01, high + 0.01):
        with pytest.raises(GradientNotConfirmed, match="Mismatched components"):
            assert_gradient(scenario.in_torch, scenario.at, outside, kinks=True)
    with pytest.raises(GradientNotConfirmed, match="at a kink"):
        assert_gradient(scenario.in_torch, scenario.at, low)


@named(KINKS)
def test_the_convention_by_hand_and_torch_s_are_subgradients(scenario):
    assert assert_gradients_agree(scenario.in_torch, scenario.at, kinks=True).verdict is Verdict.KINK
    assert assert_gradient(scenario.in_torch, scenario.at, scenario.gradient(scenario.at), kinks=True)
