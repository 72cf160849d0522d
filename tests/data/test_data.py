"""The shipped data sets say what their README says of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from gradlab import data

RATE = 1e-5
START = (-0.57139085, -0.11943031, -1.26767105)
"""The published first row to more digits, as gradlab/data/README.md gives it."""


def test_every_shipped_data_set_loads_with_columns_of_one_length() -> None:
    assert data.names()
    for name in data.names():
        columns = data.load(name)
        assert len({len(column) for column in columns.values()}) == 1
        assert all(isinstance(number, float) for column in columns.values() for number in column)


def test_columns_keep_the_order_of_the_file() -> None:
    assert list(data.load("rollercoaster_published")) == ["step", "a", "b", "c", "loss"]


def test_two_loads_share_nothing_that_can_change() -> None:
    data.load("rollercoaster").clear()
    assert data.load("rollercoaster")


@pytest.mark.parametrize("name", ["rollercoster", "rollercoaster.csv", "../data/rollercoaster", ""])
def test_an_unknown_name_lists_what_exists(name: str) -> None:
    with pytest.raises(
        ValueError,
        match=r"there are rollercoaster, rollercoaster_published; a file of your own is read by numpy\.loadtxt$",
    ) as error:
        data.load(name)
    assert repr(name) in str(error.value)


def descent() -> Iterator[tuple[tuple[float, float, float], float]]:
    """Descend the fit in plain Python, so that no route of gradlab vouches for its own data."""
    ride = data.load("rollercoaster")
    points = list(zip(ride["time"], ride["speed"], strict=True))
    a, b, c = START
    while True:
        residuals = [(t, a * t**2 + b * t + c - speed) for t, speed in points]
        yield (a, b, c), sum(r**2 for _, r in residuals) / len(points)
        step = 2 * RATE / len(points)
        a -= step * sum(r * t**2 for t, r in residuals)
        b -= step * sum(r * t for t, r in residuals)
        c -= step * sum(r for _, r in residuals)


def test_descent_on_the_rollercoaster_reproduces_the_published_table() -> None:
    table = data.load("rollercoaster_published")
    assert table["step"] == tuple(range(10))
    published = zip(table["a"], table["b"], table["c"], table["loss"], strict=True)
    for (parameters, loss), (*printed, printed_loss) in zip(descent(), published, strict=False):
        assert parameters == pytest.approx(printed, rel=0, abs=1.1e-4)
        assert loss == pytest.approx(printed_loss, rel=2e-6)


def test_loading_data_does_not_load_numpy() -> None:
    program = "import sys, gradlab.data as d; d.load('rollercoaster'); sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
