"""A sweep of rates, against the same runs one by one and against what eigenvalues say."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from gradlab.descent import GradientDescent, descend
from gradlab.descent.optimizers import Adam, AdamW, Momentum, Nesterov, RMSProp
from gradlab.descent.second_order import Newton
from gradlab.descent.sweeping import sweep_rates
from gradlab.errors import DomainError
from gradlab.sources import as_function, at_point
from tests.descent import rollercoaster as ride

BOWL = "x**2/2 + 5*y**2"
AT = {"x": 3.0, "y": 1.0}


def logistic():
    random = np.random.default_rng(4)
    inputs = random.normal(size=40)
    targets = (inputs + random.normal(size=40) > 0).astype(float)

    def loss(w1, b):
        z = w1 * inputs + b
        return np.mean(np.log(1 + np.exp(z)) - targets * z)

    return loss


@pytest.mark.parametrize(
    ("f", "start", "rates"),
    [
        (BOWL, AT, [0.01, 0.1, 0.19, 0.25]),
        (ride.numpy_loss(), ride.START, [1e-7, 1e-5, 3e-5, 4e-5]),
        ("x**2 + y", AT, [0.1, 0.5, 0.7]),  # along y there is no curvature
        ("x**4 + sin(3*x)", {"x": 1.0}, [0.001, 0.01, 0.05]),
        (logistic(), {"w1": 2.0, "b": -1.0}, [0.1, 1.0, 10.0]),
    ],
    ids=["bowl", "fit", "slope", "curve", "logistic"],
)
def test_each_run_of_a_sweep_is_the_run_alone(f, start, rates):
    found = sweep_rates(f, start, rates=rates, steps=60)
    for place, rate in enumerate(rates):
        run = descend(f, start, rule=GradientDescent(rate), steps=60, check=False)
        assert found.losses[0, place] == pytest.approx(run.losses[-1], rel=1e-10)
        assert found.ends[0, place] == pytest.approx(run.points.rows[-1], rel=1e-9)


@pytest.mark.parametrize("rule", [Momentum(1.0), Nesterov(1.0, 0.7), RMSProp(1.0), Adam(1.0), AdamW(1.0, decay=0.1)])
def test_every_rule_is_swept(rule):
    rates = [0.001, 0.01, 0.03]
    found = sweep_rates(logistic(), {"w1": 2.0, "b": -1.0}, rates=rates, steps=60, rule=rule)
    for place, rate in enumerate(rates):
        run = descend(logistic(), {"w1": 2.0, "b": -1.0}, rule=replace(rule, rate=rate), steps=60, check=False)
        assert found.ends[0, place] == pytest.approx(run.points.rows[-1], rel=1e-9)


def test_momentum_is_swept_up_to_its_own_limit_and_adam_has_none():
    found = sweep_rates(BOWL, AT, rule=Momentum(1.0, 0.5), steps=200)
    assert found.limit == pytest.approx(2 * 1.5 / 10)
    assert "0.9 of the limit 0.3" in found.reason
    assert sweep_rates(BOWL, AT, rule=Adam(1.0), steps=200).limit is None


def test_what_diverges_is_what_lies_above_two_over_the_largest_eigenvalue():
    rates = np.linspace(0.15, 0.25, 21)
    found = sweep_rates(BOWL, AT, rates=rates, steps=2000)
    assert found.limit == pytest.approx(0.2)
    assert (found.diverged[0] == (rates > 0.2 + 1e-9)).all()


def test_the_fit_is_advised_a_rate_below_its_limit():
    found = sweep_rates(ride.numpy_loss(), ride.START)
    assert found.limit == pytest.approx(3.54e-5, rel=1e-3)
    assert 0.7 * found.limit < found.suggested <= 0.9 * found.limit
    assert found.reason.startswith(f"{found.suggested:.4g}, which left the lowest loss, ")
    assert "0.9 of the limit 2/λ_max = 3.54e-05" in found.reason
    assert "and larger diverged" in found.reason


def test_a_sweep_of_a_thousand_rates_costs_less_than_twenty_runs():
    loss = at_point(ride.numpy_loss(), ride.START)[0]
    rates = np.geomspace(1e-9, 1e-3, 1000)

    def seconds(work):
        work()
        times = []
        for _ in range(2):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
        return min(times)

    one = seconds(lambda: descend(loss, ride.START, rule=GradientDescent(1e-5), steps=300, check=False, engine="exact"))
    assert seconds(lambda: sweep_rates(loss, ride.START, rates=rates, steps=300)) < 20 * one


def test_a_rate_close_to_the_limit_is_not_advised_though_it_did_best():
    found = sweep_rates(BOWL, {"x": 3.0, "y": 1e-9}, rates=[0.1, 0.17, 0.19], steps=30)
    assert found.losses[0].argmin() == 2
    assert found.suggested == 0.17  # 0.19 is more than 0.9 of 2/10


def test_where_many_rates_arrive_the_first_to_arrive_is_advised():
    found = sweep_rates("x**2", 3.0, rates=[0.1, 0.2, 0.3, 0.45, 0.7, 0.8, 1.5], steps=500)
    assert found.suggested == 0.45  # a factor of 0.1, and the others 0.8, 0.6, 0.4, -0.4, -0.6
    assert found.reason.startswith("0.45, the first to come within a billionth of the fall to ")
    assert "in 5 steps" in found.reason


def test_the_course_holds_the_losses_on_the_way():
    found = sweep_rates("x**2", 3.0, rates=[0.1, 0.2], steps=20)
    assert found.looks[0], found.looks[-1] == (1, 20)
    for look, losses in zip(found.looks, found.course[:, 0], strict=True):
        assert losses == pytest.approx(9 * np.array([0.8, 0.6]) ** (2 * look))


def test_nothing_is_advised_where_all_diverge():
    found = sweep_rates("x**2", 3.0, rates=[2.0, 3.0], steps=500)
    assert found.suggested is None
    assert found.reason.startswith("none of these; all diverged, down to 2")


def test_a_best_rate_at_the_edge_says_that_others_were_not_tried():
    assert "larger ones were not tried" in sweep_rates("x**2", 3.0, rates=[1e-5, 1e-4], steps=10).reason
    assert "smaller ones were not tried" in sweep_rates("x**2", 3.0, rates=[0.9, 1.5], steps=10).reason


def test_several_starts_are_judged_by_the_worst():
    found = sweep_rates("x**4", 1.0, starts=[3.0], rates=[0.05, 0.2], steps=50)
    assert found.losses.shape == (2, 2)
    assert found.diverged.tolist() == [[False, False], [False, True]]
    assert found.suggested == 0.05


def test_newton_is_swept_rate_by_rate():
    found = sweep_rates("x**4 + y**2", AT, rates=[0.1, 1.0], steps=5, rule=Newton())
    for place, rate in enumerate(found.rates):
        run = descend("x**4 + y**2", AT, rule=Newton(rate=float(rate)), steps=5, check=False)
        assert found.losses[0, place] == run.losses[-1]
    assert found.limit is None
    assert found.suggested == 1.0


def test_a_function_without_a_formula_is_descended_rate_by_rate():
    code = as_function(lambda x, y: float(x) ** 2 / 2 + 5 * float(y) ** 2, opaque=True)
    found = sweep_rates(code, AT, rates=[0.01, 0.1, 30.0], steps=30)
    known = sweep_rates(BOWL, AT, rates=[0.01, 0.1, 30.0], steps=30)
    assert found.losses[0, :2] == pytest.approx(known.losses[0, :2], rel=1e-6)
    assert found.diverged[0].tolist() == [False, False, True]
    assert found.limit is None


def test_a_point_that_is_a_matrix_is_swept_like_a_vector():
    random = np.random.default_rng(5)
    inputs, targets = random.normal(size=(12, 3)), random.normal(size=(12, 2))

    def loss(W):
        return np.mean((inputs @ W - targets) ** 2)

    found = sweep_rates(loss, np.zeros((3, 2)), rates=[0.01, 0.3], steps=20)
    run = descend(loss, np.zeros((3, 2)), rule=GradientDescent(0.3), steps=20, check=False)
    assert found.losses[0, 1] == pytest.approx(run.losses[-1], rel=1e-10)


@pytest.mark.parametrize("rates", [[0.1, 0.0], [-1.0], [float("nan")], [float("inf")], [], ["a"], 3])
def test_rates_that_are_none_are_refused(rates):
    with pytest.raises(ValueError, match="rates"):
        sweep_rates(BOWL, AT, rates=rates)


def test_a_rule_without_a_rate_is_refused():
    with pytest.raises(ValueError, match="has no rate to sweep"):
        sweep_rates(BOWL, AT, rule=object())
    with pytest.raises(ValueError, match="at least one step"):
        sweep_rates(BOWL, AT, steps=0)
    with pytest.raises(TypeError, match="whole number"):
        sweep_rates(BOWL, AT, steps=1.5)


def test_a_start_where_the_function_is_not_finite_is_refused():
    with pytest.raises(DomainError, match="not finite at the start, x = 0"):
        sweep_rates("log(x) + x", 0.0, rates=[0.1])


def test_a_sweep_shows_itself_and_becomes_plain_data():
    found = sweep_rates(ride.numpy_loss(), ride.START, steps=20)
    assert len(found.rates) == 61
    assert "suggested: " in repr(found)
    assert "diverged" in repr(found)
    plain = found.as_dict()
    assert plain["suggested"] == found.suggested
    assert plain["losses"][0][-1] is None or plain["losses"][0][-1] > 1e6
