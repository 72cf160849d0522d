"""Programs that a careless reader would take for something else: each is read right, or refused."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gradlab.errors import GradlabError, TraceError
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive

small = np.array([200, 100], dtype=np.uint8)


def _changing_array(x):
    w = np.ones(3)
    t = 0
    for _ in range(3):
        w *= 2
        t = t + (x * w).sum()
    return t


def _caught(x):
    try:
        return float(x) ** 2
    except Exception:
        return x**3


def _countdown(x):
    n = x.shape[0]
    while n != 0:
        n = n - 1
    return x.sum()


REFUSED = {
    "a caught refusal": _caught,
    "whole numbers": lambda x: (5 * x).astype(int).sum(),
    "whole numbers in torch": lambda x: (5 * x).to(torch.int64).sum(),
    "a sum in whole numbers": lambda x: np.sum(5 * x, dtype=int),
    "an ambiguous transpose": lambda X: X.transpose(0, 1).sum(),
    "the spectral norm": lambda X: np.linalg.norm(X, 2),
    "a threshold of softplus": lambda x: F.softplus(x, threshold=0.1).sum(),
    "an option of a ufunc": lambda x: np.add(x, x, where=x).sum(),
    "a sum over no axes": lambda X: torch.sum(X, dim=()),
    "losses of other shapes": lambda X: F.binary_cross_entropy_with_logits(X, X[0]),
    "the end of the program": lambda x: exit(),
}
SHAPES = {
    "losses of other shapes": {"X": (3, 4)},
    "an ambiguous transpose": {"X": (3, 4)},
    "the spectral norm": {"X": (3, 4)},
    "a sum over no axes": {"X": (3, 4)},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_misread_is_refused(name):
    function = as_function(REFUSED[name], shapes=SHAPES.get(name, {"x": (3,)}))
    assert isinstance(function.no_formula, (TraceError, GradlabError))


POINT = np.array([0.3, 1.2, -0.7])
READ = {
    "an array that changes during the run": _changing_array,
    "a shape compared": lambda x: x.sum() if x.shape == (3,) else (x**2).sum(),
    "a size compared": lambda x: x.sum() if x.shape[0] == 3 else (x**2).sum(),
    "shapes compared": lambda x: ((x - x) ** 2).mean() + x.sum() if x.shape == (2 * x).shape else x.sum() * 3,
    "a NumPy position and a new axis": lambda x: sum((x[i, None] * x).sum() for i in np.arange(3)),
    "small integers that wrap round": lambda x: (x[:2] * (small * 2)).sum(),
    "a size counted down": _countdown,
    "a matrix inner product": lambda x: np.inner(np.outer(x, x), np.outer(x, 2 * x)).sum(),
    "vdot": lambda x: np.vdot(np.outer(x, x), np.outer(x, 2 * x)),
    "a trace": lambda x: np.einsum("ii", np.outer(x, x)),
    "a sum of an outer product": lambda x: (np.expand_dims(x, 0) * np.expand_dims(x, 1)).sum(),
    "negative steps": lambda x: (x[::-1] * x).sum(),
    "a constant in front": lambda x: (np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)).sum(),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_read_has_the_value_and_the_gradient_of_the_code(name):
    code = READ[name]
    function, point = at_point(code, POINT)
    assert function(point) == pytest.approx(float(code(POINT.copy())), rel=1e-12)
    gradient = derive(function).at(point).partials["x"]
    h = 1e-6
    for place in range(3):
        moved = [POINT + sign * h * np.eye(3)[place] for sign in (1, -1)]
        slope = (float(code(moved[0])) - float(code(moved[1]))) / (2 * h)
        assert gradient[place] == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_functions_that_share_a_variable_go_on_sharing_it():
    count = 0

    def helper():
        nonlocal count
        count = 2

    def f(x):
        helper()
        return count * x

    assert as_function(f).text() == "2 x"


def test_code_that_answers_differently_each_time_is_noticed():
    draw = np.random.default_rng(0)
    with pytest.raises(GradlabError, match="the code itself gives"):
        at_point(lambda x: (x * draw.random(3)).sum(), POINT)


def test_a_type_check_that_a_stand_in_does_not_pass_is_noticed():
    with pytest.raises(GradlabError, match="the code itself gives"):
        at_point(lambda x: x**2 if isinstance(x, float) else x**3, 0.5)


def test_a_misreading_is_noticed_without_a_point():
    function = as_function(lambda x: x**2 if isinstance(x, float) else x**3)
    assert function.output is None
    assert "the code itself gives" in str(function.no_formula)
    with pytest.raises(GradlabError, match="the code itself gives"):
        derive(function)


def test_a_mean_over_nothing_is_said_to_be_one():
    function, point = at_point("sum(x)", [])
    assert function(point) == 0
    function, point = at_point("mean(x)", [])
    with pytest.raises(GradlabError, match="size n is 0"):
        function(point)
    with pytest.raises(GradlabError, match="size n is 0"):
        derive(function).at(point)


@pytest.mark.parametrize("depth", [100, 500])
def test_deep_scalings_are_counted_instead_of_written(depth):
    def f(x):
        t = x
        for _ in range(depth):
            t = t * 1.01 + 0.01 * x
        return t

    assert as_function(f).text()


@pytest.mark.parametrize("text", ["1e400", "1e-400 x", "1e400*x", "x*1e308*1e308"])
def test_huge_numbers_are_written(text):
    function = as_function(text)
    assert function.text()
    assert derive(function).text()


def test_a_coefficient_from_arithmetic_is_written_as_a_decimal():
    text = as_function(lambda x: np.exp(x) / math.sqrt(2 * math.pi)).text()
    assert text == "0.3989422804014327 exp(x)"
