from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, dataclass, replace

import numpy as np
import pytest

from gradlab.descent import GradientDescent, History, Trajectory, descend
from gradlab.descent.history import Layout
from gradlab.sources import as_function
from tests.descent import rollercoaster as ride


@pytest.fixture
def fit():
    return descend(ride.numpy_loss(), ride.START, rule=GradientDescent(1e-5), steps=10, check=False)


@pytest.fixture
def bowl():
    start = {"x": 3.0, "y": 1.0}
    return descend("x**2 + 4*y**2", start, rule=GradientDescent(0.1), steps=3, check=False)


def test_its_arrays_cannot_be_written_to(fit):
    for array in (fit.losses, fit.gradient_norms, fit.points.rows, fit.points[3]["params"], fit.gradients.rows):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_it_cannot_be_changed(fit):
    with pytest.raises(FrozenInstanceError):
        fit.losses = np.zeros(11)


def test_each_point_has_one_loss_and_one_gradient(fit):
    assert len(fit.points) == len(fit.losses) == len(fit.gradients) == len(fit.gradient_norms) == fit.steps + 1
    with pytest.raises(ValueError, match="10 losses"):
        replace(fit, losses=fit.losses[:-1])


def test_gradient_norms_are_the_lengths_of_the_gradients(fit):
    assert fit.gradient_norms == pytest.approx(np.linalg.norm(fit.gradients.rows, axis=1), rel=1e-14)


# To and from a file ----------------------------------------------------------------------------------


def same(one, other):
    arrays = ("points", "gradients")
    return (
        all(np.array_equal(getattr(one, name).rows, getattr(other, name).rows) for name in arrays)
        and np.array_equal(one.losses, other.losses, equal_nan=True)
        and one.variables == other.variables
        and (one.stopped, one.diagnosis, one.rule, one.engine)
        == (other.stopped, other.diagnosis, other.rule, other.engine)
    )


def test_a_saved_run_is_loaded_as_it_was(tmp_path, fit, bowl):
    for run in (fit, bowl):
        run.save(tmp_path / "run.npz")
        assert same(Trajectory.load(tmp_path / "run.npz"), run)


def test_a_run_that_overflowed_is_loaded_as_it_was(tmp_path):
    run = descend("x**2", 1e200, check=False)
    run.save(tmp_path / "run")
    assert same(Trajectory.load(tmp_path / "run"), run)


def test_a_function_given_as_text_comes_back(tmp_path, bowl):
    bowl.save(tmp_path / "run")
    loaded = Trajectory.load(tmp_path / "run").function
    assert loaded is not None
    assert loaded(x=1.0, y=2.0) == 17.0
    assert list(loaded.variables) == ["x", "y"]


def test_a_function_given_as_code_is_handed_in(tmp_path, fit):
    fit.save(tmp_path / "run")
    assert Trajectory.load(tmp_path / "run").function is None
    assert Trajectory.load(tmp_path / "run", function=fit.function).function is fit.function


def test_a_function_of_other_variables_is_refused(tmp_path, fit):
    fit.save(tmp_path / "run")
    with pytest.raises(ValueError, match="the run is over params, but f has the variables x, y"):
        Trajectory.load(tmp_path / "run", function=as_function("x + y"))


@dataclass(frozen=True)
class Halving:
    def initial(self, x):
        return ()

    def step(self, x, gradient, state):
        return x / 2, state


def test_a_rule_of_the_users_own_steps_and_is_noted_where_it_cannot_be_loaded(tmp_path):
    run = descend("x**2", 4.0, rule=Halving(), steps=2, check=False)
    assert run.points.of("x").tolist() == [4.0, 2.0, 1.0]
    run.save(tmp_path / "run")
    loaded = Trajectory.load(tmp_path / "run")
    assert loaded.rule is None
    assert loaded.notes == ("stepped by Halving(), which was not saved",)


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("shapes", [["x", [2]]]),
        ("shapes", "x"),
        ("shapes", [["x"]]),
        ("rule", None),
        ("rule", {"name": "GradientDescent", "rate": -1}),
        ("rule", {"name": "GradientDescent", "speed": 1}),
        ("function", 3),
        ("function", {"source": "x**2"}),
        ("notes", None),
    ],
)
def test_a_file_whose_words_do_not_fit_is_refused(tmp_path, monkeypatch, change, value):
    from gradlab.descent import storage

    path = tmp_path / "run"
    descend("x**2", 1.0, steps=2, check=False).save(path)
    words, arrays = storage.read(path)
    storage.write(path, {**words, change: value}, arrays)
    with pytest.raises(ValueError, match="is no saved trajectory"):
        Trajectory.load(path)


# Showing -----------------------------------------------------------------------------------------------


def test_a_short_run_shows_every_row(bowl):
    assert repr(bowl) == (
        "descent of f(x, y) by GradientDescent(rate=0.1), exact gradient\n"
        "  step      x      y     loss  |gradient|\n"
        "     0      3      1       13          10\n"
        "     1    2.4    0.2     5.92        5.06\n"
        "     2   1.92   0.04   3.6928       3.853\n"
        "     3  1.536  0.008  2.35955       3.073\n"
        "stopped: took all 3 steps\n"
        "converging: the loss fell from 13 to 2.35955 in 3 steps; "
        "at the end each step multiplies the gradient by about 0.8"
    )


def test_a_long_run_shows_its_beginning_and_its_end(fit):
    shown = repr(fit).splitlines()
    assert [line.split()[0] for line in shown[2:-2]] == ["0", "1", "2", "3", "…", "9", "10"]
    assert "15462.9" in shown[2]


def test_markdown_is_a_table_of_equal_rows(fit):
    table = [line for line in fit._repr_markdown_().splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1
    assert fit.diagnosis in fit._repr_markdown_()


def test_notes_are_shown():
    run = replace(descend("x**2", 1.0, steps=1, check=False), notes=("the gradient has a kink at x = 0",))
    assert "note: the gradient has a kink" in repr(run)
    assert "the gradient has a kink" in run._repr_markdown_()


def test_as_dict_is_json_even_where_a_number_is_not_finite():
    for run in (descend("x**2", 1e200, check=False), descend("x*y", {"x": 1.0, "y": 2.0}, steps=1, check=False)):
        read = json.loads(json.dumps(run.as_dict(), allow_nan=False))
        assert read["diagnosis"] == run.diagnosis
        assert len(read["points"]) == len(read["losses"]) == len(read["gradient_norms"])
    assert read["points"][0] == {"x": 1.0, "y": 2.0}
    assert read["rule"] == {"name": "GradientDescent", "rate": 0.1}


def test_a_history_of_no_variables_has_points():
    assert len(History(np.zeros((3, 0)), Layout({}))) == 3
