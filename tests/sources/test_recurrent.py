"""Recurrent cells and layers, unrolled, and handwritten ones."""

import pytest
import torch
from torch import nn

import gradlab as gl
from gradlab.sources import as_function, at_point
from tests.models.model import drawn
from tests.sources.test_modules import assert_same, expected_gradients
from tests.sources.test_normalization import assert_as_autograd

CELLS = {
    "rnn_tanh_cell": (torch.rnn_tanh_cell, 1),
    "rnn_relu_cell": (torch.rnn_relu_cell, 1),
    "gru_cell": (torch.gru_cell, 3),
}


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("name", CELLS)
def test_a_cell_has_autograds_gradient(name, biased):
    cell, gates = CELLS[name]
    at = {"x": drawn(5, 3), "h": drawn(5, 2), "W": drawn(2 * gates, 3), "U": drawn(2 * gates, 2, seed=1)}
    if biased:
        biases = {"b": drawn(2 * gates), "c": drawn(2 * gates, seed=1)}
        assert_as_autograd(lambda x, h, W, U, b, c: (cell(x, h, W, U, b, c) ** 2).sum(), {**at, **biases})
    else:
        assert_as_autograd(lambda x, h, W, U: (cell(x, h, W, U) ** 2).sum(), at)


def test_the_lstm_cell_has_autograds_gradient():
    def loss(X, h, c, W, U, b):
        for x in X:
            h, c = torch.lstm_cell(x, (h, c), W, U, b, 2 * b)
        return (h * torch.exp(c)).sum()

    shapes = {"X": (2, 4, 3), "h": (4, 2), "c": (4, 2), "W": (8, 3), "U": (8, 2), "b": (8,)}
    assert_as_autograd(loss, {name: drawn(*shape, seed=place) for place, (name, shape) in enumerate(shapes.items())})


MODULES = [
    (nn.RNN, {}, (3, 4, 3)),
    (nn.RNN, {"nonlinearity": "relu", "num_layers": 2}, (2, 3)),
    (nn.LSTM, {}, (3, 4, 3)),
    (nn.LSTM, {"num_layers": 2, "batch_first": True}, (3, 2, 3)),
    (nn.LSTM, {"bias": False}, (2, 3)),
    (nn.GRU, {"batch_first": True}, (3, 2, 3)),
    (nn.GRU, {"bias": False, "num_layers": 2}, (2, 3, 3)),
]


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize(("kind", "options", "shape"), MODULES)
def test_a_layer_has_autograds_gradient(kind, options, shape, given):
    torch.manual_seed(1)
    module = kind(3, 2, **options)
    batch = () if len(shape) == 2 else (shape[0] if options.get("batch_first") else shape[1],)
    at = {"X": drawn(*shape)}
    if given:
        at["h"] = drawn(options.get("num_layers", 1), *batch, 2)

    def loss(X, h=None, module=module):
        state = h if h is None or kind is not nn.LSTM else (h, 2 * h)
        output, last = module(X, state)
        last = last[0] * last[1] if kind is nn.LSTM else last
        return (output**2).sum() + torch.exp(last).sum()

    source = (lambda X, h: loss(X, h)) if given else lambda X: loss(X)
    expected = expected_gradients(module, lambda double: loss(*map(torch.tensor, at.values()), module=double))
    function, point = at_point(source, at)
    assert function.output is not None, function.no_formula
    assert_same(function, point, expected)
    assert gl.compare(function, point, wrt=list(at)).verdict == "agree"


@pytest.mark.parametrize("kind", [nn.RNNCell, nn.LSTMCell, nn.GRUCell])
def test_a_cell_module_unrolled_by_its_writer(kind):
    torch.manual_seed(1)
    module = kind(3, 2)
    X = drawn(2, 4, 3)

    def loss(X, module=module):
        state = None
        for x in X:
            state = module(x, state)
        return ((state[0] * state[1] if kind is nn.LSTMCell else state) ** 2).sum()

    expected = expected_gradients(module, lambda double: loss(torch.tensor(X), double))
    assert_same(*at_point(lambda X: loss(X), {"X": X}), expected)


def test_what_is_not_supported_is_refused():
    for options in ({"bidirectional": True}, {"proj_size": 1}):
        module = nn.LSTM(3, 2, **options)
        function, _ = at_point(lambda X, module=module: module(X)[0].sum(), {"X": drawn(2, 3)})
        assert "bidirectional or projects" in str(function.no_formula)
    module = nn.GRU(3, 2, num_layers=2, dropout=0.5)
    function, _ = at_point(lambda X: module(X)[0].sum(), {"X": drawn(2, 3)})
    assert "module.eval()" in str(function.no_formula)


def test_a_handwritten_cell_reads_step_by_step():
    def loss(X, W, U, b, h):
        for x in X:
            h = torch.tanh(W @ x + U @ h + b)
        return h @ h

    shapes = {"X": (2, "d"), "W": ("k", "d"), "U": ("k", "k"), "b": ("k",), "h": ("k",)}
    lines = gl.derive(as_function(loss, shapes=shapes), ["U", "h"]).text().splitlines()
    assert lines == [
        "loss(X, W, U, b, h) = ‖h2‖²",
        "where h1 = tanh(W X_{0,:} + U h + b)",
        "      h2 = tanh(W X_{1,:} + U h1 + b)",
        "δ_h2 = 2 h2",
        "δ_h1 = U^T (δ_h2 ⊙ (1 - h2^⊙2))",
        "∂loss/∂U = (δ_h2 ⊙ (1 - h2^⊙2)) h1^T + (δ_h1 ⊙ (1 - h1^⊙2)) h^T",
        "∂loss/∂h = U^T (δ_h1 ⊙ (1 - h1^⊙2))",
    ]


def test_gates_are_named_slices_of_one_product():
    module = nn.LSTM(3, 2)
    text = gl.derive(as_function(lambda X: (module(X)[0] ** 2).sum(), shapes={"X": (2, "n", 3)})).text()
    assert "G2 = X_{1,:,:} weight_ih_l0^T" in text
    assert "f2 = σ(G2_{:,2:4})" in text
    assert "c2 = f2 ⊙ c1 + i2 ⊙ g2" in text


def test_a_running_sum_is_written_as_one_sum():
    def loss(x):
        total = 0
        for i in range(3):
            total = total + torch.sin(x[i]) ** 2
        return total / 3

    text = gl.derive(as_function(loss, shapes={"x": (3,)})).text()
    assert "total = sin(x_0)² + sin(x_1)² + sin(x_2)²" in text


def test_a_name_bound_again_is_numbered():
    def loss(x):
        y = torch.sin(x)
        y = torch.exp(y)
        z = y**2
        return z.sum()

    lines = gl.derive(as_function(loss, shapes={"x": ("n",)})).text().splitlines()
    assert lines[1:4] == ["where y1_i = sin(x_i)", "      y2_i = exp(y1_i)", "      z_i = y2_i²"]
