"""Signs of a sum in text, with what stands below and above: ``sum_i``, ``sum_ij``, ``∑_{i=1}^{n}``, ``sum_i=1..5``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from gradlab.errors import ParseError
from gradlab.sources.tokens import Kind, Token, number

_LIMIT = r"[+\-−]?[A-Za-z0-9]+(?:[+\-−][A-Za-z0-9]+)?"
_SIGN = re.compile(
    r"(?P<sign>sum|∑|Σ)_(?:\{(?P<below>[^{}]*)\}|\((?P<round>[^()]*)\)|(?P<bare>[a-z]{1,3}(?![A-Za-z0-9_])))"
    rf"(?:=(?P<from>{_LIMIT})\.\.(?P<to>{_LIMIT}))?"
    rf"(?:\^(?:\{{(?P<above>[^{{}}]*)\}}|\((?P<over>[^()]*)\)|(?P<last>[A-Za-z0-9]+)))?"
)
_BELOW = re.compile(rf"[ \t]*(?P<indices>[a-z](?:[ \t,]*[a-z])*)[ \t]*(?:=[ \t]*(?P<from>{_LIMIT}))?[ \t]*$")
_PART = re.compile(r"[ \t]*(?:([+\-−])|([0-9]+)|([A-Za-z][A-Za-z0-9]*))")
_BODY = re.compile(r"[ \t]*[^ \t+\-−*/^@·×,)\]}|=<>!]")
"""What begins the terms of a sum; behind ``sum_x`` anything else makes it the name of a variable."""

EXAMPLE = "write for example sum_i x_i or sum_{i=1}^{n} x_i"


def sum_sign(text: str, start: int, declared: Collection[str] = ()) -> list[Token] | None:
    """Return the tokens of the sign of a sum at *start*, None where there is none.

    They are the sign and, in a bracket, each index and the limits: ``sum_{i=1}^{n}`` gives ``sum ( i , 1 , n )``.

    >>> [token.text for token in sum_sign("sum_{i=1}^n x_i", 0)]
    ['sum', '(', 'i', ',', '1', ',', 'n', ')']
    """
    found = _SIGN.match(text, start)
    if found is None:
        return None
    is_name = found["sign"] + "_" + (found["bare"] or "") in declared
    if found["bare"] and (is_name or not _BODY.match(text, found.end())):
        return None
    group = "below" if found["below"] is not None else "round" if found["round"] is not None else "bare"
    # What is longer is no index, and blanks could be shared out between the parts in many ways.
    below = _BELOW.match(found[group]) if len(found[group]) <= 40 else None
    if below is None:
        raise ParseError(f"the index of this sum is not read; {EXAMPLE}", text, found.start(group))
    place = found.start(group)
    tokens = [
        Token(Kind.SUM, "sum", start, start + len(found["sign"])),
        Token(Kind.OPEN, "(", place, place),
        *_letters(below["indices"], place + below.start("indices")),
    ]
    first = (below["from"], place + below.start("from")) if below["from"] else (found["from"], found.start("from"))
    above = next((name for name in ("to", "above", "over", "last") if found[name] is not None), None)
    if (first[0] is None) != (above is None):
        raise ParseError(f"a sum has both its limits or none; {EXAMPLE}", text, start)
    if above is not None and first[0] is not None:
        for written, at in (first, (found[above], found.start(above))):
            tokens += limit(written, at, text)
    tokens.append(Token(Kind.CLOSE, ")", found.end(), found.end()))
    return tokens


def limit(written: str, start: int, text: str) -> list[Token]:
    """Return a comma and the tokens of one limit of a sum: a whole number, a size, or a size and a number."""
    tokens = [Token(Kind.COMMA, ",", start, start)]
    place = 0
    while place < len(written.rstrip(" \t")):
        found = _PART.match(written, place)
        if found is None:
            raise ParseError(f"the limit of this sum is not read; {EXAMPLE}", text, start)
        at, place = found.span(found.lastindex or 0)
        part, at, end = written[at:place], start + at, start + place
        if found.lastindex == 1:
            tokens.append(Token(Kind.OPERATOR, "+" if part == "+" else "-", at, end))
        elif found.lastindex == 2:
            tokens.append(Token(Kind.NUMBER, part, at, end, number(part, None, text, at)))
        else:
            tokens.append(Token(Kind.NAME, part, at, end))
    return tokens


def _letters(written: str, start: int) -> Iterator[Token]:
    for place, letter in enumerate(written, start):
        if letter.isalpha():
            yield Token(Kind.NAME, letter, place, place + 1)
