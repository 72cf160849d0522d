import math

import numpy as np
import pytest
import torch

from gradlab.errors import NotAnalyticError
from gradlab.numeric import estimate
from gradlab.numeric.estimation import METHODS
from gradlab.numeric.lines import of_number
from gradlab.numeric.probing import Probe
from gradlab.sources import as_function
from tests.numeric.random_functions import cases

REAL = [name for name in METHODS if name != "complex"]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_value_bound_step_and_evaluations(method):
    gradient = estimate(lambda x: torch.sin(x).sum() * x[0], [1.0, 2.0, 3.0], method=method)
    truth = np.array([math.cos(1) + math.sin(1) + math.sin(2) + math.sin(3), math.cos(2), math.cos(3)])
    assert (np.abs(gradient["x"] - truth) <= gradient.error["x"]).all()
    assert gradient.steps["x"].shape == gradient.evaluations["x"].shape == (3,)
    assert (gradient.steps["x"] > 0).all()
    assert (gradient.evaluations["x"] >= 2).all()
    assert gradient.calls == 1 + gradient.evaluations["x"].sum()


@pytest.mark.parametrize(
    ("method", "at_most"), [("forward", 1e-7), ("central", 1e-9), ("richardson", 1e-12), ("complex", 1e-15)]
)
def test_the_methods_are_as_accurate_as_books_say(method, at_most):
    assert abs(estimate("exp(x)", 1.0, method=method)["x"] / math.e - 1) <= at_most


def test_calls_are_those_that_the_formulas_need():
    calls = {method: estimate("exp(x)", 1.0, method=method).calls for method in ("forward", "central", "richardson")}
    assert calls == {"forward": 3, "central": 4, "richardson": 17}


def test_one_sided_differences_see_one_side():
    assert estimate("abs(x)", 0, method="forward")["x"] == 1


@pytest.mark.parametrize("method", REAL)
def test_bounds_of_every_real_method_hold_on_random_functions(method):
    outside = seen = 0
    for case in cases(np.random.default_rng(21), 400):
        point = case.function.point(case.at)
        (name,) = point
        found = METHODS[method](of_number(Probe(case.function, point), name, apart=False))
        truth, radius = case.gradient[name].ravel(), case.radius[name].ravel()
        reach = np.where(point[name] == 0, 1.0, np.abs(point[name])).ravel()
        visible = (np.abs(truth) * reach > 16 * case.rounding) & np.isfinite(found.value)
        outside += int((visible & (np.abs(found.value - truth) > found.error + radius)).sum())
        seen += int(visible.sum())
    assert seen > 250
    assert outside == 0


@pytest.mark.parametrize("method", ["central", "richardson", "ladder"])
def test_the_slopes_at_a_kink_are_those_of_the_two_sides(method):
    slopes = estimate("abs(x - 1) + x", 1.0, method=method).slopes["x"]
    np.testing.assert_allclose(slopes, [0, 2], atol=1e-9)


@pytest.mark.parametrize("method", ["central", "richardson", "ladder"])
def test_the_bound_at_a_kink_reaches_the_slopes_of_both_sides(method):
    gradient = estimate("3*abs(x) + x", 0.0, method=method)
    assert abs(gradient["x"] + 2) <= gradient.error["x"]
    assert abs(gradient["x"] - 4) <= gradient.error["x"]


def test_richardson_takes_the_bend_out_of_the_slopes_at_a_kink():
    # The two sides of a smooth part differ by h and h^3: cos(4 x) would show in the eighth digit.
    slopes = estimate("abs(x) + cos(4*x)", 0.0, method="richardson").slopes["x"]
    np.testing.assert_allclose(slopes, [-1, 1], rtol=0, atol=1e-9)


def test_richardson_sees_the_digits_that_code_loses_inside():
    def cube(x):
        return (x**3 + 1e6) - 1e6

    points = np.linspace(0.3, 2, 25)
    found = [estimate(as_function(cube, opaque=True), x, method="richardson") for x in points]
    # An estimate of the error, from a few values: no bound, but no thousandth of the error either.
    assert all(abs(each["x"] - 3 * x**2) <= 5 * each.error["x"] for each, x in zip(found, points, strict=True))


# The complex step ---------------------------------------------------------------------------------


def test_the_complex_step_loses_no_digits_to_cancellation():
    gradient = estimate("exp(x)/sqrt(sin(x)^3 + cos(x)^3)", 1.5, method="complex")
    # The example of Squire & Trapp (1998).
    assert gradient["x"] == pytest.approx(4.05342789389862, rel=1e-14)
    assert gradient.error["x"] < 1e-13


@pytest.mark.parametrize("text", ["sigmoid(x)", "relu(x) + x", "x^2*exp(-x)", "log(x)*tanh(x)"])
def test_where_f_is_analytic_at_the_point_the_complex_step_is_right(text):
    assert estimate(text, 0.7, method="complex")["x"] == pytest.approx(float(estimate(text, 0.7)["x"]), rel=1e-10)


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("abs(x)", 3, "gives the slope 0, and along the real axis it is 1"),
        ("relu(x)", 0, "0 to the left and 1 to the right"),
        ("x*abs(x)", 2, "not analytic as it is written, at x = 2"),
        ("softplus(x)", 1, "takes no complex numbers"),
        ("erf(x)", 1, "takes no complex numbers"),
    ],
)
def test_where_f_is_not_analytic_as_written_that_is_said(text, at, said):
    with pytest.raises(NotAnalyticError, match=said):
        estimate(text, at, method="complex")


