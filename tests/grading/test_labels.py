"""What stands before an answer, x = 3 or f'(x) = 2x, is no part of it."""

import pytest

from gradlab.grading import Exercise

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
        (Exercise("x^2"), "x = 2x"),
        (LEVEL, "3x^2 = 3"),
    ],
)
def test_another_equation_is_not_read(exercise, answer):
    found = exercise.check(answer)
    assert found.verdict == "undecided"
    assert "'='" in found.feedback


def test_a_fault_keeps_its_place():
    assert Exercise("x^2").check("f'(x) = 2 q").feedback.splitlines()[-1].index("^") == 2 + 10
