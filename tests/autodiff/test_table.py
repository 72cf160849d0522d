"""The backpropagation table: every operation beside torch's node for it, and the first that is wrong named."""

import math
import pickle

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from gradlab import backward, derive, estimate
from gradlab.autodiff.table import Table
from gradlab.errors import GradlabError, NoFormulaError
from gradlab.sources import as_function
from tests.models import MODELS
from tests.models.first_course import attention, tanh_network
from tests.models.model import drawn

NETWORK = {"X": drawn(5, 3), "W1": drawn(3, 4, seed=1), "b1": drawn(4), "w2": drawn(4, seed=2), "y": drawn(5, seed=3)}


def table_of(f, at, **options) -> Table:
    return backward(f, at, **options).table()


def partners(table: Table) -> list[str]:
    return [row.node for row in table.rows if row.delta is not None]


# Beside torch's graph --------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=[model.name for model in MODELS])
def test_every_operation_that_torch_has_too_agrees(model):
    gradient = backward(model.source, model.at)
    table = gradient.table()
    assert table.first_disagreement is None
    assert all(row.apart is not None and row.apart <= 1e-12 for row in table.rows if row.node)
    leaves = {row.name: row for row in table.rows if not row.operation and row.delta is not None}
    for name, partial in gradient.partials.items():
        if name in leaves:
            assert leaves[name].node == "AccumulateGrad"
            np.testing.assert_array_equal(leaves[name].torch_delta, partial)
    assert all(row.alone for row in table.rows if not row.node)


def test_most_operations_of_the_models_have_a_partner():
    found = [node for model in MODELS for node in partners(table_of(model.source, model.at))]
    assert len(found) > 1000
    assert sum(map(bool, found)) / len(found) > 0.79  # the rest torch fuses: losses, addmm, broadcasts


@pytest.mark.parametrize("model", [m for m in MODELS if isinstance(m.source, str)], ids=lambda model: model.name)
def test_every_operation_of_a_text_has_a_partner(model):
    assert all(partners(table_of(model.source, model.at)))


def test_numpy_code_is_lined_up_exactly():
    table = table_of(lambda x: np.sin(x) * np.cos(x), 1.0)
    assert partners(table) == ["AccumulateGrad", "SinBackward0", "CosBackward0", "MulBackward0"]


def test_the_writer_s_own_code_runs_and_keeps_its_names():
    table = table_of(tanh_network, NETWORK)
    shown = {row.name: (row.operation, row.formula, row.node) for row in table.rows}
    assert shown["Z"] == ("X W1 + 1 b1^T", "δ_H ⊙ (1 - H^⊙2)", "AddBackward0")
    assert shown["H"] == ("tanh(Z)", "δ_o w2^T", "TanhBackward0")
    assert shown["W1"] == ("", "X^T δ_Z", "AccumulateGrad")
    assert table["o - y"].alone == "no node of torch's graph: torch computes it inside another operation"


def test_attention_is_listed_with_its_names():
    at = {"X": drawn(4, 3), **{name: drawn(3, 3, seed=seed) for seed, name in enumerate(("Wq", "Wk", "Wv"))}}
    table = table_of(attention, at)
    assert table["A"].node == "SoftmaxBackward0"
    assert table["Q"].formula == "1/√k (δ_A ⊙ A - diag((δ_A ⊙ A) 1) A) K"
    assert all(partners(table))


def test_long_values_are_numbered():
    table = table_of("exp(sin(x) + cos(x) + tan(x)) + exp(-sin(x) - cos(x) - tan(x))", 0.4)
    assert [row.name for row in table.rows if row.name.startswith("v")][:2] == ["v1", "v2"]
    assert table["f"].formula == "1"


# Equal values that are not the same ------------------------------------------------------------------


def test_what_is_written_twice_is_one_row_with_the_sum_of_both_gradients():
    def f(x):
        a = torch.sin(x)
        b = torch.sin(x)
        return 2 * a + b * b

    row = table_of(f, 0.3)["a"]
    assert (row.node, row.agrees) == ("SinBackward0 × 2", True)
    assert float(row.torch_delta) == pytest.approx(2 + 2 * math.sin(0.3), rel=1e-15)


def test_values_that_are_equal_at_the_point_only_are_told_apart():
    table = table_of(lambda x: torch.log(x * x) + 3 * (x + x), 2.0)
    assert (table["x x"].node, table["x + x"].node) == ("MulBackward0", "AddBackward0")
    assert (float(table["x x"].torch_delta), float(table["x + x"].torch_delta)) == (0.25, 3)


