from __future__ import annotations

import numpy as np
import pytest

from gradlab.descent.history import History, Layout

LAYOUT = Layout({"W": (2, 3), "b": (), "none": (0,), "v": (2,)})


def values(seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape) for name, shape in LAYOUT.shapes.items()}


def test_unpacking_a_flat_vector_gives_back_the_variables():
    given = values()
    unpacked = LAYOUT.unpacked(LAYOUT.flat(given))
    assert list(unpacked) == list(given)
    for name, array in given.items():
        assert unpacked[name].shape == array.shape
        assert np.array_equal(unpacked[name], array)


def test_every_point_of_a_history_is_a_mapping_of_arrays_with_their_shapes():
    points = [values(seed) for seed in range(3)]
    history = History([LAYOUT.flat(point) for point in points], LAYOUT)
    assert len(history) == 3
    assert np.array_equal(history[-1]["W"], points[2]["W"])
    assert [float(point["b"]) for point in history] == [float(point["b"]) for point in points]


def test_one_variable_is_one_array_over_all_points():
    history = History(np.arange(18.0).reshape(2, 9), LAYOUT)
    assert history.of("W").shape == (2, 2, 3)
    assert history.of("b").tolist() == [6.0, 15.0]


def test_a_slice_is_again_a_history():
    history = History(np.arange(27.0).reshape(3, 9), LAYOUT)
    assert isinstance(history[1:], History)
    assert history[1:].rows.shape == (2, 9)


def test_the_arrays_of_a_history_cannot_be_written_to():
    rows = np.zeros((2, 9))
    history = History(rows, LAYOUT)
    rows[:] = 1
    assert history.rows.max() == 0
    for array in (history.rows, history[0]["W"], history.of("v")):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 5


def test_an_index_beyond_the_end_is_an_index_error():
    with pytest.raises(IndexError):
        History(np.zeros((2, 9)), LAYOUT)[2]
