"""Where a rule may be used: each condition said of the operands, true, and dropped where it always holds."""

from fractions import Fraction
from itertools import product
from math import isfinite

import numpy as np
import pytest

from gradlab import as_function
from gradlab.errors import DomainError
from gradlab.graph import algebra, evaluation
from gradlab.graph.conditions import said
from gradlab.graph.kinds import (
    Cholesky,
    Determinant,
    DeterminantSign,
    Elementwise,
    Extremum,
    Inverse,
    Lead,
    LogDeterminant,
    Norm,
    Positions,
    Solve,
    Standardize,
    Variable,
    Variance,
    Winners,
)
from gradlab.graph.nodes import conditions_of, topological
from gradlab.graph.operations import (
    FLOOR,
    GREATER,
    LETTERS,
    LOG,
    OPERATIONS,
    SQRT,
    celu,
    elu,
    hardshrink,
    huber,
    polygamma,
    power,
)
from gradlab.graph.styles import LatexPrinter, TextPrinter
from gradlab.symbolic import derive


def written(node, style=TextPrinter):
    found = dict.fromkeys(condition for part in topological([node]) for condition in conditions_of(part))
    return [condition.written(style) for condition in found]


# In symbols --------------------------------------------------------------------------------------

IN_SYMBOLS = {
    "log(x^2 - 1)": (["x² - 1 > 0"], ["x^{2} - 1 > 0"]),
    "1/(x - 1)": (["x - 1 ≠ 0"], [r"x - 1 \ne 0"]),
    "x^(-2)": (["x ≠ 0"], [r"x \ne 0"]),
    "x^1.5": (["x > 0"], ["x > 0"]),
    "x^3": ([], []),
    "x^y": (["x > 0"], ["x > 0"]),
    "asin(x/2)": (["-1 < 1/2 x < 1"], [r"-1 < \frac{1}{2} x < 1"]),
    "tan(2 x)": (["cos(2 x) ≠ 0"], [r"\cos\left(2 x\right) \ne 0"]),
    "abs(x)": (["x ≠ 0"], [r"x \ne 0"]),
    "max(x, y)": (["x ≠ y"], [r"x \ne y"]),
    "clamp(x, y, 2)": (["x ≠ y", "x ≠ 2", "y ≠ 2"], [r"x \ne y", r"x \ne 2", r"y \ne 2"]),
    "clamp(x, -1, 1)": (["x ≠ -1", "x ≠ 1"], [r"x \ne -1", r"x \ne 1"]),
    "floor(x)": (["x not a whole number"], [r"x \notin \mathbb{Z}"]),
    "trunc(x)": (["x not a whole number except 0"], [r"x \notin \mathbb{Z} \setminus \{0\}"]),
    "round(x)": (["x + 1/2 not a whole number"], [r"x + \frac{1}{2} \notin \mathbb{Z}"]),
    "mod(x, y)": (["y ≠ 0", "x/y not a whole number"], [r"y \ne 0", r"\frac{x}{y} \notin \mathbb{Z}"]),
    "mod(x, 2)": (["1/2 x not a whole number"], [r"\frac{1}{2} x \notin \mathbb{Z}"]),
    "hypot(x, y)": (["x ≠ 0 or y ≠ 0"], [r"x \ne 0 \vee y \ne 0"]),
    "atan2(x, y)": (["x ≠ 0 or y > 0"], [r"x \ne 0 \vee y > 0"]),
    "where(x > 0, x^2, y)": (["x ≠ 0"], [r"x \ne 0"]),
    "log(x) + log(x) + 1/x": (["x > 0", "x ≠ 0"], ["x > 0", r"x \ne 0"]),
}


@pytest.mark.parametrize("source", IN_SYMBOLS)
def test_a_condition_is_said_of_the_operands(source):
    formula = as_function(source).formula
    assert (written(formula), written(formula, LatexPrinter)) == IN_SYMBOLS[source]


