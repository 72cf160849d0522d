import numpy as np
import pytest
import torch

from gradlab.errors import PointError
from gradlab.sources import as_function
from gradlab.symbolic import derive

TIME = np.linspace(0.0, 1.0, 20)
SPEED = TIME**2 - 0.3


def loss(params):
    a, b, c = params
    preds = a * TIME**2 + b * TIME + c
    return ((preds - SPEED) ** 2).mean()


def reference(params):
    leaf = torch.tensor(np.array(params, dtype=float), requires_grad=True)
    a, b, c = leaf
    value = ((a * torch.tensor(TIME) ** 2 + b * torch.tensor(TIME) + c - torch.tensor(SPEED)) ** 2).mean()
    (gradient,) = torch.autograd.grad(value, [leaf])
    return value.item(), gradient.numpy()


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_data_are_bound(backend):
    value, partials = derive(loss).compile(backend)([0.1, 2, -3])
    expected_value, expected = reference([0.1, 2, -3])
    assert float(value) == pytest.approx(expected_value, rel=1e-13)
    np.testing.assert_allclose(partials["params"], expected, rtol=1e-12)


def test_values_come_by_position_by_name_or_as_a_point():
    gradient = derive("x**2 + λ").compile()
    for value, partials in (gradient(3, 1), gradient(x=3, λ=1), gradient(3, λ=1), gradient({"x": 3, "λ": 1})):
        assert value == 10
        assert partials == {"x": 6, "λ": 1}


def test_lists_and_integers_are_float64():
    value, partials = derive(lambda x: (1 / x).sum()).compile()([1, 2, 4])
    assert value == 1.75
    assert partials["x"].tolist() == [-1, -0.25, -0.0625]


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_misshapen_value_is_refused(backend):
    function = as_function(lambda X, w: ((X @ w) ** 2).sum(), shapes={"X": ("n", "d"), "w": ("d",)})
    gradient = derive(function).compile(backend)
    with pytest.raises(PointError, match="the size d cannot be both"):
        gradient(np.ones((3, 2)), np.ones(1))
    with pytest.raises(PointError, match="w has shape"):
        gradient(np.ones((3, 2)), np.ones((2, 1)))
    with pytest.raises(PointError, match="X has shape"):
        gradient(np.ones(2), np.ones(2))


def test_a_number_is_no_array():
    with pytest.raises(PointError, match="single number"):
        derive("x**2").compile()([1.0, 2.0])


def test_a_square_matrix_stays_square():
    gradient = derive(as_function(lambda x, A: x @ A @ x, shapes={"x": ("n",), "A": ("n", "n")})).compile()
    with pytest.raises(PointError, match="cannot be both"):
        gradient(np.ones(2), np.ones((2, 3)))


def test_tensors_keep_their_dtype_and_need_no_autograd():
    params = torch.tensor([0.1, 2.0, -3.0], requires_grad=True)
    value, partials = derive(loss).compile("torch")(params)
    assert partials["params"].dtype == value.dtype == torch.float32
    assert not partials["params"].requires_grad
    np.testing.assert_allclose(partials["params"], reference([0.1, 2, -3])[1], rtol=1e-5)


def test_what_depends_on_data_alone_is_computed_once():
    text = derive(loss).compile().source
    assert "**" not in text
    assert "shape[0]" not in text


def test_infinities_come_out_as_they_are():
    with np.errstate(all="ignore"):
        value, partials = derive("1/x").compile()(0.0)
    assert np.isinf(value)
    assert np.isinf(partials["x"])


def test_it_says_what_it_is():
    assert repr(derive("x**2").compile()) == "f(x) with its gradient, compiled for numpy"


def test_an_unknown_backend_is_refused():
    with pytest.raises(ValueError, match="'jax'"):
        derive("x").compile("jax")
