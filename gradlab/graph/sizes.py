"""Sizes of axes, kept as symbols, and the exact numbers that stand in front of a term."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from gradlab.errors import DomainError

Size = int | str
"""The length of an axis: a number, or a symbol such as ``"n"``."""

Axes = tuple[Size, ...]
"""A shape whose entries may be symbols: ``("n", 3)``."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """An exact rational times powers of symbolic sizes, such as 2/n.

    >>> Coefficient(Fraction(2), (("n", -1),)) * Coefficient.of(3)
    Coefficient(rational=Fraction(6, 1), sizes=(('n', -1),))
    """

    rational: Fraction
    sizes: tuple[tuple[str, int], ...] = ()

    @staticmethod
    def of(value: int | float | Fraction) -> Coefficient:
        """Return *value* exactly; a float becomes the binary fraction that it stands for."""
        return Coefficient(Fraction(value))

    @staticmethod
    def of_size(size: Size, exponent: int = 1) -> Coefficient:
        """Return a size, or a power of it, as a coefficient."""
        if isinstance(size, int):
            return Coefficient(Fraction(size) ** exponent)
        return Coefficient(Fraction(1), ((size, exponent),))

    def __mul__(self, other: Coefficient) -> Coefficient:
        if not self.sizes and not other.sizes:
            return Coefficient(self.rational * other.rational)
        powers = dict(self.sizes)
        for size, exponent in other.sizes:
            powers[size] = powers.get(size, 0) + exponent
        kept = tuple(sorted((size, exponent) for size, exponent in powers.items() if exponent))
        return Coefficient(self.rational * other.rational, kept)

    def __neg__(self) -> Coefficient:
        return Coefficient(-self.rational, self.sizes)

    def inverse(self) -> Coefficient:
        """Return 1 over this; raises ZeroDivisionError at zero."""
        return Coefficient(1 / self.rational, tuple((size, -exponent) for size, exponent in self.sizes))

    def parts(self) -> tuple[Coefficient, Coefficient]:
        """Return what stands above and what stands below the fraction bar."""
        above = tuple((size, exponent) for size, exponent in self.sizes if exponent > 0)
        below = tuple((size, -exponent) for size, exponent in self.sizes if exponent < 0)
        numerator, denominator = self.rational.as_integer_ratio()
        return Coefficient(Fraction(numerator), above), Coefficient(Fraction(denominator), below)

    @property
    def is_zero(self) -> bool:
        return self.rational == 0

    @property
    def is_one(self) -> bool:
        return not self.sizes and self.rational == 1

    def value(self, sizes: Mapping[str, int]) -> Fraction:
        """Return the number that this is once the sizes are known; raises DomainError for 1 over a size of 0."""
        result = self.rational
        for size, exponent in self.sizes:
            if sizes[size] == 0 and exponent < 0:
                raise DomainError(f"a mean over no entries: the size {size} is 0")
            result *= Fraction(sizes[size]) ** exponent
        return result

    def renamed(self, sizes: Mapping[str, Size]) -> Coefficient:
        """Return this with each size symbol replaced as *sizes* says."""
        result = Coefficient(self.rational)
        for size, exponent in self.sizes:
            result = result * Coefficient.of_size(sizes.get(size, size), exponent)
        return result


ONE = Coefficient(Fraction(1))
ZERO = Coefficient(Fraction(0))


def shape_of(axes: Axes, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """Return *axes* as numbers.

    >>> shape_of(("n", 3), {"n": 20})
    (20, 3)
    """
    return tuple(size if isinstance(size, int) else sizes[size] for size in axes)


def decimal(value: Fraction) -> str | None:
    """Return *value* as a person would type it in decimals, or None where it has no short decimal form.

    A binary fraction that a float stands for is written as Python writes that float.

    >>> decimal(Fraction(0.1)), decimal(Fraction(1, 8)), decimal(Fraction(1, 3))
    ('0.1', '0.125', None)
    """
    denominator = value.denominator
    binary = denominator & (denominator - 1) == 0
    if not binary:
        rest = denominator
        for prime in (2, 5):
            while rest % prime == 0:
                rest //= prime
        if rest != 1:
            return None
    try:
        nearest = float(value)
    except OverflowError:
        return None
    if math.isinf(nearest) or (nearest == 0) != (value == 0):
        return None
    written = repr(nearest)
    # A decimal that was typed is that decimal; a binary fraction is the float that it equals.
    return written if Fraction(written) == value or Fraction(nearest) == value else None
