import math

import numpy as np
import pytest
import torch

from gradlab.errors import CodeError, DomainError, GradlabError, PointError
from gradlab.numeric import estimate
from gradlab.sources import as_function


def opaque(f):
    return as_function(f, opaque=True)


def _said(gradient, text):
    return any(text in note for note in gradient.notes)


def test_noise_is_measured_and_covered():
    random = np.random.default_rng(0)
    gradient = estimate(opaque(lambda x: float(x) ** 2 + 1e-6 * random.normal()), 3.0)
    assert abs(gradient["x"] - 6) <= gradient.error["x"]
    assert 1e-7 < gradient.error["x"] < 1e-3
    assert _said(gradient, "changes its answer between calls: 9 calls at x = 3")


def test_a_function_that_writes_on_its_input_is_named():
    def doubled(x):
        x *= 2
        return (x**2).sum()

    gradient = estimate(opaque(doubled), [1.0, 3.0])
    np.testing.assert_allclose(gradient["x"], [8, 24], rtol=1e-9)
    assert _said(gradient, "doubled changes its input x in place at x = [1, 3]")


def test_steps_that_raise_are_left_out_and_the_first_is_named():
    calls = {"n": 0}

    def flaky(x):
        calls["n"] += 1
        if calls["n"] % 5 == 0:
            raise OSError("licence server busy")
        return float(x) ** 2

    gradient = estimate(opaque(flaky), 3.0)
    assert abs(gradient["x"] - 6) <= gradient.error["x"]
    assert _said(gradient, "flaky raises OSError: licence server busy at x = 3.")
    assert _said(gradient, "points gave no finite value")


@pytest.mark.parametrize(
    ("f", "at", "error", "said"),
    [
        (lambda x: 1 / (x - 3), 3.0, GradlabError, "raises ZeroDivisionError: float division by zero at x = 3"),
        (lambda x: float("nan"), 3.5, DomainError, "is nan at x = 3.5"),
        (lambda x: np.ones(2) if x > 3 else 1.0, 3.0, GradlabError, r"shape \(2,\) at x = .*, and \(\) at x = 3"),
        (lambda x: "high", 3.5, GradlabError, "returns 'high' at x = 3.5; return a number"),
        (lambda x: None, 3.5, GradlabError, "returns None at x = 3.5; return a number"),
        (lambda x: [[1.0], [1.0, 2.0]], 3.5, GradlabError, r"returns \[\[1.0\], \[1.0, 2.0\]\] at x = 3.5"),
    ],
)
def test_what_is_no_value_is_said_with_the_point_that_showed_it(f, at, error, said):
    with pytest.raises(error, match=said):
        estimate(opaque(f), at)


def test_integers_are_named():
    gradient = estimate(opaque(lambda x: int(x)), 3.5)
    assert gradient["x"] == 0
    assert _said(gradient, "returns integers, such as 3 at x = 3.5")


def test_many_points_are_one_call_where_the_code_allows_it():
    sizes = []

    def numpy_code(x):
        sizes.append(np.size(x))
        return np.sin(x) * x

    gradient = estimate(opaque(numpy_code), 1.5)
    assert abs(gradient["x"] - (math.sin(1.5) + 1.5 * math.cos(1.5))) <= gradient.error["x"]
    assert max(sizes) == 48
    assert len(sizes) < 8


def test_torch_code_goes_through_vmap():
    calls = []

    def torch_code(x):
        calls.append(1)
        return torch.logsumexp(x, 0)

    gradient = estimate(opaque(torch_code), torch.tensor([1.0, 2.0, 3.0]).double())
    np.testing.assert_allclose(gradient["x"], np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum(), rtol=1e-11)
    # Not 3 x 48: those that show the way, three per variable that hold it to account, and one for all.
    assert len(calls) < 15


def test_code_that_means_something_else_for_many_points_is_called_one_by_one():
    # With an array this is a sum over the points.
    gradient = estimate(opaque(lambda x: np.max(x) ** 2), 3.0)
    assert abs(gradient["x"] - 6) <= gradient.error["x"]


@pytest.mark.parametrize("method", ["forward", "central", "complex", "richardson", "ladder"])
@pytest.mark.parametrize("make", [opaque, lambda f: f], ids=["code", "formula"])
def test_an_array_of_no_entries_has_a_gradient_of_none(method, make):
    gradient = estimate(make(lambda x: (x**2).sum()), np.zeros((0, 3)), method=method)
    assert gradient["x"].shape == gradient.error["x"].shape == (0, 3)


@pytest.mark.parametrize("at", [1 + 2j, np.array(1 + 2j), torch.tensor(1 + 2j)], ids=["Python", "NumPy", "torch"])
def test_a_complex_point_is_refused_by_name(at):
    with pytest.raises(PointError, match=r"x = .*is complex; gradlab works with real numbers"):
        estimate("x^2", at)


def test_an_array_that_is_not_contiguous_is_read_as_it_is():
    at = np.arange(12.0).reshape(3, 4).T[::2]
    np.testing.assert_allclose(estimate(lambda x: (x**3).sum(), at)["x"], 3 * at**2, atol=1e-9)
    np.testing.assert_allclose(estimate(lambda x: (x**3).sum(), torch.tensor(at).T)["x"], 3 * at.T**2, atol=1e-9)


def test_a_simulator_that_reads_a_file_works(tmp_path):
    (tmp_path / "k.txt").write_text("2.5")

    def simulated(x):
        k = float((tmp_path / "k.txt").read_text())
        y = float(x)
        for _ in range(10):
            y += 0.1 * (k - y)
        return y

    gradient = estimate(opaque(simulated), 1.0)
    assert abs(gradient["x"] - 0.9**10) <= gradient.error["x"]


def test_code_that_means_something_else_of_many_points_is_called_point_by_point():
    gradient = estimate(opaque(lambda x: x * np.max(x)), 3.0)
    assert abs(gradient["x"] - 6) <= gradient.error["x"] < 1e-10


def test_memory_that_runs_out_is_no_missing_value():
    def greedy(x):
        if x != 3.0:
            raise MemoryError("no room")
        return x

    with pytest.raises(
        CodeError, match=r"greedy\(x\) raises MemoryError: no room at x = 3.5 \(line \d+ of test_calling"
    ):
        estimate(opaque(greedy), 3.0)
