from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from gradlab.graph import algebra, evaluation
from gradlab.graph.differentiation import sweep
from gradlab.graph.kinds import Contraction, Derivative, Elementwise, Frozen, Let, Variable
from gradlab.graph.operations import FAMILIES, OPERATIONS, polygamma
from gradlab.graph.sizes import Coefficient
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive
from gradlab.symbolic.proof import Evidence, flows, prove_equal
from gradlab.symbolic.steps import Step, steps_of, walk
from tests.models import MODELS
from tests.sampling import sampled

MEMBERS = {f"{name}({number})": FAMILIES[name](Fraction(number)) for name in FAMILIES for number in (1, "1/2", 3)}
EVERY = {**OPERATIONS, **MEMBERS, "polygamma(1)": polygamma(Fraction(1))}


def _steps(model):
    function, _ = at_point(model.source, model.at)
    return list(walk(derive(function).steps))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_step_of_every_model_is_proved(model):
    for step in _steps(model):
        assert step.evidence in (Evidence.EXACT, Evidence.CERTIFIED, Evidence.SAMPLED), step.text()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_step_that_is_off_by_one_is_refuted(model):
    for step in _steps(model):
        wrong = replace(step, after=algebra.add(step.after, algebra.number(1, step.after.axes)))
        assert wrong.evidence is Evidence.REFUTED, step.text()


# Its deltas sum to zero by construction, and -0 is 0.
SIGNED = [model for model in MODELS if model.name != "standardised"]


@pytest.mark.parametrize("model", sampled(SIGNED, 3), ids=lambda model: model.name)
def test_a_step_with_a_wrong_sign_or_factor_is_refuted(model):
    function, point = at_point(model.source, model.at)
    for step in _steps(model):
        if step.flow is None:
            continue
        (received,) = evaluation.with_numpy([step.after], {**function.data, **point}, function.sizes(point))
        if not received.any():  # nothing times any factor is nothing
            continue
        for factor in (-1, 2):
            wrong = replace(step, after=algebra.scale_by(factor, step.after))
            assert wrong.evidence is Evidence.REFUTED, step.text()


def test_a_swapped_transpose_is_refuted_by_unequal_sizes():
    function = as_function(lambda A, B: (A @ B).sum(), shapes={"A": ("n", "n"), "B": ("n", "n")})
    products = [step for step in derive(function).steps if "matrix" in step.rule or "contraction" in step.rule]
    for step in products or derive(function).steps[:1]:
        turned = Contraction((step.after,), ((0, 1),), (1, 0), ("n", "n"))
        if step.after.rank == 2:
            assert replace(step, after=turned).evidence is Evidence.REFUTED


def test_a_missing_inner_derivative_is_refuted():
    chain = derive("sin(x^2)").steps[0]
    assert chain.rule == "chain rule"
    outer, _ = chain.after.operands
    assert replace(chain, after=outer).evidence is Evidence.REFUTED


@pytest.mark.parametrize("name", EVERY)
def test_the_rule_of_every_operation_is_sympys(name):
    operation = EVERY[name]
    operands = tuple(Variable(letter) for letter in "xyz"[: operation.arity])
    node = Elementwise(operation, operands)
    for step in steps_of(sweep(node, operands)):
        assert step.evidence in (Evidence.EXACT, Evidence.CERTIFIED), step.text()


@pytest.mark.parametrize(("name", "evidence"), [("sigmoid", Evidence.EXACT), ("silu", Evidence.CERTIFIED)])
def test_a_rule_for_arrays_is_exact_only_if_algebra_shows_it(name, evidence):
    node = Elementwise(OPERATIONS[name], (Variable("x", ("n",)),))
    (step,) = steps_of(sweep(node, node.operands))
    assert step.evidence is evidence


def test_a_rule_is_exact_whatever_the_parts_that_stand_still_come_to():
    # No point lies on the other side of this kink; what is shown for any number in its place holds there too.
    (step,) = derive("hypot(x, relu(y - 10^20))", "x").steps
    assert step.evidence is Evidence.EXACT


