import io

import numpy as np
import pytest
import torch

from gradlab import plots
from gradlab.errors import PointError
from gradlab.graph import Point
from gradlab.plots.quotients import quotients
from gradlab.sources import as_function


def drawn(ax):
    ax.figure.savefig(io.BytesIO(), format="png")
    return ax


def curves(ax):
    return {line.get_label(): line for line in ax.lines if not str(line.get_label()).startswith("_")}


def measured(f, at, bits=53):
    function = as_function(f)
    return quotients(function, Point(dict.fromkeys(function.variables, at)), "x", (), bits)


@pytest.mark.parametrize(("method", "order"), [("forward", 1), ("central", 2), ("complex", 2), ("Richardson", 4)])
def test_large_steps_err_by_a_power_of_the_step(method, order):
    steps, errors = measured("sin(x)", 1.0).errors()[method]
    large = (steps < 0.2) & (steps > 0.02)
    powers = np.diff(np.log(errors[large])) / np.diff(np.log(steps[large]))
    assert powers == pytest.approx(order, abs=0.05)


@pytest.mark.parametrize("method", ["forward", "central"])
def test_small_steps_err_by_rounding_over_the_step(method):
    found = measured("sin(x)", 1.0)
    steps, errors = found.errors()[method]
    small = (steps < 1e-10) & (steps > 1e-14)
    assert (errors[small] <= 4 * abs(found.centre) * 2.0**-53 / steps[small]).all()
    assert np.median(errors[small] * steps[small]) > 0.01 * abs(found.centre) * 2.0**-53


@pytest.mark.parametrize("method", ["forward", "central", "Richardson"])
def test_differences_are_divided_by_the_step_that_was_represented(method):
    _, errors = measured("x", 1.0).errors()[method]
    assert errors.max() < 1e-14


def test_the_complex_step_has_no_rounding():
    steps, errors = measured("sin(x)", 1.0).errors()["complex"]
    assert errors[steps < 1e-9].max() < 1e-15


@pytest.mark.parametrize("text", ["abs(x)", "softplus(x)", "softsign(x)"])
def test_what_is_not_analytic_as_written_has_no_complex_step(text):
    assert "complex" not in measured(text, -0.7).errors()


def test_code_without_a_formula_is_called_and_measured_against_the_estimate():
    function = as_function(lambda x: np.sin(x), opaque=True)
    ax = drawn(plots.step_sizes(function, 1.0))
    assert set(curves(ax)) >= {"forward", "central", "Richardson"}
    assert "complex" not in curves(ax)
    assert ax.get_ylabel().startswith("distance from the estimate")


def test_outside_the_domain_there_is_a_gap():
    steps, _ = measured("log(x)", 1e-7).errors()["central"]
    assert steps.max() < 1e-7


def test_the_picture_has_every_method_both_slopes_and_the_chosen_step():
    ax = drawn(plots.step_sizes("sin(x)", 1.0))
    shown = curves(ax)
    assert {"forward", "central", "complex", "Richardson", "rounding: ε |f| / h"} < set(shown)
    assert any(label.startswith("estimate: h = ") for label in shown)
    assert {text.get_text() for text in ax.texts} >= {"h", "h²", "h⁴"}
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert ax.get_title() == "f(x) at x = 1, float64"


def test_a_point_in_float32_is_drawn_in_float32():
    ax = drawn(plots.step_sizes("sin(x)", torch.tensor(1.0)))
    errors = np.array(curves(ax)["central"].get_ydata())
    assert ax.get_title().endswith("float32")
    assert 1e-8 < errors.min() < 1e-4


def test_one_component_of_many_can_be_chosen():
    ax = drawn(plots.step_sizes(lambda w: (w**3).sum(), {"w": [1.0, 2.0, 3.0]}, component="w[2]"))
    assert "w[2] = 3" in ax.get_title()
    with pytest.raises(KeyError, match=r"no component 'w\[3\]'; there are w\[0\], w\[1\], w\[2\]"):
        plots.step_sizes(lambda w: (w**3).sum(), {"w": [1.0, 2.0, 3.0]}, component="w[3]")


@pytest.mark.parametrize(
    ("f", "at"),
    [
        ("abs(x)", 0),
        ("abs(x)", 1e-3),
        ("1e8 + exp(500*x)", 0.01),
        ("x^2", 0),
        ("sqrt(x)", 1e-8),
        ("3", {}),
        ("x", 1e12),
    ],
)
def test_hard_functions_are_drawn_too(f, at):
    if f == "3":
        with pytest.raises(PointError, match="no component"):
            plots.step_sizes(f, at)
        return
    drawn(plots.step_sizes(f, at))


@pytest.mark.parametrize(("text", "at"), [("abs(x)", 0), ("x^2", 0), ("cos(x)", 0)])
def test_where_the_slope_is_0_the_axis_ends_at_rounding(text, at):
    bottom, _ = drawn(plots.step_sizes(text, at)).get_ylim()
    assert bottom > 1e-20


def test_where_the_slope_is_0_the_errors_are_all_in_view():
    axes = drawn(plots.step_sizes("x^2", 0))
    highest = max(max(line.get_ydata()) for line in axes.get_lines() if line.get_label() == "forward")
    assert axes.get_ylim()[1] > highest
