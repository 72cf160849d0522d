import tomllib
from pathlib import Path

import pytest

from gradlab import Exercise
from tests import answers_page

STORED = tomllib.loads((Path(__file__).parents[1] / "answers.toml").read_text(encoding="utf-8"))["exercise"]


def _asked(stored):
    return {key: value for key, value in stored.items() if key not in ("function", "correct", "wrong")}


def _name(stored):
    return " ".join(str(value) for value in (stored["function"], *_asked(stored).values()))


@pytest.mark.parametrize("stored", STORED, ids=_name)
def test_every_stored_answer_gets_its_verdict_and_its_name(stored):
    exercise = Exercise(stored["function"], **_asked(stored))
    for answer in stored["correct"]:
        assert exercise.check(answer).verdict == "correct", answer
    for answer, *names in stored["wrong"]:
        grade = exercise.check(answer)
        assert grade.verdict == "wrong", answer
        if names == [""]:  # nothing known explains it: nothing is claimed
            assert grade.misconception is None, answer
        elif len(names) == 1:
            assert grade.misconception == names[0], answer
        else:
            assert grade.misconception in (None, *names), answer
            assert set(names) & set(grade.candidates), answer


def test_the_stored_wrong_answers_are_many():
    assert sum(len(stored["wrong"]) for stored in STORED) >= 300


def test_feedback_does_not_tell_the_answer():
    for stored in STORED:
        exercise = Exercise(stored["function"], **_asked(stored))
        for answer, *_ in stored["wrong"]:
            if len(exercise.answer) > 3:  # "6 x" may be a part of anything
                assert f" {exercise.answer}." not in exercise.check(answer).feedback


def test_the_page_of_answers_is_up_to_date():
    assert answers_page.PAGE.read_text(encoding="utf-8") == answers_page.page()


def test_in_a_notebook_the_caret_stays_below_what_it_points_at():
    shown = Exercise("x^2").check("2 cosinus(x)")._repr_markdown_()
    assert shown.endswith("did you mean 'cos'?\n\n    2 cosinus(x)\n      ^")
    assert "Look at this step" in Exercise("sin(3x)").check("cos(3x)")._repr_markdown_()