def test_values_that_are_equal_at_the_point_and_used_by_one_operation_are_told_apart_nearby():
    table = table_of(lambda x: (x * x) / (x + x), 2.0)
    assert (table["x x"].node, table["x + x"].node) == ("MulBackward0", "AddBackward0")
    assert (float(table["x x"].torch_delta), float(table["x + x"].torch_delta)) == (0.25, -0.25)


def test_functions_that_are_equal_around_the_point_are_told_apart_by_what_uses_them():
    table = table_of(lambda x: torch.exp(torch.erf(x) + torch.relu(x)) + torch.abs(x), 0.45)
    assert (table["relu(x)"].node, table["|x|"].node) == ("ReluBackward0", "AbsBackward0")


def test_where_any_of_several_will_do_the_names_fit():
    table = table_of(lambda x, y: torch.maximum(x, y) * torch.minimum(x, 2 * y), {"x": 0.45, "y": 0.3})
    assert (table["max(x, y)"].node, table["min(x, 2 y)"].node) == ("MaximumBackward0", "MinimumBackward0")


def test_a_factor_of_one_does_not_take_the_node_of_what_it_is_multiplied_with():
    ones = torch.ones(5, dtype=torch.float64)
    table = table_of(lambda X, w: F.binary_cross_entropy_with_logits(X @ w, ones), {"X": drawn(5, 3), "w": drawn(3)})
    assert table["X w"].node == "MvBackward0"


def test_an_operation_that_changes_nothing_has_a_delta_of_its_own():
    table = table_of(lambda x: ((np.multiply(x, 1)) ** 2 + x).sum(), {"x": drawn(3)})
    assert all(partners(table))
    assert table.first_disagreement is None


def test_two_ways_to_write_one_function_are_told_apart_by_what_uses_them():
    table = table_of(lambda x: torch.log(x * x) + torch.exp(3 * x**2), 0.4)
    assert (table["x x"].node, table["x²"].node) == ("MulBackward0", "PowBackward0")
    assert float(table["x x"].torch_delta) == pytest.approx(1 / 0.16)


def test_a_mean_inside_a_variance_is_not_the_mean_of_the_writer():
    def f(X):
        mu = X.mean(0)
        return (mu**2).sum() + torch.var(X, 0).sum()

    table = table_of(f, {"X": drawn(5, 3)})
    assert (table["mu"].node, table["mu"].agrees) == ("MeanBackward1", True)


def test_a_copy_and_what_it_copies_are_two():
    def f(x):
        y = torch.exp(x)
        z = y[None, :]
        return (z**2).sum() + y.sum()

    table = table_of(f, {"x": drawn(3)})
    assert table["y"].node == "ExpBackward0"
    assert table.first_disagreement is None


def test_what_is_read_before_a_write_in_place_is_not_guessed():
    def f(x):
        y = x * 2
        y[0] += torch.exp(x[0])
        return (y * x).sum()

    table = table_of(f, [0.1, 0.2, 0.3])
    assert table.first_disagreement is None
    assert any("surely" in row.alone for row in table.rows)


def test_zero_up_to_rounding_on_both_sides_agrees():
    table = table_of(lambda X: ((X - X.mean(0, keepdims=True)) ** 2).sum(), {"X": drawn(5, 3)})
    assert all(row.apart == 0 or row.apart < 1e-15 for row in table.rows if row.node)


# A wrong backward pass -------------------------------------------------------------------------------


class WrongTanh(torch.autograd.Function):
    @staticmethod
    def forward(ctx, u):
        value = torch.tanh(u)
        ctx.save_for_backward(value)
        return value

    @staticmethod
    def backward(ctx, delta):
        (value,) = ctx.saved_tensors
        return delta * (1 - value)


class WrongBias(torch.autograd.Function):
    @staticmethod
    def forward(ctx, u, bias):
        return u + bias

    @staticmethod
    def backward(ctx, delta):
        return delta, delta.mean(0)


def wrong_in_the_middle(X, W1, b1, w2, y):
    Z = X @ W1 + b1
    H = WrongTanh.apply(Z)
    o = H @ w2
    return F.mse_loss(o, y)