HELD = [
    "log(x^2 + 1)",
    "sqrt(1 + exp(x) y^4)",
    "1/(1 + exp(-x))",
    "log(exp(x) + exp(y))",
    "1/cosh(x) + log(softplus(x))",
    "sqrt(sigmoid(x))",
    "(2 + x^2)^(-2)",
    "acosh(x^2 + 2)",
    "max(x^2 + 1, 0)",
    "hypot(x, 1)",
    "2^x",
    "abs(x^2 + y^2 + 1)",
    "x/3",
]


@pytest.mark.parametrize("source", HELD)
def test_what_always_holds_is_not_said(source):
    assert written(as_function(source).formula) == []


@pytest.mark.parametrize("source", ["log(x^2)", "1/(x^2 + y)", "sqrt(x^2 + y^2)", "log(x^3 + 1)", "1/sinh(x)"])
def test_what_may_fail_is_said(source):
    assert written(as_function(source).formula)


def test_a_condition_of_an_array_is_said_of_one_entry():
    vector, matrix = Variable("x", ("n",)), Variable("X", ("n", "d"))
    assert written(Elementwise(LOG, (vector,))) == ["x_i > 0"]
    assert written(Elementwise(LOG, (matrix,)), LatexPrinter) == ["X_{ij} > 0"]
    assert written(Elementwise(FLOOR, (vector,))) == ["x_i not a whole number"]


def test_a_comparison_of_counted_places_needs_nothing():
    places = Positions("n")
    assert conditions_of(Elementwise(GREATER, (places, algebra.number(2, ("n",))))) == ()


def test_equal_conditions_are_equal():
    x = Variable("x")
    (first,), (second,) = (conditions_of(Elementwise(operation, (x,))) for operation in (LOG, SQRT))
    assert first == second
    assert first.names == {"x"}


def test_hard_shrinkage_names_its_bound():
    assert written(Elementwise(hardshrink(Fraction(1, 2)), (Variable("x"),))) == ["|x| ≠ 1/2"]


A, X, V = Variable("A", ("n", "n")), Variable("X", ("n", "d")), Variable("x", ("n",))

OF_KINDS = {
    "norm": (Norm(V, (0,)), "‖x‖ ≠ 0"),
    "inverse": (Inverse(A), "det A ≠ 0"),
    "linear system": (Solve(A, V, True), "det A ≠ 0"),
    "determinant": (Determinant(A), "det A ≠ 0"),
    "sign of a determinant": (DeterminantSign(A), "det A ≠ 0"),
    "log-determinant": (LogDeterminant(A, False), "det A > 0"),
    "log of |det A|": (LogDeterminant(A, True), "det A ≠ 0"),
    "Cholesky factor": (Cholesky(A), "A positive definite"),
    "largest": (Extremum(V, (0,), True, True), "max_i x_i attained once"),
    "smallest": (Extremum(X, (1,), False, True), "min_j X_ij attained once"),
    "winners": (Winners(V, (0,), True, True), "max_i x_i attained once"),
    "lead": (Lead(V, (0,), True), "x without ties"),
    "deviation": (Elementwise(SQRT, (Variance(V, (0,)),)), "var(x) > 0"),
    "standardizing": (Standardize(V, (0,), Fraction(0)), "var(x) > 0"),
}


@pytest.mark.parametrize("kind", OF_KINDS)
def test_kinds_of_arrays_have_conditions(kind):
    node, expected = OF_KINDS[kind]
    assert written(node) == [expected]


def test_standardizing_with_an_epsilon_may_be_done_everywhere():
    assert conditions_of(Standardize(V, (0,), Fraction(1, 100))) == ()


def test_words_of_every_condition_are_written_in_latex():
    for node, _ in OF_KINDS.values():
        assert all(mark.isascii() for line in written(node, LatexPrinter) for mark in line)


# True --------------------------------------------------------------------------------------------

