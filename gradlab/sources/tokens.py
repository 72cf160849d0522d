"""Text cut into tokens: numbers, names, operators and brackets, each with its place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from gradlab.errors import ParseError
from gradlab.sources.characters import (
    LETTERS,
    OPERATORS,
    SUBSCRIPT_DIGITS,
    SUPERSCRIPT_DIGITS,
    SUPERSCRIPT_SIGNS,
    normal_spelling,
    refusal,
)

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
    FUNCTION = "function"
    OPERATOR = "operator"
    ROOT = "root"
    SUPERSCRIPT = "superscript"
    OPEN = "opening bracket"
    CLOSE = "closing bracket"
    BAR = "bar"
    COMPARISON = "comparison"
    WORD = "word"
    COMMA = "comma"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a text, ``source[start:end]``.

    text: its normal spelling: an operator among ``+ - * / ^ @``, a name, ``|`` or ``‖`` for a bar.
    value: the exact value of a NUMBER, or of a SUPERSCRIPT: an exponent complete in itself; else None.
    """

    kind: Kind
    text: str
    start: int
    end: int
    value: Fraction | None = None


_SINGLE = {
    "(": (Kind.OPEN, "("),
    ")": (Kind.CLOSE, ")"),
    ",": (Kind.COMMA, ","),
    "|": (Kind.BAR, "|"),
    "‖": (Kind.BAR, "‖"),
    "√": (Kind.ROOT, "√"),
    "π": (Kind.NAME, "pi"),
}

_COMPARISONS = {
    ">": ">",
    ">=": "≥",
    "≥": "≥",
    "<": "<",
    "<=": "≤",
    "≤": "≤",
    "==": "=",
    "!=": "≠",
    "≠": "≠",
}
_COMPARISON = re.compile("[<>!=]=|[<>≤≥≠]")
_WITH_CONDITIONS = ("where", "iecewise")
_WORDS = frozenset({"and", "or", "not", "true", "True", "otherwise"})
"""What joins comparisons, and the condition of the last case; names in a text without conditions."""

_OPERATORS = "|".join(re.escape(symbol) for symbol in sorted(OPERATORS, key=len, reverse=True))
_PIECE = re.compile(
    f"(?P<blank>[ \\t]+)|(?P<name>[{LETTERS}][{LETTERS}0-9_{SUBSCRIPT_DIGITS}]*)"
    r"|(?P<number>(?P<digits>[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE](?P<exponent>[+\-−]?[0-9]+))?)"
    f"|(?P<operator>{_OPERATORS})|(?P<single>[{re.escape(''.join(_SINGLE))}])"
    f"|(?P<superscript>[{SUPERSCRIPT_SIGNS}]?[{SUPERSCRIPT_DIGITS}]+)"
)

_BLANKS = " \t"
_LINE_ENDS = "\r\n"


def tokenize(text: str) -> list[Token]:
    """Return the tokens of *text*, the last of kind END.

    ``x₁`` is the name ``x1``, ``π`` the name ``pi``; ``x_1`` is kept as written.
    Raises ParseError at the first character that is not read.

    >>> [token.text for token in tokenize("2x₁ ** .5")]
    ['2', 'x1', '^', '.5', '']
    """
    if len(text) > MAX_CHARACTERS:
        message = f"{len(text)} characters are too many; write at most {MAX_CHARACTERS}"
        raise ParseError(message, text, MAX_CHARACTERS)
    tokens: list[Token] = []
    for token in _scan(text):
        tokens.append(token)
        if len(tokens) > MAX_TOKENS:
            message = f"more than {MAX_TOKENS} numbers, names and signs are too many; split the formula"
            raise ParseError(message, text, token.start)
    tokens.append(Token(Kind.END, "", len(text), len(text)))
    return tokens


