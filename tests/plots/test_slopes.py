"""Secants and slices: what is on them."""

from __future__ import annotations

import numpy as np
import pytest

from gradlab import plots
from gradlab.errors import DomainError


def drawn(ax):
    ax.figure.canvas.draw()
    return ax


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_each_secant_says_its_slope_and_so_does_the_tangent():
    ax = drawn(plots.secants("x**2", -1.5, steps=[2, 1, 0.1]))
    assert legend(ax) == ["f", "step 2: slope -1", "step 1: slope -2", "step 0.1: slope -2.9", "tangent: slope -3"]


def test_the_first_secant_has_its_run_and_its_rise():
    ax = drawn(plots.secants("x**2", 1, steps=[2, 0.5]))
    assert [text.get_text() for text in ax.texts] == ["run 2", "rise 8"]


def test_both_ends_of_every_secant_are_in_the_picture():
    ax = drawn(plots.secants("x**2", 1, steps=[-1, 2]))
    low, high = ax.get_xlim()
    bottom, top = ax.get_ylim()
    assert low < 0 < 3 < high
    assert bottom < 0 < 9 < top


def test_a_kink_has_secants_and_no_tangent():
    ax = drawn(plots.secants("abs(x)", 0, steps=[1, -1]))
    assert legend(ax) == ["f", "step 1: slope 1", "step -1: slope -1"]


@pytest.mark.parametrize("steps", [[], [1, 0]])
def test_a_secant_needs_a_step(steps):
    with pytest.raises(ValueError, match="a secant needs a step, and it must not be 0"):
        plots.secants("x**2", 1, steps=steps)


def test_where_a_function_has_no_value_there_is_no_secant():
    with pytest.raises(DomainError):
        plots.secants("log(x)", -3)


def test_secants_belong_to_one_number():
    with pytest.raises(ValueError, match=r"secants belong to a function of one number; f\(x, y\) has 2"):
        plots.secants("x*y", {"x": 1, "y": 1})


def test_a_slice_moves_one_component_and_says_what_is_held():
    axes = plots.slices("x**2 + y", {"x": 3, "y": 1})
    assert [drawn(ax).get_title() for ax in axes] == ["only x moves: y = 1", "only y moves: x = 3"]
    assert [legend(ax)[1] for ax in axes] == ["∂f/∂x = 6", "∂f/∂y = 1"]
    along = axes[0].get_lines()[0]
    np.testing.assert_allclose(along.get_ydata(), np.asarray(along.get_xdata()) ** 2 + 1)


def test_the_components_of_a_vector_have_a_slice_each():
    axes = plots.slices(lambda x: (x**2).sum(), [3.0, 4.0, 10.0])
    assert [legend(drawn(ax))[1] for ax in axes] == ["∂f/∂x[0] = 6", "∂f/∂x[1] = 8", "∂f/∂x[2] = 20"]


def test_a_slice_goes_as_far_as_asked_and_has_a_gap_outside_the_domain():
    (ax,) = plots.slices("log(x)", 1, reach=2)
    xs, ys = (np.asarray(data) for data in drawn(ax).get_lines()[0].get_data())
    assert (xs[0], xs[-1]) == (-1, 3)
    assert np.isnan(ys[xs <= 0]).all()


def test_slices_are_drawn_on_the_axes_that_were_given_if_they_suffice():
    from matplotlib.figure import Figure

    given = Figure().subplots(1, 2)
    assert list(plots.slices("x*y", {"x": 1, "y": 2}, ax=given)) == list(given)
    with pytest.raises(ValueError, match="2 components do not fit on 1 Axes"):
        plots.slices("x*y", {"x": 1, "y": 2}, ax=given[:1])


def test_more_slices_than_can_be_taken_in_are_refused():
    with pytest.raises(ValueError, match=r"for 1 to 12; f\(w\) has 13"):
        plots.slices(lambda w: (w**2).sum(), np.ones(13))
