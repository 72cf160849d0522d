from fractions import Fraction

import flint
import numpy as np
import pytest

from gradlab.checking import documents
from gradlab.checking.expressions import DEFINED, FUNCTIONS, Scope, read
from gradlab.errors import NoFormulaError
from gradlab.graph import algebra, evaluation
from gradlab.graph.kinds import (
    KINDS,
    Constant,
    Contraction,
    Cumulative,
    Derivative,
    Elementwise,
    Flip,
    Index,
    Lead,
    Linear,
    Roll,
    Stack,
    Variable,
    VectorJacobian,
)
from gradlab.graph.operations import FAMILIES, OPERATIONS, polygamma, power
from gradlab.graph.sizes import Coefficient
from gradlab.sources import as_function
from gradlab.symbolic.notation import notation
from gradlab.symbolic.notation.fragments import written

X, Y = Variable("x"), Variable("y")
V, M = Variable("v", ("n",)), Variable("M", ("n", "d"))
MEMBERS = {f"{name}({number})": FAMILIES[name](Fraction(number)) for name in FAMILIES for number in (1, "1/2")}
POWERS = {f"power({number})": power(Fraction(number)) for number in (2, -1, "1/3", "-3/2")}
EVERY = {**OPERATIONS, **MEMBERS, **POWERS, "polygamma(2)": polygamma(Fraction(2))}


def test_every_kind_is_written_but_one():
    bare = written.dispatch(object)
    missing = {kind for kind in KINDS if written.dispatch(kind) is bare}
    assert missing == {Derivative, VectorJacobian, Lead}  # the first two are no operations: they are written around one


def test_a_kind_that_cannot_be_written_is_named():
    with pytest.raises(NoFormulaError, match="Lead cannot be written"):
        notation(Lead(V, (0,), True), {})


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("x - (y - 1)", "x - (y - 1)"),
        ("x/(x y)", "x/(x*y)"),
        ("(x y)/2", "x*y/2"),
        ("(x + 1)^2", "(x + 1)**2"),
        ("x^(-2)", "x**(-2)"),
        ("x^y", "x**y"),
        ("(-x)^2", "(-x)**2"),
        ("-x^2", "-x**2"),
        ("-(x + y)", "-(x + y)"),
        ("2 (x + y)", "2*(x + y)"),
        ("exp(-x^2/2)", "exp(-x**2/2)"),
        ("x/pi + e", "x/pi + exp(1)"),
        ("sqrt(2) x", "sqrt(2)*x"),
        ("max(x, y)", "max(x, y)"),
        ("x/3 - 2 y/3", "x/3 - 2*y/3"),
    ],
)
def test_numbers_are_written_as_in_python(source, text):
    assert notation(as_function(source).formula, {}) == text


def test_coefficients_are_exact():
    third = Coefficient(Fraction(-1, 3), (("k", Fraction(-1, 2)), ("n", Fraction(1))), 2)
    assert notation(Linear((third,), (X,)), {}) == "-sqrt(2)*n*x/(3*sqrt(k))"
    assert notation(Linear((Coefficient.of(0.1),), (X,)), {}) == "3602879701896397*x/36028797018963968"


def test_arrays_of_numbers_say_their_shape_unless_another_does():
    ones = algebra.number(1, ("n",))
    assert notation(ones, {}) == "full(1, n)"
    assert notation(Linear((Coefficient.of(1), Coefficient.of(-1)), (ones, V)), {}) == "1 - v"


def test_sums_of_products_are_einsums():
    assert notation(Contraction((M, V), ((0, 1), (0,)), (1,), ("n", "d")), {}) == "einsum('ij,i->j', M, v)"
    assert notation(Contraction((X,), ((),), (0,), ("n",)), {}) == "einsum('->i', x, n)"
    assert notation(Contraction((V, V), ((0,), (0,)), (0,), ("n",)), {}) == "v*v"


def test_entries_are_chosen_as_in_python():
    whole = (None, None, None)
    assert notation(Index(Variable("W", (2, 6)), (0, (1, None, 2))), {}) == "W[0, 1::2]"
    assert notation(Index(Linear((Coefficient.of(2),), (M,)), (-1, whole)), {}) == "(2*M)[-1, :]"


