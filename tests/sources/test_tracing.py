import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gradlab.errors import NoFormulaError, PointError, TraceError
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive

time = np.arange(4.0)
speed = np.array([1.0, 2.0, 4.0, 8.0])


def f(t, params):
    a, b, c = params
    return a * (t**2) + b * t + c


def mse(preds, targets):
    return ((preds - targets) ** 2).mean()


def loss(params):
    preds = f(time, params)
    return mse(preds, speed)


def test_the_loss_of_a_fit_reads_as_written():
    function = as_function(loss)
    assert repr(function) == "loss(params) = 1/n sum_i (preds_i - speed_i)²"
    assert function.variables == {"params": (3,)}
    assert function.data_axes == {"time": ("n",), "speed": ("n",)}
    assert function([1, 0, 0]) == pytest.approx(loss([1.0, 0.0, 0.0]))


def test_arrays_from_outside_are_data_under_their_own_names():
    weights = np.array([1.0, 2.0])
    function = as_function(lambda x: (weights * x).sum(), shapes={"x": ("n",)})
    assert function.text() == "sum_i weights_i x_i"
    assert function.data["weights"].tolist() == [1, 2]


SPELLINGS = {
    "operators": (lambda x: 2 * x**2 - x / 4 + 1, "2 x² - 1/4 x + 1"),
    "numpy functions": (lambda x: np.exp(-x) + np.sin(np.square(x)), "exp(-x) + sin(x²)"),
    "torch functions": (lambda x: torch.exp(-x) + torch.sigmoid(torch.square(x)), "exp(-x) + σ(x²)"),
    "torch methods": (lambda x: x.exp().log1p().pow(2), "log1p(exp(x))²"),
    "math functions": (lambda x: math.exp(-x) * math.sin(x), "exp(-x) sin(x)"),
    "a Python sum": (lambda x: sum([x, x**2]), "x + x²"),
    "abs": (lambda x: abs(x - 1), "|x - 1|"),
    "maximum": (lambda x, y: np.maximum(x, y) + torch.minimum(x, y), "max(x, y) + min(x, y)"),
    "relu": (lambda x: F.relu(x) + torch.relu(-x), "relu(x) + relu(-x)"),
    "reflected operators": (lambda x: 1 / x + 2**x - (1 - x), "1/x + 2^x - (1 - x)"),
    "numpy scalars": (lambda x: np.float64(0.5) * x, "1/2 x"),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_scalar_code_reads_as_written(name):
    code, text = SPELLINGS[name]
    assert as_function(code).text() == text


ARRAYS = {
    "sum": (lambda x: (x**2).sum(), {"x": ("n",)}, "sum_i x_i²"),
    "np.sum": (lambda x: np.sum(x**2), {"x": ("n",)}, "sum_i x_i²"),
    "torch.mean": (lambda x: torch.mean(x), {"x": ("n",)}, "1/n sum_i x_i"),
    "np.dot": (lambda x, y: np.dot(x, y), {"x": ("n",), "y": ("n",)}, "sum_i x_i y_i"),
    "matmul": (lambda X, w: (X @ w).sum(), {"X": ("n", "d"), "w": ("d",)}, "sum_ij X_ij w_j"),
    "mse_loss": (lambda x, y: F.mse_loss(x, y), {"x": ("n",), "y": ("n",)}, "1/n sum_i (x_i - y_i)²"),
    "mse_loss, sum": (
        lambda x, y: F.mse_loss(x, y, reduction="sum"),
        {"x": ("n",), "y": ("n",)},
        "sum_i (x_i - y_i)²",
    ),
    "bce": (
        lambda z, y: F.binary_cross_entropy_with_logits(z, y),
        {"z": ("n",), "y": ("n",)},
        "1/n sum_i (softplus(z_i) - y_i z_i)",
    ),
    "shape": (lambda x: x.sum() / x.shape[0], {"x": ("n",)}, "1/n sum_i x_i"),
    "numel": (lambda x: x.sum() / x.numel(), {"x": ("n", "d")}, "1/(d n) sum_ij x_ij"),
    "first and last": (lambda x: x[0] * x[-1], {"x": ("n",)}, "x_0 x_{n-1}"),
    "a row and a column": (lambda X: X[0, :] @ X[:, 1], {"X": ("n", "n")}, "X_{0,:}^T X_{:,1}"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_array_code_reads_as_written(name):
    code, shapes, text = ARRAYS[name]
    assert text in (as_function(code, shapes=shapes).text(), as_function(code, shapes=shapes).text(form="index"))


def test_a_name_given_to_a_value_is_kept():
    def network(x):
        hidden = np.tanh(x)
        return hidden**2

    assert as_function(network).text() == "hidden²"


def test_two_values_of_one_name_stay_apart():
    def layer(x, w):
        z = w * x
        return np.tanh(z)

    assert as_function(lambda x, w: layer(layer(x, w), w)).text() == "tanh(z2)"


def test_unpacking_says_the_length():
    assert as_function(loss).variables["params"] == (3,)


def test_sizes_that_are_only_equal_by_chance_stay_apart():
    function, _ = at_point(lambda X, w: (X @ w).sum(), {"X": np.ones((3, 3)), "w": np.ones(3)})
    rows, columns = function.variables["X"]
    assert rows != columns
    assert function.variables["w"] == (columns,)


def test_a_length_that_the_code_uses_as_a_number_is_fixed():
    function, _ = at_point(lambda x: (x**2).sum() / len(x), {"x": [1.0, 2.0]})
    assert function.variables["x"] == (2,)
    with pytest.raises(PointError, match="has shape"):
        function([1.0, 2.0, 3.0])


def test_a_function_is_read_again_for_the_shape_of_a_point():
    square = as_function(lambda x: x**2)
    assert square.variables == {"x": ()}
    assert at_point(square, [1.0, 2.0])[0].variables == {"x": ("n",)}


def test_data_binds_a_parameter():
    function = as_function(f, data={"t": time})
    assert function.variables == {"params": (3,)}
    assert function([1, 2, 3]).tolist() == [3, 6, 11, 18]


REFUSED = {
    "float": (lambda x: float(x) ** 2, "float", "np.sum or torch.sum"),
    "item": (lambda x: x.item() ** 2, ".item()", "np.sum or torch.sum"),
    "torch.tensor": (lambda x: torch.tensor([x, x]).sum(), "", ""),
    "an unknown function": (lambda x: np.linalg.tensorinv(x), "numpy.linalg.tensorinv", "opaque=True"),
    "an unknown method": (lambda x: x.erfinv(), "erfinv", ""),
    "assignment": (lambda x: x.__setitem__(0, 1.0), "assigning to entries", "torch.stack"),
    "a string": (lambda x: "x", "returns", "return a number"),
    "nothing": (lambda x: None, "returns", "return a number"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_named_with_what_to_write_instead(name):
    code, what, instead = REFUSED[name]
    reason = as_function(code).no_formula
    assert isinstance(reason, TraceError)
    assert what in str(reason)
    assert instead in str(reason)


def test_an_exponent_that_would_hang_exact_arithmetic_is_refused():
    assert "the limit is 10,000" in str(as_function(lambda x: x**100_000).no_formula)


def test_a_refusal_shows_the_line():
    def rounding(x):
        y = x + 1
        return round(y, 1)

    assert "return round(y, 1)" in str(as_function(rounding).no_formula)


def test_shapes_that_cannot_agree_are_shown():
    reason = as_function(lambda x, y: x + y, shapes={"x": ("n",), "y": ("m",)}).no_formula
    assert str(reason).startswith("cannot add shapes (n,) and (m,): n is not m")


def test_a_matrix_product_of_unknown_shapes_asks_for_them():
    assert 'shapes={"X": ("n", "d"), "w": ("d",)}' in str(as_function(lambda X, w: X @ w).no_formula)


def test_round_is_that_of_numpy():
    function = as_function(lambda x: round(x) * x)
    assert function(2.5) == 5.0
    assert derive(function).gradient["x"](2.7) == 3.0


def test_without_a_formula_the_function_still_has_values():
    function = as_function(lambda x: round(x, 1))
    assert function(-3.27) == -3.3
    with pytest.raises(NoFormulaError, match="round"):
        _ = function.formula


def test_opaque_functions_are_not_looked_into():
    function = as_function(lambda x: x**2, opaque=True)
    assert function.output is None
    assert function(3) == 9


def test_the_profiler_is_given_back():
    import sys

    seen = sys.getprofile()
    as_function(lambda x: x**2)
    as_function(lambda x: x.nothing())
    assert sys.getprofile() is seen


def test_a_function_is_read_under_a_profiler():
    import cProfile

    profile = cProfile.Profile()
    function = profile.runcall(as_function, lambda x: x**2)
    assert function.text() == "x²"
