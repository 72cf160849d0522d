"""Why a run ends, in words and in kind."""

from __future__ import annotations

import numpy as np
import pytest

from gradlab.descent import (
    AllOf,
    Batches,
    FlatGradient,
    GradientDescent,
    LossBelow,
    Momentum,
    NoProgress,
    TimeLimit,
    Validation,
    descend,
)
from gradlab.descent.stopping import Stopped

ENGINES = ["exact", "torch", "compiled"]


def run(stop, f="x**2", start=3.0, rate=0.25, steps=200, **options):
    return descend(f, start, rule=GradientDescent(rate), steps=steps, stop=stop, check=False, **options)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_flat_gradient_ends_the_run_at_the_first_that_is(engine):
    done = run(FlatGradient(0.01), engine=engine)  # the gradient is 6 / 2^k
    assert done.steps == 10
    assert done.gradient_norms[-1] == pytest.approx(6 / 2**10)
    assert done.gradient_norms[-2] >= 0.01
    assert done.stopped == "the gradient is 0.00586 long, shorter than 0.01, after 10 steps"
    assert (done.stopped.kind, done.stopped.step) == ("gradient", 10)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_low_loss_ends_the_run(engine):
    done = run(LossBelow(1e-3), engine=engine)
    assert done.losses[-1] < 1e-3 <= done.losses[-2]
    assert done.stopped.kind == "loss"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_loss_that_no_longer_falls_ends_the_run_after_its_patience(engine):
    done = run(NoProgress(patience=4, by=1e-2), f="x**2 + 1", engine=engine)
    losses = done.losses
    last = next(k for k in range(1, len(losses)) if losses[k] >= losses[k - 1] * (1 - 1e-2))
    assert done.steps == last + 3, "the first that did not fall by 1 % and three more"
    assert done.stopped.kind == "loss"
    assert done.stopped.endswith(f"for 4 steps, after {done.steps} steps")


def test_patience_starts_again_where_the_loss_falls():
    losses = [5.0, 4.0, 4.0, 4.0, 3.0, 3.0, 3.0, 3.0, 2.0]
    from gradlab.descent.stopping import Here

    condition, memory, told = NoProgress(patience=3), NoProgress(patience=3).initial(), []
    for step, loss in enumerate(losses):
        said, memory = condition.judge(Here(step, loss, dict, dict, 0.0), memory)
        told.append(bool(said))
    assert told.index(True) == 7


def fit(w, x, y):
    return ((w * x - y) ** 2).mean()


def line(seed, count=40):
    random = np.random.default_rng(seed)
    x = random.normal(size=count)
    return x, 2 * x + random.normal(size=count)


def test_over_batches_it_is_the_mean_of_an_epoch_that_has_to_fall():
    done = descend(
        fit, {"w": 0.0}, rule=GradientDescent(0.05), batches=Batches(*line(0), size=4), epochs=200,
        stop=NoProgress(patience=3, by=1e-3), check=False,
    )  # fmt: skip
    assert done.stopped.kind == "loss"
    assert "for 3 epochs" in done.stopped
    means = [done.losses[done.epoch_of == epoch].mean() for epoch in range(done.epoch_of[-1] + 1)]
    lowest = np.minimum.accumulate(means)
    assert all(mean >= best * (1 - 1e-3) for mean, best in zip(means[-3:], lowest[-4:-1], strict=True))
    assert done.batch_of[-1] == 9, "an epoch is over when its last batch is seen"


@pytest.mark.parametrize("engine", ENGINES)
def test_validation_keeps_the_best_point_and_stops_when_there_was_no_better_one_for_a_while(engine):
    # Descending (x - 3)² leads past x = 1, where the metric is best.
    def metric(point):
        return abs(float(point["x"]) - 1)

    done = run(Validation(metric, patience=3), f="(x-3)**2", start=0.0, rate=0.05, engine=engine)
    path = done.points.of("x")
    best = int(np.abs(path - 1).argmin())
    assert done.best.step == best
    assert done.best.point["x"] == path[best]
    assert done.best.metric == pytest.approx(abs(path[best] - 1))
    assert done.steps == best + 3
    assert done.validations == pytest.approx(np.stack([np.arange(best + 4), np.abs(path - 1)], axis=1))
    assert done.stopped.kind == "validation"
    assert f"has not got better than {done.best.metric:.6g} of step {best} for 3 measurements" in done.stopped


def test_validation_measures_after_each_epoch_and_at_the_end():
    done = descend(
        fit, {"w": 0.0}, batches=Batches(*line(0), size=16), epochs=4, check=False,
        stop=Validation(lambda point: -float(point["w"]), patience=None, higher=False),
    )  # fmt: skip
    assert done.validations[:, 0].tolist() == [0, 3, 6, 9, 12]
    assert done.validations[:, 1] == pytest.approx(-done.points.of("w")[[0, 3, 6, 9, 12]])
    assert done.stopped.kind == "epochs"