def test_a_place_in_an_array_is_named():
    with pytest.raises(NotAnalyticError, match=r"at x\[1\] = -2"):
        estimate(lambda x: x[0] ** 2 + np.abs(x[1]), [1.0, -2.0], method="complex")


def test_code_without_a_formula_takes_a_complex_step_too():
    numpy_code = as_function(lambda x: np.sin(x) * x, opaque=True)
    torch_code = as_function(lambda x: torch.sin(x).sum(), opaque=True)
    assert estimate(numpy_code, 1.5, method="complex")["x"] == pytest.approx(math.sin(1.5) + 1.5 * math.cos(1.5), 1e-15)
    np.testing.assert_allclose(estimate(torch_code, [1.5, 2.0], method="complex")["x"], np.cos([1.5, 2]), rtol=1e-15)
    with pytest.raises(NotAnalyticError, match="takes no complex numbers"):
        estimate(as_function(lambda x: math.sin(x), opaque=True), 1.5, method="complex")
    with pytest.raises(NotAnalyticError, match=r"it returns array\(2.25\)"):
        estimate(as_function(lambda x: np.abs(x) ** 2, opaque=True), 1.5, method="complex")


def test_code_that_asks_for_a_method_of_tensors_is_given_tensors_by_the_complex_step():
    gradient = estimate(
        as_function(lambda x: x.exp() if hasattr(x, "exp") else x.tensor(), opaque=True), 3.0, method="complex"
    )
    assert gradient["x"] == pytest.approx(math.exp(3), rel=1e-15)


# Kinks beside the point ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "at", "slope"),
    [
        (lambda x: np.abs(x - 2).sum(), [2.01, 1.99, 3.0], [1, -1, 1]),
        (lambda x: (np.maximum(x - 1, 0) + 0.25 * x**2).sum(), [1.001, 0.999], [1.5005, 0.4995]),
        (lambda x: np.maximum(x, 0).sum(), [1e-3, -1e-3, 1e-9], [1, 0, 1]),
        (lambda x: np.clip(x, -1, 1).sum(), [1.01, 0.99, -1.001], [0, 1, 0]),
    ],
)
def test_a_kink_beside_the_point_is_none_at_it(f, at, slope):
    gradient = estimate(f, at)
    assert gradient.slopes is None
    assert (np.abs(gradient["x"] - slope) <= gradient.error["x"] + 1e-16).all()
    assert (gradient.error["x"] < 1e-7).all()


def test_a_join_of_huber_that_no_step_resolves_is_no_kink():
    gradient = estimate("x^2/2 - relu(abs(x) - 1)^2/2", 1 - 1e-9)
    assert gradient.slopes is None
    assert abs(gradient["x"] - (1 - 1e-9)) <= gradient.error["x"] < 1e-8


@pytest.mark.parametrize("at", [-1.0, 1.0])
def test_the_join_of_huber_in_parts_has_a_kink_only_if_it_is_not_smooth(at):
    smooth = estimate(lambda x: np.where(np.abs(x) <= 1, x**2 / 2, np.abs(x) - 0.5).sum(), [at])
    bent = estimate(lambda x: np.where(np.abs(x) <= 1, x**2 / 2, 2 * np.abs(x) - 1.5).sum(), [at])
    assert smooth.slopes is None
    np.testing.assert_allclose(np.sort(np.abs(bent.slopes["x"][0])), [1, 2], atol=1e-9)


# Digits that f itself loses -----------------------------------------------------------------------


def test_a_function_with_few_digits_left_has_a_slope_with_few_digits():
    gradient = estimate("log(1 + exp(-x))", 30)
    truth = -1 / (1 + math.exp(30))
    assert abs(gradient["x"] - truth) <= gradient.error["x"] < 0.2 * abs(truth)


def test_an_entry_that_f_does_not_hold_has_slope_0_however_small_f_is():
    gradient = estimate(lambda x: 1e-13 * x[0] ** 2, [1.0, 2.0])
    assert gradient["x"][1] == 0
    assert gradient.error["x"][1] < 1e-25


@pytest.mark.parametrize(
    ("at", "c"), [(-0.0002754034706431233, 276.78439041558954), (-0.00022859547908183128, 279.0865458242762)]
)
def test_steps_whose_values_stand_still_are_not_those_without_rounding(at, c):
    # 1 + x² is 1 there, from some step on, and f does not move; larger steps show what that loses.
    gradient = estimate(f"exp(sqrt(1 + x^2) - {c!r})", at)
    truth = at / math.sqrt(1 + at**2) * math.exp(math.sqrt(1 + at**2) - c)
    assert abs(gradient["x"] - truth) <= gradient.error["x"] + 1e-12 * abs(truth)
