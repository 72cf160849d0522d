"""Sums over an index: as text, and as SymPy's Sum over numbers and over the entries of arrays."""

import numpy as np
import pytest
import sympy

from gradlab.comparison import Verdict, compare
from gradlab.errors import ParseError, TraceError
from gradlab.graph.kinds.positions import Positions
from gradlab.graph.printing import text
from gradlab.sources import as_function
from gradlab.symbolic import derive

x, y, k, j, n, m = sympy.symbols("x y k j n m")
a, b = sympy.IndexedBase("a"), sympy.IndexedBase("b")

PRINTED = {
    "sum(k x^k, k, 1, 5)": ("sum_i=1..5 i x^i", r"\sum_{i=1}^{5} i x^{i}"),
    "Sum(k x^k, (k, 1, 5))": ("sum_i=1..5 i x^i", r"\sum_{i=1}^{5} i x^{i}"),
    "sum((x - k)^2, k, -2, 2)": ("sum_i=-2..2 (x - i)²", r"\sum_{i=-2}^{2} \left(x - i\right)^{2}"),
    "sum(sum(j k x^j, j, 0, 3), k, 1, 2)": (
        "sum_i=1..2 sum_j=0..3 j i x^j",
        r"\sum_{i=1}^{2} \sum_{j=0}^{3} j i x^{j}",
    ),
    "sum(x, k, 1, 5)": ("5 x", "5 x"),
    "sum(sum(x^j, j, 1, 3), k, 1, 2)": ("2 sum_i=1..3 x^i", r"2 \sum_{i=1}^{3} x^{i}"),
    "sum(i k, k, 1, 2)": ("sum_j=1..2 i j", r"\sum_{j=1}^{2} i j"),
    "sum(k x, k, 3, 3)": ("3 x", "3 x"),
}


@pytest.mark.parametrize("written", PRINTED)
def test_a_sum_is_printed_with_its_limits(written):
    function = as_function(written)
    assert (function.text(), function.latex()) == PRINTED[written]


VALUES = {
    "sum(k x^k, k, 1, 5)": lambda x: sum(k * x**k for k in range(1, 6)),
    "sum(k, k, -3, 4) x": lambda x: 4 * x,
    "sum(sum((x j + k)^2, j, 1, 2), k, 0, 3)": lambda x: sum((x * j + k) ** 2 for j in (1, 2) for k in range(4)),
    "sum(sum(sum(x^i j, i, 1, 2), j, 1, 3), k, 1, 4)": lambda x: 24 * (x + x**2),
    "sum(sum(sum(x^i k, i, 1, 2), j, 1, 3), k, 1, 4)": lambda x: 30 * (x + x**2),
    "sum(x, k, 2, 2) + sum(k, k, 5, 5)": lambda x: x + 5,
}


@pytest.mark.parametrize("written", VALUES)
@pytest.mark.parametrize("at", [0.7, -1.3])
def test_the_value_is_that_of_the_terms_written_out(written, at):
    function = as_function(written)
    assert function(at) == pytest.approx(VALUES[written](at), rel=1e-13)
    assert compare(function, at).verdict is Verdict.AGREE


def test_a_sum_compiles_to_the_library_it_is_asked_for():
    derivation = derive("sum(k x^k, k, 1, 5)")
    value, partials = derivation.compile("numpy")(x=0.5)
    assert float(value) == pytest.approx(sum(k * 0.5**k for k in range(1, 6)))
    assert float(partials["x"]) == pytest.approx(sum(k * k * 0.5 ** (k - 1) for k in range(1, 6)))
    assert "arange" in derivation.source("torch")


def test_an_array_in_a_sum_over_an_index_is_refused():
    with pytest.raises(ParseError, match=r"adds up numbers, and w has shape \(5,\); .* sum\(w\)"):
        as_function("sum(k w, k, 1, 5)", shapes={"w": (5,)})


# SymPy's Sum --------------------------------------------------------------------------------------

