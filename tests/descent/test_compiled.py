"""Compiled steps: by numba where it is installed and by NumPy, beside torch's loop and the exact engine."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import pytest

from gradlab.descent import (
    Adam,
    AdamW,
    Batches,
    Cosine,
    GradientDescent,
    Momentum,
    RMSProp,
    WarmUp,
    compiled_steps,
    descend,
)
from gradlab.descent import optimizers as rules
from gradlab.descent.degrees import is_quadratic
from gradlab.descent.rule_formulas import formula_of
from gradlab.errors import GradlabError
from gradlab.sources import as_function
from tests.descent import rollercoaster as ride

NUMBA = find_spec("numba") is not None


@pytest.fixture(params=["numba", "NumPy"])
def by(request, monkeypatch):
    """Compile by the one or the other."""
    if request.param == "NumPy":
        monkeypatch.setattr(compiled_steps, "find_spec", lambda name: None)
    elif not NUMBA:
        pytest.skip("numba is an extra: pip install -e .[fast]")
    return request.param


def both(f, start, rule, steps, reference, **options):
    return tuple(
        descend(f, start, rule=rule, steps=steps, engine=engine, check=False, **options)
        for engine in ("compiled", reference)
    )


@pytest.mark.parametrize("rule", [GradientDescent(1e-5), Momentum(1e-6), Adam(0.1)], ids=lambda r: type(r).__name__)
def test_the_fit_agrees_with_the_torch_loop_over_1000_steps(by, rule):
    compiled, torch = both(ride.torch_loss(), ride.START, rule, 1000, "torch")
    assert compiled.points.rows == pytest.approx(torch.points.rows, rel=1e-10)
    assert compiled.losses == pytest.approx(torch.losses, rel=1e-10)
    # Where it is nearly zero, a partial derivative is a sum that cancels.
    assert compiled.gradients.rows == pytest.approx(torch.gradients.rows, rel=1e-10, abs=1e-9)
    assert compiled.notes == (f"compiled by {by}, through the moments of a quadratic",)


def test_a_fit_that_diverges_agrees_too(by):
    compiled, torch = both(ride.torch_loss(), ride.START, GradientDescent(1e-4), 1000, "torch")
    assert compiled.stopped.kind == torch.stopped.kind == "not finite"
    # A sum of twenty squares overflows at another step than their mean.
    assert abs(compiled.steps - torch.steps) <= 1
    shared = min(compiled.steps, torch.steps)
    assert compiled.losses[:shared] == pytest.approx(torch.losses[:shared], rel=1e-10)


X = np.random.default_rng(1).normal(size=(30, 4))
LABELS = (X[:, 0] > 0.1).astype(float)


def logistic(w, b):
    z = X @ w + b
    return (np.logaddexp(0, z) - LABELS * z).mean()


def shapes(W, b, v):
    return ((np.tanh(X @ W + b) @ v - LABELS) ** 2).mean() + 0.01 * (W**2).sum()


CURVED = [
    pytest.param(logistic, {"w": np.zeros(4), "b": 0.0}, marks=pytest.mark.slow),
    pytest.param(
        shapes,
        {"W": 0.1 * np.ones((4, 3)), "b": np.array([0.1, 0.2, 0.3]), "v": np.array([1.0, -1.0, 0.5])},
        marks=pytest.mark.slow,  # numba takes its time for a network
    ),
    ("(1 - x)^2 + 100 (y - x^2)^2", {"x": -1.2, "y": 1.0}),
    pytest.param("x^2 + sin(y)", {"x": 1.0, "y": 0.5}, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("f", "start"), CURVED, ids=["logistic", "network", "rosenbrock", "sine"])
def test_what_is_no_quadratic_agrees_with_the_exact_engine(by, f, start):
    compiled, exact = both(f, start, Momentum(1e-3), 300, "exact")
    assert compiled.points.rows == pytest.approx(exact.points.rows, rel=1e-10, abs=1e-13)
    assert compiled.losses == pytest.approx(exact.losses, rel=1e-10)
    assert "quadratic" not in compiled.notes[0]


RULES = [
    rules.GradientDescent(Cosine(0.01, 40)),
    rules.Nesterov(0.01),
    rules.AdaGrad(0.1),
    RMSProp(0.01, momentum=0.3),
    Adam(WarmUp(0.05, 20), largest=True),
    AdamW(0.05, decay=0.1),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_every_rule_is_compiled_from_its_own_code(rule):
    assert formula_of(rule, rule.initial(np.zeros(2))) is not None
    compiled, exact = both("x^2 + 3 y^2 - x", {"x": 2.0, "y": 1.0}, rule, 100, "exact")
    assert compiled.points.rows == pytest.approx(exact.points.rows, rel=1e-10, abs=1e-13)


def test_one_formula_serves_all_settings():
    one, other = (formula_of(Adam(rate, first), (0, *[np.zeros(2)] * 3)) for rate, first in ((0.1, 0.9), (0.3, 0.5)))
    assert (one.own, one.shared, one.x) == (other.own, other.shared, other.x)
    assert one.settings != other.settings
    assert Adam(0.1, 0.9).first == 0.9, "the rule itself is left alone"


@dataclass(frozen=True)
class Sign:
    """A rule of the user's own: a fixed step against the sign of the gradient, longer on the first axis of a valley."""

    rate: float = 0.01

    def initial(self, x):
        return (0 * x,)

    def step(self, x, gradient, state):
        (seen,) = state
        sign = (gradient > 0) - 1.0 * (gradient < 0)
        return x - self.rate * sign, (seen + abs(gradient),)


