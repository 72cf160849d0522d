"""When two answers are the same: so that what many wrote is graded once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import gradlab
from gradlab.courses.handed_in import Course
from gradlab.courses.results import Listed
from gradlab.errors import GradlabError
from gradlab.grading import CodeExercise
from gradlab.grading.files import AnyExercise

DIFFERENT_TEXTS = 20_000
"""How many texts are remembered with what they come to."""

LONGEST_READ = 2000
"""Characters of an answer that is read to find its like; longer ones have none, and are not remembered."""


@dataclass(eq=False)
class Exercises:
    """The exercises of a course by name, with what identifies each.

    text: the TOML that they come from.  A digest changes with an exercise, or with gradlab, and with nothing else.
    """

    given: Sequence[AnyExercise]
    names: tuple[str, ...] = field(init=False)
    marks: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        names: list[str] = []
        for number, exercise in enumerate(self.given, 1):
            name = exercise.name or f"exercise-{number}"
            names.append(name if name not in names else f"{name}-{number}")
        self.names = tuple(names)
        self.marks = {name: _identity(exercise) for name, exercise in zip(self.names, self.given, strict=True)}
        self._by_name = dict(zip(self.names, self.given, strict=True))
        self._canonical = lru_cache(DIFFERENT_TEXTS)(self._read)

    def __getitem__(self, name: str) -> AnyExercise:
        return self._by_name[name]

    @property
    def course(self) -> Course:
        """What submissions are matched with."""
        code = [name for name, each in self._by_name.items() if isinstance(each, CodeExercise)]
        return Course(self.names, frozenset(code))

    def listed(self) -> list[Listed]:
        """Return what is kept of them beside the results."""
        return [Listed(name, each.prompt, each.ask, float(each.points)) for name, each in self._by_name.items()]

    def digest(self, name: str, text: str, problem: str = "") -> str:
        """Return what identifies an answer as it is understood, or why there is none to be graded."""
        read = f"problem\0{problem}\0{text}" if problem else self._understood(name, text)
        return hashlib.sha256(f"{self.marks[name]}\0{read}".encode("utf-8", "replace")).hexdigest()

    def _understood(self, name: str, text: str) -> str:
        """Return an answer as it is read; code, and numbers with the digits that they state, stay as they are."""
        if isinstance(self._by_name[name], CodeExercise):
            return text
        if len(text) > LONGEST_READ:
            return " ".join(text.split())
        return self._canonical(name, text)

    def _read(self, name: str, text: str) -> str:
        exercise = self._by_name[name]
        assert not isinstance(exercise, CodeExercise)
        plain = " ".join(text.split())
        if "." in plain:
            return plain
        from gradlab.sources.answers import read

        try:
            reading = read(plain, exercise.question.names)
        except (GradlabError, RecursionError):
            return plain
        return f"{reading.text()}\0{[note.message for note in reading.notes]}"


def _identity(exercise: AnyExercise) -> str:
    """Return all that a grade depends on: the exercise, its answer, its options, and gradlab's version."""
    names = ("ask", "points", "attempts", "hints", "demands", "digits", "domain", "credit", "at", "rate", "wrt")
    options: list[Any] = [(name, getattr(exercise, name, None)) for name in names]
    if isinstance(exercise, CodeExercise):
        more = ("entry", "library", "manual", "cells", "float32", "secret", "parameters")
        options += [(name, getattr(exercise, name)) for name in more] + [exercise.kind.name, exercise.function.text()]
        options.append(sorted((name, str(axes)) for name, axes in exercise.function.variables.items()))
    else:
        options += [each.text() for each in exercise.functions]  # what mistakes are looked for in
        options.append(
            sorted((name, str(axes)) for each in exercise.functions for name, axes in each.variables.items())
        )
    text = f"{gradlab.__version__}\0{exercise.prompt}\0{exercise.answer}\0{options!r}"
    return hashlib.sha256(text.encode()).hexdigest()