FAMILIES = [power(Fraction(3)), power(Fraction(-2)), power(Fraction(3, 2)), elu(Fraction(1)), elu(Fraction(1, 2))]
FAMILIES += [celu(Fraction(2)), huber(Fraction(1)), hardshrink(Fraction(1)), polygamma(Fraction(1))]
OF_REALS = [
    operation for operation in [*OPERATIONS.values(), *FAMILIES] if operation.rule.name not in ("logic", "cases")
]

NOT_EVERYWHERE_SHARP = {
    "general power": "0² has slopes",
    "clamp": "between bounds in the wrong order nothing moves",
    "hardtanh": "as clamp",
    "within": "as clamp",
    "inside": "as clamp",
    "leaky_relu": "a slope of 1 on the left makes no kink",
    "lgamma": "it is meant for u > 0; what lies to the left has no digamma's derivative",
    "digamma": "as lgamma",
}

STEP = 1e-6


def slopes(operation, point, place):
    """The two one-sided difference quotients at a point."""
    node = Elementwise(operation, tuple(Variable(letter) for letter in LETTERS[: operation.arity]))

    def value(shift):
        at = {letter: number + shift * (position == place) for position, (letter, number) in enumerate(point.items())}
        with np.errstate(all="ignore"):
            return float(evaluation.with_numpy([node], at, {})[0])

    middle = value(0)
    return (middle - value(-STEP)) / STEP, (value(STEP) - middle) / STEP


def is_differentiable(operation, point):
    pairs = [slopes(operation, point, place) for place in range(operation.arity)]
    # A vertical tangent counts as none: ∛u has slopes of 1e4 at 0 with this step.
    return all(abs(left) < 1e3 and abs(left - right) < 1e-3 for left, right in pairs)


def points(operation):
    numbers = (-1.2, -1.0, -0.5, 0.0, 0.3, 1.0, 2.0) if operation.arity < 3 else (-1.0, 0.3, 1.0)
    for values in product(numbers, repeat=operation.arity):
        yield dict(zip(LETTERS, values, strict=False))


def holds(operation, point):
    operands = tuple(Variable(letter) for letter in point)
    conditions = [condition.expression for condition in said(operation.rule.where, operands, operation.number)]
    with np.errstate(all="ignore"):
        return all(float(value) == 1 for value in evaluation.with_numpy(conditions, point, {}))


@pytest.mark.parametrize("operation", OF_REALS, ids=repr)
def test_an_operation_is_differentiable_where_its_rule_says(operation):
    operands = tuple(Variable(letter) for letter in LETTERS[: operation.arity])
    partials = operation.partials(algebra, operands, Elementwise(operation, operands))
    for point in points(operation):
        if not holds(operation, point):
            assert operation.name in NOT_EVERYWHERE_SHARP or not is_differentiable(operation, point), point
            continue
        assert is_differentiable(operation, point), point
        with np.errstate(all="ignore"):
            found = evaluation.with_numpy(list(partials), point, {})
        for place, local in enumerate(found):
            left, right = slopes(operation, point, place)
            # Half of a step of 1e-6 times a curvature of up to a few hundred.
            assert float(local) == pytest.approx((left + right) / 2, abs=1e-4), point


@pytest.mark.parametrize("operation", OF_REALS, ids=repr)
def test_an_operation_is_a_number_where_its_domain_says(operation):
    node = Elementwise(operation, tuple(Variable(letter) for letter in LETTERS[: operation.arity]))
    for point in points(operation):
        conditions = [condition.expression for condition in said(operation.domain, node.operands)]
        with np.errstate(all="ignore"):
            inside = all(float(value) == 1 for value in evaluation.with_numpy(conditions, point, {}))
            (value,) = evaluation.with_numpy([node], point, {})
        assert isfinite(float(value)) or not inside, point


def test_a_domain_is_said_of_operands_whose_names_are_letters_of_rules():
    with pytest.raises(DomainError, match=r"\(it needs v > 0\)"):
        derive("v^y").at({"v": -1, "y": 0.5})