@pytest.mark.parametrize("text", ["sum(relu(x - 10^20)^2)", "sum(relu(x^2 - 10^30)^2)"])
def test_a_step_is_proved_beside_a_kink_that_no_point_reaches(text):
    for step in derive(as_function(text, shapes={"x": ("n",)})).steps:
        assert step.evidence in (Evidence.EXACT, Evidence.CERTIFIED), step.text()


def test_a_sum_over_an_index_is_not_taken_for_its_summand():
    steps = list(walk(derive(as_function("sum(a t)", shapes={"a": (), "t": ("n",)}), "a").steps))
    assert {step.evidence for step in steps if step.rule == "sum rule over an index"} == {Evidence.CERTIFIED}


def test_what_is_off_a_diagonal_counts():
    function = as_function(lambda X: np.trace(np.sin(X)), shapes={"X": ("n", "n")})
    step = derive(function).steps[-1]
    everywhere = Elementwise(OPERATIONS["cos"], (function.nodes["X"],))
    assert replace(step, after=everywhere).evidence is Evidence.REFUTED


def test_a_step_that_is_defined_nowhere_stays_unproved():
    step = derive("log(-x^2)").steps[-1]
    assert replace(step, after=algebra.add(step.after, algebra.number(1))).evidence is Evidence.REFUTED
    nowhere = as_function("log(-x^2)").formula
    assert prove_equal(nowhere, algebra.scale_by(2, nowhere)) is Evidence.UNPROVED


def test_rules_are_proved_by_algebra():
    for step in walk(derive("x**2 sin(x) + y/x").steps):
        assert step.rule == "substitution" or step.evidence is Evidence.EXACT, step.text()


def test_a_rule_that_holds_on_one_side_of_a_kink_only_is_refuted():
    for text in ("abs(x)", "relu(x)"):
        (step,) = derive(text).steps
        assert replace(step, after=algebra.number(1)).evidence is Evidence.REFUTED


def test_the_local_derivative_that_is_shown_must_lead_to_the_result():
    (step, _) = derive(as_function("sum(x^3)", shapes={"x": ("n",)})).steps[::-1]
    assert replace(step, local=algebra.number(7)).evidence is Evidence.REFUTED


def test_a_position_from_the_end_is_told_from_one_from_the_start():
    function = as_function(lambda x: x[-1] ** 2, shapes={"x": ("n",)})
    other = as_function(lambda x: x[1] ** 2, shapes={"x": ("n",)})
    wrong = replace(derive(function).steps[-1], after=derive(other).steps[-1].after)
    assert wrong.evidence is Evidence.REFUTED


def test_softmax_is_certified_by_power_series():
    steps = derive(as_function(lambda z: torch.softmax(z, 0)[0], shapes={"z": ("n",)})).steps
    softmax = next(step for step in steps if step.rule == "softmax")
    assert softmax.evidence is Evidence.CERTIFIED
    assert replace(softmax, after=algebra.scale_by(2, softmax.after)).evidence is Evidence.REFUTED


def test_a_step_of_a_large_array_is_tried_in_one_direction():
    def loss(X, W):
        return (torch.nn.functional.conv2d(X, W) ** 2).sum()

    function, _ = at_point(loss, {"X": np.ones((1, 1, 14, 14)), "W": np.ones((1, 1, 3, 3))})
    windows = next(step for step in derive(function).steps if step.rule == "windows")
    assert windows.evidence is Evidence.SAMPLED
    assert replace(windows, after=algebra.scale_by(2, windows.after)).evidence is Evidence.REFUTED
    moved = algebra.add(windows.after, algebra.number(1, windows.after.axes))
    assert replace(windows, after=moved).evidence is Evidence.REFUTED


def test_a_step_of_an_array_that_is_too_large_is_left_unproved(monkeypatch):
    monkeypatch.setattr(flows, "LARGEST", 100)
    function = as_function(lambda x: x[:1].sum(), shapes={"x": (200,)})
    assert derive(function).steps[-1].evidence is Evidence.UNPROVED


def _claimed(function, wrt, after):
    return Step("", "", Derivative(function, wrt), after)


