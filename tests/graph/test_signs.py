"""Signs that are read off a form: never wrong, whatever the point."""

import numpy as np
import pytest

from gradlab import as_function
from gradlab.graph import algebra, evaluation
from gradlab.graph.kinds import Constant, Contraction, Norm, Softmax, Variable
from gradlab.graph.signs import ANY, NOT_NEGATIVE, POSITIVE, is_nonzero, is_positive, signs_of
from gradlab.symbolic.rule_examples import ELEMENTWISE


def signs(source):
    return signs_of(as_function(source).formula)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x^2 + 1", POSITIVE),
        ("x^2", NOT_NEGATIVE),
        ("x^3", ANY),
        ("sin(x)", ANY),
        ("-exp(x)", {-1}),
        ("exp(x) sigmoid(y)", POSITIVE),
        ("exp(x) - 1", ANY),
        ("sqrt(x^2 + 1)", POSITIVE),
        ("sqrt(x)", NOT_NEGATIVE),
        ("1/(1 + x^2)", POSITIVE),
        ("abs(x) + 2", POSITIVE),
        ("x x", NOT_NEGATIVE),
        ("max(x, 1)", POSITIVE),
        ("min(x, -1)", {-1}),
        ("sinh(exp(x))", POSITIVE),
        ("where(x > 0, exp(x), 2)", POSITIVE),
        ("0 x", {0}),
        ("3", POSITIVE),
    ],
)
def test_signs_follow_from_the_form(source, expected):
    assert signs(source) == expected


def test_sums_over_axes_keep_a_sign():
    x = Variable("x", ("n",))
    assert signs_of(Contraction((x, x), ((0,), (0,)), (), ("n",))) == NOT_NEGATIVE
    assert is_positive(Contraction((Softmax(x, 0),), ((0,),), (), ("n",)))
    assert signs_of(Norm(x, (0,))) == NOT_NEGATIVE
    reciprocal = algebra.reciprocal(x)
    assert is_nonzero(reciprocal)
    assert not is_nonzero(Contraction((reciprocal,), ((0,),), (), ("n",)))


def test_a_diagonal_matrix_has_zeros_beside_its_diagonal():
    positive = Softmax(Variable("x", ("n",)), 0)
    assert not is_nonzero(Contraction((positive,), ((0,),), (0, 0), ("n",)))


def test_a_mask_of_minus_infinity_is_negative():
    assert signs_of(Constant("-inf")) == {-1}


def test_a_chain_deeper_than_the_stack_is_not_followed():
    node = as_function("x^2 + 1").formula
    for _ in range(5_000):
        node = as_function("sinh(x)").formula.rebuilt((node,), {})
    assert signs_of(node) == ANY


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_no_operation_has_a_sign_that_was_ruled_out(name):
    node = ELEMENTWISE[name]
    for first in (-2.0, -0.5, 0.0, 0.5, 2.0):
        for second in (-1.0, 0.0, 1.5):
            with np.errstate(all="ignore"):
                (value,) = evaluation.with_numpy([node], {"x": first, "y": second, "z": 1.0}, {})
            assert not np.isfinite(value) or int(np.sign(value)) in signs_of(node)
