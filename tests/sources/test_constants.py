"""What is computed from known numbers alone is the library's business, whatever the function."""

import numpy as np
import pytest
import torch

from gradlab.comparison import compare
from gradlab.sources import at_point
from tests.sources.oracle import reason

outside = np.array([[2.0, 1.0], [0.5, 3.0]])


def _in_numpy(x):
    A = np.array([[2.0, 1.0], [1.0, 3.0]])
    B = np.linalg.pinv(A)
    q, r = np.linalg.qr(outside)
    basis = np.vander(np.linspace(0, 1, 2), 2)
    return x @ B @ x + np.sum(basis @ x) + np.sum(q @ x) * r[0, 0]


def _in_torch(x):
    A = torch.tensor([[2.0, 1.0], [1.0, 3.0]])
    values, vectors = torch.linalg.eigh(A)
    return x @ torch.linalg.pinv(A) @ x + torch.sum(vectors @ x) * values[0]


def _drawn_around_a_known_mean(x):
    mean = np.zeros((2, 2))
    mean[0, 1] = 2.0
    return np.sum(np.random.default_rng(0).normal(loc=mean) @ x)


def _positions(x):
    order = np.argsort(np.array([0.5, 0.25]))
    steps = np.linspace(0, 1, 2).cumsum()
    return x[order[0]] ** 2 + 3 * x[int(order[1])] + np.sum(steps * x)


@pytest.mark.parametrize("code", [_in_numpy, _in_torch, _drawn_around_a_known_mean, _positions])
def test_known_numbers_are_computed(code):
    assert compare(code, [0.3, 0.4]).verdict == "agree"


def test_a_result_has_the_name_that_the_code_gives_it():
    function, _ = at_point(_in_numpy, [0.3, 0.4])
    assert {"B", "basis", "q"} <= set(function.data)


def _filled_by_a_function(x):
    A = np.zeros((2, 2))
    np.fill_diagonal(A, 3.0)
    return np.sum(A @ x)


def test_a_function_that_changes_known_numbers_in_place_is_refused():
    assert "numpy.fill_diagonal, which changes an array in place" in reason(_filled_by_a_function, [0.3, 0.4])


def test_an_error_of_the_library_is_named():
    assert "numpy.vander, which raises ValueError" in reason(lambda x: np.sum(np.vander(outside) @ x), [0.3, 0.4])
