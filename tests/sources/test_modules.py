"""Modules of torch: their parameters are variables; held against torch.autograd in float64."""

import copy
import functools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import gradlab as gl
from gradlab.errors import PointError
from gradlab.graph.names import in_latex
from gradlab.sources import as_function, at_point
from tests.models.model import drawn

X, Y = drawn(5, 3), drawn(5, 2, seed=1)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def mlp():
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def expected_gradients(module, loss):
    """Return torch.autograd's gradients of ``loss(module in float64)`` with respect to its parameters."""
    double = copy.deepcopy(module).double()
    names = [name for name, parameter in double.named_parameters() if parameter.requires_grad]
    parameters = [parameter for parameter in double.parameters() if parameter.requires_grad]
    found = torch.autograd.grad(loss(double), parameters, materialize_grads=True)
    return dict(zip(names, (gradient.numpy() for gradient in found), strict=True))


def assert_same(function, at, expected):
    found = gl.derive(function).at(at).partials
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name], gradient, rtol=1e-9, atol=1e-12, err_msg=name)


class Regression(nn.Module):
    """A module whose forward returns the loss."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(3, 4)
        self.block = nn.ModuleDict({"out": nn.Linear(4, 2, bias=False)})
        self.scale = nn.Parameter(torch.tensor(1.5))
        self.register_buffer("shift", torch.tensor([0.1, 0.2, 0.3, 0.4]))
        self.seen = None

    def forward(self, x, y):
        h = torch.relu(self.fc1(x)) + self.shift
        self.seen = h
        return F.mse_loss(self.scale * self.block["out"](h), y)


def test_the_parameters_of_a_module_are_variables_by_the_names_of_its_state_dict():
    function = as_function(Regression())
    assert list(function.variables) == ["x", "y", "scale", "fc1.weight", "fc1.bias", "block.out.weight"]


def test_a_module_is_derived_at_its_present_values():
    module = Regression()
    expected = expected_gradients(module, lambda double: double(torch.tensor(X), torch.tensor(Y)))
    function, point = at_point(module, {"x": X, "y": Y})
    assert list(function.data) == ["shift"]
    assert_same(function, point, expected)


def test_values_in_the_point_override_the_present_ones():
    module = Regression()
    changed = copy.deepcopy(module)
    with torch.no_grad():
        changed.fc1.bias.fill_(0.75)
    expected = expected_gradients(changed, lambda double: double(torch.tensor(X), torch.tensor(Y)))
    function, point = at_point(module, {"x": X, "y": Y, "fc1.bias": np.full(4, 0.75)})
    assert_same(function, point, expected)
    assert gl.backward(module, point).value == pytest.approx(function(point), rel=1e-12)


def test_a_function_uses_a_module_that_it_closes_over():
    model = mlp()

    def loss(X, y):
        return F.mse_loss(model(X), y)

    assert list(as_function(loss).variables) == ["X", "y", "0.weight", "0.bias", "2.weight", "2.bias"]
    expected = expected_gradients(model, lambda double: F.mse_loss(double(torch.tensor(X)), torch.tensor(Y)))
    assert_same(*at_point(loss, {"X": X, "y": Y}), expected)


def test_all_routes_agree_on_float32_modules():
    model = mlp()
    comparison = gl.compare(lambda X, y: F.mse_loss(model(X), y), {"X": X, "y": Y})
    assert comparison.verdict == "agree"
    assert comparison.gradients["autodiff"].precision == 53


def test_data_leaves_the_parameters_alone_and_one_descends_from_their_values():
    model = mlp()
    function = as_function(lambda X, y: F.mse_loss(model(X), y), data={"X": X, "y": torch.tensor(Y).float()})
    assert list(function.variables) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    for engine in ("exact", "torch"):
        run = gl.descend(function, {}, steps=3, engine=engine)
        assert run.losses[-1] < run.losses[0]
        np.testing.assert_array_equal(run.points[0]["0.bias"], model[0].bias.detach().numpy())


def test_the_module_is_not_changed():
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    wrapped = Regression()
    for model, at in ((module, {"X": X, "y": Y}), (wrapped, {"x": X, "y": Y})):
        state = copy.deepcopy(model.state_dict())
        attributes = [sorted(vars(part)) for part in model.modules()]
        source = model if model is wrapped else lambda X, y: F.mse_loss(module(X), y)
        assert gl.compare(source, at).verdict == "agree"
        assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
        assert [sorted(vars(part)) for part in model.modules()] == attributes
        assert all(isinstance(parameter, nn.Parameter) and parameter.grad is None for parameter in model.parameters())
        assert model.training


def test_the_module_is_put_back_where_its_code_cannot_be_read():
    class Odd(Regression):
        def forward(self, x, y):
            return torch.sort(super().forward(x, y).reshape(1))[0]

    module = Odd()
    function, _ = at_point(module, {"x": X, "y": Y})
    assert function.output is None
    assert isinstance(module.fc1.weight, nn.Parameter)
    assert isinstance(module.shift, torch.Tensor)
    assert "forward" not in vars(module)


def test_tied_parameters_are_one_variable():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.encode = nn.Linear(3, 3)
            self.decode = nn.Linear(3, 3, bias=False)
            self.decode.weight = self.encode.weight

        def forward(self, x):
            return (self.decode(torch.tanh(self.encode(x))) ** 2).sum()

    module = Tied()
    assert list(as_function(module).variables) == ["x", "encode.weight", "encode.bias"]
    expected = expected_gradients(module, lambda double: double(torch.tensor(X)))
    assert_same(*at_point(module, {"x": X}), expected)
    assert gl.compare(module, {"x": X}).verdict == "agree"


def test_frozen_parameters_are_data():
    model = mlp()
    model[0].requires_grad_(False)
    function, point = at_point(lambda X, y: F.mse_loss(model(X), y), {"X": X, "y": Y})
    assert list(function.variables) == ["X", "y", "2.weight", "2.bias"]
    assert sorted(function.data) == ["0.bias", "0.weight"]
    expected = expected_gradients(model, lambda double: F.mse_loss(double(torch.tensor(X)), torch.tensor(Y)))
    assert_same(function, point, expected)


def test_several_modules_are_told_apart_by_their_names():
    encoder, decoder = nn.Linear(3, 4), nn.Linear(4, 2)
    criterion = nn.MSELoss()

    def loss(X, y):
        return criterion(decoder(torch.tanh(encoder(X))), y)

    names = ["decoder.bias", "decoder.weight", "encoder.bias", "encoder.weight"]
    assert sorted(as_function(loss).variables) == ["X", *names, "y"]
    assert gl.compare(loss, {"X": X, "y": Y}).verdict == "agree"


def test_a_parameter_of_the_module_and_one_of_the_function_keep_different_names():
    model = nn.Linear(3, 2)

    def loss(X, weight):
        return (model(X) ** 2).sum() * weight

    assert list(as_function(loss).variables) == ["X", "weight", "model.weight", "model.bias"]
    assert gl.compare(loss, {"X": X, "weight": 0.3}).verdict == "agree"


@pytest.mark.parametrize("place", ["default", "list", "object", "partial", "helper", "keyword"])
def test_modules_are_found_wherever_the_code_holds_them(place):
    model = mlp()

    class Holder:
        def __init__(self):
            self.net = model

        def loss(self, X):
            return (self.net(X) ** 2).sum()

    held = [model]
    holder = Holder()

    def helper(X):
        return held[0](X)

    def general(X, *, model):
        return (model(X) ** 2).sum()

    sources = {
        "default": lambda X, model=model: (model(X) ** 2).sum(),
        "list": lambda X: (held[0](X) ** 2).sum(),
        "object": lambda X: holder.loss(X),
        "partial": functools.partial(general, model=model),
        "helper": lambda X: (helper(X) ** 2).sum(),
        "keyword": holder.loss,
    }
    function, point = at_point(sources[place], {"X": X})
    assert list(function.variables) == ["X", "0.weight", "0.bias", "2.weight", "2.bias"]
    assert_same(function, point, expected_gradients(model, lambda double: (double(torch.tensor(X)) ** 2).sum()))


def test_a_hook_is_read_too():
    model = mlp()
    model[1].register_forward_hook(lambda module, inputs, output: 3 * output)
    expected = expected_gradients(model, lambda double: (double(torch.tensor(X)) ** 2).sum())
    assert_same(*at_point(lambda X: (model(X) ** 2).sum(), {"X": X}), expected)


def test_dropout_in_training_mode_is_refused_and_names_its_layer():
    model = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5))
    function = as_function(lambda X: model(X).sum())
    assert "dropout of the layer 1 in training mode" in str(function.no_formula)
    assert "module.eval()" in str(function.no_formula)
    model.eval()
    assert gl.compare(lambda X: (model(X) ** 2).sum(), {"X": X}).verdict == "agree"


def test_a_point_that_lacks_an_input_says_so():
    model = mlp()
    with pytest.raises(PointError, match="no value for y"):
        gl.derive(as_function(lambda X, y: F.mse_loss(model(X), y))).at({"X": X})


def test_a_point_may_name_the_variables_in_any_order():
    def loss(x, y):
        return x - 2 * torch.exp(y)

    assert gl.backward(loss, {"y": 1.0, "x": 5.0}).value == pytest.approx(5 - 2 * np.e)


def test_a_network_reads_as_in_a_textbook():
    model = mlp()

    def loss(X, y):
        return F.mse_loss(model(X), y)

    derivation = gl.derive(as_function(loss, shapes={"X": ("n", "d"), "y": ("n", "k")}), ["0.weight", "2.bias"])
    assert derivation.text().splitlines() == [
        "loss(X, y, 0.weight, 0.bias, 2.weight, 2.bias) = 1/(k n) ‖Z2 - y‖_F²",
        "where Z0 = X·0.weight^T + 1·0.bias^T",
        "      H1 = tanh(Z0)",
        "      Z2 = H1·2.weight^T + 1·2.bias^T",
        "δ_Z2 = 2/(k n) (Z2 - y)",
        "δ_H1 = δ_Z2·2.weight",
        "δ_Z0 = δ_H1 ⊙ (1 - H1^⊙2)",
        "∂loss/∂0.weight = δ_Z0^T X",
        "∂loss/∂2.bias = δ_Z2^T 1",
    ]
    assert r"Z_{0} &= X W_{0}^{\top}" in derivation.latex()


def test_the_writers_names_go_before_those_of_the_layers():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(3, 4), nn.Linear(4, 1)

        def forward(self, x):
            hidden = torch.tanh(self.fc1(x))
            return self.fc2(hidden).sum()

    text = gl.derive(as_function(Named())).text()
    assert "fc1 = x fc1.weight^T" in text
    assert "hidden = tanh(fc1)" in text


def test_names_of_parameters_in_latex():
    assert in_latex("fc1.weight") == r"W_{\mathrm{fc}_{1}}"
    assert in_latex("net.0.bias", ("i",)) == r"b_{\mathrm{net.0},i}"
    assert in_latex("f.g h") == r"\mathrm{f.g\ h}"
