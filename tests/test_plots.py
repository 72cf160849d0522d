"""The pictures: what is on them.  They are looked at by people too; a test sees only their parts."""

from __future__ import annotations

import subprocess
import sys
import types
import warnings

import numpy as np
import pytest

from gradlab import plots
from gradlab.descent import GradientDescent, Trajectory, descend
from gradlab.sources import as_function
from tests.descent import rollercoaster as ride


def run(f, start, rate=0.1, steps=10):
    return descend(f, start, rule=GradientDescent(rate), steps=steps, check=False)


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def drawn(ax):
    """Draw it all, which is when matplotlib finds fault."""
    ax.figure.canvas.draw()
    return ax


BOWL = "x**2/2 + 4*y**2"
RUNS = {
    "curve": lambda: run("x**2", 3.0),
    "contour of two numbers": lambda: run(BOWL, {"x": 3.0, "y": 1.0}),
    "contour of one vector": lambda: run(lambda w: (w**2).sum(), [1.0, 2.0]),
    "losses": lambda: run(ride.numpy_loss(), ride.START, 1e-5),
    "diverging curve": lambda: run("x**2", 3.0, 1.1, 2000),
    "diverging contour": lambda: run(BOWL, {"x": 3.0, "y": 1.0}, 0.4, 2000),
    "diverging losses": lambda: run(ride.numpy_loss(), ride.START, 1e-4, 1000),
    "outside the domain": lambda: run("log(x)", 0.1),
    "the start alone": lambda: run("x**2", 3.0, steps=0),
    "the start alone, of two": lambda: run(BOWL, {"x": 3.0, "y": 1.0}, steps=0),
    "the start alone, of three": lambda: run("x + y + z", {"x": 0.0, "y": 0.0, "z": 0.0}, steps=0),
    "an overflow at the start": lambda: run("x**2", 1e200),
    "a constant": lambda: run(as_function("3", variables=["x", "y"]), {"x": 0.0, "y": 0.0}),
    "huge numbers": lambda: run("x**2", 1e150),
    "tiny numbers": lambda: run("x**2 + y**2", {"x": 1e-150, "y": 1e-150}),
    "losses below zero": lambda: run("x + y + z", {"x": 0.0, "y": 0.0, "z": 0.0}),
    "code without a formula": lambda: run(
        as_function(lambda x, y: float(x) ** 2 + float(y) ** 2, opaque=True), {"x": 1.0, "y": 2.0}
    ),
}


@pytest.mark.parametrize("which", RUNS)
def test_every_run_can_be_drawn(which):
    drawn(RUNS[which]().plot())


def test_a_run_of_one_number_is_its_curve_with_the_points_on_it():
    done = run("x**2", 3.0)
    ax = done.plot()
    (points,) = ax.collections
    assert np.array_equal(points.get_offsets(), np.stack([done.points.of("x"), done.losses], axis=1))
    xs, ys = ax.lines[0].get_data()
    assert ys == pytest.approx(xs**2)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "f(x)")


def test_where_a_function_has_no_finite_value_its_curve_has_a_gap():
    for f, start, rate in (("x*log(x)", 3.0, 0.5), ("exp(x)", 690.7, 1e-300)):
        _, ys = drawn(run(f, start, rate).plot()).lines[0].get_data()
        assert np.isnan(ys).any()
        assert not np.isinf(ys).any()


def test_the_first_points_of_a_curve_carry_their_number():
    assert [text.get_text() for text in run("x**2", 3.0).plot().texts] == ["0", "1", "2", "3", "4", "5"]


def test_points_too_close_to_tell_apart_are_not_numbered_twice():
    assert [text.get_text() for text in run("x**2", 3.0, 1.1, 2000).plot().texts] == ["0"]


def test_a_run_of_two_numbers_is_a_contour_whose_window_holds_the_path():
    done = run(BOWL, {"x": 3.0, "y": 1.0}, 0.24, 30)
    ax = done.plot()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")
    for name, (low, high) in zip("xy", (ax.get_xlim(), ax.get_ylim()), strict=True):
        values = done.points.of(name)
        assert low < values.min() < values.max() < high
        assert high - low < 4 * (values.max() - values.min())


def test_the_components_of_one_vector_are_named_as_code_writes_them():
    ax = RUNS["contour of one vector"]().plot()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("w[0]", "w[1]")


def test_a_run_of_more_numbers_is_its_loss_at_each_step():
    done = run(ride.numpy_loss(), ride.START, 1e-5)
    ax = done.plot()
    assert np.array_equal(ax.lines[0].get_data()[1], done.losses)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "loss")
    assert ax.get_title() == "rate 1e-05, 10 steps: converging"


def test_losses_over_decades_are_drawn_on_a_logarithmic_axis():
    assert plots.losses(run("x**2", 3.0, steps=50)).get_yscale() == "log"
    assert plots.losses(run("x**2", 3.0, steps=5)).get_yscale() == "linear"
    assert plots.losses(run("x**2 - 1", 3.0, steps=50)).get_yscale() == "linear"


