import re

import numpy as np
import pytest
import torch

from gradlab import as_function, compare
from gradlab.comparison import Verdict
from gradlab.errors import GradientNotConfirmed, GradlabError, PointError, ShapeError
from gradlab.testing import assert_gradient, assert_gradients_agree

RANDOM = np.random.default_rng(5)
MANY = RANDOM.normal(size=500)


def cubes(x):
    return (x**3).sum() + np.sin(x).sum()


def cubes_gradient(x):
    return 3 * x**2 + np.cos(x)


def hidden(f, size):
    return as_function(f, shapes={"x": (size,)}, opaque=True)


def test_a_right_gradient_is_confirmed_with_the_formula_and_without():
    assert assert_gradient(cubes, MANY, cubes_gradient(MANY)).verdict is Verdict.AGREE
    few = MANY[:40]
    assert assert_gradient(hidden(cubes, 40), few, cubes_gradient).verdict is Verdict.AGREE


SPOILT = {
    "sign": lambda value: -value,
    "thousandth": lambda value: value * (1 + 1e-3),
    "millionth": lambda value: value * (1 - 1e-6),
    "zero": lambda value: 0 * value,
    "not a number": lambda value: value * np.nan,
    "infinite": lambda value: value * np.inf,
}


@pytest.mark.parametrize(("how", "place"), [*zip(SPOILT, [317, 0, 499, 250, 1, 498], strict=True)])
def test_one_wrong_component_of_500_is_named(how, place):
    claimed = cubes_gradient(MANY)
    claimed[place] = SPOILT[how](claimed[place])
    with pytest.raises(GradientNotConfirmed) as caught:
        assert_gradient(cubes, MANY, claimed)
    said = str(caught.value)
    assert "Mismatched components: 1 / 500 (0.2%)" in said
    assert f"Worst: x[{place}], " in said
    assert f" ACTUAL (claimed):   {float(claimed[place])!r}" in said
    desired = re.search(r"DESIRED \(symbolic\): (\S+)", said)
    assert float(desired[1]) == pytest.approx(cubes_gradient(MANY)[place], rel=1e-14)


@pytest.mark.parametrize("how", ["sign", "thousandth", "millionth", "zero", "not a number"])
def test_one_wrong_component_is_named_where_the_formula_is_hidden(how):
    few = MANY[:40]
    claimed = cubes_gradient(few)
    claimed[23] = SPOILT[how](claimed[23])
    with pytest.raises(GradientNotConfirmed, match=r"Mismatched components: 1 / 40 \(2.5%\)\nWorst: x\[23\], "):
        assert_gradient(hidden(cubes, 40), few, claimed)


def test_a_mismatch_reads_like_numpys():
    with pytest.raises(GradientNotConfirmed) as caught:
        assert_gradient("x**2 + y", {"x": 3, "y": 1}, {"x": -6, "y": 1})
    lines = str(caught.value).splitlines()
    assert lines[:2] == ["gradient of f(x, y) not confirmed at x = 3, y = 1", "Mismatched components: 1 / 2 (50%)"]
    assert re.fullmatch(r"Worst: x, 12 apart, \S+ times the bound \S+", lines[2])
    assert lines[3:5] == [" ACTUAL (claimed):   -6.0", " DESIRED (symbolic): 6.0"]
    assert lines[5].startswith("Cause: ")
    assert "sign" in lines[5]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_claim_that_is_no_number_has_its_cause_told(value):
    with pytest.raises(GradientNotConfirmed, match=r"Cause: only x is wrong: claimed has (nan|inf) there"):
        assert_gradient("x**2 + y", {"x": 3, "y": 1}, {"x": value, "y": 1})


def test_the_multiple_of_the_bound_is_the_difference_over_the_bound():
    with pytest.raises(GradientNotConfirmed) as caught:
        assert_gradient("x**2", 3, 7)
    times, bound = re.search(r"1 apart, (\S+) times the bound (\S+)", str(caught.value)).groups()
    assert float(times) * float(bound) == pytest.approx(1, rel=0.1)


