"""Derivatives as the last line of a textbook has them, to the letter."""

import numpy as np
import pytest

from gradlab.graph import factors, tidying
from gradlab.graph.kinds.linear import terms
from gradlab.sources import as_function
from gradlab.symbolic import derive

TIDY = {
    "1/x": "-1/x²",
    "sqrt(x)": "1/(2 √x)",
    "1/sqrt(x)": "-1/(2 x^(3/2))",
    "x^-3": "-3/x⁴",
    "x^(1/3)": "1/(3 x^(2/3))",
    "exp(x)/x": "(x - 1) exp(x)/x²",
    "sin(x)/x": "(x cos(x) - sin(x))/x²",
    "log(x)/x": "(1 - log(x))/x²",
    "x^2/log(x)": "x (2 log(x) - 1)/log(x)²",
    "x/(x + 1)": "1/(x + 1)²",
    "(x + 1)/(x - 1)": "-2/(x - 1)²",
    "(x^2 + 1)/(x^2 - 1)": "-4 x/(x² - 1)²",
    "1/x + 1/x^2 + 1/x^3": "-(x² + 2 x + 3)/x⁴",
    "1/(1 + 1/x)": "1/(x + 1)²",
    "1/(1 + 1/(1 + 1/x))": "-1/(2 x + 1)²",
    "(x + 1/x)^2": "2 (x⁴ - 1)/x³",
    "sqrt(x)/(x + 1)": "(1 - x)/(2 √x (x + 1)²)",
    "sqrt(x + sqrt(x))": "(2 √x + 1)/(4 √x sqrt(x + √x))",
    "x*sqrt(1 - x^2)": "(1 - 2 x²)/sqrt(1 - x²)",
    "log(x + sqrt(x^2 + 1))": "1/sqrt(x² + 1)",
    "log(x*y)": "1/x",
    "log|x|": "1/x",
    "x|x|": "2 |x|",
    "|x|^3": "3 x |x|",
    "|x|/x": "0",
    "x^y": "y x^(y - 1)",
    "x^x": "x^x (log(x) + 1)",
    "x x^x": "x^x (x log(x) + x + 1)",
    "x^x/x": "x^(x - 2) (x log(x) + x - 1)",
    "1/x^x": "-(log(x) + 1)/x^x",
    "1/x^y": "-y/x^(y + 1)",
    "x^-x": "-x^(-x) (log(x) + 1)",
    "x^(1/x)": "x^(1/x - 2) (1 - log(x))",
    "x^x^x": "x^(x^x) x^x (1/x + log(x) + log(x)²)",
    "2^x": "2^x log(2)",
    "x^pi": "π x^(π - 1)",
    "cot(x)": "-1/sin(x)²",
    "coth(x)": "-1/sinh(x)²",
    "sec(x)": "sin(x)/cos(x)²",
    "csc(x)": "-cos(x)/sin(x)²",
    "atan(1/x)": "-1/(x² + 1)",
    "asec(x)": "1/(x² sqrt(1 - 1/x²))",
    "(sin(x) + cos(x))/2 - x": "1/2 cos(x) - 1/2 sin(x) - 1",
    "x^2 exp(x)": "x (x + 2) exp(x)",
    "x y exp(-x^2)": "y (1 - 2 x²) exp(-x²)",
    "x^2 |x|^3": "5 x³ |x|",
    "gamma(x)": "Γ(x) ψ(x)",
    "sum(k x^k, k, 1, 5)": "sum_i=1..5 i² x^(i - 1)",
    "sum(sin(k x)/k, k, 1, 7)": "sum_i=1..7 cos(i x)",
    "exp(sum(x^k/k, k, 1, 4))": "exp(sum_i=1..4 x^i/i) sum_i=1..4 x^(i - 1)",
    "sum(sum(x^j, j, 1, 3), k, 1, 2)": "2 sum_i=1..3 i x^(i - 1)",
    "sum(sum((x j + y k)^2, j, 1, 2), k, 0, 3)": "2 sum_i=0..3 sum_j=1..2 (x j + y i) j",
    "sum(exp(-k x), k, 1, 4)": "-sum_i=1..4 i exp(-i x)",
}


@pytest.mark.parametrize("text", TIDY)
def test_a_derivative_is_written_as_people_do(text):
    assert derive(text).gradient["x"].text() == TIDY[text]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("(x - a)^2", "2 (a - x)"),
        ("a x^2/(x y)", "x/y"),
        ("(1 + x/3)^4 (1 + x/3)^-2 a", "(1/3 x + 1)²"),
        ("(a - x)/(x - a)", "0"),
    ],
)
def test_equal_factors_cancel_whatever_their_order(text, form):
    assert derive(text, "a").gradient["a"].text() == form


def test_a_number_of_code_is_not_taken_out_of_a_sum():
    def code(x):
        return (0.01 * x + 2) * np.exp(x)

    assert derive(code).gradient["x"].text() == "(0.01 x + 2.01) exp(x)"


def test_a_kink_or_a_case_keeps_its_condition():
    gradient = derive(as_function("x where(x >= 1, log(x), 0)")).gradient["x"]
    assert gradient.text() == "[x ≥ 1] log(x) + x [x ≥ 1]/x"
    assert gradient(x=-1.0) == 0


def test_the_factors_of_a_long_product_are_collected_once(monkeypatch):
    calls, collect = [], factors.collect

    def counted(*given):
        calls.append(given)
        return collect(*given)

    for module in (factors, tidying):  # each calls it by its own name
        monkeypatch.setattr(module, "collect", counted)

    def needed(count):
        calls.clear()
        tidying.tidied(as_function("*".join(f"sin({n} x)" for n in range(1, count + 1))).formula)
        return len(calls)

    assert needed(80) < 2.5 * needed(40)


def test_a_long_sum_is_taken_apart_no_further_than_asked():
    long = as_function("+".join(f"{n} x^{n}" for n in range(2, 300))).formula
    assert len(terms(long)) == 298
    assert 12 < len(terms(long, 12)) < 20
    assert terms(long, 298) == terms(long)
