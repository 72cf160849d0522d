import numpy as np
import pytest
import torch

from gradlab.errors import GradlabError, PointError
from gradlab.graph import printing
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive
from gradlab.symbolic.proof import Evidence
from gradlab.symbolic.steps import walk
from tests.models import MODELS


def logistic(w1, b, x, y):
    z = w1 * x + b
    a = 1 / (1 + np.exp(-z))
    return -(y * np.log(a) + (1 - y) * np.log(1 - a))


def network(X, W1, b1, w2, b2, y):
    Z = X @ W1 + b1
    H = torch.tanh(Z)
    o = H @ w2 + b2
    return ((o - y) ** 2).mean()


SIZES = {"X": ("n", "d"), "W1": ("d", "h"), "b1": ("h",), "w2": ("h",), "b2": (), "y": ("n",)}


def residual(x):
    u = x**2
    v = np.sin(u) + u
    return v * u


def test_logistic_regression_factor_by_factor():
    chain = derive(logistic).chain("w1")
    assert [(link.outer, link.inner) for link in chain.links] == [("logistic", "a"), ("a", "z"), ("z", "w1")]
    assert printing.text(chain.links[1].jacobian) == "a (1 - a)"
    assert printing.text(chain.links[2].jacobian) == "x"
    assert printing.text(chain.recombined) == "x (a - y)"
    assert printing.text(derive(logistic).chain("b").recombined) == "a - y"


def test_the_rule_comes_first_and_the_numbers_last():
    lines = derive(logistic).chain("w1").text({"w1": 0.5, "b": -0.2, "x": 2, "y": 1}).splitlines()
    assert lines[0] == "∂logistic/∂w1 = ∂logistic/∂a · ∂a/∂z · ∂z/∂w1"
    assert lines[-2:] == ["∂logistic/∂w1 = -1.44933 · 0.21391 · 2", "∂logistic/∂w1 = -0.620051"]


def test_a_network_layer_by_layer():
    chain = derive(as_function(network, shapes=SIZES)).chain("W1")
    assert [(link.outer, link.inner) for link in chain.links] == [
        ("network", "o"),
        ("o", "H"),
        ("H", "Z"),
        ("Z", "W1"),
    ]
    text = chain.text()
    for line in (
        "∂H_ij/∂Z_kl = [i=k] [j=l] (1 - H_ij²)",
        "δ_H = δ_o w2^T",
        "δ_Z = δ_H ⊙ (1 - H^⊙2)",
        "∂network/∂W1 = X^T δ_Z",
    ):
        assert line in text


def test_ways_are_added_up():
    chain = derive(residual).chain("x")
    assert len(chain.paths) == 2
    assert chain.text().startswith("∂residual/∂x = ∂residual/∂v · ∂v/∂u · ∂u/∂x + ∂residual/∂u · ∂u/∂x\n")
    assert chain.at({"x": 1.5}).total == pytest.approx(float(derive(residual).at({"x": 1.5}).partials["x"]), rel=1e-14)


def test_inner_functions_get_names_where_the_writer_gave_none():
    assert derive("exp(sin(x)^2)").chain("x").text().startswith("∂f/∂x = ∂f/∂u · ∂u/∂v · ∂v/∂x\n")
    assert derive("u sin(u^2)").chain("u").text().startswith("∂f/∂u = ∂f/∂u + ∂f/∂v · ∂v/∂u\n")


@pytest.mark.parametrize(
    "function", [logistic, residual, lambda x: np.exp(np.sin(x) ** 2) * x], ids=["logistic", "residual", "bell"]
)
def test_every_factor_is_derived_in_steps_that_are_proved(function):
    function = as_function(function)
    for name in function.variables:
        for link in derive(function).chain(name).links:
            for step in walk(link.steps):
                assert step.evidence in (Evidence.EXACT, Evidence.CERTIFIED), step.text()


def _chain(derivation, name):
    """Return the chain rule, None where it is refused because too much would have to be written."""
    said = ""
    try:
        return derivation.chain(name)
    except GradlabError as error:
        said = str(error)
    assert "ways lead" in said or "no second derivative" in said


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_product_of_the_factors_is_the_gradient_of_every_model(model):
    function, point = at_point(model.source, model.at)
    derivation = derive(function)
    gradient = derivation.at(point)
    for name in derivation.wrt:
        chain = _chain(derivation, name)
        if chain is None:
            continue
        np.testing.assert_allclose(chain.at(point).total, gradient.partials[name], rtol=1e-11, atol=1e-12)
        assert chain.text()
        assert chain.latex()


def test_a_variable_that_does_not_occur_has_no_way():
    chain = derive(as_function("x^2", variables=["x", "y"])).chain("y")
    assert chain.text() == "∂f/∂y = 0"
    assert chain.at({"x": 1, "y": 2}).total == 0


def test_a_name_that_is_no_variable_is_refused():
    with pytest.raises(PointError, match="logistic has no variable w2; its variables are w1, b, x, y"):
        derive(logistic).chain("w2")
