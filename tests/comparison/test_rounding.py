"""What rounding may do to a right gradient on a switch between two ways, where an enclosure takes both at once."""

import numpy as np
import pytest
import torch

from gradlab import compare
from gradlab.comparison import Verdict


def huber(delta):
    return lambda x: torch.where(torch.abs(x) <= delta, x**2 / 2, delta * (torch.abs(x) - delta / 2)).sum()


JOINS = {"1": 1.0, "0.1": 0.1, "the number after 1": np.nextafter(1.0, 2), "the number before 1": np.nextafter(1.0, 0)}


@pytest.mark.parametrize("where", JOINS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_a_wrong_slope_at_huber_s_join_is_found(where, dtype):
    at = np.array([JOINS[where], -3.0], dtype=dtype)
    delta = 0.1 if where == "0.1" else 1.0
    right = np.clip(at, -delta, delta).astype(dtype)
    assert compare(huber(delta), at, claimed=right).verdict is Verdict.AGREE
    for factor in (-1, 0, 2, 1.01):
        wrong = right * np.array([factor, 1], dtype=dtype)
        assert compare(huber(delta), at, claimed=wrong).verdict is Verdict.DIFFER


def test_at_a_kink_all_between_the_slopes_may_be_claimed_and_nothing_else():
    f = lambda x: torch.abs(x - 0.5).sum() + x.sum()  # noqa: E731
    for claimed in (0.0, 1.0, 2.0):
        assert compare(f, [0.5], claimed=[claimed]).verdict is Verdict.KINK
    for claimed in (-0.01, 2.01):
        assert compare(f, [0.5], claimed=[claimed]).verdict is Verdict.DIFFER


@pytest.mark.parametrize(
    ("f", "at", "right"),
    [
        ("(x - 1)**3 + x", 1.0, 1.0),
        ("(x - 1)**4 + 2*x", 1.0, 2.0),
        ("x + (x - 0.5)**2*(x - 0.5)**3", 0.5, 1.0),
    ],
)
def test_a_power_of_what_vanishes_does_not_let_everything_pass(f, at, right):
    # A ball around 0 has no power in python-flint, and a bound that is no number refuses nothing.
    assert compare(f, at, claimed=right).verdict is Verdict.AGREE
    for wrong in (5.0, -right, right * (1 + 1e-6)):
        assert compare(f, at, claimed=wrong).verdict is Verdict.DIFFER


def test_a_bound_that_is_no_number_confirms_nothing():
    beside = np.nextafter(1.0, 2)
    comparison = compare("(x - 1)**2.5 + x", beside, claimed=5.0)
    assert comparison.verdict is not Verdict.AGREE


def test_a_wrong_slope_at_a_join_at_zero_is_found():
    f = lambda x: huber(1.0)(x - 1)  # noqa: E731
    assert compare(f, [0.0], claimed=[-1.0]).verdict is Verdict.AGREE
    for wrong in (-1.01, 0.0, 1.0):
        assert compare(f, [0.0], claimed=[wrong]).verdict is Verdict.DIFFER
