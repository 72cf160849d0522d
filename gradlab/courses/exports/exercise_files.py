"""A file of exercises, cut into one table each, for formats that hold them one by one."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradlab.courses.answers import Exercises
from gradlab.errors import CourseError
from gradlab.grading import CodeExercise
from gradlab.grading.files import AnyExercise, load


@dataclass(frozen=True, eq=False)
class Single:
    """One exercise: its name, the exercise, and a file of exercises that holds just this one."""

    name: str
    exercise: AnyExercise
    toml: str

    @property
    def variable(self) -> str:
        """What a notebook calls the answer, a name of Python's."""
        word = re.sub(r"\W+", "_", self.name)
        return word if word.isidentifier() else f"answer_{word}"

    @property
    def is_code(self) -> bool:
        """Whether it asks for a program."""
        return isinstance(self.exercise, CodeExercise)


def singles(path: str | Path) -> list[Single]:
    """Return the exercises of a file one by one.

    Raises CourseError for families, whose exercises differ from student to student.
    """
    exercises = Exercises(load(path))
    tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))["exercise"]
    if any("parameters" in table for table in tables):
        raise CourseError(f"{path} has a family of exercises; a notebook holds the same ones for everybody")
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
