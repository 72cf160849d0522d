import numpy as np
import pytest
import torch

from gradlab.comparison import compare
from gradlab.comparison.attribution import of_estimate
from gradlab.errors import GradlabError
from gradlab.numeric import estimate
from gradlab.sources import as_function
from gradlab.symbolic import derive


@pytest.mark.parametrize(
    ("text", "at"),
    [("sin(x)", 1.0), ("exp(x)", 0.1), ("1e6 + sin(x)", 1.0), ("sin(1000*x)", 1.0), ("sqrt(x)", 1e-8), ("1/x", 0.1)],
)
def test_the_parts_of_an_estimates_error_add_up_to_it(text, at):
    comparison = compare(text, at)
    split = comparison.attribution("numeric")
    error = float(comparison.gradients["numeric"]["x"] - comparison.gradients["symbolic"]["x"])
    assert split.whole == error
    assert set(split.parts) == {"truncation", "step rounding", "function rounding"}
    assert sum(split.parts.values()) == pytest.approx(error, abs=1e-3 * abs(error))


def test_a_large_offset_is_function_rounding():
    assert compare("1e6 + sin(x)", 1.0).attribution("numeric").main == "function rounding"


def test_a_step_too_large_is_truncation():
    function = as_function("sin(x)*1e12")
    exact = derive(function).at(1.0)
    split = of_estimate(function, estimate(function, 1.0, method="central"), exact, "x", ())
    # f''' h^2 / 6, the next term of Taylor's series; the exact value is rounded, to 6e-5 of it.
    assert split.parts["truncation"] == pytest.approx(-1e12 * np.cos(1) * 2.0**-34 / 6, rel=1e-5)
    assert split.formula == "central differences down to h = 7.6e-06"


def test_torchs_error_is_split_into_input_rounding_and_evaluation():
    comparison = compare(lambda x: torch.exp(3 * x.float()).sum(), [0.1, 7.3])
    split = comparison.attribution("autodiff", "x[1]")
    rounded = float(np.float32(7.3))
    # 3 e^(3x), at the nearest float32.
    assert split.parts["input rounding"] == pytest.approx(3 * np.exp(3 * rounded) - 3 * np.exp(3 * 7.3), rel=1e-4)
    assert sum(split.parts.values()) == pytest.approx(split.whole)
    assert str(split).startswith("autodiff at x[1] is ")


def test_in_float64_the_inputs_are_as_given():
    assert compare("1/x", 0.1).attribution("autodiff").parts["input rounding"] == 0


def test_at_a_kink_there_is_no_quotient_to_split():
    with pytest.raises(GradlabError, match="mean of two slopes"):
        compare("abs(x)*2 + x", 0).attribution("numeric")


def test_without_a_formula_nothing_can_be_measured():
    with pytest.raises(GradlabError, match="no formula"):
        compare(as_function(lambda x: x**2, opaque=True), 1.0).attribution("numeric")


def test_a_component_or_route_that_is_none_is_refused_by_name():
    comparison = compare("x*y", {"x": 1.0, "y": 2.0})
    with pytest.raises(KeyError, match="'z'"):
        comparison.attribution("numeric", "z")
    with pytest.raises(GradlabError, match="symbolic, numeric, autodiff"):
        comparison.attribution("mine")


def test_without_a_formula_no_error_is_split():
    function = as_function(lambda x: float(x) ** 2, opaque=True)
    assert compare(function, 1.0, claimed=2.0).attributions() == ()


def test_a_small_slope_is_split_like_a_large_one():
    large, small = (compare(text, 1.0).attribution("numeric") for text in ("sin(x)", "sin(x)*2^(-70)"))
    assert small.formula == large.formula
    assert small.parts == pytest.approx({cause: part * 2.0**-70 for cause, part in large.parts.items()}, rel=1e-9)


def test_a_slope_from_the_left_is_a_backward_difference():
    split = compare("(3 - x)^(5/2) + x", 3.0).attribution("numeric")
    assert split.formula.startswith("backward differences")
