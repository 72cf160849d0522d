import pytest

from gradlab.grading.constants import equivalent_but_for_a_constant
from gradlab.sources.answers import read


def _found(first, second, constant="C"):
    names = ["x", "C"]
    return equivalent_but_for_a_constant(read(first, ["x"]).tree, read(second, names).tree, ["x"], constant)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("x^2", "x^2 + C"),
        ("x^2", "C + x^2 - 7"),
        ("x^2", "x^2 - 2C"),
        ("sin(x)^2/2", "-cos(2x)/4 + C"),
        ("log(x)", "log(3x) + C"),
        ("x^2", "x^2 + (C + 1)"),
    ],
)
def test_an_added_constant_may_be_any(first, second):
    assert _found(first, second).equal


@pytest.mark.parametrize("second", ["x^2", "C x^2", "x^2 + C x", "x^3 + C", "x^2 + 0 C", "x^2 + sin(20 pi x) + C"])
def test_a_constant_that_is_missing_or_is_none_is_told(second):
    assert _found("x^2", second).different


def test_without_a_name_numbers_may_differ():
    assert _found("x^2", "x^2 + 5", None).equal
    assert _found("x^2", "x^2 + x", None).different