def test_validation_on_held_out_examples_is_the_loss_there():
    held_out = line(1)
    done = descend(
        fit, {"w": 0.0}, batches=Batches(*line(0), size=16), epochs=3, check=False,
        stop=Validation(held_out, patience=None),
    )  # fmt: skip
    x, y = held_out
    expected = [((w * x - y) ** 2).mean() for w in done.points.of("w")[[0, 3, 6, 9]]]
    assert done.validations[:, 1] == pytest.approx(expected)


def test_a_metric_may_be_better_where_it_is_higher_and_be_measured_every_few_steps():
    done = run(Validation(lambda point: -(float(point["x"]) ** 2), patience=2, every=5, higher=True), steps=12)
    assert done.validations[:, 0].tolist() == [0, 5, 10]
    assert done.best.step == 10


def test_time_ends_a_run():
    done = run(TimeLimit(0.2), f="x**2 + sin(x)", rate=1e-9, steps=10**9, keep=100)
    assert done.stopped.kind == "time"
    assert done.stopped.startswith("0.2 seconds are over, after ")


@pytest.mark.parametrize("engine", ENGINES)
def test_any_of_several_conditions_ends_the_run_and_is_named(engine):
    done = run([FlatGradient(1e-9), LossBelow(0.5), lambda step, point, loss: step == 100], engine=engine)
    assert done.stopped.kind == "loss"
    done = run([FlatGradient(1e-9), lambda step, point, loss: step == 4], engine=engine)
    assert (done.stopped, done.stopped.kind) == ("stop() said so after 4 steps", "stop")


def test_all_of_several_conditions_end_it_where_they_hold_at_once():
    done = run(AllOf((LossBelow(1.0), lambda step, point, loss: step % 5 == 0)))
    assert done.steps == 5
    assert done.stopped == "the loss is 0.00879, below 1, after 5 steps; and stop() said so after 5 steps"


def test_a_condition_can_be_used_again():
    condition = NoProgress(patience=2, by=1e-2)
    assert run(condition, f="x**2 + 1").steps == run(condition, f="x**2 + 1").steps


def test_steps_and_epochs_have_kinds_too():
    assert run(None, steps=3).stopped.kind == "steps"
    assert run(None, steps=500, rate=0.5).stopped.kind == "flat"


def test_why_a_run_ended_is_kept_with_it(tmp_path):
    from gradlab.descent import Trajectory

    done = run([Validation(lambda point: float(point["x"]), patience=None), FlatGradient(0.01)])
    done.save(tmp_path / "run")
    loaded = Trajectory.load(tmp_path / "run")
    assert isinstance(loaded.stopped, Stopped)
    assert (loaded.stopped, loaded.stopped.kind, loaded.stopped.step) == (done.stopped, "gradient", 10)
    assert loaded.best.step == done.best.step == 10
    assert loaded.best.point == done.best.point
    assert np.array_equal(loaded.validations, done.validations)


@pytest.mark.parametrize(
    ("build", "error", "said"),
    [
        (lambda: FlatGradient(0), ValueError, "below=0 is zero"),
        (lambda: NoProgress(patience=0), ValueError, "patience=0 is less than 1"),
        (lambda: NoProgress(by=-1), ValueError, "by=-1 is negative"),
        (lambda: Validation(len, patience=1.5), TypeError, "patience=1.5 is not a whole number"),
        (lambda: Validation(len, every=0), ValueError, "every=0 is less than 1"),
        (lambda: Validation(3), TypeError, "metric=3 is no metric"),
        (lambda: TimeLimit(-1), ValueError, "seconds=-1 is negative"),
        (lambda: run(FlatGradient), TypeError, "stop=.*FlatGradient.* cannot be called"),
        (lambda: run("flat"), TypeError, "stop='flat' cannot be called; write stop="),
    ],
)
def test_a_condition_that_cannot_be_is_refused(build, error, said):
    with pytest.raises(error, match=said):
        build()


# A loss that turns into no number -----------------------------------------------------------------------


@pytest.mark.parametrize("engine", [*ENGINES, "numeric"])
def test_a_loss_that_is_no_number_is_told_with_the_step_the_point_before_it_and_the_cause(engine):
    # x falls by rate² steps: x_k = 1 - 0.0175 k, and log(x) ends at step 58.
    done = descend("0*log(x) + 0.175*x", 1.0, rule=GradientDescent(0.1), steps=100, engine=engine, check=False)
    assert done.steps == 57
    assert done.stopped.kind == "not finite"
    assert done.stopped.step == 57
    assert "step 58 led " in done.stopped
    assert "before it, after step 57: x = 0.0025, loss 0.0004375" in done.stopped
    assert "log(x)" in done.stopped


@pytest.mark.parametrize("engine", ENGINES)
def test_a_function_that_gives_no_number_for_no_visible_reason_is_told_all_the_same(engine):
    done = descend("sqrt(x)", 1.0, rule=Momentum(0.3), steps=50, engine=engine, check=False)
    assert done.stopped.kind == "not finite"
    assert np.isfinite(done.losses).all()
    assert f"before it, after step {done.steps}: x = " in done.stopped
