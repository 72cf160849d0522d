"""A file of exercises, cut into one table each, for formats that hold them one by one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from pathlib import Path
from typing import Any

from gradlab.courses.answers import Exercises
from gradlab.errors import CourseError
from gradlab.grading import CodeExercise
from gradlab.grading.files import AnyExercise, load
from gradlab.sources.tables import toml


@dataclass(frozen=True, eq=False)
class Single:
    """One exercise: its name, the exercise, and a file of exercises that holds just this one."""

    name: str
    exercise: AnyExercise
    toml: str

    @property
    def variable(self) -> str:
        """What a notebook calls the answer, a name of Python's."""
        return variable(self.name)

    @property
    def is_code(self) -> bool:
        """Whether it asks for a program."""
        return isinstance(self.exercise, CodeExercise)


LONGEST_NAME = 48
"""Characters; a notebook's cells have names of at most 64, and these get endings."""


def variables(exercises: Iterable[str]) -> dict[str, str]:
    """Return a name of Python's for each exercise.

    Raises CourseError where two come out the same.
    """
    found: dict[str, str] = {}
    for exercise in exercises:
        other = found.setdefault(variable(exercise), exercise)
        if other != exercise:
            raise CourseError(
                f"the exercises {other!r} and {exercise!r} would both be called {variable(exercise)} in a notebook; "
                "give them names that differ in their letters a to z and digits"
            )
    return {exercise: name for name, exercise in found.items()}


def variable(exercise: str) -> str:
    """Return a name of Python's for an exercise, in ASCII and short, as nbgrader wants names of cells.

    >>> variable("minus-one"), variable("1"), variable("lambda")
    ('minus_one', 'answer_1', 'answer_lambda')
    """
    word = re.sub(r"\W+", "_", exercise, flags=re.ASCII)[:LONGEST_NAME]
    return word if word.isidentifier() and not iskeyword(word) else f"answer_{word}"


def singles(path: str | Path) -> list[Single]:
    """Return the exercises of a file one by one.

    Raises CourseError for families, whose exercises differ from student to student, and for names that are too alike.
    """
    exercises = Exercises(load(path))
    tables = toml(Path(path), CourseError)["exercise"]
    if any("parameters" in table for table in tables):
        raise CourseError(f"{path} has a family of exercises; a notebook holds the same ones for everybody")
    variables(exercises.names)
    return [
        Single(name, exercises[name], as_toml({**table, "name": name}))
        for name, table in zip(exercises.names, tables, strict=True)
    ]


def as_toml(table: Mapping[str, Any]) -> str:
    """Return a table as a file of exercises.

    >>> print(as_toml({"function": "x^2", "at": {"x": 1}}))
    [[exercise]]
    function = "x^2"
    at = { x = 1 }
    """
    return "\n".join(["[[exercise]]", *(f"{_key(name)} = {_value(value)}" for name, value in table.items())])


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)
