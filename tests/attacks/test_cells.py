"""Cells under ``%%grade``: whatever stands in the line and in the cell, it is graded or told in words."""

from __future__ import annotations

import pytest

from gradlab.grading import CodeExercise, Exercise
from gradlab.notebook import graded

NAMES = {"ex": Exercise("x^2 sin(x)"), "code": CodeExercise("x^2"), "numbers": [1], "kind": Exercise}


@pytest.mark.parametrize(
    ("line", "cell", "said"),
    [
        ("", "2x", "needs the name of an exercise, not ''; there are ex, code"),
        ("'ex'", "2x", "not \"'ex'\"; there are ex"),
        ("ex[0]", "2x", r"not 'ex\[0\]'; there are ex"),
        ("a" * 5000, "2x", "not 'aaa"),
        ("\u202eex", "2x", r"not '\\u202eex'"),
        ("numbers", "2x", "numbers is no exercise but of type list"),
        ("kind", "2x", "kind is no exercise but of type type"),
        ("ex --trsut", "2x", "%%grade ex --trsut: after the exercise stands nothing, or --trust"),
        ("ex " + "x " * 5000, "2x", "after the exercise stands nothing"),
        ("ex", " \n\t\n", "the cell is empty; write the answer to ex below %%grade ex"),
        ("ex", "=", "the cell is empty"),
        ("ex", "===\n=", "the cell is empty"),
    ],
)
def test_what_cannot_be_graded_is_told(line, cell, said):
    with pytest.raises((NameError, TypeError, ValueError), match=said) as told:
        graded(NAMES, line, cell)
    assert len(str(told.value)) < 300


def test_work_is_shown_without_what_a_terminal_obeys():
    shown = repr(graded(NAMES, "ex", "2x\n\x1b[2J\u202e"))
    assert r"\x1b[2J\u202e" in shown
    assert all(line.isprintable() for line in shown.split("\n"))


def test_thousands_of_lines_are_followed():
    assert len(graded(NAMES, "ex", "\n".join(["2x"] * 3000)).lines) == 3000


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("raise SystemExit", "line 1: SystemExit"),
        ("import sys; sys.exit('bye')", "line 1: SystemExit: bye"),
        ("def gradient(x):\n    return gradient(x)", "line 2: RecursionError"),
        ("def gradient(x): return 2*x #\ud800", "UnicodeEncodeError"),
        ("\0", "SyntaxError"),
    ],
    ids=repr,
)
def test_code_of_one_s_own_that_ends_is_graded(cell, told):
    assert told in repr(graded(NAMES, "code --trust", cell))


@pytest.mark.parametrize(
    "before",
    ["import sys; sys.stdout.close()", "print('x' * 10**7)", "ex = code = None", "import numpy.random as r\nr.seed(0)"],
)
def test_what_a_cell_does_to_the_output_and_to_names_changes_no_grade(before):
    assert graded(NAMES, "code --trust", f"{before}\ndef gradient(x):\n    return 2 * x").score == 1
    assert isinstance(NAMES["code"], CodeExercise)
    print("still here")  # noqa: T201 - the output of the notebook is open
