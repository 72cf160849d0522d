import numpy as np
import pytest
import torch

from gradlab.errors import DomainError, NoFormulaError, NotScalarError, PointError
from gradlab.graph import algebra, evaluation, printing
from gradlab.graph.kinds import Let
from gradlab.graph.styles import TextPrinter
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive, enclosing
from gradlab.symbolic.steps import walk
from tests.models import MODELS
from tests.models.first_course import quadratic


def _torch_gradient(function, point):
    leaves = {name: torch.tensor(np.array(value), requires_grad=True) for name, value in point.items()}
    bound = {name: torch.tensor(np.array(value)) for name, value in function.data.items()}
    if function.code is not None:
        value = function.code(*leaves.values())
    else:
        (value,) = evaluation.with_torch([function.formula], {**bound, **leaves}, function.sizes(point), torch.float64)
    return dict(zip(leaves, torch.autograd.grad(value, list(leaves.values()), materialize_grads=True), strict=True))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_derived_gradient_is_torch_autograds(model):
    function, point = at_point(model.source, model.at)
    derived = derive(function).at(point)
    for name, expected in _torch_gradient(function, point).items():
        assert derived.partials[name].shape == expected.shape
        np.testing.assert_allclose(derived.partials[name], expected.numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_error_of_the_symbolic_route_holds(model):
    function, point = at_point(model.source, model.at)
    derivation = derive(function)
    gradient = derivation.at(point)
    balls = evaluation.with_balls(
        list(derivation.partials.values()), {**function.data, **point}, function.sizes(point), 400
    )
    for name, exact in zip(derivation.wrt, balls, strict=True):
        truth = np.vectorize(lambda ball: float(ball.mid()), otypes=[float])(exact)
        assert (np.abs(gradient.partials[name] - truth) <= gradient.error[name]).all()
        assert (gradient.error[name] <= 1e-12 * np.maximum(1, np.abs(truth))).all()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_large_gradients_are_bounded_without_balls(model, monkeypatch):
    function, point = at_point(model.source, model.at)
    exact = derive(function).at(point)
    monkeypatch.setattr(enclosing, "BALL_BUDGET", 0)
    plain = derive(function).at(point)
    for name in exact.partials:
        assert (np.abs(plain.partials[name] - exact.partials[name]) <= plain.error[name] + exact.error[name]).all()
        assert (plain.error[name] <= 1e-12 * np.maximum(1, np.abs(exact.partials[name]))).all()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_gradient_is_assembled_from_the_steps(model):
    function, _ = at_point(model.source, model.at)
    derivation = derive(function)
    for name, board in derivation.boards.items():
        assert board.steps[-1].after is derivation.gradient[name].formula
    if derivation.boards:
        return
    received = {}
    for step in derivation.steps:
        received.setdefault(step.flow.operand, []).append(step.after)
    for name in derivation.wrt:
        shares = received.get(function.nodes[name], [])
        total = algebra.add(*shares) if shares else algebra.number(0, function.variables[name])
        assert derivation.partials[name] is total


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_derivative_as_a_function_has_the_values_of_the_gradient(model):
    function, point = at_point(model.source, model.at)
    derivation = derive(function)
    gradient = derivation.at(point)
    for name, partial in derivation.gradient.items():
        np.testing.assert_allclose(partial(point), gradient.partials[name], rtol=1e-12, atol=1e-13)


def test_both_meanings_of_gradient():
    derivation = derive("x**2 + y")
    assert derivation.gradient["x"].text() == "2 x"
    assert derivation.at({"x": 3, "y": 1}).partials["x"] == 6


def test_the_vector_example_of_the_torch_tutorials():
    function, point = at_point(lambda x: (x**2).sum(), [3.0, 4.0, 10.0])
    gradient = derive(function).at(point)
    assert gradient.value == 125
    assert gradient.partials["x"].tolist() == [6, 8, 20]


def test_the_fit_has_the_textbook_gradient():
    def loss(params, t, y):
        return ((quadratic(t, params) - y) ** 2).mean()

    text = derive(as_function(loss, shapes={"params": (3,), "t": ("n",), "y": ("n",)}), "params").text()
    assert "∂loss/∂a = 2/n sum_i (a t_i² + b t_i + c - y_i) t_i²" in text
    assert "∂loss/∂c = 2/n sum_i (a t_i² + b t_i + c - y_i)" in text


def test_wrt_chooses_variables():
    assert list(derive("x y z", ["z", "x"]).gradient) == ["z", "x"]
    assert list(derive("x y", "y").gradient) == ["y"]
    with pytest.raises(PointError, match="wrt names q; the variables of f are x, y"):
        derive("x y", "q")


def test_a_variable_that_does_not_occur_has_derivative_zero():
    assert derive(as_function("x**2", variables=["x", "y"])).gradient["y"].text() == "0"


def test_a_gradient_of_a_vector_is_refused():
    with pytest.raises(NotScalarError, match=r"\.sum\(\)"):
        derive(as_function("x**2", shapes={"x": ("n",)}))


def test_a_function_without_formula_cannot_be_derived():
    with pytest.raises(NoFormulaError, match="int"):
        derive(lambda x: int(x))


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("log(x)", -1, "log(x) is not a number at x = -1 (it needs x > 0)"),
        ("1/x", 0, "1/x is infinite at x = 0 (it needs x ≠ 0)"),
        ("sqrt(x)", 0, "1/√x is infinite at x = 0"),
        ("exp(x)", 1000, "exp(x) overflows at x = 1000"),
        ("x + log(y - x)", {"x": 3, "y": 2}, "log(y - x) is not a number at x = 3, y = 2"),
    ],
)
def test_a_point_outside_the_domain_is_named(text, at, message):
    with pytest.raises(DomainError) as caught:
        derive(text).at(at)
    assert message in str(caught.value)


def test_names_given_in_the_code_appear_as_deltas():
    def loss(x):
        z = x**3
        return np.sin(z).sum()

    derivation = derive(as_function(loss, shapes={"x": ("n",)}))
    assert any(isinstance(node, Let) and node.name == "delta_z" for node in derivation.sweep.deltas.values())
    assert "δ_z_i = cos(z_i)" in derivation.text()


def test_names_given_in_the_code_are_derived_once():
    def loss(x):
        z = x**3
        return np.sin(z) * z

    (board,) = derive(loss).boards.values()
    named = [step for step in walk(board.steps) if step.rule == "named value"]
    assert [step.statement(TextPrinter) for step in named] == ["∂z/∂x = ∂/∂x (x³)"]
    assert printing.text(board.named) == "3 x² (z cos(z) + sin(z))"


def test_what_the_code_decided_is_said_in_latex():
    def loss(x, y):
        return x * y if x > 1 and y < 2 else y

    latex = derive(at_point(loss, {"x": 3.0, "y": 1.0})[0]).latex()
    assert latex.splitlines()[-3:-1] == [r"&\text{if } x > 1 \\[0.4em]", r"&\text{and } y < 2"]


def test_as_dict_is_plain_data():
    import json

    found = json.loads(json.dumps(derive("x**2 + y").as_dict()))
    assert found["gradient"] == {"x": "2 x", "y": "1"}
    assert found["steps"][0]["rule"] == "sum rule"


def test_a_gradient_at_values_by_name_is_that_at_the_point():
    d = derive("x**2 + y")
    assert d.at(x=3, y=1).partials == d.at({"x": 3, "y": 1}).partials
    with pytest.raises(TypeError, match=r"at takes a point or values by name, not both: \{'x': 3\} and y"):
        d.at({"x": 3}, y=1)
