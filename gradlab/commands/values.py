"""Values as they are typed on a command line: ``x=3``, ``x=pi/2``, ``x=1,2,3``, ``X=[[1, 2], [3, 4]]``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gradlab.commands.usage import UsageError
from gradlab.errors import GradlabError

Value = float | list["Value"]

DEEPEST = 8
"""Brackets inside brackets: no array that anybody types has more axes."""

LONGEST_SIZE = 12
"""Digits of a size: no array has more entries along an axis."""

_NAME = r"[^\W\d]\w*"
_ASSIGNMENT = re.compile(rf"\s*({_NAME})\s*=(.*)", re.DOTALL)
_NEXT_NAME = re.compile(rf",(?=\s*{_NAME}\s*=)")
_FORMS = "x=3, x=1e-3, x=pi/2, x=1,2,3 or X=[[1, 2], [3, 4]]"


def point(tokens: Sequence[str], option: str) -> dict[str, Value] | Value:
    """Return the point that *tokens* spell: values by name, or one bare value.

    option: the option that they belong to, for the error.

    >>> point(["x=-3", "w=1,2.5"], "--at"), point(["[1, 2]"], "--at")
    ({'x': -3.0, 'w': [1.0, 2.5]}, [1.0, 2.0])
    """
    if len(tokens) == 1 and "=" not in tokens[0]:
        return value(tokens[0], tokens[0])
    return named(tokens, option)


def named(tokens: Sequence[str], option: str) -> dict[str, Value]:
    """Return the values that *tokens* spell, by name; raises UsageError where one is no ``name=value``."""
    values: dict[str, Value] = {}
    for token in _separated(tokens):
        name, written = _parted(token, option)
        if name in values:
            raise UsageError(f"{option} gives {name} twice")
        values[name] = value(written, token.strip())
    return values


def shapes(tokens: Sequence[str]) -> dict[str, tuple[int | str, ...]]:
    """Return the shapes that *tokens* spell, sizes as numbers or names.

    >>> shapes(["X=n,3", "b="])
    {'X': ('n', 3), 'b': ()}
    """
    found: dict[str, tuple[int | str, ...]] = {}
    for token in tokens:
        name, written = _parted(token, "--shape")
        sizes = [size.strip() for size in written.strip().strip("()[]").split(",")]
        bad = [size for size in sizes if size and not _is_size(size) and not re.fullmatch(_NAME, size)]
        if bad:
            raise UsageError(f"--shape {token}: {bad[0]!r} is no size; write {name}=n,d with names or numbers")
        found[name] = tuple(int(size) if size.isdecimal() else size for size in sizes if size)
    return found


def _is_size(written: str) -> bool:
    return written.isdecimal() and len(written) <= LONGEST_SIZE


def words(tokens: Sequence[str] | None) -> list[str] | None:
    """Return names typed with blanks or commas between them; None where there are none.

    >>> words(["x,y", "z"])
    ['x', 'y', 'z']
    """
    if tokens is None:
        return None
    return [word for token in tokens for word in token.replace(",", " ").split()]


def value(written: str, token: str) -> Value:
    """Return the number or the nested list that is *written*; commas alone make a list too.

    token: what the error repeats.
    """
    found, end = _items(written, 0, token, 0)
    if end < len(written):
        raise UsageError(f"{token}: a ']' too many; values look like {_FORMS}")
    wanted = found[0] if len(found) == 1 and not written.rstrip().endswith(",") else found
    if _shape(wanted) is None:
        raise UsageError(f"{token}: the rows of an array are of one length; values look like {_FORMS}")
    return wanted


def _shape(value: Value) -> tuple[int, ...] | None:
    """Return the shape of an array, None where its rows differ in theirs."""
    if not isinstance(value, list):
        return ()
    inside = {_shape(entry) for entry in value} or {()}
    (first, *others) = inside
    return None if others or first is None else (len(value), *first)


def _separated(tokens: Sequence[str]) -> Iterator[str]:
    for token in tokens:
        yield from _NEXT_NAME.split(token)


def _parted(token: str, option: str) -> tuple[str, str]:
    match = _ASSIGNMENT.fullmatch(token)
    if match is None:
        raise UsageError(f"{option} {token!r} is no name=value; values look like {_FORMS}")
    return match[1], match[2]


def _items(written: str, start: int, token: str, depth: int) -> tuple[list[Value], int]:
    """Read values up to the bracket that closes them, or to the end; return them and where they end."""
    if depth > DEEPEST:
        raise UsageError(f"{token[:40]}…: more than {DEEPEST} brackets inside each other")
    items: list[Value] = []
    here = start
    while True:
        here = _past_blanks(written, here)
        if written[here : here + 1] == "[":
            inside, end = _items(written, here + 1, token, depth + 1)
            if written[end : end + 1] != "]":
                raise UsageError(f"{token}: a ']' is missing; values look like {_FORMS}")
            items.append(inside)
            here = _past_blanks(written, end + 1)
            if written[here : here + 1] not in ("", ",", "]"):
                raise UsageError(f"{token}: a comma is missing after a ']'; values look like {_FORMS}")
        else:
            end = _end_of_number(written, here)
            entry = written[here:end].strip()
            # Nothing may stand after the last comma and in empty brackets, and nowhere else.
            if entry or written[end : end + 1] == "," or not (items or depth):
                items.append(_number(entry, token))
            here = end
        if written[here : here + 1] != ",":
            return items, here
        here += 1


def _past_blanks(written: str, start: int) -> int:
    while written[start : start + 1].isspace():
        start += 1
    return start


def _end_of_number(written: str, start: int) -> int:
    """Return where an entry ends: at a comma or a bracket that is not inside round brackets."""
    open_brackets = 0
    for place in range(start, len(written)):
        character = written[place]
        open_brackets += (character == "(") - (character == ")")
        if character in "[]" or (character == "," and open_brackets <= 0):
            return place
    return len(written)


def _number(entry: str, token: str) -> float:
    """Return a number as Python writes it, or what an expression without variables comes to: ``pi/2``."""
    try:
        return float(entry)
    except ValueError:
        pass
    if not entry:
        raise UsageError(f"{token}: a number is missing; values look like {_FORMS}")
    from gradlab.sources import as_function

    try:
        function = as_function(entry)
        if function.variables:
            raise UsageError(f"it contains {', '.join(function.variables)}")
        if function.formula.axes:
            raise UsageError("it is a list; write one in square brackets")
        return float(function())
    except GradlabError as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{token}: {entry!r} is no number: {reason}; values look like {_FORMS}") from error
