"""The plane through the end of a run of many numbers."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from gradlab import plots
from gradlab.descent import Batches, descend
from tests.plots.runs import drawn, fit, network, run


def path_of(ax):
    return np.stack(next(line for line in ax.lines if line.get_label().startswith("path")).get_data(), axis=1)


def test_the_plane_holds_the_two_directions_in_which_the_path_extends_most():
    done = network(60)
    ax = drawn(plots.landscape(done))
    away = done.points.rows - done.points.rows[-1]
    sizes = np.linalg.svd(away, compute_uv=False) ** 2
    assert (path_of(ax) ** 2).sum() == pytest.approx(sizes[:2].sum())
    assert ax.get_xlabel() == f"direction 1 ({100 * sizes[0] / sizes.sum():.3g} % of the path)"
    assert path_of(ax)[-1] == pytest.approx([0, 0])


def test_the_levels_are_those_of_the_function_on_the_plane():
    # The path of a quadratic of two numbers in three lies in a plane, and the levels there are exact.
    done = run(lambda w: w[0] ** 2 + 2 * w[1] ** 2 + w[2] ** 2, [1.0, 1.0, 0.0], 0.1, 10)
    ax = plots.landscape(done, along=([1.0, 0, 0], [0, 1.0, 0]))
    assert path_of(ax) == pytest.approx(done.points.rows[:, :2] - done.points.rows[-1, :2])
    assert max(ax.collections[0].levels) == pytest.approx(ax.get_xlim()[1] ** 2 + 2 * ax.get_ylim()[1] ** 2, rel=0.7)


def test_directions_may_be_given_by_variable():
    done = network(5)
    ones = {name: np.ones(shape) for name, shape in done.variables.items()}
    first = {name: np.zeros(shape) for name, shape in done.variables.items()} | {"w2": np.ones(8)}
    drawn(plots.landscape(done, along=(ones, first), ax=Figure().subplots()))


def test_a_run_along_a_line_has_a_plane_all_the_same():
    drawn(plots.landscape(run(lambda w: (w**2).sum(), [1.0, 1.0, 1.0], 0.1, 5)))
    drawn(plots.landscape(run(lambda w: (w**2).sum(), [1.0, 1.0, 1.0], 0.1, 0)))


def test_directions_that_are_none_are_refused():
    done = fit()
    with pytest.raises(ValueError, match="lie on one line"):
        plots.landscape(done, along=([1, 2, 3], [2, 4, 6]))
    with pytest.raises(ValueError, match="a plane has two"):
        plots.landscape(done, along=([1, 2, 3],))
    with pytest.raises(ValueError, match="needs 3 finite components"):
        plots.landscape(done, along=([1, 2], [2, 4]))
    with pytest.raises(ValueError, match=r"plots\.curve suits it"):
        plots.landscape(run("x**2", 3.0))


@pytest.mark.parametrize("picture", [plots.landscape, plots.contour, plots.surface, plots.field])
def test_a_run_by_batches_is_drawn_over_all_of_its_data(picture):
    inputs, targets = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40.0)
    run = descend(
        lambda w, x, y: ((x @ w - y) ** 2).mean(),
        {"w": [1.0, 2.0]},
        batches=Batches(inputs, targets, size=8),
        check=False,
        steps=5,
    )
    assert picture(run).figure is not None
    assert run.function(w=[1.0, 2.0]) == pytest.approx(((inputs @ [1.0, 2.0] - targets) ** 2).mean())
