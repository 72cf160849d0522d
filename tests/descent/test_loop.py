from __future__ import annotations

import numpy as np
import pytest

from gradlab.descent import Adam, GradientDescent, descend
from gradlab.errors import GradientMismatch, NotScalarError, PointError
from gradlab.sources import as_function


def wrong(x):
    """x² whose graph is cut in one place, so that backward() finds x instead of 2x."""
    return x.detach() * x


def test_a_gradient_that_differs_is_refused_before_the_first_step():
    with pytest.raises(GradientMismatch, match=r"not started: .*check=False starts all the same"):
        descend(as_function(wrong, opaque=True), 3.0, engine="torch")


def test_check_false_starts_all_the_same():
    run = descend(as_function(wrong, opaque=True), 3.0, engine="torch", check=False, steps=5)
    assert run.steps == 5
    assert run.comparison is None


def test_gradients_that_agree_start_without_a_note():
    run = descend("x**2 + y", {"x": 3.0, "y": 1.0}, steps=2)
    assert run.comparison is not None
    assert run.notes == ()


def test_a_kink_at_the_start_is_noted_and_descended():
    run = descend("abs(x) + y**2", {"x": 0.0, "y": 1.0}, steps=5)
    assert run.steps == 5
    assert run.notes[0].startswith("comparison at the start: kink, x: kink at x = 0")
    assert "kink" in repr(run)


def test_a_start_that_overflows_is_not_compared():
    run = descend("x**2", 1e200)
    assert run.comparison is None
    assert run.diagnosis.startswith("diverging")


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ({"x": 1.0}, "no value for y"),
        ({"x": 1.0, "y": 1.0, "z": 1.0}, "no variable named z"),
        ({"x": float("nan"), "y": 1.0}, "x = nan is not a finite number"),
        ({"x": float("inf"), "y": 1.0}, "x = inf is not a finite number"),
    ],
)
def test_a_start_that_does_not_fit_is_an_error_that_names_the_variable(start, said):
    with pytest.raises(PointError, match=said):
        descend("x**2 + y", start)


def test_a_start_of_the_wrong_shape_is_an_error():
    with pytest.raises(PointError):
        descend(as_function(lambda w: (w**2).sum(), shapes={"w": (3,)}), [1.0, 2.0])


def test_a_function_without_one_value_is_an_error():
    with pytest.raises(NotScalarError):
        descend(lambda x: x**2, [1.0, 2.0])


@pytest.mark.parametrize(
    ("rule", "instead"), [(0.1, "GradientDescent"), (GradientDescent, "GradientDescent"), ("adam", "Adam")]
)
def test_what_is_no_rule_is_told_how_to_write_one(rule, instead):
    with pytest.raises(TypeError, match=rf"write rule={instead}\(rate=0\.1\)"):
        descend("x**2", 1.0, rule=rule)


@pytest.mark.parametrize("steps", [2.5, "10", True])
def test_steps_that_are_no_whole_number_are_a_type_error(steps):
    with pytest.raises(TypeError, match="is not a whole number"):
        descend("x**2", 1.0, steps=steps)


def test_negative_steps_are_an_error():
    with pytest.raises(ValueError, match="steps=-1 is negative"):
        descend("x**2", 1.0, steps=-1)


def test_a_stop_that_cannot_be_called_is_told_how_to_write_one():
    with pytest.raises(TypeError, match=r"write stop=lambda step, point, loss: loss < 0\.01"):
        descend("x**2", 1.0, stop=0.01)


def test_the_bare_value_is_a_point_of_a_function_of_one_variable():
    assert descend("x**2", 3, steps=1, check=False).points[0]["x"] == 3.0


@pytest.mark.parametrize(
    ("size", "routes", "said"),
    [
        (50, {"symbolic", "numeric", "autodiff"}, ()),
        (10_000, {"symbolic", "autodiff"}, ("finite differences were left out of the comparison",)),
        (2_000_000, None, ("the gradients were not compared at the start",)),
    ],
)
def test_the_comparison_at_the_start_takes_seconds_at_most(size, routes, said):
    run = descend(lambda x: (x**2).sum(), np.ones(size), rule=GradientDescent(rate=0.25), steps=1)
    assert (None if run.comparison is None else set(run.comparison.gradients)) == routes
    assert len(run.notes) == len(said)
    assert all(note.startswith(start) for note, start in zip(run.notes, said, strict=True))
    assert run.losses[-1] == size / 4


def test_a_rate_is_short_for_gradient_descent_with_it():
    short = descend("x^2 + 3y^2", {"x": 1.0, "y": 2.0}, rate=0.1, steps=5)
    assert short.rule == GradientDescent(rate=0.1)
    assert (
        short.points[-1] == descend("x^2 + 3y^2", {"x": 1.0, "y": 2.0}, rule=GradientDescent(0.1), steps=5).points[-1]
    )


def test_a_rate_beside_a_rule_is_refused():
    with pytest.raises(TypeError, match=r"rate=0\.1 and rule=Adam.*a rule has its own rate"):
        descend("x^2", 1.0, rate=0.1, rule=Adam())


@pytest.mark.parametrize("rate", [-0.1, 0, "0.1", float("nan")])
def test_a_rate_is_a_positive_number(rate):
    with pytest.raises((TypeError, ValueError), match="rate"):
        descend("x^2", 1.0, rate=rate)
