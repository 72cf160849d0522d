"""Right programs pass, wrong ones do not, and training mistakes are named with their line."""

from __future__ import annotations

import pytest
import sympy

from gradlab.errors import ExerciseError
from gradlab.grading import CodeExercise, grade
from gradlab.grading.files import exercises_of
from gradlab.isolation import Level
from tests.grading.code import programs
from tests.grading.code.programs import LEAST_SQUARES, LINE, LOGISTIC, SWISH, exercise

SOFTMAX = {"X": ("n", "d"), "w": ("d",)}
NUMPY = exercise(LEAST_SQUARES)
TORCH = exercise(LEAST_SQUARES, library="torch")
LOOP = exercise(LEAST_SQUARES, "training loop", library="torch")
STEP = exercise(LINE, "training step")


RIGHT = [
    *((NUMPY, source) for source in programs.RIGHT_LEAST_SQUARES),
    *((TORCH, source) for source in programs.RIGHT_TORCH),
    *((exercise(LOGISTIC), source) for source in programs.RIGHT_LOGISTIC),
    *((STEP, source) for source in programs.RIGHT_STEPS),
    *((LOOP, source) for source in programs.RIGHT_LOOPS),
    *((exercise(SWISH, "autograd function"), source) for source in programs.RIGHT_BACKWARD),
]


@pytest.mark.parametrize(("given", "source"), RIGHT)
def test_a_right_program_is_right_in_any_style(given, source, sandbox):
    found = given.check(source, sandbox=sandbox)
    assert found.verdict == "correct", (source, found)
    assert found.score == given.points
    assert not found.mistakes


@pytest.mark.parametrize("source", programs.WRONG_LEAST_SQUARES)
def test_a_wrong_program_is_wrong(source, sandbox):
    found = NUMPY.check(source, sandbox=sandbox)
    assert found.verdict == "wrong", source
    assert found.score == 0
    assert found.feedback


@pytest.mark.parametrize(("name", "line", "source"), programs.TRAINING)
def test_a_mistake_of_a_loop_is_named_with_its_line(name, line, source, sandbox):
    found = LOOP.check(source, sandbox=sandbox)
    assert (found.verdict, found.misconception) == ("wrong", name), (source, found, found.mistakes)
    assert found.mistakes[0].line == line, source
    assert f"line {line}" in found.feedback


@pytest.mark.parametrize(("name", "line", "source"), programs.STEPS)
def test_a_mistake_of_a_step_is_named_with_its_line(name, line, source, sandbox):
    found = STEP.check(source, sandbox=sandbox)
    assert (found.verdict, found.misconception) == ("wrong", name), (source, found, found.mistakes)
    assert found.mistakes[0].line == line, source


@pytest.mark.parametrize(("names", "source"), programs.TWICE)
def test_two_mistakes_at_once_are_both_named(names, source, sandbox):
    found = LOOP.check(source, sandbox=sandbox)
    assert {mistake.name for mistake in found.mistakes if mistake.certain} == names, (source, found)


@pytest.mark.parametrize("source", programs.UNKNOWN)
def test_what_has_no_name_gets_none(source, sandbox):
    found = LOOP.check(source, sandbox=sandbox)
    assert found.verdict == "wrong"
    assert found.misconception is None, (source, found.mistakes)


@pytest.mark.parametrize("of", [LEAST_SQUARES, LINE, LOGISTIC])
@pytest.mark.parametrize("kind", ["function", "training step", "training loop"])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_the_solution_that_is_made_of_the_derivation_is_right(of, kind, library, sandbox):
    given = exercise(of, kind, library=library)
    assert given.check(given.answer, sandbox=sandbox).verdict == "correct"


def test_the_same_submission_gets_the_same_inputs_and_another_course_others():
    from gradlab.grading.code.running import Submission

    source = programs.RIGHT_LEAST_SQUARES[0]
    one, again = Submission(NUMPY, source), Submission(NUMPY, source)
    other = Submission(exercise(LEAST_SQUARES, secret="another"), source)
    assert one.cases[0].inputs["X"].tobytes() == again.cases[0].inputs["X"].tobytes()
    assert one.cases[0].inputs["w"].tobytes() != other.cases[0].inputs["w"].tobytes()


def test_torch_may_not_differentiate_what_is_to_be_derived_by_hand(sandbox):
    given = exercise(LEAST_SQUARES, library="torch", manual=True)
    found = given.check(programs.RIGHT_TORCH[0], sandbox=sandbox)
    assert found.verdict == "wrong"
    assert "line 4: requires_grad_() is used" in found.feedback
    assert given.check(programs.RIGHT_TORCH[3], sandbox=sandbox).verdict == "correct"
    hidden = "import torch\ndef gradient(w, X, y):\n    g = getattr(torch, 'fu' + 'nc').grad\n"
    hidden += "    return g(lambda v: ((X @ v - y)**2).mean())(w)"
    assert given.check(hidden, sandbox=sandbox).verdict == "wrong"


def test_single_precision_is_judged_by_its_own_rounding(sandbox):
    given = exercise(LEAST_SQUARES, float32=True)
    wide = "def gradient(w, X, y):\n    return (2 / len(y) * X.T @ (X @ w - y)).astype(float)"
    assert "it returns float64 for w; the inputs are float32" in given.check(wide, sandbox=sandbox).feedback
    assert given.check(programs.RIGHT_LEAST_SQUARES[0], sandbox=sandbox).verdict == "correct"
    off = "def gradient(w, X, y):\n    return (X.T @ (X @ w - y) * (2.001 / len(y))).astype('float32')"
    assert given.check(off, sandbox=sandbox).verdict == "wrong"


