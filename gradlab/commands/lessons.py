"""A lesson in TOML: several functions, and what a document says about each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradlab.commands import values
from gradlab.commands.usage import ENGINES, UsageError
from gradlab.sources.tables import LIST, NUMBER, TABLE, TEXT, TEXTS, WHOLE, misfit, toml

RATE = 0.1
"""The learning rate of a descent that names none."""


@dataclass(frozen=True)
class Task:
    """What a document says about one function.

    source: its text, or ``fit.py:loss`` as *script*.  at: where the gradients are compared; None for nowhere.
    start: where a descent begins; None for none.  order: 2 derives the second derivatives too.
    The others are as for the options of ``gradlab report``.
    """

    source: str | None = None
    script: str | None = None
    name: str | None = None
    variables: list[str] | None = None
    shapes: Mapping[str, Any] | None = None
    data: Mapping[str, Any] | None = None
    wrt: list[str] | None = None
    order: int = 1
    at: Any = None
    start: Any = None
    rate: float = RATE
    steps: int = 100
    engine: str = "auto"


@dataclass(frozen=True)
class Lesson:
    """What a document is made of; None where the command line or a default decides."""

    title: str | None = None
    author: str | None = None
    language: str | None = None
    depth: str | None = None
    kind: str | None = None
    seed: int | None = None
    functions: tuple[Task, ...] = field(default=())


_KINDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("source", "script", "name", "engine"), (TEXT,)),
    **dict.fromkeys(("variables", "wrt"), (TEXTS,)),
    **dict.fromkeys(("shapes", "data"), (TABLE,)),
    **dict.fromkeys(("order", "steps"), (WHOLE,)),
    **dict.fromkeys(("at", "start"), (TABLE, LIST, NUMBER, TEXT)),
    "rate": (NUMBER,),
}
"""What may be written for each key of a function."""

_FITTING: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "order": (lambda order: order in (1, 2), "1, or 2 for the second derivatives too"),
    "rate": (lambda rate: rate > 0, "a positive number such as 0.1"),
    "steps": (lambda steps: steps >= 0, "a number of steps such as 100"),
    "engine": (lambda engine: engine in ENGINES, f"an engine; there are {', '.join(ENGINES)}"),
    "name": (str.isidentifier, "a name such as f"),
}
"""Which values a key may have, among those of its kind."""

_LESSON: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("title", "author", "language", "depth", "kind"), (TEXT,)),
    "seed": (WHOLE,),
}
"""What may be written for each key of the lesson itself."""


def read(path: Path) -> Lesson:
    """Return the lesson in the file at *path*; raises UsageError, with the place, where it is none."""
    content = toml(path, UsageError)
    parts = content.pop("function", [])
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise UsageError(f'{path} has no functions; begin each with [[function]], then source = "x**2 + y"')
    _check(content, _LESSON, f"{path}")
    return Lesson(**content, functions=tuple(_task(part, path, place) for place, part in enumerate(parts, 1)))


def _task(part: Mapping[str, Any], path: Path, place: int) -> Task:
    where = f"{path}, function {place}"
    _check(part, _KINDS, where)
    if ("source" in part) == ("script" in part):
        raise UsageError(f'{where}: write either source = "x**2 + y" or script = "fit.py:loss"')
    _check_numbers(part, where)
    script = part.get("script")
    if script is not None and not Path(script).is_absolute():  # as the file sees it, wherever it is read from
        script = str(path.parent / script)
    points = {key: _point(part[key], f"{where}, {key}") for key in ("at", "start") if key in part}
    data = {key: _value(value, f"{where}, data") for key, value in part.get("data", {}).items()} or None
    given: dict[str, Any] = {**part, **points, "script": script, "data": data}
    return Task(**given)


def _check(content: Mapping[str, Any], kinds: Mapping[str, tuple[str, ...]], where: str) -> None:
    wrong = misfit(content, kinds)
    if wrong is not None:
        raise UsageError(f"{where}: {wrong}")


def _check_numbers(part: Mapping[str, Any], where: str) -> None:
    for key, (fits, wanted) in _FITTING.items():
        if key in part and not fits(part[key]):
            raise UsageError(f"{where}: {key} = {part[key]!r} is not {wanted}")


def _point(written: Any, where: str) -> Any:
    if isinstance(written, dict):
        return {name: _value(value, where) for name, value in written.items()}
    return _value(written, where)


def _value(written: Any, where: str) -> Any:
    """Return a number or an array; text such as "pi/2" is read as it is on the command line."""
    if isinstance(written, str):
        return values.value(written, f"{where} = {written}")
    if isinstance(written, list):
        return [_value(entry, where) for entry in written]
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise UsageError(f"{where}: {written!r} is no number")
    return float(written)
