"""Numbers as they are written: how many digits are stated, and what they leave open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from gradlab.sources.answers import Reading
from gradlab.sources.syntax import Number, Tree, Unary

_DECIMAL = re.compile(r"(\d*)\.(\d*)(?:[eE]([+-]?\d+))?|(\d+)[eE]([+-]?\d+)")


DIGITS_OF_A_FLOAT = 15
"""Significant digits from which on a number was rounded to a float: math.pi, but not 0.25."""

MOST_DECIMALS = 30
"""Digits behind the point that are looked for; a float that somebody states has fewer."""


def rounded(value: Fraction) -> bool:
    """Return whether *value* is written with as many digits as a float has.

    >>> import math
    >>> rounded(Fraction(str(math.pi))), rounded(Fraction("0.1")), rounded(Fraction(1, 3))
    (True, False, False)
    """
    places = _decimals(value)
    return bool(places) and len(str(abs(value.numerator * 10**places // value.denominator))) >= DIGITS_OF_A_FLOAT


def _decimals(value: Fraction) -> int:
    """Return how many digits stand behind the point, 0 where they do not end."""
    return next((places for places in range(MOST_DECIMALS) if 10**places % value.denominator == 0), 0)


@dataclass(frozen=True, slots=True)
class Stated:
    """A decimal number as written.

    digits: how many are stated, leading zeros not counted.  half: half a unit of the last one.
    """

    value: Fraction
    digits: int
    half: Fraction

    def holds(self, low: Fraction, high: Fraction) -> bool:
        """Return whether every number from *low* to *high* would be written like this when it is rounded."""
        return self.value - self.half <= low and high <= self.value + self.half


def stated(reading: Reading, tree: Tree | None = None) -> Stated | None:
    """Return the decimal number that is the whole of *tree*, None where it is anything else.

    >>> from gradlab.sources.answers import read
    >>> stated(read("-0.667"))
    Stated(value=Fraction(-667, 1000), digits=3, half=Fraction(1, 2000))
    """
    node = reading.tree if tree is None else tree
    sign = 1
    while isinstance(node, Unary):
        sign = -sign if node.operator == "-" else sign
        node = node.operand
    if not isinstance(node, Number):
        return None
    found = _DECIMAL.search(reading.source[slice(*node.span)])
    if found is None:
        return None
    whole, behind, power, plain, plain_power = found.groups()
    digits = (whole or "") + (behind or "") if plain is None else plain
    exponent = int(power or plain_power or 0) - len(behind or "")
    return Stated(sign * node.value, len(digits.lstrip("0")), Fraction(10) ** exponent / 2)
