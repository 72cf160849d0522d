import pytest

from gradlab.grading.demands import unmet
from gradlab.grading.numbers import stated
from gradlab.sources.answers import read


@pytest.mark.parametrize(
    ("demand", "met", "not_met"),
    [
        ("factored", ["(x-1)(x+1)", "x(x+2)^2", "-3(x^2+1)", "x"], ["x^2-1", "(x^2-1)(x+2)", "x(2x+4)"]),
        ("expanded", ["x^2 + 2x + 1", "2x"], ["(x+1)^2", "x(x+1)", "sin(x) + (x+1)^2", "-(x+1)^2"]),
        ("no negative exponents", ["1/x^2", "x^2"], ["x^(-2)", "x^-1", "3x^(-n)"]),
        ("simplified", ["2x + 1", "x/2", "2/3 x", "x^2 + x"], ["x + x", "2*3x", "x^1", "4/6", "x + 0", "1*x", "x^0"]),
        ("rational denominator", ["sqrt(2)/2", "1/sqrt(x)"], ["1/sqrt(2)", "x/(1+sqrt(3))"]),
    ],
)
def test_a_demand_looks_at_the_form_as_written(demand, met, not_met):
    for text in met:
        assert unmet(read(text).tree, demand) is None, text
    for text in not_met:
        assert unmet(read(text).tree, demand) is not None, text


@pytest.mark.parametrize(
    ("text", "digits", "half"),
    [
        ("0.667", 3, "1/2000"),
        ("-12.50", 4, "1/200"),
        ("1e-3", 1, "1/2000"),
        ("2.50e2", 3, "1/2"),
        ("0.010", 2, "1/2000"),
    ],
)
def test_a_decimal_states_its_digits(text, digits, half):
    found = stated(read(text))
    assert (found.digits, str(found.half)) == (digits, half)


@pytest.mark.parametrize("text", ["3", "2/3", "x", "0.5 x", "sqrt(2)"])
def test_what_is_no_decimal_states_none(text):
    assert stated(read(text)) is None