def test_derivatives_that_are_not_carried_out_are_written():
    square = Elementwise(power(Fraction(2)), (X,))
    assert notation(Derivative(square, X), {}) == "d(x**2, x)"
    assert notation(VectorJacobian(algebra.contract([X, X], [(), ()], (), ()), 1, Y), {}) == "vjp(x*_, x, y)"


def test_names_stand_for_their_nodes():
    square = Elementwise(power(Fraction(2)), (X,))
    assert notation(Linear((Coefficient.of(3),), (square,)), {square: "t1", X: "z"}) == "3*t1"


def test_long_sums_and_stacks_are_no_deep_recursion():
    many = tuple(Variable(f"x{place}") for place in range(500))
    for node in (Linear((Coefficient.of(1),) * 500, many), Stack(many)):
        assert read(notation(node, {}), "here").depth < 40


def _value(text, given):
    from gradlab.checking.enclosures import Array, enclosed

    arrays = {
        name: Array(np.shape(value), {place: enclosed(float(value[place])) for place in np.ndindex(np.shape(value))})
        for name, value in given.items()
    }
    with flint.ctx.workprec(documents.PRECISION):
        return Scope(arrays, {}, float("inf")).value(read(text, "here"))


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("at", [(0.3, 0.7, 0.9), (1.5, 2.25, 3.0), (-0.75, 0.5, -0.25)], ids=str)
def test_an_operation_means_in_the_checker_what_it_means_in_the_graph(name, at):
    operation = EVERY[name]
    variables = [Variable(letter) for letter in "xyz"[: operation.arity]]
    node = Elementwise(operation, tuple(variables))
    given = {variable.name: np.array(value) for variable, value in zip(variables, at, strict=False)}
    (expected,) = evaluation.with_balls([node], given, {}, documents.PRECISION)
    found = _value(notation(node, {}), given).at[()][0]
    if expected[()].is_finite():
        assert expected[()].overlaps(found)
        assert found.rad() < 1e-30


def test_every_function_of_the_checker_that_the_graph_knows_is_spelt_alike():
    spelt = {name for name in OPERATIONS if name.isidentifier()} - {
        "greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "divide",
    }  # fmt: skip
    assert spelt <= {*FUNCTIONS, *DEFINED}


@pytest.mark.parametrize("shift", [1, -1, 2, 4, 5])
def test_rolling_means_what_numpy_means(shift):
    x = np.arange(5.0)
    for axes in ((5,), ("n",)):
        if axes == ("n",) and abs(shift) >= 5:
            continue
        found = _value(notation(Roll(Variable("v", axes), shift, 0), {}), {"v": x})
        assert [float(number[0]) for number in found.at.values()] == list(np.roll(x, shift))


@pytest.mark.parametrize("backwards", [False, True])
def test_a_cumulative_sum_means_what_numpy_means(backwards):
    x = np.arange(1.0, 7.0).reshape(2, 3)
    for axis in (0, 1):
        node = Cumulative(Variable("v", (2, 3)), axis, backwards)
        found = _value(notation(node, {}), {"v": x}).at
        expected = np.flip(np.cumsum(np.flip(x, axis), axis), axis) if backwards else np.cumsum(x, axis)
        assert {place: float(number[0]) for place, number in found.items()} == dict(np.ndenumerate(expected))


def test_turning_round_means_what_numpy_means():
    x = np.arange(6.0).reshape(2, 3)
    for turned in ((0,), (1,), (0, 1)):
        found = _value(notation(Flip(Variable("v", (2, 3)), turned), {}), {"v": x}).at
        assert {place: float(number[0]) for place, number in found.items()} == dict(np.ndenumerate(np.flip(x, turned)))


def test_constants_have_their_values():
    assert notation(Constant("-inf"), {}) == "-inf"
    assert notation(Constant("pi"), {}) == "pi"
    assert _value(notation(Constant("e"), {}), {}).at[()][0].overlaps(flint.arb.const_e())
