from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from gradlab.descent import GradientDescent, descend
from gradlab.errors import DomainError
from gradlab.sources import as_function

ENGINES = ["exact", "torch", "numeric"]


def run(f, start, rate, steps=10, engine="exact", **more):
    return descend(f, start, rule=GradientDescent(rate), steps=steps, engine=engine, check=False, **more)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_point_loss_and_gradient_is_kept_from_the_start_on(engine):
    done = run("x**2", 3.0, 0.25, steps=3, engine=engine)
    assert done.points.of("x").tolist() == pytest.approx([3, 1.5, 0.75, 0.375], rel=1e-8)
    assert done.losses.tolist() == pytest.approx([9, 2.25, 0.5625, 0.140625], rel=1e-8)
    assert done.gradient_norms.tolist() == pytest.approx([6, 3, 1.5, 0.75], rel=1e-8)
    assert done.stopped == "took all 3 steps"
    assert done.engine == engine


def test_no_steps_give_the_start_alone():
    done = run("x**2", 3.0, 0.25, steps=0)
    assert done.losses.tolist() == [9.0]
    assert done.diagnosis.startswith("no step")


def test_the_history_of_a_run_longer_than_a_block_has_no_seam():
    done = run("x**2", 3.0, 1e-4, steps=2500)
    assert done.points.of("x") == pytest.approx(3 * (1 - 2e-4) ** np.arange(2501), rel=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_rate_that_overflows_gives_the_path_up_to_the_last_finite_point(engine):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = run("x**2", 3.0, 10.0, steps=1000, engine=engine)
    assert np.isfinite(done.losses).all()
    assert np.isfinite(done.points.rows).all()
    assert done.steps < 1000
    assert f"after step {done.steps}: x = " in done.stopped
    assert done.diagnosis.startswith("diverging: the loss grew from 9 to ")


def test_the_step_that_overflowed_is_named_with_the_point_before_it():
    done = run("x**2", 3.0, 10.0, steps=1000)
    last = done.points[-1]["x"]
    assert f"step {done.steps + 1} led to x = " in done.stopped
    assert done.stopped.endswith(f"before it, after step {done.steps}: x = {last:.6g}, loss {done.losses[-1]:.6g}")
    assert math.isinf(float(last) * -19 * float(last) * -19)  # 1 - rate λ = -19: the next loss is beyond float64


@pytest.mark.parametrize("engine", ENGINES)
def test_a_start_that_overflows_is_a_path_of_one_point_that_diverges(engine):
    done = run("x**2", 1e200, 0.1, engine=engine)
    assert done.losses.tolist() == [math.inf]
    assert done.stopped == "the loss is inf at the start, x = 1e+200"
    assert done.diagnosis.startswith("diverging: the loss is inf at the start")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_start_outside_the_domain_is_an_error_that_names_the_variable_and_its_value(engine):
    with pytest.raises(DomainError, match="x = -1"):
        run("log(x)", -1.0, 0.1, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_step_out_of_the_domain_ends_the_path_before_it(engine):
    done = run("log(x)", 0.1, 0.1, engine=engine)
    assert done.points.of("x").tolist() == [0.1]
    assert "step 1 led" in done.stopped
    assert done.stopped.endswith("before it, at the start: x = 0.1, loss -2.30259")


@pytest.mark.parametrize("engine", ["exact", "torch"])
def test_an_infinite_gradient_ends_the_path_at_the_point_that_has_it(engine):
    done = run("sqrt(x)", 0.0, 0.1, engine=engine)
    assert done.losses.tolist() == [0.0]
    assert done.stopped.startswith("the gradient is not finite at the start")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_point_that_overflows_behind_a_finite_loss_is_cut_off(engine):
    # tanh stays finite wherever x goes, so that only the point itself can tell.
    done = run("1e300*tanh(x)", 1e-3, 1e10, engine=engine)
    assert done.points.of("x").tolist() == [1e-3]
    assert done.stopped.startswith("step 1 led ")
    assert "finite" in done.stopped


def test_code_that_raises_on_overflow_ends_the_path_like_any_other():
    # Python's own float raises OverflowError where NumPy's returns inf.
    done = run(as_function(lambda x: float(x) ** 4, opaque=True), 3.0, 1.0, steps=100, engine="numeric")
    assert np.isfinite(done.losses).all()
    assert f"before it, after step {done.steps}: x = " in done.stopped
    assert done.diagnosis.startswith("diverging: the loss grew from 81 to ")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_zero_gradient_at_the_start_ends_the_run_there(engine):
    done = run("x**2", 0.0, 0.1, engine=engine)
    assert done.losses.tolist() == [0.0]
    assert done.diagnosis.startswith("minimum: the gradient is zero at the start")


def test_a_run_ends_where_a_step_no_longer_changes_the_point():
    done = run("(x-3)**2", 0.0, 0.5, steps=1000)
    assert done.points.of("x").tolist() == [0.0, 3.0]
    assert done.stopped == "step 2 no longer changed the point: the gradient is flat there"


def test_equal_losses_at_different_points_do_not_end_a_run():
    assert run("x**2", 1.0, 1.0, steps=7).points.of("x").tolist() == [1, -1] * 4


@pytest.mark.parametrize("engine", ENGINES)
def test_stop_ends_the_run_at_the_point_it_says(engine):
    seen = []

    def stop(step, point, loss):
        seen.append((step, float(point["x"]), loss))
        return loss < 1

    done = run("x**2", 3.0, 0.25, steps=100, engine=engine, stop=stop)
    assert done.steps == 2
    assert done.stopped == "stop() said so after 2 steps"
    assert [step for step, _, _ in seen] == [0, 1, 2]
    assert seen[-1][1:] == pytest.approx((0.75, 0.5625), rel=1e-8)


def test_an_error_in_stop_is_not_swallowed():
    def stop(step, point, loss):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        run("x**2", 3.0, 0.25, stop=stop)
