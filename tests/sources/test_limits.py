"""Errors that say what, where and what to write instead."""

import numpy as np
import pytest
import torch

from gradlab.errors import DomainError, ShapeError, TraceError
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive
from tests.sources.oracle import POINTS, reason


def endless(x):
    y = x * 1
    while (y**2).sum() > 0:
        y = y * 2
    return y.sum()


def test_a_loop_that_does_not_end_is_stopped():
    said = reason(endless)
    assert "more than 10,000 operations" in said
    assert "line " in said
    assert "y = y * 2" in said or "while (y**2).sum() > 0:" in said


def test_a_long_loop_is_read():
    def long(x):
        y = x
        for _ in range(2000):
            y = y * 0.999 + 0.001
        return y.sum()

    function, point = at_point(long, POINTS[0])
    np.testing.assert_allclose(derive(function).at(point).partials["x"], 0.999**2000, rtol=1e-10)


def test_a_recursion_that_does_not_end_is_named():
    def deeper(x):
        return deeper(x)

    said = reason(deeper)
    assert "deep" in said
    assert "deeper(x)" in said


LINES = {
    "two sizes": (lambda x, y: x + y, {"x": ("n",), "y": ("m",)}, ShapeError, ["(n,) and (m,)", "lambda x, y: x + y"]),
    "a matrix product": (
        lambda X, w: X @ w,
        {"X": ("n", "d"), "w": ("n",)},
        ShapeError,
        ["(n, d) @ (n,)", "d is not n", "X @ w"],
    ),
    "an unknown operation": (
        lambda X: np.linalg.qr(X)[0].sum(),
        {"X": ("n", "n")},
        TraceError,
        ["numpy.linalg.qr of shape (n, n)", "np.linalg.qr(X)"],
    ),
    "a length used as a number": (
        lambda x: sum(x[i] for i in range(len(x))),
        {"x": ("n",)},
        TraceError,
        ["a length of n", "len(x)"],
    ),
    "too many indices": (lambda x: x[0, 1], {"x": ("n",)}, ShapeError, ["2 indices for shape (n,)", "x[0, 1]"]),
    "division by zero": (lambda x: x / 0, {"x": ()}, DomainError, ["division by the number 0", "x / 0"]),
    "an axis that is not there": (
        lambda x: x.sum(axis=2),
        {"x": ("n",)},
        ShapeError,
        ["axis 2 of shape (n,)", "x.sum(axis=2)"],
    ),
    "text in the middle": (lambda x: x + "a", {"x": ()}, TraceError, ["TypeError", 'x + "a"']),
}


@pytest.mark.parametrize("name", LINES)
def test_an_error_names_the_operation_the_shapes_and_the_line(name):
    code, shapes, kind, words = LINES[name]
    error = as_function(code, shapes=shapes).no_formula
    assert isinstance(error, kind)
    assert "\n  line " in str(error)
    for word in words:
        assert word in str(error)
    assert str(error).count("\n  line ") == 1


def picked(x, i):
    return x[i] ** 2


def test_a_variable_used_as_a_position_is_to_be_bound():
    function, _ = at_point(picked, {"x": [1.0, 2.0, 3.0], "i": 2})
    said = str(function.no_formula)
    assert "i, which is differentiated, as a position" in said
    assert "data={'i': 2}" in said
    bound, point = at_point(as_function(picked, data={"i": 2}), {"x": [1.0, 2.0, 3.0]})
    assert derive(bound).at(point).partials["x"].tolist() == [0, 0, 6]


def test_a_whole_number_is_a_value_like_any_other():
    function, point = at_point(lambda x: x**2, {"x": 3})
    assert derive(function).at(point).partials["x"] == 6


def test_what_is_printed_on_the_way_changes_nothing(capsys):
    def printing(x):
        y = x**2
        print(f"y is {y:.3f}", y)  # noqa: T201
        return y.sum()

    assert as_function(printing, shapes={"x": ("n",)}).text() == "sum_i y_i"
    assert "y is" in capsys.readouterr().out


def test_other_attributes_of_the_libraries_are_their_own():
    def checked(x):
        assert np.float64 is type(np.float64(1.0))
        assert isinstance(np.pi, float)
        assert not isinstance(x, dict)
        assert torch.nn.functional.relu is __import__("torch").nn.functional.relu
        return np.linalg.norm(x) * torch.pi

    assert as_function(checked, shapes={"x": ("n",)}).no_formula is None


def test_names_bound_to_factories_are_factories():
    from numpy import ones, zeros

    def filled(x):
        out = zeros(2) + ones(2)
        out[0] = x[0]
        return out.sum() * x[1]

    function, point = at_point(filled, [3.0, 5.0])
    assert derive(function).at(point).partials["x"].tolist() == [5, 4]
