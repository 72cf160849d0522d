"""Points, shapes and names as they are typed on a command line."""

from __future__ import annotations

import math

import pytest

from gradlab.commands.usage import UsageError
from gradlab.commands.values import named, point, shapes, words


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("x=3", 3.0),
        ("x=-3", -3.0),
        ("x=1e-3", 0.001),
        ("x=-.5E+2", -50.0),
        (" x = 3 ", 3.0),
        ("x=1,2,3", [1.0, 2.0, 3.0]),
        ("x=[1, 2, 3]", [1.0, 2.0, 3.0]),
        ("x=[3]", [3.0]),
        ("x=3,", [3.0]),
        ("x=[]", []),
        ("x=[[1, 2], [3, 4]]", [[1.0, 2.0], [3.0, 4.0]]),
        ("x=[1,2],[3,4]", [[1.0, 2.0], [3.0, 4.0]]),
        ("x=1/4", 0.25),
        ("x=[pi/2, sqrt(4)]", [math.pi / 2, 2.0]),
        ("x=max(1, 2), 3", [2.0, 3.0]),
    ],
)
def test_a_value_is_read_as_meant(typed, meant):
    assert named([typed], "--at") == {"x": meant}


def test_two_values_may_stand_in_one_word():
    assert point(["x=3,y=1,2"], "--at") == {"x": 3.0, "y": [1.0, 2.0]}


def test_a_bare_value_is_a_point_of_one_variable():
    assert point(["[3., 4., 10.]"], "--at") == [3.0, 4.0, 10.0]


def test_infinity_and_nan_are_left_for_the_point_to_refuse():
    assert point(["inf"], "--at") == math.inf


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("x=", "a number is missing"),
        ("x=1,,2", "a number is missing"),
        ("x=abc", "'abc' is no number: it contains abc"),
        ("x=1 2", "'1 2' is no number"),
        ("x=[1,2", "a ']' is missing"),
        ("x=1]", "a ']' too many"),
        ("x=[1][2]", "a comma is missing"),
        ("x=" + "[" * 10_000, "more than 8 brackets"),
        ("x=__import__('os').system('x')", "is no number"),
        ("x=9**9**9**9", "is no number"),
        ("3x=4", "is no name=value"),
    ],
)
def test_a_value_that_cannot_be_read_is_repeated_with_what_to_write(typed, said):
    with pytest.raises(UsageError) as refused:
        named([typed], "--at")
    assert said in str(refused.value)
    assert "x=1e-3" in str(refused.value) or "brackets" in said
    assert len(str(refused.value)) < 400


def test_a_variable_is_given_once():
    with pytest.raises(UsageError, match="--at gives x twice"):
        named(["x=1", "x=2"], "--at")


def test_shapes_hold_numbers_and_names():
    assert shapes(["X=n,3", "w=(d,)", "b="]) == {"X": ("n", 3), "w": ("d",), "b": ()}


def test_a_shape_of_anything_else_is_refused():
    with pytest.raises(UsageError, match=r"'n\+1' is no size; write X=n,d"):
        shapes(["X=n+1"])


def test_names_may_be_separated_by_blanks_or_commas():
    assert words(["x,y", "z"]) == ["x", "y", "z"]
    assert words(None) is None
