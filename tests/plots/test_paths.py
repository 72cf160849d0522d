"""Tangents, levels, surfaces and fields: what is on them, in numbers."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from gradlab import plots
from gradlab.descent import descend
from gradlab.sources import as_function
from tests.plots.runs import BOWL, CORNER, bowl, drawn, fit, run


def test_a_tangent_touches_the_curve_with_the_slope_of_the_gradient():
    done = run("x**2", 3.0)
    lines = [line for line in drawn(plots.curve(done)).lines if line.get_color() == "#009E73"]
    assert len(lines) == 3
    for line, point, slope in zip(lines, done.points.of("x"), done.gradients.of("x"), strict=False):
        (x0, x1), (y0, y1) = line.get_data()
        assert (y1 - y0) / (x1 - x0) == pytest.approx(slope)
        assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((point, point**2))


def test_tangents_are_left_out_where_they_would_lie_on_one_another():
    def green(ax):
        return [line for line in ax.lines if line.get_color() == "#009E73"]

    assert not green(plots.curve(run("x**2", 3.0), tangents=0))
    ax = plots.curve(run("x**2", 3.0, 1.1, 30))
    middles = [sum(line.get_xdata()) / 2 for line in green(ax)]
    left, right = ax.get_xlim()
    assert len(middles) == 3
    assert min(abs(a - b) for a in middles for b in middles if a != b) >= 0.05 * (right - left)


def boundaries(ax):
    return ax.collections[0].levels


def test_levels_are_rings_for_a_bowl_and_decades_where_the_path_spans_them():
    gaps = np.diff(np.sqrt(boundaries(plots.contour(bowl(0.24, 20)))))
    assert gaps == pytest.approx(gaps[0])
    diverging = boundaries(plots.contour(bowl(0.35, 30)))
    assert diverging[-1] / diverging[1] > 1000
    ratios = diverging[2:-1] / diverging[1:-2]
    assert ratios == pytest.approx(ratios.mean(), rel=0.3)


def test_the_window_of_a_diverging_path_holds_all_that_is_drawn_of_it():
    ax = plots.contour(bowl(0.3, 200))
    path = next(line for line in ax.lines if line.get_label() == "steps")
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    across, up = path.get_data()
    assert left < across.min() < across.max() < right
    assert bottom < up.min() < up.max() < top


def test_a_surface_carries_the_path_at_its_height():
    done = bowl(0.2, 20)
    ax = drawn(plots.surface(done))
    path = next(line for line in ax.lines if line.get_label() == "steps")
    across, up, high = path.get_data_3d()
    assert np.stack([across, up], axis=1) == pytest.approx(done.points.rows)
    assert high - done.losses == pytest.approx(high[0] - done.losses[0])  # lifted alike, by a hundredth
    assert 0 < high[0] - done.losses[0] < 0.02 * ax.get_zlim()[1]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()) == ("x", "y", "f(x, y)")


def test_a_surface_is_drawn_on_axes_of_three_dimensions_and_refuses_flat_ones():
    ax = Figure().add_subplot(projection="3d")
    assert plots.surface(bowl(), ax=ax) is ax
    with pytest.raises(ValueError, match="projection='3d'"):
        plots.surface(bowl(), ax=Figure().subplots())


@pytest.mark.parametrize(
    "f", [BOWL, as_function(lambda x, y: float(x) ** 2 / 2 + 4 * float(y) ** 2, opaque=True)], ids=["formula", "code"]
)
def test_the_arrows_of_a_field_point_down_the_gradient(f):
    ax = drawn(plots.field(run(f, CORNER, 0.2, 5)))
    arrows = next(each for each in ax.collections if hasattr(each, "U"))
    x, y = arrows.XY.T
    assert len(x) > 200
    # Along the gradient in the picture's own units, in which all arrows are of one length.
    width, height = np.ptp(x), np.ptp(y)
    down = np.stack([-x / width, -8 * y / height])
    seen = np.stack([arrows.U / width, arrows.V / height])
    assert (seen * down).sum(axis=0) == pytest.approx(np.hypot(*seen) * np.hypot(*down), rel=1e-6)
    assert np.hypot(*seen) == pytest.approx(np.hypot(*seen)[0])
    assert np.asarray(arrows.get_array()) == pytest.approx(np.hypot(x, 8 * y), rel=1e-6)


@pytest.mark.parametrize("f", ["x**2 + 3*y**2", "x**2 + y + 20*x", "x**8 + y**8"])
def test_the_bar_of_a_field_says_plain_numbers(f):
    ax = drawn(plots.field(run(f, {"x": 2.0, "y": 1.0}, 1e-3, 5)))
    bar = ax.figure.axes[-1]
    low, high = bar.get_ylim()
    places, labels = bar.get_yticks(), bar.get_yticklabels()
    said = [label.get_text() for place, label in zip(places, labels, strict=True) if low <= place <= high]
    assert said
    assert [f"{place:g}" for place in places if low <= place <= high] == said
    assert not any(label.get_text() for label in bar.get_yticklabels(minor=True))


def test_pictures_of_two_numbers_refuse_three():
    for draw in (plots.surface, plots.field):
        with pytest.raises(ValueError, match="for 2 numbers, and the run has 3"):
            draw(fit())


def test_all_pictures_share_one_figure():
    figure = Figure(layout="constrained", figsize=(12, 6))
    ax = figure.subplots(2, 2)
    done = bowl()
    for axes, draw in zip(ax.flat, (plots.contour, plots.field, plots.directions), strict=False):
        assert draw(done, ax=axes) is axes
    plots.losses(done, ax=ax[1, 1])
    drawn(ax[0, 0])


def test_the_levels_under_a_run_through_single_examples_are_those_of_all():
    x = np.linspace(-1, 1, 40)

    def loss(w, b, x, y):
        return ((w * x + b - y) ** 2).mean()

    y = 2 * x - 1 + 0.3 * np.sin(50 * x)
    done = descend(loss, {"w": 0.0, "b": 0.0}, batches=(x, y), batch_size=1, epochs=5)
    assert done.losses.min() < 1e-4  # of one example; the mean of all stays above 0.03
    bar = drawn(plots.contour(done)).figure.axes[-1]
    assert min(place for place in bar.get_yticks() if place > 0) > 0.01
