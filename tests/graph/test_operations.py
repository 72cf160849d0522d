"""What single operations promise beyond their rules: accuracy, conditions, printing, one object for one number."""

from fractions import Fraction

import flint
import numpy as np
import pytest

from gradlab.graph import algebra, evaluation, printing
from gradlab.graph.differentiation import sweep
from gradlab.graph.kinds import Constant, Elementwise, Variable
from gradlab.graph.operations import (
    FAMILIES,
    GREATER,
    LETTERS,
    LOGICAL_AND,
    LOGICAL_NOT,
    LOGICAL_OR,
    OPERATIONS,
    WHERE,
    gaussian,
    polygamma,
)

GAUSSIAN = {
    "erf": lambda u: u.erf(),
    "erfc": lambda u: u.erfc(),
    "normal_cdf": lambda u: (-u / flint.arb(2).sqrt()).erfc() / 2,
    "normal_density": lambda u: (-u * u / 2).exp() / (2 * flint.arb.pi()).sqrt(),
}


@pytest.mark.parametrize("name", GAUSSIAN)
def test_the_normal_distribution_is_accurate_near_and_far(name):
    draw = np.random.default_rng(0)
    u = np.concatenate([draw.normal(size=300) * 3, draw.uniform(-36, 36, 300), draw.uniform(-0.7, 0.7, 300), [0, 4.0]])
    found = getattr(gaussian, name)(np, u)
    with flint.ctx.workprec(200):
        exact = np.array([float(GAUSSIAN[name](flint.arb(float(value))).mid()) for value in u])
    assert (np.abs(found - exact) <= 5 * np.spacing(np.abs(exact))).all()
    alone = [float(getattr(gaussian, name)(np, np.array(value))) for value in u]
    np.testing.assert_allclose(alone, found, rtol=1e-15)


@pytest.mark.parametrize("name", GAUSSIAN)
def test_the_normal_distribution_has_its_limits(name):
    found = getattr(gaussian, name)(np, np.array([-np.inf, np.inf, np.nan]))
    left, right = {"erf": (-1, 1), "erfc": (2, 0), "normal_cdf": (0, 1), "normal_density": (0, 0)}[name]
    assert found[0] == left
    assert found[1] == right
    assert np.isnan(found[2])


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("u", [1e-3, 0.5, 1.0, 7.3, 250.0])
def test_polygamma_is_accurate(order, u):
    node = Elementwise(polygamma(Fraction(order)), (Variable("u"),))
    (value,) = evaluation.with_numpy([node], {"u": u}, {})
    (ball,) = evaluation.with_balls([node], {"u": u}, {}, 200)
    assert float(value) == pytest.approx(float(ball[()].mid()), rel=1e-14)


@pytest.mark.parametrize("name", OPERATIONS)
def test_single_precision_stays_single(name):
    operation = OPERATIONS[name]
    given = {letter: np.array([0.25, 0.5], np.float32) + np.float32(name == "acosh") for letter in LETTERS}
    node = Elementwise(operation, tuple(Variable(letter, (2,)) for letter in LETTERS[: operation.arity]))
    (value,) = evaluation.with_numpy([node], given, {}, np.float32)
    assert value.dtype == np.float32


def test_a_family_has_one_operation_for_each_number():
    for make in FAMILIES.values():
        assert make(Fraction(1, 2)) is make(Fraction("0.5"))
        assert make(Fraction(1, 2)) is not make(Fraction(2))


def test_a_condition_is_negated_as_a_person_would():
    x, y = Variable("x"), Variable("y")
    holds = Elementwise(GREATER, (x, y))
    assert printing.text(algebra.negated(holds)) == "[x ≤ y]"
    both = Elementwise(LOGICAL_AND, (holds, Elementwise(LOGICAL_NOT, (y,))))
    assert printing.text(both) == "[x > y and not y]"
    assert printing.text(algebra.negated(both)) == "[not (x > y and not y)]"
    assert algebra.negated(algebra.negated(both)) is both
    either = Elementwise(LOGICAL_OR, (both, holds))
    assert printing.latex(either) == r"\left[\left(x > y \wedge \neg y\right) \vee x > y\right]"


def test_a_delta_is_kept_where_the_condition_holds_whatever_it_is_elsewhere():
    x = Variable("x")
    safe = Elementwise(WHERE, (Elementwise(GREATER, (x, algebra.number(0))), x, algebra.number(0)))
    root = Elementwise(OPERATIONS["sqrt"], (safe,))
    slope = sweep(root, [x]).gradient(x)
    assert [float(evaluation.with_numpy([slope], {"x": value}, {})[0]) for value in (-1.0, 4.0)] == [0.0, 0.25]


def test_cases_stand_in_brackets_where_something_follows():
    x, y = Variable("x"), Variable("y")
    cases = Elementwise(WHERE, (Elementwise(GREATER, (x, y)), x, y))
    assert printing.text(algebra.add(cases, y)) == "(x if x > y else y) + y"
    assert printing.text(algebra.product(cases, y)) == "(x if x > y else y) y"
    assert printing.text(algebra.negative(cases)) == "-(x if x > y else y)"
    assert printing.text(algebra.raised(cases, 2)) == "(x if x > y else y)²"
    nested = Elementwise(WHERE, (Elementwise(GREATER, (y, x)), cases, cases))
    assert printing.text(nested) == "(x if x > y else y) if y > x else x if x > y else y"


def test_minus_infinity_is_written_as_a_sign():
    assert printing.text(Constant("-inf")) == "-∞"
    assert printing.latex(Constant("-inf")) == r"-\infty"
    assert printing.text(algebra.add(Variable("x"), Constant("-inf"))) == "x + (-∞)"
