import pytest

from gradlab.grading import Exercise, grade

GRADIENT = Exercise("x^2 + x y^3", ask="gradient")


@pytest.mark.parametrize("answer", ["(2x + y³) i + 3xy² j", "3xy^2 j + (2x + y^3) i", "[2x + y^3, 3x y^2]"])
def test_a_gradient_may_be_written_with_unit_vectors(answer):
    assert grade(GRADIENT, answer).verdict == "correct"


def test_a_wrong_component_is_the_one_that_is_named():
    found = grade(GRADIENT, "(2x + y^3) i + 3y^2 j")
    assert found.verdict == "wrong"
    assert found.score == 0.5


def test_a_letter_that_is_a_variable_is_no_direction():
    exercise = Exercise("i^2 + 3 j", ask="gradient")
    assert grade(exercise, "[2i, 3]").verdict == "correct"


def test_a_scalar_answer_knows_no_directions():
    assert grade(Exercise("x^2"), "2x i").verdict == "undecided"