def test_the_error_is_an_assertion_and_a_gradlab_error():
    assert issubclass(GradientNotConfirmed, AssertionError)
    assert issubclass(GradientNotConfirmed, GradlabError)


# Kinks -----------------------------------------------------------------------------------------------

KINKS = {"abs(x)": (-1, 1), "relu(x)": (0, 1), "max(x, 2*x)": (1, 2)}


@pytest.mark.parametrize("f", KINKS)
def test_a_kink_is_not_confirmed_unless_it_is_allowed(f):
    left, right = KINKS[f]
    with pytest.raises(GradientNotConfirmed, match=r"Components at a kink: 1 / 1 .*\n x: kink at x = 0, slope "):
        assert_gradient(f, 0, right)
    for value in (left, right, (left + right) / 2):
        assert assert_gradient(f, 0, value, kinks=True).verdict is Verdict.KINK
    for value in (left - 0.01, right + 0.01):
        with pytest.raises(GradientNotConfirmed, match="Mismatched components"):
            assert_gradient(f, 0, value, kinks=True)


def test_a_convention_at_a_kink_is_no_gradient_of_a_smooth_function():
    # relu(x) - relu(-x) is x, whose slope at 0 is 1; both rules of relu say 0.
    f = "relu(x) - relu(-x)"
    assert assert_gradient(f, 0, 1, kinks=True)
    with pytest.raises(GradientNotConfirmed):
        assert_gradient(f, 0, 0, kinks=True)


def test_a_kink_elsewhere_does_not_hide_a_wrong_component():
    with pytest.raises(GradientNotConfirmed, match=r"Mismatched components: 1 / 2 \(50%\)\nWorst: y, 1 apart"):
        assert_gradient("abs(x) + y", {"x": 0, "y": 1}, {"x": 0, "y": 2}, kinks=True)


# What cannot be decided -----------------------------------------------------------------------------


def test_undecided_never_passes_and_says_what_would_decide():
    # Small components on top of 1e12: rounding leaves three digits.
    f = hidden(lambda x: 1e12 + (x**2).sum(), 2)
    with pytest.raises(GradientNotConfirmed, match=r"Undecided components: 2 / 2 \(100%\)\n.*would decide"):
        assert_gradient(f, [1.0, 2.0], [2.0 + 1e-9, 4.0 - 1e-9])


@pytest.mark.parametrize(("f", "at"), [("log(x)", -1), ("sqrt(x)", 0), ("1/x", 0)])
def test_no_value_at_the_point_is_undecided_and_said(f, at):
    with pytest.raises(GradientNotConfirmed, match=r"Undecided components: 1 / 1"):
        assert_gradient(f, at, 1.0)


def test_what_is_not_claimed_does_not_pass_unseen():
    with pytest.raises(PointError, match=r"nothing is claimed for y.*wrt=\['x'\]"):
        assert_gradient("x**2 + y", {"x": 3, "y": 1}, {"x": 6})
    assert assert_gradient("x**2 + y", {"x": 3, "y": 1}, {"x": 6}, wrt="x")


def test_a_claim_of_another_shape_is_refused():
    with pytest.raises(ShapeError, match=r"claimed has shape \(2,\) for x"):
        assert_gradient(cubes, MANY[:3], np.zeros(2))


def test_without_a_formula_torch_is_the_witness_where_the_measurement_is_coarse():
    f = hidden(lambda x: 1e9 + (x**2).sum(), 2)
    silent = hidden(lambda x: 1e9 + (np.asarray(x) ** 2).sum(), 2)  # no torch: nobody to bear witness
    assert assert_gradient(f, [1.0, 2.0], [2.0, 4.0])
    with pytest.raises(GradientNotConfirmed, match="Undecided components"):
        assert_gradient(silent, [1.0, 2.0], [2.0, 4.0])
    with pytest.raises(GradientNotConfirmed):
        assert_gradient(f, [1.0, 2.0], [2.0 + 1e-5, 4.0])


# torch's part ---------------------------------------------------------------------------------------


class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(context, above):
        (x,) = context.saved_tensors
        return above * x


def wrong_squares(x):
    return Wrong.apply(x).sum()