def test_a_notebook_is_graded_by_its_named_cells(sandbox):
    import json

    def cell(*lines, **metadata):
        return {"cell_type": "code", "source": list(lines), "metadata": metadata, "outputs": []}

    cells = [
        cell("%matplotlib inline\n", "raise SystemExit"),
        cell("# name: answer\n", "def gradient(w, X, y):\n", "    return X.T @ (X @ w - y) / len(y)"),
        {"cell_type": "markdown", "source": "text", "metadata": {}},
    ]
    notebook = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    given = exercise(LEAST_SQUARES, cells=["answer"])
    found = given.check(notebook, sandbox=sandbox)
    assert found.misconception == "factor 2 missing"
    assert found.feedback.startswith("cell 2 (answer), line 3: The gradient is half")
    missing = exercise(LEAST_SQUARES, cells=["other"]).check(notebook, sandbox=sandbox)
    assert "no cell named other; it has answer" in missing.feedback


def test_what_can_be_told_of_an_exception_is_told(sandbox):
    found = NUMPY.check("def gradient(w, X, y):\n    return X @ y", sandbox=sandbox)
    assert found.feedback.startswith("line 2: ValueError: matmul")
    assert "in a call with w (" in found.feedback


def test_part_of_the_points_for_a_named_mistake(sandbox):
    given = exercise(LEAST_SQUARES, credit={"factor 2 missing": 0.5}, points=4)
    assert given.check(programs.WRONG_LEAST_SQUARES[0], sandbox=sandbox).score == 2


def test_untrusted_code_is_refused_where_nothing_isolates(monkeypatch):
    from gradlab.errors import IsolationError
    from gradlab.isolation import probing, sandbox

    sandbox.shared.cache_clear()
    monkeypatch.setattr(probing, "_probed", lambda: (Level.NONE, "no isolation holds here; install bubblewrap"))
    with pytest.raises(IsolationError, match="install bubblewrap"):
        NUMPY.check(programs.RIGHT_LEAST_SQUARES[0])
    sandbox.shared.cache_clear()


def test_ones_own_code_runs_trusted_and_unverified():
    given = exercise(LEAST_SQUARES)
    found = grade(given, programs.RIGHT_LEAST_SQUARES[0], trust=True)
    assert (found.verdict, found.trusted) == ("correct", True)
    assert "not verified" in repr(found)
    assert given.history == [found]


def test_an_exercise_in_a_file():
    (given,) = exercises_of(
        {"exercise": [{"function": "x^2 + y", "ask": "code", "entry": "slope", "wrt": ["x", "y"], "name": "first"}]}
    )
    assert isinstance(given, CodeExercise)
    assert given.signature == "slope(x, y)"
    assert grade(given, "def slope(x, y):\n    return 2 * x, 1.0", trust=True).verdict == "correct"


def test_no_way_of_writing_to_the_page_from_a_submission(sandbox):
    found = NUMPY.check("def gradient(w, X, y):\n    raise ValueError('<script>alert(1)</script>')", sandbox=sandbox)
    assert "<script>" not in found._repr_html_()


@pytest.mark.parametrize(
    "words", ['f"; raise SystemExit; "', '"""\nraise SystemExit\n"""', "f(): pass\nraise SystemExit\ndef f"]
)
def test_names_of_an_exercise_are_never_run(words, sandbox):
    def loss(x):
        return x**2

    loss.__name__ = words
    for given in (CodeExercise("x^2", name=words), CodeExercise(loss)):
        assert given.check(given.answer, sandbox=sandbox).verdict == "correct"


@pytest.mark.parametrize(
    ("kind", "options", "error", "said"),
    [
        ("poem", {}, ValueError, "no kind of code is called 'poem'"),
        ("function", {"library": "jax"}, ValueError, "library='jax'; there are numpy, torch"),
        ("function", {"points": 0}, ValueError, "worth more than 0 points"),
        ("function", {}, ExerciseError, "is an array; a gradient is that of one number"),
    ],
)
def test_an_exercise_that_cannot_be_is_refused(kind, options, error, said):
    with pytest.raises(error, match=said):
        CodeExercise(lambda x: x**2, kind, shapes={"x": (3,)}, **options)


def test_a_submission_is_text():
    with pytest.raises(TypeError, match="the text of a program or a notebook, not int"):
        CodeExercise("x^2", "function").attempt(3)


@pytest.mark.parametrize("of", [SWISH, {"function": "x^2 + x y"}, {"function": "softmax(X w)", "shapes": SOFTMAX}])
def test_an_autograd_function_has_a_solution_with_a_backward_pass_of_its_own(of, sandbox):
    given = exercise(of, "autograd function")
    assert "..." not in given.answer
    assert "..." in given.template()
    assert given.check(given.answer, sandbox=sandbox).verdict == "correct"


@pytest.mark.parametrize("name", ['"x"', "a b", "lambda", "x'"])
def test_a_variable_that_no_program_can_have_is_refused_by_its_name(name):
    with pytest.raises(ExerciseError, match=r"a program has no argument called .* letters, digits and _, such as x"):
        CodeExercise(sympy.Symbol(name) ** 2)
