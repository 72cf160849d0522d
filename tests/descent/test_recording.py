"""What is kept of a run: everything as long as it is short, a bounded part where it is long."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pytest

from gradlab.descent import Batches, GradientDescent, Momentum, Trajectory, descend
from gradlab.descent.progress import Progress
from gradlab.descent.recording import cosines_of, kept_by_default
from tests.descent import rollercoaster as ride


def run(steps, keep=None, engine="compiled", rule=GradientDescent(3.4e-5), **options):  # noqa: B008 - frozen
    f, start = ride.torch_loss(), ride.START
    return descend(f, start, rule=rule, steps=steps, keep=keep, engine=engine, check=False, **options)


@pytest.mark.parametrize("engine", ["exact", "compiled"])
@pytest.mark.parametrize("keep", [10, 100, 1999])
def test_a_long_run_is_thinned_out_evenly_to_part_of_the_whole(engine, keep):
    whole, part = run(2000, engine=engine), run(2000, keep, engine=engine)
    assert whole.step_of.tolist() == list(range(2001))
    assert part.steps == 2000
    steps = part.step_of
    assert len(steps) <= keep + 5
    assert len(steps) > keep / 2 - 1
    assert np.array_equal(part.points.rows, whole.points.rows[steps])
    assert np.array_equal(part.losses, whole.losses[steps])
    assert np.array_equal(part.gradients.rows, whole.gradients.rows[steps])
    assert part.cosines == pytest.approx(whole.cosines[steps], nan_ok=True, abs=1e-12)
    evenly = np.diff(steps[steps % 2 ** int(np.log2(np.diff(steps).max())) == 0])
    assert len(set(evenly.tolist())) == 1


@pytest.mark.parametrize("engine", ["exact", "compiled"])
def test_the_points_that_stand_out_are_kept(engine):
    whole = run(1500, engine=engine, rule=Momentum(3e-5, 0.95))
    part = run(1500, 20, engine=engine, rule=Momentum(3e-5, 0.95))
    for rated in (whole.losses.argmin(), whole.losses.argmax(), whole.gradient_norms.argmax(), 0, 1500):
        assert rated in part.step_of, rated


def test_a_thinned_run_goes_on_and_is_saved(tmp_path):
    whole = run(3000, 50)
    half = run(1300, 50)
    half.save(tmp_path / "run")
    loaded = Trajectory.load(tmp_path / "run")
    assert np.array_equal(loaded.step_of, half.step_of)
    assert np.array_equal(loaded.cosines, half.cosines, equal_nan=True)
    on = descend(ride.torch_loss(), loaded, steps=1700, keep=50)
    assert on.points.rows[-1].tolist() == whole.points.rows[-1].tolist()
    assert (np.diff(on.step_of) > 0).all()
    both = np.intersect1d(on.step_of, whole.step_of)
    assert len(both) > 20
    pick = [np.isin(one.step_of, both) for one in (on, whole)]
    assert on.cosines[pick[0]] == pytest.approx(whole.cosines[pick[1]], nan_ok=True, abs=1e-12)


def test_a_thinned_history_of_batches_says_which_each_point_is():
    def fit(w, x, y):
        return ((w * x - y) ** 2).mean()

    x = np.linspace(0, 1, 20)
    options = {"rule": GradientDescent(0.1), "batches": Batches(x, 2 * x, size=6), "steps": 700, "check": False}
    whole, part = (descend(fit, {"w": 0.0}, keep=keep, **options) for keep in (1000, 30))
    assert np.array_equal(part.places, whole.places[part.step_of])


def test_a_table_shows_the_numbers_of_the_steps():
    assert [line.split()[0] for line in repr(run(1000, 10)).splitlines()[2:9]][-1] == "1000"


@pytest.mark.slow
def test_a_million_steps_keep_a_bounded_history():
    for engine in ("compiled", "torch"):
        steps = 10**6 if engine == "compiled" else 10**5
        done = run(steps, 1000, engine=engine)
        assert len(done.points) <= 1005
        assert done.steps == steps


def test_a_million_compiled_steps_are_bounded_by_default():
    done = run(10**6)
    assert 50_000 < len(done.points) <= 100_005
    assert done.steps == 10**6


def test_large_points_are_kept_in_a_gigabyte():
    assert kept_by_default(3) == 100_000
    assert kept_by_default(10**6) * 10**6 * 2 * 8 < 2**31
    assert kept_by_default(10**12) == 16


def test_what_is_kept_has_to_be_a_number():
    with pytest.raises(ValueError, match="keep=0 is less than 1"):
        run(10, 0)


def test_cosines_tell_which_gradients_turned():
    rows = np.array([[1.0, 0.0], [-2.0, 0.0], [0.0, 3.0], [0.0, 0.0], [3e-300, 3e-300], [3e300, 3e300]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cosines = cosines_of(rows)
    assert cosines == pytest.approx([np.nan, -1, 0, np.nan, np.nan, 1], nan_ok=True)


def test_a_run_within_a_block_and_across_blocks_is_the_same_by_chunks():
    for steps in (1, 2, 1023, 1024, 1025, 5000):
        one, other = run(steps, engine="compiled"), run(steps, engine="exact")
        assert one.points.rows == pytest.approx(other.points.rows, rel=1e-9)
        assert one.stopped == other.stopped
        assert one.steps == other.steps == steps


# Progress ----------------------------------------------------------------------------------------------


def test_a_short_run_says_nothing(capsys):
    run(100, progress=True)
    assert capsys.readouterr() == ("", "")


def test_a_long_run_says_how_far_it_is_and_takes_the_line_away(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("gradlab.descent.progress.time.perf_counter", lambda: now[0])
    out = io.StringIO()
    progress = Progress(500, out)
    for step in range(101):
        now[0] = step / 10
        progress.at(step, 2.5)
    written = out.getvalue()
    assert "\rstep 20 of 500, about 48 s left, loss 2.5" in written
    assert "\rstep 100 of 500, about 40 s left, loss 2.5" in written
    assert written.count("step") == 17, "one each half second, after two seconds"
    progress.close()
    assert out.getvalue().endswith(" \r")


def test_an_interrupted_run_returns_what_it_has():
    def stop(step, point, loss):
        if step == 7:
            raise KeyboardInterrupt
        return False

    done = descend("x**2", 3.0, stop=stop, check=False)
    assert done.stopped == "interrupted after 7 steps"
    assert done.stopped.kind == "interrupted"
    assert len(done.losses) == 8
    assert descend("x**2", done, steps=3).points.rows.tolist() == descend("x**2", 3.0, steps=10).points.rows.tolist()
