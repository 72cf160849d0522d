"""What stands before an answer, x = 3 or f'(x) = 2x, is no part of it."""

import pytest

from gradlab.errors import ParseError
from gradlab.grading import Exercise
from gradlab.grading.working import follow

STEP = Exercise("x^2", ask="step", at=2, rate=0.25)
STEPS = Exercise("x^2 + 3y^2", ask="step", at={"x": 1, "y": 2}, rate=0.1)
LEVEL = Exercise("x^3 - 3x", ask="critical point")
LOWEST = Exercise("x^2 + y^2 - 2x", ask="critical point")


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (STEP, "x = 1"),
        (STEPS, "x = 0.8, y = 0.8"),
        (STEPS, "y = 0.8; x = 0.8"),
        (LEVEL, "x = 1, x = -1"),
        (LOWEST, "y = 0, x = 1"),
        (Exercise("x^2"), "f'(x) = 2x"),
        (Exercise("x^2"), "dy/dx = 2x"),
        (Exercise("x^2 + y", ask="gradient"), "∇f(x, y) = [2x, 1]"),
        (Exercise("x^2 + y", ask="gradient"), "∂f/∂y = 1, ∂f/∂x = 2x"),
        (Exercise("x^2 + y", ask="gradient"), "f_x = 2x; f_y = 1"),
        (Exercise("x^2 + y", ask="gradient"), "2x, 1"),
        (Exercise("x^2"), "$$f'(x) = 2x$$"),
        (Exercise("x^2"), r"\(y' = 2x\)"),
        (Exercise("x^2"), r"\frac{df}{dx} = 2x"),
        (Exercise("x^2"), r"$\frac{\partial f}{\partial x} = 2x$"),
        (LEVEL, "1, -1"),
    ],
)
def test_an_answer_may_say_what_it_is(exercise, answer):
    assert exercise.check(answer).verdict == "correct"


@pytest.mark.parametrize(
    ("exercise", "answer"), [(STEP, "x = 3"), (STEPS, "x = 0.8, y = 0.7"), (Exercise("x^2"), "f'(x) = x")]
)
def test_what_is_wrong_stays_wrong(exercise, answer):
    assert exercise.check(answer).verdict == "wrong"


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (STEP, "z = 1"),
        (STEPS, "x = 0.8, x = 0.8"),
        (STEPS, "x = 0.8, y"),
        (Exercise("x^2 + y", ask="gradient"), "f_x = 2x, f_z = 1"),
        (Exercise("x^2"), "x = 2x"),
        (LEVEL, "3x^2 = 3"),
    ],
)
def test_another_equation_is_not_read(exercise, answer):
    found = exercise.check(answer)
    assert found.verdict == "undecided"
    assert "'='" in found.feedback


@pytest.mark.parametrize(
    ("exercise", "answer", "said"),
    [
        (Exercise("x^2"), "df/dy = 2x", "this is called a derivative by y, and the derivative by x is asked for"),
        (Exercise("x^2 y", wrt="x"), "∂f/∂y = 2x y", "called a derivative by y, and the derivative by x is asked for"),
        (Exercise("x^2"), "d/dt f(x) = 2x", "this is called a derivative by t"),
        (Exercise("x^2"), "f'(t) = 2x", "this is called a function of t, and a function of x is asked about"),
        (Exercise("x^2 + y", ask="gradient"), "∇f(x, z) = [2x, 1]", "a function of z, and a function of x, y is asked"),
        (Exercise("x^2", "value", at=3), "dy/dt = 6", "this is called a derivative by t"),
        (Exercise("x^2"), r"$\frac{df}{dt} = 2x$", "this is called a derivative by t"),
    ],
)
def test_a_label_is_held_against_the_question(exercise, answer, said):
    found = exercise.check(answer)
    assert found.verdict == "undecided"
    assert said in found.feedback


@pytest.mark.parametrize("answer", ["f'(3) = 6", "y'(3) = 6", "dy/dx = 6", "f'(x) = 6", "df/dx(3) = 6"])
def test_a_label_may_name_the_point_or_any_function(answer):
    assert Exercise("x^2", "value", at=3).check(answer).verdict == "correct"


def test_work_that_begins_with_another_derivative_is_refused():
    with pytest.raises(ParseError, match="this is called a derivative by t, and the derivative by x is asked for"):
        follow(Exercise("x^2"), "df/dt = 2x = x + x")


def test_a_fault_keeps_its_place():
    assert Exercise("x^2").check("f'(x) = 2 q").feedback.splitlines()[-1].index("^") == 2 + 10