X, A, Y = Variable("x", ()), Variable("a", ()), Variable("y", ())
SINE = Elementwise(OPERATIONS["sin"], (Y,))
NAMED = Let("u", SINE)

UNSOUND = {
    "a root that stands still": _claimed(as_function("sqrt(x)").formula, X, algebra.number(0)),
    "a power that stands still": _claimed(as_function("x^x").formula, X, algebra.number(0)),
    "a piece between the points": _claimed(
        as_function("x^2").formula, X, as_function("where(x > 5, where(x < 20, 1, 2 x), 2 x)").formula
    ),
    "a derivative with respect to a namesake": _claimed(
        Elementwise(OPERATIONS["sin"], (A,)), A, Derivative(Elementwise(OPERATIONS["sin"], (A,)), X)
    ),
    "a value that is held constant": _claimed(algebra.product(X, Frozen(X)), X, Derivative(algebra.product(X, X), X)),
    "what a name stands for": _claimed(algebra.product(NAMED, Y), NAMED, Derivative(algebra.product(SINE, Y), NAMED)),
}
"""Claims that were once proved."""


@pytest.mark.parametrize("name", UNSOUND)
def test_a_claim_that_was_once_proved_is_refuted(name):
    assert UNSOUND[name].evidence is Evidence.REFUTED


def test_a_derivative_is_compared_only_where_the_function_has_a_value():
    # Below 0 there is a number on either side, but no logarithm.
    assert _claimed(as_function("log(x)").formula, X, as_function("abs(x)/x^2").formula).evidence is Evidence.CERTIFIED


def test_a_quotient_by_0_is_equal_to_nothing():
    nowhere = as_function("x/(sqrt(x)^2 - x)").formula
    assert prove_equal(nowhere, algebra.scale_by(2, nowhere)) is Evidence.UNPROVED


def test_what_is_inside_a_quotient_by_0_is_equal_to_nothing():
    nowhere = as_function("sin(1/(x - x))").formula
    assert prove_equal(nowhere, algebra.scale_by(2, nowhere)) is Evidence.UNPROVED


@pytest.mark.parametrize(("exponent", "power"), [("", "x"), ("- 1", "x/x"), ("+ 1", "x^2")])
def test_an_exponent_that_comes_to_a_number_is_that_number(exponent, power):
    written = as_function(f"x^((y + 1)^2 - y^2 - 2 y {exponent})").formula
    assert prove_equal(written, as_function(power).formula) is Evidence.EXACT
    assert prove_equal(written, as_function("x^3").formula) is Evidence.REFUTED


def test_a_name_is_equal_to_what_it_stands_for():
    assert prove_equal(algebra.product(NAMED, NAMED), as_function("sin(y)^2").formula) is Evidence.EXACT


def test_a_size_of_two_does_not_hide_a_mean():
    (*_, step) = derive(as_function(lambda x: (x**2).sum(), shapes={"x": ("n",)})).steps
    mean = algebra.scale(Coefficient.of_size("n", -1), algebra.scale_by(2, step.after))
    assert replace(step, after=mean).evidence is Evidence.REFUTED


def test_a_side_of_a_kink_on_which_no_point_lies_leaves_a_claim_unproved():
    far = as_function("relu(x - 10^20)").formula
    assert prove_equal(algebra.add(X, far), X) is Evidence.UNPROVED


def test_a_mistake_beyond_a_far_kink_is_found():
    steps = list(walk(derive("x relu(x - 10^7)").steps))
    line = next(step for step in steps if step.rule == "substitution")
    assert replace(line, after=algebra.scale_by(2, line.after)).evidence is Evidence.REFUTED


def test_the_rule_of_the_inverse_is_proved_for_matrices_that_have_one():
    singular = as_function(lambda x: np.linalg.inv(np.outer(x, x)).sum(), shapes={"x": ("n",)})
    inverse = next(step for step in derive(singular).steps if step.rule == "inverse")
    assert inverse.evidence is Evidence.CERTIFIED  # for any matrix in place of x x^T