def test_a_wrong_backward_does_not_count_against_a_right_claim():
    x = np.array([1.0, -2.0])
    assert compare(wrong_squares, x).verdict is Verdict.DIFFER
    assert assert_gradient(wrong_squares, x, 2 * x).verdict is Verdict.AGREE
    with pytest.raises(GradientNotConfirmed, match="ACTUAL"):
        assert_gradients_agree(wrong_squares, x)


def test_a_wrong_claim_is_not_saved_by_a_backward_that_is_wrong_alike():
    x = np.array([1.0, -2.0])
    with pytest.raises(GradientNotConfirmed, match=r"Mismatched components: 2 / 2"):
        assert_gradient(wrong_squares, x, x)
    with pytest.raises(GradientNotConfirmed, match=r"Mismatched components: 2 / 2"):
        assert_gradient(as_function(wrong_squares, shapes={"x": (2,)}, opaque=True), x, x)


def test_a_backward_that_overflows_does_not_count_against_a_right_claim():
    assert assert_gradient("log(1 + exp(x))", 800, 1.0)
    with pytest.raises(GradientNotConfirmed, match=r"Components that backward\(\) loses.*\n.*softplus"):
        assert_gradients_agree("log(1 + exp(x))", 800)


def test_float32_is_judged_by_float32():
    x = MANY[:20].astype(np.float32)
    right = (3 * x**2 + np.cos(x)).astype(np.float32)
    assert assert_gradient(cubes, x, right)
    right[7] *= 1 + 1e-3
    with pytest.raises(GradientNotConfirmed, match=r"Worst: x\[7\]"):
        assert_gradient(cubes, x, right)


def test_routes_that_agree_are_returned():
    comparison = assert_gradients_agree("x*sin(x) + y**2", {"x": 1, "y": 2})
    assert set(comparison.gradients) == {"symbolic", "numeric", "autodiff"}


def test_routes_at_a_kink_agree_only_where_it_is_allowed():
    with pytest.raises(GradientNotConfirmed, match=r"accepted with kinks=True"):
        assert_gradients_agree("abs(x)", 0)
    assert assert_gradients_agree("abs(x)", 0, kinks=True).verdict is Verdict.KINK


# What cannot be checked -----------------------------------------------------------------------------


def test_a_function_that_draws_is_named():
    generator = np.random.default_rng(0)
    noisy = hidden(lambda x: (x**2).sum() + 1e-3 * generator.normal(), 2)
    with pytest.raises(
        GradientNotConfirmed, match=r"answers differently to the same point: from \S+ to \S+ in 8 calls"
    ):
        assert_gradient(noisy, [1.0, 2.0], [2.0, 4.0])
    with pytest.raises(GradientNotConfirmed, match="answers differently"):
        assert_gradients_agree(lambda x: torch.nn.functional.dropout(x, 0.5).sum(), MANY[:6])


def test_a_steady_function_is_not_called_restless():
    with pytest.raises(GradientNotConfirmed) as caught:
        assert_gradient(cubes, MANY[:3], np.ones(3))
    assert "differently" not in str(caught.value)


@pytest.mark.parametrize("claimed", [[2j, 4.0], np.array([2 + 0j, 4.0]), torch.tensor([2j, 4.0])])
def test_a_complex_claim_is_refused_by_name(claimed):
    with pytest.raises(PointError, match=r"claimed gives .* for x, which is complex"):
        assert_gradient(lambda x: (x**2).sum(), [1.0, 2.0], claimed)


def test_no_claim_is_refused_by_name():
    with pytest.raises(TypeError, match="claimed is None"):
        assert_gradient(cubes, MANY[:3], None)


def test_no_components_and_strange_strides_pass():
    assert assert_gradient(cubes, np.zeros(0), np.zeros(0))
    x = np.arange(12.0).reshape(3, 4)[:, ::2]
    assert assert_gradient(lambda x: (x**2).sum(), x, 2 * x)


def test_a_claim_with_a_graph_behind_it_is_taken():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    assert assert_gradient(lambda x: (x**2).sum(), x, 2 * x)
