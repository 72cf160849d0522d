"""The functions that answers are computed with, held against SymPy's numbers."""

import flint
import pytest
import sympy

from gradlab.grading.programs import FUNCTIONS_OF_ONE, FUNCTIONS_OF_TWO, REAL, program_of, run
from gradlab.sources.text import parse

x = sympy.Symbol("x")
OF_TWO = {
    "log(x, 3)": sympy.log(x, 3),
    "max(x, 1/3)": sympy.Max(x, sympy.Rational(1, 3)),
    "max(x, 2)": sympy.Max(x, 2),
    "min(x, 1/3)": sympy.Min(x, sympy.Rational(1, 3)),
    "min(x, 2)": sympy.Min(x, 2),
    "root(x, 3)": sympy.cbrt(x),
    "root(x, 4)": sympy.root(x, 4),
    "hypot(x, 3)": sympy.sqrt(x**2 + 9),
}
OTHERWISE = {
    "sigmoid": lambda u: 1 / (1 + sympy.exp(-u)),
    "softplus": lambda u: sympy.log(1 + sympy.exp(u)),
    "silu": lambda u: u / (1 + sympy.exp(-u)),
    "relu": lambda u: sympy.Max(u, 0),
    "ceil": sympy.ceiling,
    "abs": sympy.Abs,
    "log2": lambda u: sympy.log(u, 2),
    "log10": lambda u: sympy.log(u, 10),
    "log1p": lambda u: sympy.log(1 + u),
    "expm1": lambda u: sympy.exp(u) - 1,
    "exp2": lambda u: 2**u,
    "lgamma": lambda u: sympy.log(sympy.Abs(sympy.gamma(u))),
    "arsinh": sympy.asinh,
}
OF_NUMBERS = [name for name in FUNCTIONS_OF_ONE if name not in ("logical_not",)]


def held(text, expected, at):
    found = run(program_of(parse(text)), {"x": flint.arb(at.p) / at.q}, REAL)
    value = sympy.N(expected.subs(x, at), 40)
    if value.is_real:
        assert flint.arb(str(value)).overlaps(found), (text, at, found)
        assert found.rel_accuracy_bits() > 30 or found == 0
    else:
        assert not found.is_finite(), (text, at, found)


@pytest.mark.parametrize("text", OF_TWO)
def test_a_function_of_two_numbers_is_sympys(text):
    for at in (sympy.Rational(2, 7), sympy.Rational(17, 5)):
        held(text, OF_TWO[text], at)


def test_each_function_of_two_numbers_is_tried_or_a_truth():
    truths = {"greater", "greater_equal", "less", "less_equal", "logical_and", "logical_or"}
    assert set(FUNCTIONS_OF_TWO) == {text.partition("(")[0] for text in OF_TWO} | truths


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_a_function_of_a_number_is_sympys(name):
    function = OTHERWISE.get(name) or getattr(sympy, name)
    for at in (sympy.Rational(2, 7), sympy.Rational(17, 5), sympy.Rational(-3, 8)):
        if name not in ("cbrt", "lgamma") or at > 0:
            held(f"{name}(x)", function(x), at)


@pytest.mark.parametrize(
    ("text", "at", "value"),
    [("where(x > 0, 1, 2)", 3, 1), ("where(x > 0, 1, 2)", -3, 2), ("where(x <= 0, 1, 2)", 3, 2)],
)
def test_a_case_is_the_one_that_holds(text, at, value):
    assert run(program_of(parse(text)), {"x": flint.arb(at)}, REAL) == value
