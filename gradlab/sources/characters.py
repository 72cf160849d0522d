"""Which characters are read, and what to say about the others."""

from __future__ import annotations

import unicodedata

# The Greek letters that LaTeX has a command for: the others look exactly like a Latin letter.
# π is missing: it is a constant and stands alone, so that 2πx needs no spaces.
GREEK_LETTERS = "αβγδεζηθικλμνξρστυφχψωΓΔΘΛΞΠΣΦΨΩ" + "µϕϑϵϰϱ"
LETTERS = "A-Za-z" + GREEK_LETTERS
"""For use inside a regular expression's square brackets."""

SUBSCRIPT_DIGITS = "₀₁₂₃₄₅₆₇₈₉"
SUPERSCRIPT_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
SUPERSCRIPT_SIGNS = "⁺⁻"

OPERATORS = {
    "+": "+",
    "-": "-",
    "−": "-",
    "*": "*",
    "·": "*",
    "⋅": "*",
    "×": "*",
    "∗": "*",
    "∙": "*",
    "•": "*",
    "/": "/",
    "÷": "/",
    "∕": "/",
    "⁄": "/",
    "^": "^",
    "^⊙": "^⊙",
    "**": "^",
    "@": "@",
    "⊙": "⊙",
}
"""Each operator as written, and the one spelling that it has in the tree."""

_LOOKALIKES = dict(
    zip(
        "асеорхуіјѕһԁԛԝАВЕКМНОРСТХУІЈЅ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο" + "‐‑‒–—ˆ∣",
        "aceopxyijshdqwABEKMHOPCTXYIJS" + "ABEZHIKMNOPTYXo" + "-----^|",
        strict=True,
    )
)

_EQUATION = "makes this an equation or a comparison; write one side only, for example x**2 + y, or f(x) = x**2"
_BRACE = "is no bracket here; write round brackets ( )"
_QUOTE = "is a quote or a prime, which is not read; write names and numbers without quotes"
_PYTHON = "is not part of a formula; write one formula of numbers, names, operators and round brackets"

_REFUSALS = {
    **dict.fromkeys("=<>≤≥≠≈", _EQUATION),
    **dict.fromkeys("{}", _BRACE),
    **dict.fromkeys("'\"`“”‘’′", _QUOTE),
    **dict.fromkeys(":;?#&$~", _PYTHON),
    "!": "is the factorial, which is not available; write the product out, for example 1*2*3",
    "%": "is not read; write /100 for per cent",
    "\\": "starts a LaTeX command, and this is read as plain text; write for example sin(x)",
    ".": "is no part of a number here; write 0.5, or * for a product; attributes such as x.T are not read",
    "_": "cannot start a name; start it with a letter, for example x_1",
    "∑": "is a sum without its index; write sum_i x_i or sum_{i=1}^{n} x_i",
    "∛": "is not read; write (x)^(1/3)",
    "∜": "is not read; write (x)^(1/4)",
}


def normal_spelling(name: str) -> str:
    """Return *name* with subscript digits as digits and variant letters as the usual ones; same length.

    Python normalises identifiers in the same way (NFKC), so ``x₁`` here is the keyword ``x₁=`` there.

    >>> normal_spelling("x₁ϕ")
    'x1φ'
    """
    return unicodedata.normalize("NFKC", name)


def refusal(character: str, position: int) -> str:
    """Return why *character* is not read and what to write instead.

    >>> refusal("=", 2)
    "'=' makes this an equation or a comparison; write one side only, for example x**2 + y, or f(x) = x**2"
    >>> refusal(chr(0x200B), 3)
    'U+200B ZERO WIDTH SPACE at position 3; delete it'
    >>> refusal(chr(0x445), 0)
    "U+0445 CYRILLIC SMALL LETTER HA at position 0 looks like 'x'; write 'x'"
    """
    if character in _REFUSALS:
        quote = '"' if character == "'" else "'"
        return f"{quote}{character}{quote} {_REFUSALS[character]}"
    category = unicodedata.category(character)
    unnamed = "CONTROL CHARACTER" if category == "Cc" else "(a character without a name)"
    place = f"U+{ord(character):04X} {unicodedata.name(character, unnamed)} at position {position}"
    if category == "Zs":
        return f"{place}; write an ordinary space"
    if category[0] in "CZM":
        return f"{place}; delete it"
    meant = _meant(character)
    if meant is not None:
        return f"{place} looks like '{meant}'; write '{meant}'"
    return f"{place} is not read; write Latin or Greek letters, digits, operators and round brackets"


def _meant(character: str) -> str | None:
    """Return the ordinary character that *character* looks like or is a variant of, or None."""
    if character in _LOOKALIKES:
        return _LOOKALIKES[character]
    decimal = unicodedata.decimal(character, None)
    if decimal is not None:
        return str(decimal)
    plain = unicodedata.normalize("NFKC", character)
    is_ordinary = len(plain) == 1 and (plain.isascii() or plain in GREEK_LETTERS) and plain.isprintable()
    return plain if is_ordinary and plain != character else None
