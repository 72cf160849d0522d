"""Variances and normalising layers as NumPy and torch mean them."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import gradlab as gl
from gradlab.errors import PointError
from gradlab.sources import as_function, at_point
from tests.models.model import drawn


def assert_as_autograd(source, at):
    """Assert that value and gradient of the derived function are those of the code under torch.autograd."""
    function, point = at_point(source, at)
    assert function.output is not None, function.no_formula
    leaves = {name: torch.tensor(np.array(value), requires_grad=True) for name, value in point.items()}
    loss = source(*leaves.values())
    assert function(point) == pytest.approx(loss.item(), rel=1e-11, abs=1e-13)
    found = gl.derive(function).at(point).partials
    gradients = torch.autograd.grad(loss, list(leaves.values()), materialize_grads=True)
    for name, gradient in zip(leaves, gradients, strict=True):
        np.testing.assert_allclose(found[name], gradient.numpy(), rtol=1e-9, atol=1e-11, err_msg=name)


X3, X4 = drawn(2, 3, 4), drawn(3, 4, 2, 3)
T3 = drawn(2, 3, 4, seed=5)
W3 = drawn(3)

LAYERS = {
    "layer_norm over two axes": (
        lambda x, w, T: (F.layer_norm(x, (3, 4), w) * T).sum(),
        (X3, drawn(3, 4), T3),
    ),
    "layer_norm with traced sizes": (lambda x, T: (F.layer_norm(x, x.shape[1:]) * T).sum(), (X3, T3)),
    "layer_norm with an eps": (lambda x, T: (F.layer_norm(x, (4,), eps=0.1) * T).sum(), (X3, T3)),
    "batch_norm of images": (
        lambda x, w, b, T: (F.batch_norm(x, None, None, w, b, training=True) * T).sum(),
        (X4, drawn(4), drawn(4, seed=2), drawn(3, 4, 2, 3, seed=5)),
    ),
    "batch_norm of a square": (
        lambda x, w, T: (F.batch_norm(x, None, None, w, training=True) * T).sum(),
        (drawn(3, 3), W3, drawn(3, 3, seed=5)),
    ),
    "batch_norm in evaluation": (
        lambda x, w, T: (F.batch_norm(x, torch.arange(4.0).double(), torch.arange(1.0, 5.0).double(), w) * T).sum(),
        (X4, drawn(4), drawn(3, 4, 2, 3, seed=5)),
    ),
    "instance_norm": (
        lambda x, w, T: (F.instance_norm(x, weight=w) * T).sum(),
        (X4, drawn(4), drawn(3, 4, 2, 3, seed=5)),
    ),
    "rms_norm": (lambda x, w, T: (F.rms_norm(x, (4,), w, 1e-3) * T).sum(), (X3, drawn(4), T3)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_has_autograds_gradient(name):
    source, values = LAYERS[name]
    names = list(as_function(source).variables)
    assert_as_autograd(source, dict(zip(names, values, strict=True)))


SPREADS = [
    lambda x: torch.var(x),
    lambda x: torch.var(x, False),
    lambda x: torch.var(x, 1).pow(2).sum(),
    lambda x: torch.var(x, (0, 1), correction=0),
    lambda x: torch.var(x, dim=0, unbiased=False, keepdim=True).pow(2).sum(),
    lambda x: torch.std(x),
    lambda x: torch.std(x, dim=1, correction=2).sum(),
    lambda x: (x - x.mean()).pow(2).sum() / x.var(unbiased=True),
    lambda x: torch.exp(x).std(0).sum(),
    lambda x: x.std(dim=1).sum(),
    lambda x: torch.stack(torch.var_mean(x, dim=0)).pow(2).sum(),
    lambda x: torch.stack(torch.std_mean(x, 1, False)).pow(2).sum(),
]


@pytest.mark.parametrize("source", SPREADS)
@pytest.mark.parametrize("shape", [(4, 3), (3, 3)])
def test_torchs_variances_have_autograds_gradient(source, shape):
    assert_as_autograd(source, {"x": drawn(*shape)})


@pytest.mark.parametrize(
    "source",
    [
        lambda x: np.var(x),
        lambda x: np.var(x, axis=1, ddof=1).sum(),
        lambda x: np.std(x, 0).sum(),
        lambda x: np.std(x, axis=0, keepdims=True).sum(),
        lambda x: np.exp(x).var(),
        lambda x: x.std(axis=1, ddof=1).sum(),
    ],
)
def test_numpys_variances_are_divided_by_n(source):
    x = drawn(4, 3)
    function, point = at_point(source, {"x": x})
    assert function.output is not None, function.no_formula
    assert function(point) == pytest.approx(float(source(x)), rel=1e-13)
    assert gl.compare(function, point).verdict == "agree"


def test_a_variance_of_unknown_library_is_refused():
    reason = str(as_function(lambda x: x.var(), shapes={"x": ("n",)}).no_formula)
    assert ".var() or .std() means one thing in NumPy and another in torch" in reason


def test_a_sample_variance_of_any_size_is_divided_by_n_minus_1():
    function = as_function(lambda x: torch.var(x), shapes={"x": ("n",)})
    assert gl.derive(function).text().endswith("∂f/∂x_i = 2 (x_i - 1/n sum_j x_j)/(n - 1)")


def test_layer_norm_of_a_module_stays_general_in_its_size():
    model = nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3))
    function, point = at_point(lambda X: (model(X) ** 3).sum(), {"X": drawn(4, 2)})
    assert function.variables["1.weight"] == function.variables["0.bias"]
    assert isinstance(function.variables["1.weight"][0], str)
    assert gl.compare(function, point).verdict == "agree"


def test_layer_norm_over_another_shape_is_refused():
    with pytest.raises(PointError, match=r"X has shape \(n, 4\)"):
        at_point(lambda X: F.layer_norm(X, (4,)).sum(), {"X": drawn(4, 3)})


def test_batch_norm_derives_the_mode_that_the_module_is_in():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).double()
    with torch.no_grad():
        model[1].running_var.fill_(4.0)

    def loss(X):
        return (model(X) ** 3).sum()

    X = drawn(5, 3)
    for training in (True, False):
        model.train(training)
        function, point = at_point(loss, {"X": X})
        assert gl.compare(function, point).verdict == "agree"
        assert ("1.running_var" in function.data) is not training
        assert torch.equal(model[1].running_var, torch.full((2,), 4.0, dtype=torch.float64))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (lambda x: F.dropout(x).sum(), "draws at random"),
        (lambda x: np.nanmean(x), "write mean"),
        (lambda x: F.group_norm(x, 2).sum(), "reshape the groups"),
    ],
)
def test_refusals_say_what_to_write(source, said):
    function, _ = at_point(source, {"x": drawn(4, 4)})
    assert said in str(function.no_formula)


def test_dropout_in_evaluation_is_the_identity():
    assert_as_autograd(lambda x: (F.dropout(x, 0.4, training=False) ** 2).sum(), {"x": drawn(3)})
