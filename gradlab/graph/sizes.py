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
    """An exact number: a rational times a square root times powers of symbolic sizes, such as 2/n or 1/√k.

    rational: its sign and its rational part.  root: what stands below the square root, a whole number without
    square factors, 1 if there is none.  sizes: each symbol with its exponent, a whole number or a half, in order.

    >>> Coefficient(Fraction(2), (("n", Fraction(-1)),)) * Coefficient.of(3)
    Coefficient(6/n)
    >>> Coefficient.of_size("k", Fraction(-1, 2)) * Coefficient.of_size(12, Fraction(1, 2))
    Coefficient(2*sqrt(3)/k^1/2)
    """

    rational: Fraction
    sizes: tuple[tuple[str, Fraction], ...] = ()
    root: int = 1

    @staticmethod
    def of(value: int | float | Fraction) -> Coefficient:
        """Return *value* exactly; a float becomes the binary fraction that it stands for."""
        return Coefficient(Fraction(value))

    @staticmethod
    def of_size(size: Size, exponent: int | Fraction = 1) -> Coefficient:
        """Return a size, or a power of it whose exponent is a whole number or a half, as a coefficient.

        Raises ZeroDivisionError for a negative power of the number 0.
        """
        power = Fraction(exponent)
        if isinstance(size, str):
            return Coefficient(Fraction(1), ((size, power),) if power else ())
        if power.denominator == 1:
            return Coefficient(Fraction(size) ** int(power))
        square, root = _square_and_rest(size)
        # size^(1/2 + m) = square √root size^m
        return Coefficient(square * Fraction(size) ** int(power - Fraction(1, 2)), (), root)

    def __hash__(self) -> int:
        # A fraction's own hash takes a modular inverse, as long as the operation that a coefficient stands before.
        rational = self.rational
        return hash((rational.numerator, rational.denominator, self.root, *(size for size, _ in self.sizes)))

    def __mul__(self, other: Coefficient) -> Coefficient:
        if other is ONE:
            return self
        if self is ONE:
            return other
        rational, root = self.rational * other.rational, self.root
        if other.root != 1:
            common = math.gcd(root, other.root)
            rational, root = rational * common, (root // common) * (other.root // common)
        if not other.sizes:
            return Coefficient(rational, self.sizes, root)
        if not self.sizes:
            return Coefficient(rational, other.sizes, root)
        powers = dict(self.sizes)
        for size, exponent in other.sizes:
            powers[size] = powers.get(size, 0) + exponent
        kept = tuple(sorted((size, exponent) for size, exponent in powers.items() if exponent))
        return Coefficient(rational, kept, root)

    def __neg__(self) -> Coefficient:
        return Coefficient(-self.rational, self.sizes, self.root)

    def inverse(self) -> Coefficient:
        """Return 1 over this; raises ZeroDivisionError at zero."""
        sizes = tuple((size, -exponent) for size, exponent in self.sizes)
        return Coefficient(1 / (self.rational * self.root), sizes, self.root)

    def square_root(self) -> Coefficient | None:
        """Return the square root, or None where it is not such a number, or could only be found slowly."""
        if self.root != 1 or self.rational < 0 or any(exponent.denominator != 1 for _, exponent in self.sizes):
            return None
        above, below = self.rational.as_integer_ratio()
        if above * below > LARGEST_RADICAND:
            return None
        square, root = _square_and_rest(above * below)
        return Coefficient(Fraction(square, below), tuple((size, exponent / 2) for size, exponent in self.sizes), root)

    def parts(self) -> tuple[Coefficient, Coefficient]:
        """Return what stands above and what stands below the fraction bar: √2/3, but 1/√3."""
        above = tuple((size, exponent) for size, exponent in self.sizes if exponent > 0)
        below = tuple((size, -exponent) for size, exponent in self.sizes if exponent < 0)
        numerator, denominator = self.rational.as_integer_ratio()
        if self.root > 1 and denominator % self.root == 0:
            return (
                Coefficient(Fraction(numerator), above),
                Coefficient(Fraction(denominator, self.root), below, self.root),
            )
        return Coefficient(Fraction(numerator), above, self.root), Coefficient(Fraction(denominator), below)

    @property
    def is_zero(self) -> bool:
        return self.rational == 0

    @property
    def is_one(self) -> bool:
        return self.rational == 1 and not self.sizes and self.root == 1

    @property
    def is_rational(self) -> bool:
        """Whether it is a rational number whatever the sizes are."""
        return not self.sizes and self.root == 1

    def number(self, sizes: Mapping[str, int]) -> tuple[Fraction, int]:
        """Return the rational and what stands below the square root, once the sizes are known.

        Raises DomainError for 1 over a size of 0.
        """
        if not self.sizes:
            return self.rational, self.root
        result = Coefficient(self.rational, (), self.root)
        for size, exponent in self.sizes:
            if sizes[size] == 0 and exponent < 0:
                raise DomainError(f"a mean over no entries: the size {size} is 0")
            result = result * Coefficient.of_size(sizes[size], exponent)
        return result.rational, result.root

    def renamed(self, sizes: Mapping[str, Size]) -> Coefficient:
        """Return this with each size symbol replaced as *sizes* says."""
        if not self.sizes:
            return self
        result = Coefficient(self.rational, (), self.root)
        for size, exponent in self.sizes:
            result = result * Coefficient.of_size(sizes.get(size, size), exponent)
        return result

    def __repr__(self) -> str:
        above, below = ("*".join(part.factors()) or "1" for part in self.parts())
        return f"Coefficient({above})" if below == "1" else f"Coefficient({above}/{below})"

    def factors(self) -> list[str]:
        """Return the factors other than 1 as plain text."""
        found = [str(self.rational)] if self.rational != 1 else []
        found += [f"sqrt({self.root})"] if self.root != 1 else []
        return found + [size if exponent == 1 else f"{size}^{exponent}" for size, exponent in self.sizes]


LARGEST_RADICAND = 10**12
"""Square factors are looked for up to this: a million divisions at worst."""


def _square_and_rest(value: int) -> tuple[int, int]:
    """Return s and r with value = s² r, where r has no square factor.

    >>> _square_and_rest(72)
    (6, 2)
    """
    square, rest, prime = 1, value, 2
    while prime * prime <= rest:
        while rest % (prime * prime) == 0:
            square, rest = square * prime, rest // (prime * prime)
        prime += 1
    return square, rest


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
