"""What a formula and its reverse sweep must give, from the code itself or from torch's autograd."""

import numpy as np
import torch

from gradlab.graph import bounds, evaluation
from gradlab.graph.differentiation import sweep
from gradlab.graph.kinds import Variable
from gradlab.sources import at_point


def drawn(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def swept(code, arrays):
    """Return the value of the code's formula, a random delta of its shape, and what each argument receives of it."""
    names = code.__code__.co_varnames[: len(arrays)]
    function, point = at_point(code, dict(zip(names, arrays, strict=True)))
    formula, sizes = function.formula, function.sizes(point)
    values = {**function.data, **point}
    (value,) = evaluation.with_numpy([formula], values, sizes)
    delta = drawn(value.shape, seed=9)
    leaves = [function.nodes[name] for name in names]
    found = sweep(formula, leaves, Variable("given delta", formula.axes))
    partials = [found.gradient(leaf) for leaf in leaves]
    values["given delta"] = delta
    received = evaluation.with_numpy(partials, values, sizes)
    _arithmetics_agree([formula, *partials], values, sizes, [value, *received])
    return value, delta, received


def _arithmetics_agree(nodes, values, sizes, expected):
    tensors = {name: torch.tensor(np.array(value)) for name, value in values.items()}
    for found, known in zip(evaluation.with_torch(nodes, tensors, sizes, torch.float64), expected, strict=True):
        np.testing.assert_allclose(found.numpy(), known, rtol=1e-12, atol=1e-13)
    balls = evaluation.with_balls(nodes, values, sizes, 128)
    for found, ball in zip(bounds.with_bounds(nodes, values, sizes), balls, strict=True):
        exact = np.vectorize(lambda number: float(number.mid()), otypes=[float])(ball)
        assert exact.shape == found.value.shape == found.error.shape
        assert (abs(found.value - exact) <= found.error).all()


def check_with_torch(code, *arrays):
    """Hold value and reverse sweep against torch's."""
    value, delta, received = swept(code, arrays)
    leaves = [torch.tensor(np.array(array), requires_grad=True) for array in arrays]
    expected = code(*leaves)
    np.testing.assert_allclose(value, expected.detach().numpy(), rtol=1e-11, atol=1e-12)
    for found, known in zip(
        received, torch.autograd.grad(expected, leaves, torch.tensor(delta), materialize_grads=True), strict=True
    ):
        np.testing.assert_allclose(found, known.numpy(), rtol=1e-10, atol=1e-11)


def check_with_unit_arrays(code, *arrays):
    """Hold value and reverse sweep of code that is affine in each argument against the code at unit arrays."""
    value, delta, received = swept(code, arrays)
    np.testing.assert_allclose(value, code(*arrays), rtol=1e-12, atol=1e-13)
    for place, found in enumerate(received):
        known = np.zeros(found.shape)
        others = list(arrays)
        others[place] = np.zeros(found.shape)
        base = code(*others)
        for position in np.ndindex(found.shape):
            others[place] = np.zeros(found.shape)
            others[place][position] = 1.0
            known[position] = ((code(*others) - base) * delta).sum()
        np.testing.assert_allclose(found, known, rtol=1e-11, atol=1e-12)