SUMS = {
    "numbers": (sympy.Sum(k * x**k, (k, 1, 5)), "sum_i=1..5 i x^i"),
    "two indices": (sympy.Sum(x ** (k * j), (k, 1, 3), (j, 1, 2)), "sum_i=1..2 sum_j=1..3 x^(i j)"),
    "one index twice": (sympy.Sum(x**k, (k, 1, 2)) * sympy.Sum(x**k, (k, 0, 3)), None),
    "entries from 0": (sympy.Sum((x - a[k]) ** 2, (k, 0, n - 1)), "sum_i (x - a_i)²"),
    "entries from 1": (sympy.Sum((x - a[k]) ** 2, (k, 1, n)), "sum_i (x - a_i)²"),
    "a mean": (sympy.Sum((x - a[k]) ** 2, (k, 1, n)) / n, "1/n sum_i (x - a_i)²"),
    "entries and their places": (sympy.Sum(k * a[k] * x, (k, 1, n)), "sum_i=1..n i x a_i"),
    "two arrays": (sympy.Sum(a[k] * b[k] * x, (k, 0, n - 1)), "sum_i x a_i b_i"),
    "two sizes": (sympy.Sum(a[k] * b[j] * x, (k, 0, n - 1), (j, 0, m - 1)), None),
}


@pytest.mark.parametrize("name", SUMS)
def test_sympys_sum_is_read_and_derived(name):
    expression, printed = SUMS[name]
    data = {"a": [0.5, -1.0, 2.0], "b": [1.0, 2.0] if name == "two sizes" else [1.0, 2.0, 3.0]}
    used = {key: value for key, value in data.items() if any(str(base) == key for base in expression.atoms(type(a)))}
    function = as_function(expression, data=used)
    assert printed is None or function.text() == printed
    assert list(function.variables) == ["x"]
    written_out = expression.subs({n: 3, m: 2}).doit()
    first = 1 if name in ("entries from 1", "a mean", "entries and their places") else 0
    entries = {
        base[p]: data[str(base)][p - first] for base in (a, b) for p in range(first, first + len(data[str(base)]))
    }
    written_out = written_out.subs(entries)
    gradient = derive(function).at(1.5)
    assert gradient.value == pytest.approx(float(written_out.subs(x, 1.5)), rel=1e-13)
    assert float(gradient.partials["x"]) == pytest.approx(float(written_out.diff(x).subs(x, 1.5)), rel=1e-13)


def test_the_entries_of_an_array_are_a_variable_unless_they_are_data():
    derivation = derive(sympy.Sum((x - a[k]) ** 2, (k, 0, n - 1)))
    assert derivation.function.variables == {"a": ("n",), "x": ()}
    assert derivation.gradient["a"].text() == "2 (a_i - x)"
    assert derivation.at({"a": [1.0, 2.0], "x": 3.0}).partials["a"].tolist() == [-4.0, -2.0]


REFUSED = {
    "to n": (sympy.Sum(x**k, (k, 1, n)), r"nothing tells how much that is; put a number for it, as in .subs\(n, 5\)"),
    "to infinity": (sympy.Sum(x**k, (k, 1, sympy.oo)), "does not run between two whole numbers"),
    "a shifted entry": (sympy.Sum(x * a[k + 1], (k, 0, 3)), r"an entry is read as a\[k\]"),
    "entries from 2": (sympy.Sum(x * a[k], (k, 2, 4)), r"an entry is read as a\[k\]"),
    "an entry alone": (x * a[2], r"an entry is read as a\[k\]"),
    "two places": (sympy.Sum(x * a[k, k], (k, 0, 3)), r"an entry is read as a\[k\]"),
    "a product": (sympy.Product(x + k, (k, 1, 3)), "Product is not read; write the factors out"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_of_sympys_sums_says_what_to_write(name):
    expression, message = REFUSED[name]
    with pytest.raises(TraceError, match=message):
        _ = as_function(expression).formula


def test_an_array_that_is_no_vector_or_too_short_is_refused():
    entries = sympy.Sum(x * a[k], (k, 0, 3))
    with pytest.raises(TraceError, match=r"a has shape|an entry of a"):
        as_function(entries, shapes={"a": ("n", "d")})
    with pytest.raises(Exception, match="runs through 4 entries"):
        as_function(entries, data={"a": np.ones(5)})


def test_positions_from_another_number_print_their_ends():
    assert [text(Positions("n", first), form="matrix") for first in (1, 2, -1)] == [
        "[1, …, n]",
        "[2, …, n+1]",
        "[-1, …, n-2]",
    ]
