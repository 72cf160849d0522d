"""Standardize and Variance, held against NumPy and torch.autograd in float64."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from gradlab.graph import differentiation, evaluation, printing
from gradlab.graph.kinds import Standardize, Variable, Variance
from tests.models.model import drawn

EPSILON = Fraction(1e-5)
SHAPES = [(5,), (5, 3), (3, 3), (2, 3, 4)]
CASES = [
    (shape, along)
    for shape in SHAPES
    for along in [(0,), (len(shape) - 1,), tuple(range(len(shape))), (0, *range(2, len(shape)))]
]


def operand(shape):
    axes = tuple("abc"[: len(shape)])
    return Variable("x", axes), dict(zip(axes, shape, strict=True))


def value(node, x, sizes):
    return evaluation.with_numpy([node], {"x": x}, sizes)[0]


@pytest.mark.parametrize(("shape", "along"), CASES)
def test_variance_is_numpys(shape, along):
    (u, sizes), x = operand(shape), drawn(*shape)
    for correction in (0, 1):
        found = value(Variance(u, along, Fraction(correction)), x, sizes)
        np.testing.assert_allclose(found, np.var(x, axis=along, ddof=correction), rtol=1e-13)


@pytest.mark.parametrize(("shape", "along"), CASES)
def test_the_derivatives_are_torch_autograds(shape, along):
    (u, sizes), x = operand(shape), drawn(*shape)
    weight = drawn(*shape, seed=9)
    for correction in (0, 1):
        node = Variance(u, along, Fraction(correction))
        delta = Variable("delta", node.axes)
        kept = np.var(weight, axis=along)
        leaf = torch.tensor(x, requires_grad=True)
        (torch.var(leaf, along, correction=correction) * torch.tensor(kept)).sum().backward()
        partial = differentiation.sweep(node, [u], delta).gradient(u)
        (found,) = evaluation.with_numpy([partial], {"x": x, "delta": kept}, sizes)
        np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=1e-11, atol=1e-13)
    node = Standardize(u, along, EPSILON)
    leaf = torch.tensor(x, requires_grad=True)
    mean, variance = leaf.mean(along, keepdim=True), leaf.var(along, keepdim=True, correction=0)
    normal = (leaf - mean) / torch.sqrt(variance + 1e-5)
    (normal * torch.tensor(weight)).sum().backward()
    np.testing.assert_allclose(value(node, x, sizes), normal.detach().numpy(), rtol=1e-12)
    partial = differentiation.sweep(node, [u], Variable("delta", node.axes)).gradient(u)
    (found,) = evaluation.with_numpy([partial], {"x": x, "delta": weight}, sizes)
    np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("kind", [lambda u: Standardize(u, (1,), EPSILON), lambda u: Variance(u, (1,), Fraction(1))])
def test_many_at_once_are_many(kind):
    node, x = kind(Variable("x", ("n", "d"))), drawn(3, 5, 4)
    sizes = {"n": 5, "d": 4, "many": 3}
    batched = node.batched((Variable("x", ("many", "n", "d")),), (True,), ("many",))
    together = value(batched, x, sizes)
    assert together.shape == (3, *value(node, x[0], sizes).shape)
    for row, alone in zip(x, together, strict=True):
        np.testing.assert_allclose(alone, value(node, row, sizes), rtol=1e-13)


def test_far_from_zero_and_nearly_constant_rows_stay_finite_and_right():
    u, x = Variable("x", ("n",)), 1e4 + 1e-3 * drawn(6)
    found = value(Standardize(u, (0,), EPSILON), x, {"n": 6})
    exact = evaluation.with_balls([Standardize(u, (0,), EPSILON)], {"x": x}, {"n": 6}, 300)[0]
    # The mean of numbers near 1e4 is rounded by 1e-12, the entries differ by 1e-3: nine digits are left.
    np.testing.assert_allclose(found, [float(ball.mid()) for ball in exact], rtol=1e-7)
    assert value(Standardize(u, (0,), EPSILON), np.full(6, 7.0), {"n": 6}).tolist() == [0] * 6


def test_how_they_are_written():
    X, V = Variable("X", ("n", "d")), Variable("V", ("n", "c", "l"))
    assert printing.text(Standardize(X, (1,), EPSILON)) == "layernorm(X)"
    assert printing.text(Standardize(X, (0,), EPSILON)) == "batchnorm(X)"
    assert printing.text(Standardize(X, (1,), Fraction(1e-6))) == "layernorm(X, ε=1e-06)"
    assert printing.text(Standardize(V, (0, 2), EPSILON)) == "batchnorm(V)"
    assert printing.text(Standardize(V, (1,), EPSILON), form="matrix") == "standardize(V, axis=1)"
    assert printing.text(Variance(X, (1,)), form="matrix") == "var(X)"
    assert printing.text(Variance(X, (0,), Fraction(1)), form="matrix") == "var(X, axis=0, ddof=1)"
    assert printing.text(Variance(X, (0, 1)), form="matrix") == "var(X, axis=all)"
