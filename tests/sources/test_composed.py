"""Functions of text and SymPy that are made of others, and the gamma function."""

import math

import numpy as np
import pytest
import sympy
import torch

from gradlab.comparison import Verdict, compare
from gradlab.errors import ParseError, TraceError
from gradlab.sources import as_function
from gradlab.symbolic import derive

VALUES = {
    "sec(x)": lambda x: 1 / math.cos(x),
    "coth(x)": lambda x: 1 / math.tanh(x),
    "sech(x)": lambda x: 1 / math.cosh(x),
    "csch(x)": lambda x: 1 / math.sinh(x),
    "asec(1 + x)": lambda x: math.acos(1 / (1 + x)),
    "acsc(1 + x)": lambda x: math.asin(1 / (1 + x)),
    "asech(x)": lambda x: math.acosh(1 / x),
    "acsch(x)": lambda x: math.asinh(1 / x),
    "acoth(1 + x)": lambda x: math.atanh(1 / (1 + x)),
    "exp2(x)": lambda x: 2**x,
    "frac(x + 5)": lambda x: x,
    "log(x, 2)": math.log2,
    "log(x, e)": math.log,
    "root(x, 2)": math.sqrt,
    "root(-x, 3)": lambda x: -(x ** (1 / 3)),
    "root(x, 5)": lambda x: x**0.2,
    "polygamma(0, x) - digamma(x)": lambda x: 0,
    "gamma(x)": math.gamma,
    "Γ(-x)": lambda x: math.gamma(-x),
    "loggamma(x) - lgamma(x)": lambda x: 0,
    "Max(x, 1, 2) + Abs(-x)": lambda x: 2 + x,
}


@pytest.mark.parametrize("text", VALUES)
def test_a_function_in_text_has_its_value_and_derivative(text):
    assert as_function(text)(0.37) == pytest.approx(VALUES[text](0.37), rel=1e-13, abs=1e-13)
    assert compare(text, 0.37).verdict is Verdict.AGREE


REFUSED = {
    "root(x, y)": "the second argument of root is a whole number",
    "root(x, -2)": "the second argument of root is a whole number",
    "polygamma(1/2, x)": "the first argument of polygamma is a whole number from 0 to 100",
    "polygamma(x, 1)": "the first argument of polygamma is a whole number from 0 to 100",
}


@pytest.mark.parametrize("text", REFUSED)
def test_an_argument_that_picks_no_function_is_refused_in_place(text):
    with pytest.raises(ParseError, match=REFUSED[text]):
        as_function(text)


x = sympy.Symbol("x", real=True)
SYMPYS = (
    sympy.sec(x) + sympy.csc(x) * sympy.cot(x),
    sympy.sech(x) + sympy.csch(x) * sympy.coth(x),
    sympy.asec(x + 2) + sympy.acsc(x + 2) + sympy.acot(-x),
    sympy.asech(x) + sympy.acsch(x) + sympy.acoth(x + 2),
    sympy.frac(x) * x + sympy.gamma(x) + sympy.log(x, 3),
    sympy.polygamma(2, x),
)


@pytest.mark.parametrize("expression", SYMPYS, ids=str)
def test_sympys_functions_have_their_value(expression):
    assert as_function(expression)(0.6) == pytest.approx(float(expression.subs(x, 0.6)), rel=1e-12)


def test_a_function_of_sympy_without_a_rule_says_what_to_write():
    with pytest.raises(TraceError, match=r"DiracDelta is not read; it is no function of a number; write where"):
        _ = as_function(sympy.DiracDelta(x)).formula
    with pytest.raises(TraceError, match="Bessel functions have no rule"):
        _ = as_function(sympy.besselj(1, x)).formula


@pytest.mark.parametrize("at", [0.3, 4.5, -0.5, -1.5, -2.3])
def test_gamma_is_the_same_in_every_arithmetic(at):
    derivation = derive("gamma(x)")
    gradient = derivation.at(at)
    assert gradient.value == pytest.approx(math.gamma(at), rel=1e-14)
    for backend in ("numpy", "torch"):
        given = np.array(at) if backend == "numpy" else torch.tensor(at, dtype=torch.float64)
        value, partials = derivation.compile(backend)(x=given)
        assert float(value) == pytest.approx(math.gamma(at), rel=1e-13)
        assert float(partials["x"]) == pytest.approx(float(gradient.partials["x"]), rel=1e-12)


def test_gamma_is_no_number_at_its_poles():
    function = as_function("gamma(x)", shapes={"x": (4,)})
    assert np.isnan(function(np.array([0.0, -1.0, 2.0, -2.0]))).tolist() == [True, True, False, True]
    assert np.isinf(function(np.array([200.0, 1.0, 1.0, 1.0]))[0])


def test_gamma_is_read_from_code_and_its_name_stays_a_letter():
    assert as_function(lambda x: math.gamma(x)).text() == "Γ(x)"
    assert as_function("gamma x").text() == "γ x"
    assert as_function("gamma(x)").latex() == r"\Gamma\left(x\right)"
