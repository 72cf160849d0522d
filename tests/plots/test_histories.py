"""Losses of several runs, errors along eigenvectors, and the three gradients along a run."""

from __future__ import annotations

import numpy as np
import pytest

from gradlab import plots
from gradlab.descent import Validation, descend
from gradlab.descent.explanation import explain
from gradlab.descent.optimizers import Momentum
from gradlab.sources import as_function
from tests.descent import rollercoaster as ride
from tests.plots.runs import BOWL, CORNER, bowl, drawn, fit, network, run


def test_several_runs_are_told_apart_by_colour_and_by_dash():
    runs = [fit(rate, 30) for rate in (1e-6, 1e-5, 3e-5)]
    ax = drawn(plots.losses(*runs))
    assert [line.get_ydata().tolist() for line in ax.lines] == [done.losses.tolist() for done in runs]
    assert len({line.get_color() for line in ax.lines}) == len({line.get_linestyle() for line in ax.lines}) == 3
    assert [text.get_text() for text in ax.get_legend().texts][1] == "rate 1e-05, 30 steps: too slow"


def test_a_run_that_diverges_does_not_flatten_the_others():
    calm, wild = fit(1e-5, 60), fit(1e-4, 60)
    top = plots.losses(calm, wild).get_ylim()[1]
    assert calm.losses.max() < top < 1e-3 * wild.losses.max()


def test_labels_name_the_runs_one_each():
    ax = plots.losses(bowl(), bowl(0.2), labels=["slow", "fast"])
    assert [text.get_text() for text in ax.get_legend().texts] == ["slow", "fast"]
    with pytest.raises(ValueError, match="1 labels for 2 runs"):
        plots.losses(bowl(), bowl(), labels=["one"])
    with pytest.raises(ValueError, match="one run or more"):
        plots.losses()


def validated(stop):
    x = np.linspace(-1, 1, 40)

    def loss(w, x, y):
        return ((w * x - y) ** 2).mean()

    return descend(loss, {"w": 0.0}, batches=(x, 2 * x + 0.3 * np.sin(9 * x)), batch_size=10, epochs=6, stop=stop)


def test_training_and_held_out_losses_are_drawn_with_the_best_point():
    done = validated(Validation((np.array([0.2, 0.9]), np.array([0.3, 1.7]))))
    training, held_out, best = drawn(plots.validation(done)).lines
    assert training.get_ydata().tolist() == done.epoch_losses.tolist()
    assert training.get_xdata()[:2].tolist() == [1.5, 5.5]
    assert held_out.get_ydata().tolist() == done.validations[:, 1].tolist()
    assert set(best.get_xdata()) == {done.best.step}


def test_the_one_batch_after_the_last_epoch_is_not_drawn_as_an_epoch():
    done = validated(Validation(lambda point: 1.0, patience=2))
    training = plots.validation(done).lines[0]
    assert len(done.epoch_losses) == 3
    assert training.get_ydata().tolist() == done.epoch_losses[:2].tolist()


def test_a_metric_that_is_no_loss_has_an_axis_of_its_own():
    ax = plots.validation(validated(Validation(lambda point: 100 * point["w"], higher=True)), metric="per cent")
    (beside,) = set(drawn(ax).figure.axes) - {ax}
    assert (beside.get_ylabel(), len(beside.lines), len(ax.lines)) == ("per cent", 1, 2)
    assert [text.get_text() for text in ax.get_legend().texts][-1] == "per cent"


def test_a_run_without_validation_says_what_to_write():
    with pytest.raises(ValueError, match="has no validation; write descend"):
        plots.validation(bowl())


def test_the_error_along_an_eigenvector_is_the_distance_to_the_minimum_along_it():
    done = bowl(0.1, 20)
    ax = drawn(plots.directions(done))
    solid = [line for line in ax.lines if line.get_linestyle() == "-"]
    assert solid[0].get_ydata() == pytest.approx(np.abs(done.points.of("y")))  # λ = 8
    assert solid[1].get_ydata() == pytest.approx(np.abs(done.points.of("x")))
    assert solid[0].get_label() == "λ = 8: y"


def test_the_prediction_lies_on_the_error_of_a_quadratic():
    ax = plots.directions(explain(bowl(0.2, 20)))
    solid = [line for line in ax.lines if line.get_linestyle() == "-"]
    dashed = [line for line in ax.lines if line.get_linestyle() == "--" and len(line.get_ydata())]
    for seen, predicted in zip(solid, dashed, strict=True):
        assert predicted.get_ydata() == pytest.approx(seen.get_ydata(), rel=1e-6)


@pytest.mark.parametrize("make", [lambda: run(BOWL, CORNER, Momentum(0.05, 0.8), 60), network, lambda: fit(1e-4, 300)])
def test_directions_of_every_kind_of_run_can_be_drawn(make):
    drawn(plots.directions(make()))


def test_directions_without_a_curvature_say_why():
    code = as_function(lambda x: float(x) ** 2, opaque=True)
    with pytest.raises(ValueError, match="the curvature of this run is not known: no curvature"):
        plots.directions(run(code, 3.0))


def test_along_a_run_the_gradients_stay_within_their_bounds():
    ax = drawn(plots.routes(fit(1e-5, 40)))
    measured, bound, torchs, its = (line.get_ydata() for line in ax.lines[:4])
    assert len(measured) == 9
    assert (measured <= bound).all()
    assert (torchs <= its).all()
    assert [text.get_text() for text in ax.get_legend().texts] == [
        "finite differences",
        "its bound",
        "backward()",
        "its bound",
    ]


def test_the_routes_need_a_formula():
    with pytest.raises(ValueError, match="has a formula"):
        plots.routes(run(as_function(lambda x: float(x) ** 2, opaque=True), 3.0))


def test_the_routes_are_drawn_for_code_of_torch_too():
    assert "backward()" in [
        t.get_text() for t in plots.routes(run(ride.torch_loss(), ride.START, 1e-5)).get_legend().texts
    ]