def _scan(text: str) -> Iterator[Token]:
    # Anywhere else a comparison is an equation by mistake, which is refused below.
    has_conditions = any(function in text for function in _WITH_CONDITIONS)
    position = len(text) - len(text.lstrip(_BLANKS + _LINE_ENDS))
    end_of_formula = len(text.rstrip(_BLANKS + _LINE_ENDS))
    while position < end_of_formula:
        found = _PIECE.match(text, position)
        compared = _COMPARISON.match(text, position) if found is None and has_conditions else None
        if compared is not None:
            yield Token(Kind.COMPARISON, _COMPARISONS[compared.group()], *compared.span())
            position = compared.end()
            continue
        if found is None:
            yield _vulgar_fraction(text, position)
            position += 1
            continue
        position = found.end()
        if has_conditions and found.group() in _WORDS:
            yield Token(Kind.WORD, found.group(), *found.span())
        elif found.lastgroup != "blank":
            yield _token(found, text)


def _token(found: re.Match[str], text: str) -> Token:
    written, (start, end) = found.group(), found.span()
    match found.lastgroup:
        case "name":
            return Token(Kind.NAME, written if written.isascii() else normal_spelling(written), start, end)
        case "operator":
            return Token(Kind.OPERATOR, OPERATORS[written], start, end)
        case "single":
            kind, spelling = _SINGLE[written]
            return Token(kind, spelling, start, end)
        case "superscript":
            return _superscript(found, text)
        case _:
            return _number(found, text)


def _number(found: re.Match[str], text: str) -> Token:
    """Return the exact value of a number such as ``2``, ``.5``, ``5.`` or ``1e-3``."""
    start, end = found.span()
    following = text[end : end + 1]
    if following == "_":
        raise ParseError("write a number without '_', for example 1000", text, end)
    if following == ".":
        raise ParseError("a number has one decimal point at most; write for example 3.5", text, end)
    digits, exponent = found.group("digits"), found.group("exponent")
    _check_digits(digits, text, start)
    if exponent is None:
        # Fraction reads a string ten times slower than int does.
        value = Fraction(int(digits)) if digits.isdecimal() else Fraction(digits)
        return Token(Kind.NUMBER, digits, start, end, value)
    # Compared by length first: Python refuses to convert thousands of digits, and 400 has three.
    magnitude = exponent.lstrip("+-−").lstrip("0") or "0"
    if len(magnitude) > 3 or int(magnitude) > MAX_SCIENTIFIC_EXPONENT:
        message = f"a power of ten beyond {MAX_SCIENTIFIC_EXPONENT} is out of range; write a smaller one"
        raise ParseError(message, text, start)
    scale = Fraction(10) ** int(magnitude)
    value = Fraction(digits) / scale if exponent[0] in "-−" else Fraction(digits) * scale
    return Token(Kind.NUMBER, found.group(), start, end, value)


def _superscript(found: re.Match[str], text: str) -> Token:
    """Return a raised number such as ``²`` or ``⁻¹``."""
    spelling = unicodedata.normalize("NFKC", found.group()).replace("−", "-")
    _check_digits(spelling, text, found.start())
    return Token(Kind.SUPERSCRIPT, spelling, found.start(), found.end(), Fraction(int(spelling)))


def _vulgar_fraction(text: str, position: int) -> Token:
    """Return a fraction written as one character, such as ``½``, or refuse the character."""
    character = text[position]
    numerator, _, denominator = unicodedata.normalize("NFKC", character).partition("⁄")
    if numerator.isdecimal() and denominator.isdecimal() and int(denominator):
        value = Fraction(int(numerator), int(denominator))
        return Token(Kind.NUMBER, character, position, position + 1, value)
    if character in _LINE_ENDS:
        raise ParseError("the formula goes on after a line break; write it on one line", text, position)
    meant = "≠" if text.startswith("!=", position) else character
    raise ParseError(refusal(meant, position), text, position)


def _check_digits(number: str, text: str, position: int) -> None:
    if sum(character.isdigit() for character in number) > MAX_DIGITS:
        message = f"a number of more than {MAX_DIGITS} digits is not read; round it or write it as 1.5e10"
        raise ParseError(message, text, position)
