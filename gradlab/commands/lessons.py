"""A lesson in TOML: several functions, and what a document says about each."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from gradlab.commands import values
from gradlab.commands.usage import UsageError

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


_KINDS: Mapping[str, tuple[type, ...]] = {
    "source": (str,),
    "script": (str,),
    "name": (str,),
    "variables": (list,),
    "shapes": (dict,),
    "data": (dict,),
    "wrt": (list,),
    "order": (int,),
    "at": (dict, list, int, float, str),
    "start": (dict, list, int, float, str),
    "rate": (int, float),
    "steps": (int,),
    "engine": (str,),
    "title": (str,),
    "author": (str,),
    "language": (str,),
    "depth": (str,),
    "kind": (str,),
    "seed": (int,),
}
"""What may be written for each key."""


def read(path: Path) -> Lesson:
    """Return the lesson in the file at *path*; raises UsageError, with the place, where it is none."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    parts = content.pop("function", [])
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise UsageError(f'{path} has no functions; begin each with [[function]], then source = "x**2 + y"')
    _checked(content, Lesson, f"{path}")
    return Lesson(**content, functions=tuple(_task(part, path, place) for place, part in enumerate(parts, 1)))


def _task(part: Mapping[str, Any], path: Path, place: int) -> Task:
    where = f"{path}, function {place}"
    _checked(part, Task, where)
    if ("source" in part) == ("script" in part):
        raise UsageError(f'{where}: write either source = "x**2 + y" or script = "fit.py:loss"')
    script = part.get("script")
    if script is not None and not Path(script).is_absolute():  # as the file sees it, wherever it is read from
        script = str(path.parent / script)
    points = {key: _point(part[key], f"{where}, {key}") for key in ("at", "start") if key in part}
    data = {key: _value(value, f"{where}, data") for key, value in part.get("data", {}).items()} or None
    given: dict[str, Any] = {**part, **points, "script": script, "data": data}
    return Task(**given)


def _checked(content: Mapping[str, Any], kind: type[Task] | type[Lesson], where: str) -> None:
    known = [entry.name for entry in fields(kind) if entry.name != "functions"]
    for key, value in content.items():
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise UsageError(f"{where}: no key {key!r}; {hint}")
        if isinstance(value, bool) or not isinstance(value, _KINDS[key]):
            wanted = " or ".join(_SPOKEN[entry] for entry in _KINDS[key])
            raise UsageError(f"{where}: {key} = {value!r} is not {wanted}")


_SPOKEN: Mapping[type, str] = {
    str: "text",
    list: "a list",
    dict: "a table such as { x = 3 }",
    int: "a whole number",
    float: "a number",
}


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
