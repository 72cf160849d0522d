from collections import Counter

import numpy as np
import pytest

from gradlab.comparison import Verdict, compare
from gradlab.comparison.verdicts import RANKED
from gradlab.sources import as_function
from tests.comparison.verdict_set import CASES


def counted(opaque):
    """Return how often each verdict is given on right gradients and on wrong ones."""
    right, wrong = Counter(), Counter()
    for place, case in enumerate(CASES):
        function = as_function(case.f, opaque=opaque)
        right[compare(function, case.at, claimed=case.right).verdict] += 1
        wrong[compare(function, case.at, claimed=case.wrong(place)).verdict] += 1
    return right, wrong


def test_with_the_formula_every_gradient_is_decided_and_rightly():
    assert counted(opaque=False) == (Counter({Verdict.AGREE: 50}), Counter({Verdict.DIFFER: 50}))


@pytest.mark.slow
def test_without_the_formula_nothing_is_wrong_and_few_are_undecided():
    right, wrong = counted(opaque=True)
    assert right[Verdict.DIFFER] == 0
    assert wrong[Verdict.AGREE] == 0
    undecided = 100 - right[Verdict.AGREE] - wrong[Verdict.DIFFER]
    assert undecided <= 5, (right, wrong)


def test_a_kink_nearby_is_none_at_the_point():
    comparison = compare(lambda x: abs(x - 1).sum() + (x**2).sum(), 1 + np.array([1e-3, -1e-9]))
    assert comparison.verdict is Verdict.AGREE


def test_two_gradients_found_apart_are_each_others_witness():
    def hidden(x):
        return 1e10 + (x**2).sum()

    function = as_function(hidden, opaque=True)
    assert compare(function, [1.0, 2.0]).verdict is Verdict.UNDECIDED
    assert compare(function, [1.0, 2.0], claimed=[2.0, 4.0]).verdict is Verdict.AGREE
    assert compare(function, [1.0, 2.0], claimed=[2.0, 4.0 * (1 + 1e-6)]).verdict is not Verdict.AGREE


@pytest.mark.parametrize("wrong", [0.5, 1 + 1e-6])
def test_what_a_measurement_cannot_see_beside_large_components_is_not_confirmed(wrong):
    def scaled(x):
        return 1e12 * x[0] ** 2 + x[1] ** 2 / 1e12

    right = np.array([2e12 * 1.3, 2e-12 * 0.7])
    hidden = as_function(scaled, opaque=True)
    assert compare(hidden, [1.3, 0.7], claimed=right).verdict is Verdict.AGREE
    assert compare(hidden, [1.3, 0.7], claimed=right * [1, wrong]).verdict is not Verdict.AGREE
    assert compare(scaled, [1.3, 0.7], claimed=right * [1, wrong]).verdict is Verdict.DIFFER


def test_a_zero_beside_large_components_is_confirmed():
    hidden = as_function(lambda x: 1e12 * x[0] ** 2 + 0 * x[1], opaque=True)
    assert compare(hidden, [1.3, 0.7], claimed=[2.6e12, 0]).verdict is Verdict.AGREE


def test_a_zero_that_is_measured_as_zero_is_confirmed():
    hidden = as_function(lambda x: 1e3 + 0 * x, opaque=True)
    assert compare(hidden, 1.0, claimed=0.0).verdict is Verdict.AGREE


def test_a_zero_is_not_confirmed_where_noise_may_hide_a_number():
    hidden = as_function(lambda x: x[0] ** 2 + ((1e8 + x[1] ** 2) - 1e8) - x[1] ** 2, opaque=True)
    assert compare(hidden, [1.3, 0.7], claimed=[2.6, 0]).verdict is Verdict.UNDECIDED


def test_the_worst_verdict_comes_last():
    assert set(RANKED) == set(Verdict)
    assert (RANKED[0], RANKED[-1]) == (Verdict.AGREE, Verdict.DIFFER)


def test_a_smooth_bend_between_the_steps_is_no_kink():
    comparison = compare("sqrt(x^2 + 10^(-200))", 0.0)
    assert comparison.verdict is Verdict.AGREE
    assert any("see two slopes; at the point itself is none" in note for note in comparison.notes)