def test_a_diverging_run_is_drawn_as_far_as_its_first_step_can_be_seen():
    done = run("x**2", 3.0, 1.1, 2000)
    ax = done.plot()
    low, high = ax.get_xlim()
    first = abs(done.points[1]["x"] - done.points[0]["x"])
    assert first > (high - low) / 200
    assert "the first 26 of 1,940 steps: diverging" in ax.get_title()


def test_a_picture_is_drawn_on_the_axes_that_were_given():
    from matplotlib.figure import Figure

    for which in ("curve", "contour of two numbers", "losses"):
        ax = Figure().subplots()
        assert RUNS[which]().plot(ax=ax) is ax


def test_a_picture_of_the_wrong_size_is_an_error_that_says_which_suits():
    with pytest.raises(ValueError, match=r"for 1 number, and the run has 3; plots\.losses suits any run"):
        plots.curve(run(ride.numpy_loss(), ride.START, 1e-5))
    with pytest.raises(ValueError, match="for 2 numbers, and the run has 1"):
        plots.contour(run("x**2", 3.0))


def test_a_run_loaded_without_its_function_shows_its_losses(tmp_path):
    run(lambda x: x**2, 3.0).save(tmp_path / "run")
    loaded = Trajectory.load(tmp_path / "run")
    assert loaded.plot().get_ylabel() == "loss"
    with pytest.raises(ValueError, match=r"write Trajectory\.load\(path, function=f\)"):
        plots.curve(loaded)


# Fits ----------------------------------------------------------------------------------------------------


def test_a_fit_is_the_data_with_the_models_curve_at_that_step():
    done = run(ride.numpy_loss(), ride.START, 1e-5)
    ax = plots.fit(done, ride.f, ride.RIDE["time"], ride.RIDE["speed"], step=2)
    xs, ys = ax.lines[0].get_data()
    assert ys == pytest.approx(ride.f(xs, done.points[2]["params"]))
    assert ax.collections[0].get_offsets()[:, 1].tolist() == list(ride.RIDE["speed"])
    assert ax.get_title() == "step 2, loss 1220.79"


def test_a_fit_takes_a_model_written_for_torch():
    import torch

    def model(t, params):
        return torch.sigmoid(torch.stack([params[0], params[1]])).sum() * t

    done = run(ride.numpy_loss(), ride.START, 1e-5)
    assert len(drawn(plots.fit(done, model, ride.RIDE["time"], ride.RIDE["speed"])).lines) == 1


def test_the_last_step_is_a_fit_by_its_own_number():
    done = run(ride.numpy_loss(), ride.START, 1e-5)
    assert plots.fit(done, ride.f, ride.RIDE["time"], ride.RIDE["speed"]).get_title().startswith("step 10,")


def test_fits_stand_side_by_side_on_one_scale():
    done = run(ride.numpy_loss(), ride.START, 1e-5)
    axes = plots.fits(done, ride.f, ride.RIDE["time"], ride.RIDE["speed"], names=("time", "speed"))
    drawn(axes[0])
    assert [ax.get_title().split(",")[0] for ax in axes] == ["step 0", "step 1", "step 2", "step 3"]
    assert len({ax.get_ylim() for ax in axes}) == 1
    assert axes[0].get_ylabel() == "speed"
    assert {ax.get_xlabel() for ax in axes} == {"time"}


def test_steps_that_a_run_does_not_have_are_left_out():
    done = run(ride.numpy_loss(), ride.START, 1e-5, steps=1)
    assert len(plots.fits(done, ride.f, ride.RIDE["time"], ride.RIDE["speed"])) == 2


def test_fits_that_are_given_too_few_axes_say_so():
    from matplotlib.figure import Figure

    done = run(ride.numpy_loss(), ride.START, 1e-5)
    with pytest.raises(ValueError, match="4 steps do not fit on 2 Axes"):
        plots.fits(done, ride.f, ride.RIDE["time"], ride.RIDE["speed"], ax=Figure().subplots(1, 2))


# What is left behind -----------------------------------------------------------------------------------


def test_importing_plots_does_not_import_matplotlib():
    program = "import sys, gradlab.plots; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"


def test_a_picture_leaves_no_open_figure_and_no_changed_setting():
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    settings = dict(mpl.rcParams)
    for which in ("curve", "contour of two numbers", "losses"):
        drawn(RUNS[which]().plot())
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == settings


def test_in_a_notebook_the_figure_is_one_that_pyplot_shows(monkeypatch):
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    before = mpl.get_backend()
    plt.switch_backend("agg")
    shell = types.SimpleNamespace(events=types.SimpleNamespace(register=lambda *_: None))
    notebook = types.SimpleNamespace(get_ipython=lambda: shell, version_info=(9, 0))
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    try:
        ax = RUNS["curve"]().plot()
        assert plt.figure(plt.get_fignums()[-1]) is ax.figure
    finally:
        plt.close("all")
        monkeypatch.undo()
        plt.switch_backend(before)


def test_a_picture_is_saved_from_its_axes(tmp_path):
    RUNS["curve"]().plot().figure.savefig(tmp_path / "run.png")
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
