"""How wide formulas are, and where they are broken."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradlab import derive
from gradlab.reports.formulas import atoms, filled, lines, polished, spaced, unstretched, width

QUOTIENT = (
    r"\frac{\frac{\partial}{\partial x} \left(e^{x}\right) \left(1 + x^{2}\right) - e^{x} \frac{\partial}{\partial x} "
    r"\left(1 + x^{2}\right)}{\left(1 + x^{2}\right)^{2}}"
)


def brackets(latex):
    """Return how many brackets are open at the end of *latex*, of each kind."""
    left = len(re.findall(r"\\left(?![a-z])", latex)), len(re.findall(r"\\[bB]igl", latex))
    right = len(re.findall(r"\\right(?![a-z])", latex)), len(re.findall(r"\\[bB]igr", latex))
    return [one - other for one, other in zip(left, right, strict=True)]


def letters(latex):
    """Return what a formula says, without brackets, spaces and the groups that breaking adds."""
    bare = re.sub(r"\\(left|right|[bB]ig[lr])(?![a-z])|[{}()\[\]\s]", "", latex)
    return bare.replace(r"\frac", "").replace("/", "")


def test_what_fits_is_left_whole():
    assert lines("a = b + c", 50) == ["a = b + c"]


@pytest.mark.parametrize(
    ("latex", "widest", "pieces"),
    [
        ("x = aaaa + bbbb", 8.0, ["x", "= aaaa + bbbb"]),
        ("aaaa + bbbb - cc", 4.5, ["aaaa", "{} + bbbb", "{} - cc"]),
        (r"- aaaaaa + b", 4.5, ["- aaaaaa", "{} + b"]),
        (r"aaaa = - bbbb", 4.5, ["aaaa", "= - bbbb"]),
        (r"aaa \left(bbb + ccc\right)", 4.0, ["aaa", "(bbb", "{} + ccc)"]),
        (r"\sin\left(xxxxxxxxxx\right) yyyy", 8.0, [r"\sin\left(xxxxxxxxxx\right)", "yyyy"]),
        (r"\sum_{i} xxxxxx", 3.0, [r"\sum_{i} xxxxxx"]),
    ],
)
def test_a_long_formula_is_broken_where_a_typesetter_would(latex, widest, pieces):
    assert [piece.replace("( ", "(").replace(" )", ")") for piece in lines(latex, widest)] == pieces


def test_a_matrix_stays_whole():
    matrix = r"\begin{bmatrix} a + b & c \\ d & e + f + g + h \end{bmatrix}"
    assert lines(matrix, 1.0) == [matrix]


def test_a_fraction_is_kept_unless_it_is_much_too_wide():
    assert lines(QUOTIENT, 18.0) == [QUOTIENT]
    assert len(lines(QUOTIENT, 6.0)) > 2


@given(
    st.sampled_from(["x**2*exp(sin(x*y)^2)/(1 + x^2)", "log(x + y)*sqrt(x)/y", "(x + y)^3*cos(x)*tanh(y)"]),
    st.floats(1, 40),
)
def test_breaking_loses_nothing_and_closes_what_it_opens(source, widest):
    for equation in derive(source).gradient.values():
        latex = equation.latex()
        pieces = lines(latex, widest)
        assert letters("".join(pieces)) == letters(latex)
        assert brackets("".join(pieces)) == [0, 0]
        for piece in pieces:
            assert piece.count("{") == piece.count("}")
            assert brackets(piece)[0] == 0  # \left and \right stay on one line


def test_lines_on_paper_are_filled():
    assert filled("aa + bb + cc", 6.0) == ["aa + bb", "{} + cc"]


def test_a_wider_formula_is_reckoned_wider():
    assert width("x + y + z") > width("x + y") > width("x")
    assert width(r"\frac{x + y + z}{2}") < width("x + y + z + 2")
    assert width(r"x_{i j k}") > width("x_{i}")


def test_an_index_belongs_to_what_it_stands_at():
    assert [atom.latex for atom in atoms(r"x_{i}^{2} \left(a\right)^{\top}") if atom.width] == [
        "x_{i}^{2}",
        r"\left(a\right)^{\top}",
    ]


def test_brackets_stretch_only_around_what_is_tall():
    assert unstretched(r"\left(\sin\left(x\right) + 1\right)^{2}") == r"(\sin(x) + 1)^{2}"
    assert unstretched(r"\left[\frac{1}{2}\right]") == r"\left[\frac{1}{2}\right]"
    assert unstretched(r"\left|x\right|") == r"\left|x\right|"


def test_names_of_several_letters_stand_apart():
    assert spaced(r"a \mathrm{time}_{i}") == r"a \, \mathrm{time}_{i}"
    assert spaced(r"a + \mathrm{time}") == r"a + \mathrm{time}"


def test_a_power_stands_beside_max():
    assert polished(r"\max^{2}\left(x\right)") == r"\operatorname{max}^{2}(x)"


@given(st.text(alphabet="\\{}()[]^_ab+-=& ", max_size=30))
def test_no_text_stops_the_reading(text):
    assert isinstance(lines(text, 5.0), list)
    assert width(text) >= 0
