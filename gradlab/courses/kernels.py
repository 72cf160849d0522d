"""`check`: what test cells of nbgrader and test files of Otter call, in the student's own kernel.

An answer counts as plain data and as nothing else: its exact type is asked for, and none of its methods is called, so
that an object which equals everything equals nothing here. The grading itself is done in another process.

A student's code shares the kernel with these cells and can change anything in it. So what a cell says is for the
student; the grades that count are those of `gradlab grade` on the notebooks that were handed in.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PATIENCE = 120.0
"""Seconds for the other process, which loads the libraries anew."""

_CHILD = "import sys; sys.path.insert(0, sys.argv[1]); from gradlab.courses.kernels import main; main()"


def check(exercise: str, answer: Any = None, cells: Any = None) -> None:
    r"""Raise AssertionError, with the feedback, unless the answer to an exercise is right.

    exercise: its table in TOML, as in a file of exercises.  answer: text, a number, or a list of these.
    cells: for code the texts of the cells that were run, IPython's ``In``; the last one that defines what is asked for
    is graded, so it needs to hold all that it uses.

    >>> check('[[exercise]]\nfunction = "x^2"', "2x")
    >>> check('[[exercise]]\nfunction = "x^2"', "x")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    AssertionError: The exponent, or a number in front, does not appear as a factor.
    """
    text = plain(answer) if cells is None else _defining(exercise, cells)
    told = _graded(exercise, text)
    if told["verdict"] != "correct":
        raise AssertionError(told["feedback"] or f"the answer is {told['verdict']}")


def plain(answer: Any) -> str:
    """Return plain data as the text of an answer.

    Raises AssertionError for an object of any other type, subclasses of these included.

    >>> plain([1, "2x"])
    '[1, 2x]'
    """
    if type(answer) is str:
        return answer
    if type(answer) in (int, float):
        return repr(answer)
    if type(answer) in (list, tuple):
        return f"[{', '.join(plain(entry) for entry in answer)}]"
    if answer is None:
        raise AssertionError("there is no answer yet")
    raise AssertionError("an answer is text, a number, or a list of these, and not an object of another type")


def _defining(exercise: str, cells: Any) -> str:
    """Return the last cell that defines what the exercise asks for."""
    import tomllib

    (table,) = tomllib.loads(exercise)["exercise"]
    wanted = table.get("entry") or {"training step": "step", "training loop": "train"}.get(
        table.get("kind", ""), "Function" if table.get("kind") == "autograd function" else "gradient"
    )
    if type(cells) is not list:
        raise AssertionError("the cells of the notebook are not there to be read")
    for text in reversed(cells):
        if type(text) is str and wanted in _names(text):
            return text
    raise AssertionError(f"no cell defines {wanted}")


def _names(text: str) -> set[str]:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return set()
    return {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def _graded(exercise: str, text: str) -> dict[str, Any]:
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-I", "-c", _CHILD, root],
        input=json.dumps({"exercise": exercise, "answer": text}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise AssertionError(f"it could not be graded: {said[-1] if said else done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def main(given: Sequence[str] = ()) -> None:
    """Grade what comes on standard input, and write the grade to standard output."""
    import tomllib

    from gradlab import isolation
    from gradlab.grading import CodeExercise
    from gradlab.grading.files import exercises_of

    asked = json.load(sys.stdin)
    (exercise,) = exercises_of(tomllib.loads(asked["exercise"]))
    if isinstance(exercise, CodeExercise):
        trust = isolation.available() is isolation.Level.NONE  # it is the student's own machine, and their own code
        grade = exercise.check(asked["answer"], trust=trust)
    else:
        grade = exercise.check(asked["answer"])
    feedback = grade.error or grade.feedback
    sys.stdout.write(json.dumps({"verdict": str(grade.verdict), "feedback": feedback}) + "\n")
