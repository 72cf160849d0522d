"""The picture of a sweep: the losses, the limit and the suggestion stand on it."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from gradlab.descent.sweeping import sweep_rates
from tests.descent import rollercoaster as ride
from tests.plots.runs import drawn


def legend(ax):
    return [text.get_text() for text in ax.get_legend().texts]


def test_the_picture_shows_the_limit_the_suggestion_and_what_diverged():
    found = sweep_rates(ride.numpy_loss(), ride.START, steps=100)
    ax = Figure().subplots()
    assert found.plot(ax=ax) is ax
    drawn(ax)
    assert legend(ax) == [
        "loss at the end", "diverged", "loss at the start", "limit 3.54e-05", f"suggested {found.suggested:.3g}",
    ]  # fmt: skip
    lines = {line.get_label(): line for line in ax.lines}
    assert lines["limit 3.54e-05"].get_xdata()[0] == pytest.approx(found.limit)
    assert lines["diverged"].get_xdata().tolist() == found.rates[found.diverged[0]].tolist()
    assert np.isnan(lines["loss at the end"].get_ydata()).sum() == found.diverged.sum()
    assert ax.get_xscale() == "log"


def test_several_starts_are_lines_of_their_own():
    ax = drawn(sweep_rates("x**4", 1.0, starts=[3.0], steps=50).plot())
    assert legend(ax)[0] == "from x = 1"
    assert "from x = 3" in legend(ax)


def test_a_sweep_in_which_all_diverge_and_one_below_zero_can_be_drawn():
    drawn(sweep_rates("x**2", 3.0, rates=[2.0, 3.0], steps=500).plot())
    drawn(sweep_rates("x**2 - 5", 3.0, rates=[0.1, 0.2], steps=20).plot())
    drawn(sweep_rates("2 x + y", {"x": 1.0, "y": 1.0}, rates=[0.1], steps=5).plot())
