"""Mathematics typed as text, cut into tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
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
from gradlab.sources.sum_signs import sum_sign
from gradlab.sources.tokens import MAX_TOKENS, Kind, Token, check_count, check_digits, check_length, number

_SINGLE = {
    "(": (Kind.OPEN, "("),
    ")": (Kind.CLOSE, ")"),
    "[": (Kind.OPEN, "["),
    "]": (Kind.CLOSE, "]"),
    "⟨": (Kind.OPEN, "<"),
    "⟩": (Kind.CLOSE, ">"),
    ",": (Kind.COMMA, ","),
    "|": (Kind.BAR, "|"),
    "‖": (Kind.BAR, "‖"),
    "√": (Kind.ROOT, "√"),
    "π": (Kind.NAME, "pi"),
    "ᵀ": (Kind.TRANSPOSE, "^T"),
    "⊤": (Kind.TRANSPOSE, "^T"),
}

_COMPARISONS = {
    ">": ">",
    ">=": "≥",
    "≥": "≥",
    "<": "<",
    "<=": "≤",
    "≤": "≤",
    "==": "=",
    "=": "=",
    "!=": "≠",
    "≠": "≠",
}
_COMPARISON = re.compile("[<>!=]=|[<>≤≥≠=]")
_WITH_CONDITIONS = re.compile(r"where|iecewise|\bif\b")
_WORDS = frozenset({"and", "or", "not", "true", "True", "otherwise", "if", "else"})
"""What joins comparisons and what they choose, and the condition of the last case; names in other texts."""

_OPERATORS = "|".join(re.escape(symbol) for symbol in sorted(OPERATORS, key=len, reverse=True))
_PIECE = re.compile(
    # In braces a subscript may be of several letters: x_{12}.
    rf"[ \t]*(?:([{LETTERS}∂][{LETTERS}0-9_{SUBSCRIPT_DIGITS}]*(?:(?<=_)\{{[{LETTERS}0-9]+\}})?)"
    r"|([0-9]+)(?![0-9.eE_])"
    f"|({_OPERATORS})|([{re.escape(''.join(_SINGLE))}])"
    r"|(([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+\-−]?[0-9]+))?)"
    f"|([{SUPERSCRIPT_SIGNS}]?[{SUPERSCRIPT_DIGITS}]+)"
    r"|([^ \t]))",
    re.DOTALL,
)
_NAME, _WHOLE, _OPERATOR, _ONE, _NUMBER, _DIGITS, _EXPONENT, _SUPERSCRIPT, _OTHER = range(1, 10)

# Looking a member of an Enum up takes longer than all else that is done for a name.
_A_NAME, _A_NUMBER, _AN_OPERATOR = Kind.NAME, Kind.NUMBER, Kind.OPERATOR

_BLANKS = " \t"
_LINE_ENDS = "\r\n"
_ANGLES = {"<": 1, ">": -1}
_BEGINS_OPERAND = (Kind.OPERATOR, Kind.OPEN, Kind.COMMA)


def tokenize(text: str, declared: Collection[str] = ()) -> list[Token]:
    """Return the tokens of *text*, the last of kind END.

    ``x₁`` is the name ``x1``, ``x_{12}`` is ``x_12``, ``π`` the name ``pi``; ``x_1`` is kept as written.
    declared: names that are no signs of a sum, such as a variable called ``sum_x``.
    Raises ParseError at the first character that is not read.

    >>> [token.text for token in tokenize("2x₁ ** .5")]
    ['2', 'x1', '^', '.5', '']
    """
    check_length(text)
    has_conditions = _WITH_CONDITIONS.search(text) is not None or (
        "[" in text and _COMPARISON.search(text, text.index("[")) is not None
    )
    has_sums = "sum_" in text or "∑" in text or "Σ_" in text
    position = len(text) - len(text.lstrip(_BLANKS + _LINE_ENDS))
    end_of_formula = len(text.rstrip(_BLANKS + _LINE_ENDS))
    tokens: list[Token] = []
    add = tokens.append
    angles = 0  # how many vectors are open that began with <
    while position < end_of_formula:
        found = _PIECE.match(text, position, end_of_formula)
        if found is None:
            break
        group = found.lastindex or 0
        start, position = found.span(group)
        written = text[start:position]
        if group == _NAME:
            sign = sum_sign(text, start, declared) if has_sums else None
            if sign is not None:
                tokens += sign
                position = sign[-1].end
            elif has_conditions and written in _WORDS:
                add(Token(Kind.WORD, written, start, position))
            else:
                add(Token(_A_NAME, written if _is_plain(written) else _spelled(written), start, position))
        elif group == _WHOLE:
            add(Token(_A_NUMBER, written, start, position, number(written, None, text, start)))
        elif group == _OPERATOR:
            add(Token(_AN_OPERATOR, OPERATORS[written], start, position))
        elif group == _ONE:
            kind, spelling = _SINGLE[written]
            add(Token(kind, spelling, start, position))
        elif group == _NUMBER:
            add(_decimal(found, text))
        elif group == _SUPERSCRIPT:
            add(_superscript(written, text, start))
        else:
            sign = sum_sign(text, start, declared)
            if sign is None:
                sign = [_other(text, start, tokens, has_conditions, angles > 0)]
                angles += _ANGLES.get(sign[0].text, 0)
            tokens += sign
            position = sign[-1].end
        if len(tokens) > MAX_TOKENS:
            check_count(tokens, text)
    add(Token(Kind.END, "", len(text), len(text)))
    return tokens


def _is_plain(name: str) -> bool:
    return name.isascii() and name[-1] != "}"


def _spelled(name: str) -> str:
    return normal_spelling(name.replace("{", "").replace("}", ""))


def _decimal(found: re.Match[str], text: str) -> Token:
    """Return a number such as ``2.5``, ``.5``, ``5.`` or ``1e-3``."""
    start, end = found.span(_NUMBER)
    following = text[end : end + 1]
    if following == "_":
        raise ParseError("write a number without '_', for example 1000", text, end)
    if following == ".":
        raise ParseError("a number has one decimal point at most; write for example 3.5", text, end)
    value = number(found[_DIGITS], found[_EXPONENT], text, start)
    return Token(Kind.NUMBER, found[_NUMBER], start, end, value)


def _superscript(written: str, text: str, start: int) -> Token:
    """Return a raised number such as ``²`` or ``⁻¹``."""
    spelling = unicodedata.normalize("NFKC", written).replace("−", "-")
    check_digits(spelling, text, start)
    return Token(Kind.SUPERSCRIPT, spelling, start, start + len(written), Fraction(int(spelling)))


def _other(text: str, position: int, tokens: Sequence[Token], has_conditions: bool, in_angle: bool) -> Token:
    """Return a comparison, an angle of a vector or a fraction written as one character, or refuse the character."""
    compared = _COMPARISON.match(text, position)
    if compared is not None and has_conditions:
        return Token(Kind.COMPARISON, _COMPARISONS[compared.group()], *compared.span())
    character = text[position]
    if character == "<" and (not tokens or tokens[-1].kind in _BEGINS_OPERAND):
        return Token(Kind.OPEN, "<", position, position + 1)
    if character == ">" and in_angle:
        return Token(Kind.CLOSE, ">", position, position + 1)
    numerator, _, denominator = unicodedata.normalize("NFKC", character).partition("⁄")
    if numerator.isdecimal() and denominator.isdecimal() and int(denominator):
        value = Fraction(int(numerator), int(denominator))
        return Token(Kind.NUMBER, character, position, position + 1, value)
    if character in _LINE_ENDS:
        raise ParseError("the formula goes on after a line break; write it on one line", text, position)
    meant = "≠" if text.startswith("!=", position) else character
    raise ParseError(refusal(meant, position), text, position)
