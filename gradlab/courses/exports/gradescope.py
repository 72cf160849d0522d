"""Gradescope: the results.json that its autograders write, one for each student."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradlab.courses.exports.names import file_name
from gradlab.courses.exports.tables import by_student, said, write_text
from gradlab.courses.results import Listed, Result, Results


def results_json(exercises: Sequence[Listed], own: dict[str, Result]) -> dict[str, Any]:
    """Return the content of results.json for one submission, as Gradescope's autograder specification has it.

    An exercise without an answer is there with no points. Output is plain text: nothing in an answer is read as HTML.

    >>> listed = [Listed("first", "Find it.", "derivative", 2)]
    >>> results_json(listed, {})["tests"][0]["score"]
    0.0
    """
    tests = [_test(exercise, own.get(exercise.name)) for exercise in exercises]
    return {
        "score": sum(test["score"] for test in tests),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",  # what code printed is a stranger's text
        "tests": tests,
        "extra_data": {"undecided": [row.exercise for row in own.values() if row.verdict == "undecided"]},
    }


def _test(exercise: Listed, result: Result | None) -> dict[str, Any]:
    right = result is not None and result.score >= result.out_of
    return {
        "name": exercise.name,
        "score": 0.0 if result is None else float(result.score),
        "max_score": float(exercise.points),
        "status": "passed" if right else "failed",
        "output": _output(exercise, result),
        "output_format": "text",
        "visibility": "visible",
    }


def _output(exercise: Listed, result: Result | None) -> str:
    if result is None:
        return f"{exercise.prompt}\nThere is no answer to this exercise."
    told = said(result)
    undecided = "\nThis answer could not be decided; a person will look at it." if result.verdict == "undecided" else ""
    return f"{exercise.prompt}\n{result.verdict}{undecided}\n{told}".rstrip()


def gradescope(results: Results, folder: Path) -> list[Path]:
    """Write results.json of every student, each in a folder of their own."""
    exercises = results.exercises()
    return [
        write_text(
            folder / file_name(student) / "results.json",
            json.dumps(results_json(exercises, own), ensure_ascii=False, indent=1),
        )
        for student, own in by_student(results).items()
    ]
