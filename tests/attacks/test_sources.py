"""Objects and code of strangers: read in bounded time, or refused in words."""

from __future__ import annotations

import pytest
import sympy

from gradlab.errors import NoFormulaError, NotScalarError, TraceError
from gradlab.sources import as_function
from gradlab.symbolic import derive

x, k, n = sympy.symbols("x k n")


def nested(depth):
    found = x
    for _ in range(depth):
        found = sympy.Add(sympy.Mul(found, x, evaluate=False), 1, evaluate=False)
    return found


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (nested(600), "more than 150 operations inside each other"),
        (sympy.Limit(x, x, 0), "which is no variable; evaluate it first"),
        (sympy.Sum(x**k, (k, 1, 10**12)), "at most 10,000"),
        (sympy.Sum(x ** (k * n), (k, 1, 1000), (n, 1, 1000)), "1,000,000 terms together"),
    ],
)
def test_an_expression_without_an_end_is_refused(expression, said):
    with pytest.raises((TraceError, NoFormulaError), match=said):
        derive(as_function(expression))


def test_a_tuple_is_no_function():
    with pytest.raises(TypeError, match="give its entries one by one"):
        as_function(sympy.Tuple(x, k))


def test_an_array_of_nothing_has_no_gradient():
    with pytest.raises(NotScalarError, match="or pick one component$"):
        derive(as_function("[1, 2]"))


def test_what_is_as_deep_as_can_be_is_read():
    assert derive(nested(70)).at({"x": 0.5}).partials["x"] > 0
