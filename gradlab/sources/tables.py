"""The tables of a TOML file: what each key may hold, and what is said where it holds something else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any

from gradlab import files
from gradlab.errors import GradlabError


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


KINDS: Mapping[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "true or false": lambda value: isinstance(value, bool),
    "a whole number": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "a number": _is_number,
    "a list": lambda value: isinstance(value, list),
    'a list of texts such as ["x", "y"]': _is_texts,
    "a table such as { x = 3 }": lambda value: isinstance(value, dict),
    "a table of numbers such as { x = 3 }": lambda value: (
        isinstance(value, dict) and all(map(_is_number, value.values()))
    ),
    "a table of lists such as { x = [1, 2] }": lambda value: (
        isinstance(value, dict) and all(isinstance(entry, list) for entry in value.values())
    ),
}
"""What a value can be asked to be, by how it is called."""

TEXT, BOOLEAN, WHOLE, NUMBER, LIST, TEXTS, TABLE, NUMBERS, LISTS = KINDS


def toml(path: Path, raising: Callable[[str], GradlabError]) -> dict[str, Any]:
    """Return what is in a TOML file; *raising* is the kind of error for what cannot be read."""
    import tomllib

    text = files.text_in(path, raising)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: numbers of thousands of digits, too
        raise raising(f"{path} is no TOML file: {error}") from error


def misfit(table: Mapping[str, Any], kinds: Mapping[str, Collection[str]]) -> str | None:
    """Return what is wrong with the first key that is unknown or holds something of another kind; None if nothing is.

    kinds: of which of `KINDS` the value of each key may be.

    >>> misfit({"points": "two"}, {"points": [NUMBER]})
    "points = 'two' is not a number"
    >>> misfit({"pints": 2}, {"points": [NUMBER]})
    "no key 'pints'; did you mean 'points'?"
    """
    for key, value in table.items():
        if key not in kinds:
            near = get_close_matches(key[:80], kinds, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(kinds)}"
            return f"no key {key!r}; {hint}"
        if not any(KINDS[kind](value) for kind in kinds[key]):
            return f"{key} = {value!r} is not {' or '.join(kinds[key])}"
    return None
