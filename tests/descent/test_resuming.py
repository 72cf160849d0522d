"""A run that was stopped goes on to the same bits as one that was not."""

from __future__ import annotations

import numpy as np
import pytest

from gradlab.descent import GradientDescent, Trajectory, descend
from gradlab.descent import optimizers as rules
from gradlab.descent.batches import Batches
from gradlab.descent.schedules import Cosine, OneCycle
from gradlab.descent.stopping import NoProgress, Validation
from tests.descent import rollercoaster as ride

RULES = [
    GradientDescent(1e-5),
    rules.Momentum(1e-6, 0.8, dampening=0.1),
    rules.Nesterov(1e-6),
    rules.AdaGrad(0.3),
    rules.RMSProp(Cosine(0.1, 80), momentum=0.5, centred=True),
    rules.Adam(OneCycle(0.3, 100), largest=True),
    rules.AdamW(0.1),
]


def same(one, other):
    arrays = ("losses", "step_of", "cosines", "gradient_norms", "validations")
    assert np.array_equal(one.points.rows, other.points.rows)
    assert np.array_equal(one.gradients.rows, other.gradients.rows)
    for name in arrays:
        assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True), name
    assert (one.places is None) == (other.places is None)
    if one.places is not None:
        assert np.array_equal(one.places, other.places)
    assert one.stopped == other.stopped
    assert one.stopped.kind == other.stopped.kind
    assert one.diagnosis == other.diagnosis


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("engine", ["exact", "torch", "compiled"])
def test_a_run_goes_on_exactly_where_it_was(tmp_path, rule, engine):
    f = ride.torch_loss()
    whole = descend(f, ride.START, rule=rule, steps=90, engine=engine, check=False)
    half = descend(f, ride.START, rule=rule, steps=37, engine=engine, check=False)
    same(descend(f, half, steps=53), whole)
    half.save(tmp_path / "run")
    loaded = Trajectory.load(tmp_path / "run")
    same(descend(f, loaded, steps=53), whole)


def test_a_run_in_single_precision_goes_on_in_single_precision(tmp_path):
    import torch

    start, rule = torch.tensor(ride.START), rules.Adam(0.1)
    whole = descend(ride.torch_loss(), start, rule=rule, steps=50, engine="torch", check=False)
    half = descend(ride.torch_loss(), start, rule=rule, steps=20, engine="torch", check=False)
    half.save(tmp_path / "run")
    same(descend(ride.torch_loss(), Trajectory.load(tmp_path / "run"), steps=30), whole)


def fit(w, b, x, y):
    return ((w * x + b - y) ** 2).mean()


def line(count=50, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=count)
    return x, 3 * x - 1 + 0.1 * random.normal(size=count)


@pytest.mark.parametrize("stops_at", [1, 6, 7, 8, 13])
@pytest.mark.parametrize("engine", ["exact", "torch", "compiled"])
def test_a_run_over_batches_goes_on_with_the_next_batch(tmp_path, stops_at, engine):
    batches = Batches(*line(), size=8, seed=3)  # 7 in an epoch, the last of 2 examples
    start, rule = {"w": 0.0, "b": 0.0}, rules.Momentum(0.05)
    stop = [NoProgress(1000), Validation(lambda point: float(point["w"]) ** 2, patience=None)]
    options = {"batches": batches, "stop": stop, "check": False}
    whole = descend(fit, start, rule=rule, steps=20, engine=engine, **options)
    half = descend(fit, start, rule=rule, steps=stops_at, engine=engine, **options)
    half.save(tmp_path / "run")
    same(descend(fit, Trajectory.load(tmp_path / "run"), steps=20 - stops_at, **options), whole)


def test_epochs_go_on_where_epochs_ended():
    batches = Batches(*line(), size=8, seed=3)
    start, rule = {"w": 0.0, "b": 0.0}, rules.Adam(0.05)
    whole = descend(fit, start, rule=rule, epochs=5, batches=batches, check=False)
    half = descend(fit, start, rule=rule, epochs=2, batches=batches, check=False)
    assert half.steps == 14
    same(descend(fit, half, epochs=3, batches=batches), whole)


def test_a_run_that_came_to_no_number_does_not_go_on_as_if_it_had_not():
    run = descend("1e300*tanh(x)", 1e-3, rule=GradientDescent(1e10), check=False)
    with pytest.raises(ValueError, match=r"cannot go on .* descend\(f, run.points\[-1\]\) starts a new one there"):
        descend("1e300*tanh(x)", run)


def test_a_rule_that_was_not_saved_has_to_be_given_again(tmp_path):
    class Halving:
        def initial(self, x):
            return ()

        def step(self, x, gradient, state):
            return x / 2, state

    run = descend("x**2", 4.0, rule=Halving(), steps=2, check=False)
    assert descend("x**2", run, steps=1).points.of("x").tolist() == [4.0, 2.0, 1.0, 0.5]
    run.save(tmp_path / "run")
    loaded = Trajectory.load(tmp_path / "run")
    with pytest.raises(TypeError, match="give it again, as rule="):
        descend("x**2", loaded)
    assert descend("x**2", loaded, rule=Halving(), steps=1).points.of("x").tolist() == [4.0, 2.0, 1.0, 0.5]
