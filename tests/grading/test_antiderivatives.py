import pytest

from gradlab.errors import ExerciseError
from gradlab.grading import Exercise
from gradlab.grading.antiderivatives import equivalent_but_for_a_constant
from gradlab.sources.answers import read


def _found(first, second, constant="C"):
    names = ["x", "C"]
    return equivalent_but_for_a_constant(read(first, ["x"]).tree, read(second, names).tree, ["x"], constant)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("x^2", "x^2 + C"),
        ("x^2", "C + x^2 - 7"),
        ("x^2", "x^2 - 2C"),
        ("sin(x)^2/2", "-cos(2x)/4 + C"),
        ("log(x)", "log(3x) + C"),
        ("x^2", "x^2 + (C + 1)"),
    ],
)
def test_an_added_constant_may_be_any(first, second):
    assert _found(first, second).equal


@pytest.mark.parametrize("second", ["x^2", "C x^2", "x^2 + C x", "x^3 + C", "x^2 + 0 C", "x^2 + sin(20 pi x) + C"])
def test_a_constant_that_is_missing_or_is_none_is_told(second):
    assert _found("x^2", second).different


def test_without_a_name_numbers_may_differ():
    assert _found("x^2", "x^2 + 5", None).equal
    assert _found("x^2", "x^2 + x", None).different


def test_all_functions_with_a_derivative_are_asked_for():
    exercise = Exercise("x^2 sin(x)", "antiderivative")
    assert exercise.prompt == "Find all functions whose derivative with respect to x is x (x cos(x) + 2 sin(x))."
    assert exercise.answer == "x² sin(x) + C"


@pytest.mark.parametrize("answer", ["x^2 sin x + C", "C + x^2 sin(x) - 3", r"x^2 \sin x - 2C"])
def test_any_constant_may_be_added(answer):
    assert Exercise("x^2 sin(x)", "antiderivative").check(answer).verdict == "correct"


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        ("x^2 sin x", "constant of integration missing"),
        ("x^2 sin x + 5", "constant of integration missing"),
        ("2x sin x + x^2 cos x", "function itself"),
        ("2 sin x + 4x cos x - x^2 sin x + C", "differentiated instead"),
        ("-x^2 sin x + C", "negated"),
        ("x^2 sin x + C x", None),
        ("x^2 sin x + x", None),
    ],
)
def test_mistakes_with_an_antiderivative_are_named(answer, mistake):
    grade = Exercise("x^2 sin(x)", "antiderivative").check(answer)
    assert grade.verdict == "wrong"
    assert grade.misconception == mistake


@pytest.mark.parametrize(
    ("function", "said"),
    [("C^2", "give the variable C another name"), ("x^2 y", "a function of one variable, and f.x, y. has x, y")],
)
def test_what_has_no_antiderivative_to_ask_for_says_why(function, said):
    with pytest.raises(ExerciseError, match=said):
        Exercise(function, "antiderivative")
