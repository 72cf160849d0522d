"""Exercises as TOML files: read with every mistake placed, written so that they read the same again.

    [[exercise]]
    function = "x^2 sin(x)"
    ask = "derivative"
    points = 2
    hints = ["a product has two factors"]

The other keys are the arguments of `Exercise`, and with ``ask = "code"`` those of `CodeExercise`; a table ``domain``
holds those of `Domain`. A table ``parameters`` makes it a family: ``parameters = { a = [2, 3, 4] }``, with ``count``
and ``seed``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from gradlab.errors import ExerciseError, GradlabError
from gradlab.grading.code import CodeExercise
from gradlab.grading.domains import Domain
from gradlab.grading.exercises import Exercise
from gradlab.grading.families import Family
from gradlab.sources.tables import BOOLEAN, LIST, LISTS, NUMBER, NUMBERS, TABLE, TEXT, TEXTS, WHOLE, misfit, toml

AnyExercise: TypeAlias = Exercise | CodeExercise


_SHARED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("ask", "prompt", "name"), (TEXT,)),
    "wrt": (TEXT, TEXTS),
    "points": (NUMBER,),
    "attempts": (WHOLE,),
    **dict.fromkeys(("variables", "hints"), (TEXTS,)),
    **dict.fromkeys(("shapes", "data", "domain"), (TABLE,)),
    "credit": (NUMBERS,),
}
_KEYS: Mapping[str, tuple[str, ...]] = {
    "function": (TEXT, TEXTS),
    **_SHARED,
    "at": (TABLE, LIST, NUMBER, TEXT),
    "rate": (NUMBER, TEXT),
    "demands": (TEXTS,),
    "digits": (WHOLE,),
    "parameters": (LISTS,),
    **dict.fromkeys(("count", "seed"), (WHOLE,)),
}
_CODE_KEYS: Mapping[str, tuple[str, ...]] = {
    "function": (TEXT,),
    **_SHARED,
    **dict.fromkeys(("kind", "entry", "library", "secret"), (TEXT,)),
    **dict.fromkeys(("manual", "float32"), (BOOLEAN,)),
    "cells": (TEXTS,),
}
_DOMAIN: Mapping[str, tuple[str, ...]] = {
    "values": (TEXT,),
    **dict.fromkeys(("positive", "whole"), (TEXTS,)),
    "between": (LISTS,),
}


def load(path: str | Path) -> list[AnyExercise]:
    """Return the exercises in a TOML file, each with its answer derived.

    Raises ExerciseError, with the number of the exercise and what is wrong with it.
    """
    stored = toml(Path(path), ExerciseError)
    return exercises_of(stored, str(path))


def exercises_of(stored: Mapping[str, Any], where: str = "the exercises") -> list[AnyExercise]:
    """Return the exercises in what a TOML file holds.

    >>> exercises_of({"exercise": [{"function": "x^2", "points": 2}]})
    [Exercise(Find the derivative of f(x) = x².)]
    """
    tables = stored.get("exercise")
    if not isinstance(tables, list) or not tables:
        raise ExerciseError(f"{where} hold no exercise; each begins with [[exercise]]")
    found: list[AnyExercise] = []
    for number, table in enumerate(tables, 1):
        try:
            found += _made(table)
        except (GradlabError, ValueError, TypeError) as error:
            raise ExerciseError(f"{where}, exercise {number}: {error}") from error
    return found


def _made(table: Any) -> Sequence[AnyExercise]:
    if not isinstance(table, Mapping) or "function" not in table:
        raise ExerciseError('function is missing; write function = "x^2"')
    _check(table, _CODE_KEYS if table.get("ask") == "code" else _KEYS)
    options = {key: value for key, value in table.items() if key != "function"}
    if "domain" in options:
        options["domain"] = _domain(options["domain"])
    if options.get("ask") == "code":
        del options["ask"]
        return [CodeExercise(table["function"], **options)]
    if "parameters" not in options:
        return [Exercise(table["function"], **options)]
    count, seed = options.pop("count", 1), options.pop("seed", 0)
    return Family(table["function"], options.pop("parameters"), **options).exercises(count, seed=seed)


def _check(table: Mapping[str, Any], kinds: Mapping[str, tuple[str, ...]], where: str = "") -> None:
    wrong = misfit(table, kinds)
    if wrong is not None:
        raise ExerciseError(f"{where}{wrong}")


def _domain(table: Mapping[str, Any]) -> Domain:
    _check(table, _DOMAIN, "domain: ")
    return Domain(
        table.get("values", "real"),
        positive=tuple(table.get("positive", ())),
        whole=tuple(table.get("whole", ())),
        between={name: _ends(name, ends) for name, ends in table.get("between", {}).items()},
    )


def _ends(name: str, ends: Sequence[Any]) -> tuple[float, float]:
    if len(ends) != 2 or not all(isinstance(end, int | float) for end in ends):
        raise ExerciseError(f"domain: between, {name} = {ends!r} is not two numbers such as [0, 1]")
    return float(ends[0]), float(ends[1])


def text_of(exercises: Iterable[Exercise]) -> str:
    """Return exercises as the text of a TOML file, with the answer and its difficulty as comments.

    >>> print(text_of([Exercise("x^2", points=2)]))
    [[exercise]]
    # answer: 2 x
    function = "x²"
    points = 2
    <BLANKLINE>
    """
    return "\n".join(_table(exercise) for exercise in exercises)


def _table(exercise: Exercise) -> str:
    functions = ", ".join(each.text() for each in exercise.functions)
    written = f"[{functions}]" if exercise.ask == "jacobian" else functions
    lines = ["[[exercise]]", f"# answer: {exercise.answer}", f"function = {_string(written)}"]
    if exercise.ask != "derivative":
        lines.append(f"ask = {_string(exercise.ask)}")
    if exercise.name:
        lines.append(f"name = {_string(exercise.name)}")
    if len(exercise.function.variables) > 1:
        lines.append(f"wrt = [{', '.join(map(_string, exercise.wrt))}]")
    if exercise.at:
        lines.append(
            f"at = {{ {', '.join(f'{name} = {_string(str(value))}' for name, value in exercise.at.items())} }}"
        )
    if exercise.rate is not None:
        lines.append(f"rate = {_string(str(exercise.rate))}")
    if exercise.points != 1:
        lines.append(f"points = {exercise.points:g}")
    if exercise.attempts is not None:
        lines.append(f"attempts = {exercise.attempts}")
    if exercise.hints:
        lines.append(f"hints = [{', '.join(map(_string, exercise.hints))}]")
    if exercise.demands:
        lines.append(f"demands = [{', '.join(map(_string, exercise.demands))}]")
    return "\n".join((*lines, ""))


def _string(text: str) -> str:
    # JSON's strings are TOML's basic strings, but for what stands beyond ASCII, which may stay as it is.
    import json

    return json.dumps(text, ensure_ascii=False)
