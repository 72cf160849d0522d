"""Operations with a backward pass of their own are read by their forward pass."""

import numpy as np
import pytest
import torch

from gradlab import backward, compare, derive
from gradlab.comparison import Verdict
from gradlab.sources import as_function


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, u):
        inner = u * u
        ctx.save_for_backward(u)
        return inner * u

    @staticmethod
    def backward(ctx, delta):
        (u,) = ctx.saved_tensors
        return 3 * u**2 * delta


class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(u, factor):
        return u * factor

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.factor = inputs[1]

    @staticmethod
    def backward(ctx, delta):
        return delta * ctx.factor, None


def test_a_custom_function_is_read_as_mathematics():
    assert as_function(lambda x: Cube.apply(x).sum(), shapes={"x": ("n",)}).text() == "sum_i x_i x_i x_i"
    assert derive(lambda x: Cube.apply(x)).gradient["x"].text() == "3 x²"


def test_a_context_set_up_apart_is_read_too():
    assert as_function(lambda x: Scaled.apply(x, 2.0)).text() == "2 x"


cube, scaled = Cube.apply, Scaled.apply
FUNCTIONS = [
    lambda x: Cube.apply(x).sum(),
    lambda x: Scaled.apply(x, 3.0).sum(),
    # Bound before anything is read, as torch's documentation does.
    lambda x: cube(x).sum(),
    lambda x: scaled(x, 3.0).sum(),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_routes_agree_on_a_right_backward(function):
    assert compare(function, [0.3, -0.7]).verdict is Verdict.AGREE


def test_its_own_names_do_not_replace_the_writer_s():
    def f(x):
        y = Cube.apply(x)
        return (y**2).sum()

    names = {row.name for row in backward(f, [0.3, 0.2]).table().rows}
    assert "y" in names
    assert "inner" not in names


def test_without_gradients_it_is_still_detached():
    def f(x):
        with torch.no_grad():
            y = Cube.apply(x)
        return (x * y).sum()

    assert derive(f).at([2.0, 3.0])["x"].tolist() == [8, 27]


def test_apply_is_put_back():
    before = torch.autograd.Function.apply
    as_function(lambda x: Cube.apply(x))
    assert torch.autograd.Function.apply == before
    np.testing.assert_allclose(Cube.apply(torch.tensor([2.0])).numpy(), [8])
