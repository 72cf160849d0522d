"""What a text is cut into, whatever notation it is in: numbers, names, operators and brackets, each with its place."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from typing import NamedTuple

from gradlab.errors import ParseError

MAX_CHARACTERS = 10_000
"""About three printed pages: longer text is a file pasted by mistake."""

MAX_TOKENS = 5_000
"""Keeps the reading of any text, right or wrong, within a few hundredths of a second."""

MAX_DIGITS = 50
"""Three times what a double holds; beyond that a number is a mistake or an attack."""

MAX_SCIENTIFIC_EXPONENT = 400
"""A double ends near 1e308; beyond 400 only the exact fraction would grow."""


class Kind(Enum):
    """What a token is, whatever notation it was cut from."""

    NUMBER = "number"
    NAME = "name"
    ENTRY = "entry of an array"
    FUNCTION = "function"
    SUM = "sum sign"
    OPERATOR = "operator"
    ROOT = "root"
    SUPERSCRIPT = "superscript"
    TRANSPOSE = "transpose"
    OPEN = "opening bracket"
    CLOSE = "closing bracket"
    BAR = "bar"
    COMPARISON = "comparison"
    WORD = "word"
    COMMA = "comma"
    END = "end"


class Token(NamedTuple):
    """One piece of a text, ``source[start:end]``.

    text: its normal spelling: an operator among ``+ - * / ^ @``, a name, a bracket among ``( [ <`` or ``) ] >``,
        ``|`` or ``‖`` for a bar.
    value: the exact value of a NUMBER, or of a SUPERSCRIPT: an exponent complete in itself; else None.
    indices: of an ENTRY of the array *text*.
    """

    kind: Kind
    text: str
    start: int
    end: int
    value: Fraction | None = None
    indices: tuple[str, ...] = ()


_WHOLE = {str(number): Fraction(number) for number in range(100)}
"""Most numbers that anybody writes: a Fraction takes longer to make than to look up."""


def number(digits: str, exponent: str | None, text: str, start: int) -> Fraction:
    """Return the exact value of ``2``, ``.5`` or ``5.``, times the power of ten that *exponent* is, such as ``-3``.

    Raises ParseError at *start* for a number that is too long or too large.

    >>> number("2.5", "-3", "2.5e-3", 0)
    Fraction(1, 400)
    """
    small = _WHOLE.get(digits)
    if small is not None and exponent is None:
        return small
    check_digits(digits, text, start)
    # Fraction reads a string ten times slower than int does.
    value = Fraction(int(digits)) if digits.isdecimal() else Fraction(digits)
    if exponent is None:
        return value
    # Compared by length first: Python refuses to convert thousands of digits, and 400 has three.
    magnitude = exponent.lstrip("+-−").lstrip("0") or "0"
    if len(magnitude) > 3 or int(magnitude) > MAX_SCIENTIFIC_EXPONENT:
        message = f"a power of ten beyond {MAX_SCIENTIFIC_EXPONENT} is out of range; write a smaller one"
        raise ParseError(message, text, start)
    scale = Fraction(10) ** int(magnitude)
    return value / scale if exponent[0] in "-−" else value * scale


def check_digits(digits: str, text: str, position: int) -> None:
    """Raise ParseError for a number of too many *digits*."""
    if len(digits) > MAX_DIGITS and sum(character.isdigit() for character in digits) > MAX_DIGITS:
        message = f"a number of more than {MAX_DIGITS} digits is not read; round it or write it as 1.5e10"
        raise ParseError(message, text, position)


def check_length(text: str) -> None:
    """Raise ParseError for a *text* of too many characters."""
    if len(text) > MAX_CHARACTERS:
        message = f"{len(text)} characters are too many; write at most {MAX_CHARACTERS}"
        raise ParseError(message, text, MAX_CHARACTERS)


def check_count(tokens: list[Token], text: str) -> None:
    """Raise ParseError for too many *tokens*, at the first one too many."""
    if len(tokens) > MAX_TOKENS:
        message = f"more than {MAX_TOKENS} numbers, names and signs are too many; split the formula"
        raise ParseError(message, text, tokens[MAX_TOKENS].start)