def wrong_at_a_leaf(X, W1, b1, w2, y):
    Z = WrongBias.apply(X @ W1, b1)
    H = torch.tanh(Z)
    o = H @ w2
    return F.mse_loss(o, y)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_wrong_backward_in_the_middle_is_pinned_to_its_operation(dtype):
    table = table_of(wrong_in_the_middle, NETWORK, dtype=dtype)
    first = table.first_disagreement
    assert first is not None
    assert first.name == "Z"
    assert all(table[name].agrees for name in ("H", "w2", "o", "y"))
    assert not any(table[name].agrees for name in ("X W1", "W1", "b1", "X"))
    assert "It comes from H (WrongTanhBackward), whose own delta agrees" in table.conclusion


def test_a_wrong_sum_of_a_broadcast_is_pinned_to_the_leaf():
    table = table_of(wrong_at_a_leaf, NETWORK)
    assert [row.name for row in table.rows if row.agrees is False] == ["b1"]
    assert table.first_disagreement is table["b1"]
    assert "Z (WrongBiasBackward)" in table.conclusion


def test_a_hook_that_changes_a_gradient_is_found():
    def f(x):
        y = torch.exp(x)
        if isinstance(y, torch.Tensor):
            y.register_hook(lambda delta: 2 * delta)
        return y**2

    table = table_of(f, 0.3)
    assert table.first_disagreement is table["y"]
    assert "It comes from y² (PowBackward0)" in table.conclusion


# Precision -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS[:50], ids=lambda model: model.name)
def test_float32_is_judged_by_its_own_rounding(model):
    try:
        gradient = backward(model.source, model.at, dtype="float32")
    except GradlabError:  # float64 tensors of its own
        return
    table = gradient.table()
    assert table.precision == 24
    assert "torch computes with 24 bits here: the deltas agree or not by the rounding of those" in table.notes
    assert table.first_disagreement is None


def test_an_error_of_float32_size_is_found_in_float64():
    class Off(torch.autograd.Function):
        @staticmethod
        def forward(ctx, u):
            return 2 * u

        @staticmethod
        def backward(ctx, delta):
            return 2 * delta * (1 + 1e-9)

    assert table_of(lambda x: Off.apply(x) ** 2, 0.3).first_disagreement is not None
    assert table_of(lambda x: Off.apply(x) ** 2, 0.3, dtype="float32").first_disagreement is None


# How it is had ---------------------------------------------------------------------------------------


def test_the_table_is_made_when_asked_for_and_once():
    calls = []

    def f(x):
        if isinstance(x, torch.Tensor):
            calls.append(x)
        return x**2 + x

    gradient = backward(f, torch.tensor(1.0))
    before = len(calls)
    table = gradient.table()
    assert len(calls) > before
    assert gradient.table() is table


@pytest.mark.parametrize("gradient", [estimate("x^2", 1.0), derive("x^2").at(1.0)], ids=["numeric", "symbolic"])
def test_other_routes_have_no_table(gradient):
    with pytest.raises(GradlabError, match=rf"by the {gradient.route} route has no table.*backward\(f, at\)"):
        gradient.table()


def test_code_without_a_formula_has_no_table():
    opaque = as_function(lambda x: (x**2).sum(), opaque=True)
    gradient = backward(opaque, torch.tensor([1.0, 2.0]))
    with pytest.raises(NoFormulaError, match="no formula: it was given as opaque"):
        gradient.table()


def test_a_gradient_can_be_sent_to_another_process():
    sent = pickle.dumps(backward(lambda x: x**2, 3.0))
    gradient = pickle.loads(sent)  # noqa: S301  # made on the line above
    assert float(gradient["x"]) == 6
    with pytest.raises(GradlabError, match="no table"):
        gradient.table()


def test_what_is_not_differentiated_has_no_delta():
    table = table_of("x*y", {"x": 2, "y": 3}, wrt="x")
    assert (table["y"].delta, table["y"].alone) == (None, "no variable reaches it")


def test_a_cotangent_weights_the_output():
    table = table_of(lambda x: x * 2 + 1, [1.0, 2.0], cotangent=[1.0, 3.0])
    assert table["x"].delta.tolist() == [2, 6]
    assert all(partners(table))


def test_a_function_that_returns_its_variable_has_one_row():
    assert partners(table_of(lambda x: x, 1.0)) == ["AccumulateGrad"]


def test_an_unknown_row_is_told_with_those_that_there_are():
    with pytest.raises(KeyError, match="no row 'z'; there are x, x²"):
        table_of("x^2", 1.0)["z"]
