"""Frames: what goes in comes out, and everything else is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradlab.isolation.inside import frames


@given(arrays.arrays(st.sampled_from(["float64", "float32", "int64", "bool"]), arrays.array_shapes(min_dims=0)))
def test_what_goes_in_comes_out(array):
    notes, found = frames.unpacked(frames.packed({"a": [1, "x"]}, {"g": array}))
    assert notes == {"a": [1, "x"]}
    assert found["g"].dtype == array.dtype
    assert found["g"].tobytes() == array.tobytes()


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_bytes_do_more_than_be_refused(noise, place):
    whole = frames.packed({"ended": "returned"}, {"g": np.arange(3.0)})
    for candidate in (noise, whole[:place], whole + noise, whole[:place] + noise + whole[place:]):
        if candidate != whole:
            try:
                _, found = frames.unpacked(candidate)
            except frames.Malformed:
                continue
            assert all(isinstance(array, np.ndarray) for array in found.values())


def test_objects_are_no_numbers():
    with pytest.raises(TypeError, match="dtype object"):
        frames.packed({}, {"g": np.array([object()])})
