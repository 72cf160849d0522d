import math

import numpy as np
import pytest
import torch

from gradlab.autodiff import backward
from gradlab.errors import GradlabError, NotScalarError, PointError
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive
from tests.models import MODELS


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_backward_and_the_derivation_agree(model):
    function, point = at_point(model.source, model.at)
    derived = derive(function).at(point)
    computed = backward(model.source, model.at)
    assert computed.route == "autodiff"
    assert computed.value == pytest.approx(derived.value, rel=1e-13)
    for name, partial in derived.partials.items():
        np.testing.assert_allclose(computed.partials[name], partial, rtol=1e-12, atol=1e-14)


def test_the_vector_example():
    gradient = backward(lambda x: (x**2).sum(), [3.0, 4.0, 10.0])
    assert gradient.value == 125
    assert gradient.partials["x"].tolist() == [6, 8, 20]


def test_torch_code_is_run_and_not_its_formula():
    ran = []

    def f(x):
        ran.append(type(x))
        return torch.sin(x)

    backward(f, 0.5)
    assert ran[-1] is torch.Tensor


def test_numpy_code_is_evaluated_in_torch():
    assert backward(lambda x: np.exp(x) * np.sin(x), 0.0).partials["x"] == 1


def test_a_vector_value_is_refused_with_both_ways_out():
    with pytest.raises(NotScalarError) as caught:
        backward(lambda x: x**2, [3.0, 4.0, 10.0])
    for part in ("3 values", "starts from one number", ".sum()", "cotangent=[1.0, 1.0, 1.0]"):
        assert part in str(caught.value)


def test_a_cotangent_weighs_the_values():
    gradient = backward(lambda x: x**2, [3.0, 4.0, 10.0], cotangent=[1, 0, 2])
    assert gradient.partials["x"].tolist() == [6, 0, 40]
    assert gradient.value == 9 + 200


def test_a_cotangent_of_another_shape_is_refused():
    with pytest.raises(NotScalarError, match=r"\(2,\).*\(3,\)"):
        backward(lambda x: x**2, [3.0, 4.0, 10.0], cotangent=[1, 0])


def test_a_variable_that_does_not_occur_has_derivative_zero():
    gradient = backward(lambda x, y: x**2 + 0, {"x": 3.0, "y": [1.0, 2.0]})
    assert gradient.partials["y"].tolist() == [0, 0]
    assert any("y does not occur" in note for note in gradient.notes)


def test_code_that_cuts_its_result_off_is_said_to():
    with pytest.raises(GradlabError, match="cuts it off"):
        backward(lambda x: torch.tensor([v.item() for v in x]).sum(), [1.0, 2.0])


def test_wrt_leaves_the_others_out():
    assert list(backward("x y", {"x": 2, "y": 3}, wrt="y").partials) == ["y"]


def test_float32_loses_digits_and_float64_does_not():
    assert backward("x^3", 0.1).partials["x"] == pytest.approx(0.03, rel=1e-15)
    single = float(backward("x^3", 0.1, dtype="float32").partials["x"])
    assert 1e-10 < abs(single - 0.03) < 1e-8


@pytest.mark.parametrize("dtype", ["int64", "double precision", torch.int32])
def test_an_unknown_dtype_is_refused(dtype):
    with pytest.raises(ValueError, match="floating dtype"):
        backward("x", 1.0, dtype=dtype)


def test_code_that_clashes_with_its_own_dtype_runs_in_that_dtype():
    matrix = torch.ones(1, 3)
    gradient = backward(lambda w: ((matrix @ w) ** 2).sum(), [1.0, 2.0, 3.0])
    assert gradient.partials["w"].tolist() == [12, 12, 12]
    assert gradient.precision == 24
    assert any("computes in float32" in note for note in gradient.notes)


def test_a_wrong_backward_in_float32_is_not_answered_for_by_the_formula():
    matrix = torch.randn(6, 2)

    def loss(w, b):
        with torch.no_grad():
            h = matrix @ w
        return ((h + b) ** 2).mean()

    gradient = backward(loss, {"w": [0.1, 0.2], "b": 0.3})
    assert gradient.partials["w"].tolist() == [0, 0]
    assert any("finds no way from the result to w" in note for note in gradient.notes)


def test_code_under_no_grad_is_said_to_cut_its_result_off():
    with pytest.raises(GradlabError, match="no_grad"):
        backward(torch.no_grad()(lambda x: (x**2).sum()), [1.0, 2.0])


def test_code_that_returns_nothing_is_said_to():
    with pytest.raises(GradlabError, match="returns None"):
        backward(lambda x: None, 1.0)


def test_a_branch_runs_as_the_code_it_is():
    assert backward(lambda x: x**2 if x > 0 else -x, -3.0).partials["x"] == -1


def test_a_derivative_that_is_not_finite_is_noted():
    gradient = backward("sqrt(x)", 0.0)
    assert np.isinf(gradient.partials["x"])
    assert any("not finite" in note for note in gradient.notes)


def test_a_point_that_does_not_fit_is_refused():
    with pytest.raises(PointError, match="no value for y"):
        backward("x y", {"x": 1.0})


def test_weights_that_the_code_holds_gather_no_gradient():
    weights = torch.tensor([3.0, 4.0], dtype=torch.float64, requires_grad=True)
    assert backward(lambda w: (weights * w**2).sum(), [1.0, 2.0]).partials["w"].tolist() == [6, 16]
    assert weights.grad is None


def test_a_tensor_turned_into_a_number_is_no_silent_constant():
    def branching(x):
        return math.sin(x) * x if x > 0 else x

    for _ in range(2):  # torch itself warns only once
        with pytest.raises(GradlabError, match="turns a tensor into a plain number"):
            backward(as_function(branching, opaque=True), 0.5)


def test_mathematics_of_the_math_module_is_taken_from_its_formula():
    assert backward(lambda x: math.sin(x), 0.0).partials["x"] == 1
