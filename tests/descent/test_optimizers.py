from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from gradlab.descent import GradientDescent


def test_a_step_subtracts_the_rate_times_the_gradient():
    x, state = GradientDescent(rate=0.5).step(np.array([3.0, -1.0]), np.array([2.0, 4.0]), ())
    assert x.tolist() == [2.0, -3.0]
    assert state == ()


def test_a_step_leaves_the_point_it_was_given_alone():
    x = np.array([3.0])
    GradientDescent(rate=0.5).step(x, np.array([2.0]), ())
    assert x.tolist() == [3.0]


def test_a_step_takes_torch_tensors_as_well():
    import torch

    x, _ = GradientDescent(rate=0.5).step(torch.tensor([3.0]), torch.tensor([2.0]), ())
    assert x.tolist() == [2.0]


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (0, "rate=0 would never move"),
        (0.0, "rate=0.0 would never move"),
        (-0.1, "rate=-0.1 would climb; to climb f, descend -f"),
        (float("nan"), "rate=nan is not a number"),
        (float("inf"), "rate=inf is not finite"),
        (10**400, "is not finite"),
    ],
)
def test_a_rate_that_cannot_descend_is_repeated_with_what_to_write(rate, said):
    with pytest.raises(ValueError, match=r"write a positive number, such as GradientDescent\(rate=0.1\)") as error:
        GradientDescent(rate)
    assert said in str(error.value)


@pytest.mark.parametrize("rate", ["0.1", None, True, [0.1], 1j])
def test_a_rate_that_is_no_number_is_a_type_error(rate):
    with pytest.raises(TypeError, match="is not a number"):
        GradientDescent(rate)


@pytest.mark.parametrize("rate", [np.float64(0.25), np.float32(0.25), 1 / 4])
def test_a_rate_of_any_kind_of_number_is_kept_as_float(rate):
    assert type(GradientDescent(rate).rate) is float
    assert GradientDescent(rate) == GradientDescent(0.25)


def test_a_rule_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        GradientDescent(0.1).rate = 0.2
