import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradlab import as_function, derive
from gradlab.errors import DomainError
from gradlab.graph.sizes import Coefficient

HALVES = st.integers(-4, 4).map(lambda halves: Fraction(halves, 2))
POWERS = st.lists(st.tuples(st.sampled_from([2, 3, 8, 12, "n", "k"]), HALVES), max_size=5)
SIZES = {"n": 20, "k": 3}


def _built(powers):
    result = Coefficient.of(3)
    for size, exponent in powers:
        result = result * Coefficient.of_size(size, exponent)
    return result


def _float(coefficient):
    rational, root = coefficient.number(SIZES)
    return float(rational) * math.sqrt(root)


@given(POWERS)
def test_a_product_of_powers_of_sizes_is_what_arithmetic_says(powers):
    expected = 3.0
    for size, exponent in powers:
        expected *= SIZES.get(size, size) ** float(exponent)
    assert math.isclose(_float(_built(powers)), expected, rel_tol=1e-12)


@given(POWERS)
def test_the_inverse_times_the_number_is_one(powers):
    number = _built(powers)
    assert (number * number.inverse()).is_one


@given(POWERS)
def test_the_parts_of_a_fraction_give_it_back(powers):
    number = _built(powers)
    above, below = number.parts()
    assert (above * below.inverse()) == number


@given(POWERS)
def test_sizes_put_in_early_or_late_give_the_same(powers):
    number = _built(powers)
    assert number.renamed(SIZES).number({}) == number.number(SIZES)


def test_what_stands_below_the_root_has_no_square_factor():
    assert Coefficient.of_size(72, Fraction(1, 2)) == Coefficient(Fraction(6), (), 2)
    assert Coefficient(Fraction(9, 2)).square_root() == Coefficient(Fraction(3, 2), (), 2)
    assert Coefficient(Fraction(-1)).square_root() is None


def test_a_mean_over_nothing_is_refused():
    with pytest.raises(DomainError, match="the size n is 0"):
        Coefficient.of_size("n", -1).number({"n": 0})


@pytest.mark.parametrize(
    ("source", "gradient"),
    [
        (lambda X: X.sum() / X.shape[1] ** 0.5, "1/√d"),
        (lambda X: X.sum() * X.shape[0] ** 1.5, "n √n"),
        (lambda X: (X * 2 / X.shape[0] / X.shape[1] ** 0.5).sum(), "2/(n √d)"),
    ],
)
def test_the_root_of_a_size_stands_in_front(source, gradient):
    f = as_function(source, shapes={"X": ("n", "d")})
    assert derive(f).gradient["X"].text(form="index") == gradient
