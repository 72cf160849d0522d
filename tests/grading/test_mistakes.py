import tomllib
from pathlib import Path

import pytest
import sympy

from gradlab import Exercise
from gradlab.grading.malrules import MAL_RULES, mal_rule, power_of
from gradlab.grading.mistakes import Derived
from gradlab.graph import algebra
from gradlab.sources import as_function
from gradlab.symbolic.rules import Scope


def _derived(text, name="x"):
    function = as_function(text)
    return Derived(function.formula, Scope(function.nodes[name], {}))


@pytest.mark.parametrize(
    "text", ["x**2*sin(3*x)", "(x**2+1)/(x-1)", "sqrt(x**2+1)", "2**x*x", "exp(sin(x))", "x/(1+exp(x))"]
)
def test_without_a_mistake_the_steps_lead_to_the_derivative(text):
    x = sympy.Symbol("x")
    right = as_function(text).with_output(_derived(text).right())
    oracle = sympy.diff(sympy.sympify(text), x)
    for value in (0.3, 2.5):
        assert right(x=value) == pytest.approx(float(oracle.subs(x, value)), rel=1e-12)


def test_a_mistake_may_be_made_deep_inside():
    answers = {str(wrong.answer): wrong for wrong in _derived("e^(sin(x^2))").singles()}
    wrong = next(w for w in answers.values() if w.name == "power not decremented")
    assert str(wrong.mistakes[0].step.expression) == "x²"


def test_pairs_are_made_at_different_steps():
    names = {wrong.name for wrong in _derived("x^2 sin(3x)").pairs()}
    assert "inner derivative forgotten and power not decremented" in names


def test_a_teacher_adds_a_mal_rule():
    assert Exercise("x^3").check("6x^5").misconception is None

    @mal_rule("exponent doubled", "the exponent was doubled")
    def _(step):
        base, exponent = power_of(step.expression)
        if base is step.scope.wrt:
            yield algebra.scale_by(2 * exponent, algebra.raised(base, 2 * exponent - 1))

    try:
        grade = Exercise("x^3").check("6x^5")
        assert grade.misconception == "exponent doubled"
        assert "The exponent was doubled" in grade.feedback
    finally:
        del MAL_RULES["exponent doubled"]


def test_every_mal_rule_says_what_to_tell_the_student():
    for name, rules in MAL_RULES.items():
        for rule in rules:
            assert rule.name == name
            assert len(rule.says) > 10


@pytest.mark.parametrize("text", ["x^2 sin(x)", "e^(2x)/x", "log(x^2+1)", "(3x-1)^4", "x^3 y"])
def test_right_answers_explain_nothing(text):
    exercise = Exercise(text, wrt="x")
    grade = exercise.check(exercise.answer)
    assert (grade.verdict, grade.misconception, grade.candidates) == ("correct", None, ())


def test_two_mistakes_are_told_only_where_both_are_usual(monkeypatch):
    monkeypatch.delitem(MAL_RULES, "product term missing")
    grade = Exercise("x ln(x)").check("ln(x)")
    assert "logarithm rule and product of derivatives" in grade.candidates
    assert grade.misconception is None
    assert Exercise("x^2 + 5").check("2x^2 + 5").misconception == "constant not dropped and power not decremented"


@pytest.mark.slow
def test_a_mistake_that_gradlab_does_not_know_is_hardly_ever_taken_for_two_others(monkeypatch):
    stored = tomllib.loads((Path(__file__).parents[1] / "answers.toml").read_text(encoding="utf-8"))["exercise"]
    known = dict(MAL_RULES)
    asked = taken = 0
    for each in stored:
        answers = [(answer, names[0]) for answer, *names in each["wrong"] if len(names) == 1 and names[0] in known]
        for name in {name for _, name in answers} if each.get("ask", "derivative") in ("derivative", "partial") else ():
            monkeypatch.delitem(MAL_RULES, name)
            exercise = Exercise(each["function"], wrt=each.get("wrt"))
            found = [exercise.check(answer).misconception for answer, own in answers if own == name]
            monkeypatch.setitem(MAL_RULES, name, known[name])
            asked += len(found)
            taken += sum(other is not None and " and " in other for other in found)
    assert asked > 200
    assert taken <= 0.02 * asked


@pytest.mark.parametrize("answer", ["2x sin(x) + x^2 sin(x)", "x^2 cos(x) + x^2 sin(x)"])
def test_either_factor_may_be_the_one_that_was_not_differentiated(answer):
    assert "factor not differentiated" in Exercise("x^2 sin(x)").check(answer).candidates


def test_a_sigmoid_that_is_left_out_of_a_loss_is_named():
    exercise = Exercise("1/n sum_i (sigmoid(w x_i) - y_i)^2", "closed form", wrt="w", shapes={"x": "n", "y": "n"})
    assert exercise.check("2/n sum_i (w x_i - y_i) x_i").misconception == "sigmoid missing"