@dataclass(frozen=True)
class Normalised:
    """A rule that needs all entries at once."""

    rate: float = 0.01

    def initial(self, x):
        return ()

    def step(self, x, gradient, state):
        return x - self.rate * gradient / (gradient @ gradient) ** 0.5, state


@pytest.mark.parametrize(("rule", "known"), [(Sign(), True), (Normalised(), False)])
def test_a_rule_of_the_users_own_steps_compiled_where_it_computes_entry_by_entry(by, rule, known):
    assert (formula_of(rule, rule.initial(np.zeros(2))) is not None) == known
    compiled, exact = both("x^2 + 3 y^2 - x", {"x": 2.0, "y": 1.0}, rule, 60, "exact")
    assert compiled.points.rows == pytest.approx(exact.points.rows, rel=1e-10, abs=1e-13)


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_short_runs_are_as_long_as_asked(by, steps):
    done, exact = both(ride.numpy_loss(), ride.START, GradientDescent(1e-5), steps, "exact")
    assert done.steps == exact.steps == steps
    assert done.points.rows == pytest.approx(exact.points.rows, rel=1e-12)


def test_a_run_that_comes_to_rest_ends_at_the_same_step(by):
    done, exact = both("(x-3)**2", {"x": 0.0}, GradientDescent(0.5), 100, "exact")
    assert done.points.of("x").tolist() == exact.points.of("x").tolist() == [0.0, 3.0]
    assert done.stopped == exact.stopped


def test_batches_are_stepped_one_by_one(by):
    def fit(w, x, y):
        return ((x @ w - y) ** 2).mean()

    done, exact = both(fit, {"w": np.zeros(4)}, Adam(0.1), 50, "exact", batches=Batches(X, LABELS, size=7))
    assert done.points.rows == pytest.approx(exact.points.rows, rel=1e-10)


def test_code_that_decides_by_its_values_is_not_compiled():
    def branching(x):
        return x**2 if x > 1 else 2 * x - 1

    with pytest.raises(GradlabError, match="choose engine='exact'"):
        descend(branching, 3.0, engine="compiled", check=False)


# Quadratics ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "variables", "known"),
    [
        ("x^2 + y^2", "xy", True),
        ("(x - y) (x + 3)", "xy", True),
        ("3 x", "x", True),
        ("x^2 y", "xy", False),
        ("x^2 y", "x", True),
        ("abs(x)", "x", False),
        ("x^2 + 0 log(x)", "x", False),
        ("sqrt(x)^4", "x", False),
        ("exp(2) x^2", "x", True),
        ("x^2 / y", "x", True),
        ("x / y", "xy", False),
    ],
)
def test_a_quadratic_is_known_by_its_degree(f, variables, known):
    assert is_quadratic(as_function(f), variables) == known


def test_moments_cost_the_same_for_any_number_of_data():
    import time

    def fit_of(count):
        t = np.linspace(0, 1, count)
        return lambda a, b: ((a * t + b - np.cos(t)) ** 2).mean()

    seconds = []
    for count in (100, 100_000):
        run = {"rule": GradientDescent(0.1), "engine": "compiled", "check": False}
        descend(fit_of(count), {"a": 0.0, "b": 0.0}, steps=10, **run)
        began = time.perf_counter()
        done = descend(fit_of(count), {"a": 0.0, "b": 0.0}, steps=20_000, **run)
        seconds.append(time.perf_counter() - began)
        assert "moments" in done.notes[0]
    # By the data, 20,000 steps over 100,000 points would take seconds, and 1,000 times as long.
    assert seconds[1] < 20 * seconds[0] + 0.5


def test_the_loss_keeps_its_digits_near_a_minimum_that_is_nearly_zero(by):
    t = np.linspace(0, 1, 50)

    def fit(a, b):
        return ((a * t + b - (2 * t + 1e6)) ** 2).mean()

    done, exact = both(fit, {"a": 1.0, "b": 1e6 - 1}, GradientDescent(0.3), 400, "exact")
    assert exact.losses[-1] < 1e-6
    assert done.losses == pytest.approx(exact.losses, rel=1e-4)  # x^T H x + b^T x + c would leave 1e-4 of 1e12
