"""Moving pictures: the file holds the frames, and the Axes are left as they were given."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure
from PIL import Image

from gradlab import plots
from tests.descent import rollercoaster as ride
from tests.plots.runs import bowl, fit, run

SMALL = {"figsize": (2, 1.5), "dpi": 50}


@pytest.mark.parametrize("make", [lambda: run("x**2", 3.0, 0.1, 4), lambda: bowl(0.2, 4), lambda: fit(1e-5, 4)])
def test_a_gif_has_a_frame_for_each_point(make, tmp_path):
    axes = Figure(**SMALL).subplots()
    assert plots.animate(make(), tmp_path / "run.gif", ax=axes) is axes
    with Image.open(tmp_path / "run.gif") as image:
        assert image.n_frames == 5
    assert axes.get_title().startswith("step 4, loss")


def test_a_long_run_is_shown_in_so_many_frames_first_and_last_among_them(tmp_path):
    axes = Figure(**SMALL).subplots()
    plots.animate(run("x**2", 3.0, 0.001, 500), tmp_path / "run.html", ax=axes, frames=6)
    assert (tmp_path / "run.html").read_text(encoding="utf-8").count("data:image/png;base64") == 6
    assert axes.get_title().startswith("step 500")


def test_a_model_moves_among_its_data(tmp_path):
    done, axes = fit(1e-5, 3), Figure(**SMALL).subplots()
    given = {"model": ride.f, "x": ride.RIDE["time"], "y": ride.RIDE["speed"]}
    plots.animate(done, tmp_path / "fit.gif", ax=axes, **given)
    xs, ys = axes.lines[0].get_data()
    assert ys == pytest.approx(ride.f(xs, done.points[-1]["params"]))
    with pytest.raises(ValueError, match="model=model, x=x, y=y"):
        plots.animate(done, tmp_path / "fit.gif", model=ride.f)


def test_a_page_holds_all_its_frames(tmp_path):
    plots.animate(run("x**2", 3.0, 0.1, 3), tmp_path / "run.html", ax=Figure(**SMALL).subplots())
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64") == 4


def test_the_layout_of_the_figure_is_kept(tmp_path):
    figure = Figure(layout="constrained", **SMALL)
    plots.animate(run("x**2", 3.0, 0.1, 3), tmp_path / "run.gif", ax=figure.subplots())
    assert type(figure.get_layout_engine()).__name__ == "ConstrainedLayoutEngine"


def test_an_mp4_without_ffmpeg_says_what_to_install_or_to_write(tmp_path, monkeypatch):
    from matplotlib import animation

    monkeypatch.setattr(animation.writers, "is_available", lambda name: False)
    with pytest.raises(ValueError, match=r"ffmpeg, which is not installed here; install it, or write \.gif or \.html"):
        plots.animate(run("x**2", 3.0), tmp_path / "run.mp4")


def test_other_endings_and_no_frames_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"does not end in \.gif, \.mp4 or \.html"):
        plots.animate(run("x**2", 3.0), tmp_path / "run.mov")
    with pytest.raises(ValueError, match="at least 2 frames"):
        plots.animate(run("x**2", 3.0), tmp_path / "run.gif", frames=1)
