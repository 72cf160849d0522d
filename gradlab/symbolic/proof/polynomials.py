"""Fractions of polynomials over one ring: exact arithmetic, bounded in what it multiplies out."""

from __future__ import annotations

from fractions import Fraction
from math import comb
from typing import Any

MOST_TERMS = 2_000
"""Terms up to which a polynomial is multiplied out."""

LARGEST_EXPONENT = 1_000
"""Powers up to which a polynomial is multiplied out."""

Pair = tuple[Any, Any]
"""A fraction: numerator and denominator, polynomials over one ring."""


class TooLarge(Exception):
    """The polynomials grow beyond what is worth it, or the expression is none of numbers."""


def product_of(first: Any, second: Any) -> Any:
    """Return the product of two polynomials; raises TooLarge where it has too many terms."""
    if len(first) * len(second) > MOST_TERMS**2 // 10:
        raise TooLarge
    result = first * second
    if len(result) > MOST_TERMS:
        raise TooLarge
    return result


def raised(polynomial: Any, exponent: int) -> Any:
    """Return a power of a polynomial; raises TooLarge where it would have too many terms."""
    terms = len(polynomial)
    if exponent > LARGEST_EXPONENT or (terms > 1 and comb(terms - 1 + exponent, exponent) > MOST_TERMS):
        raise TooLarge
    return polynomial**exponent


def added(first: Pair, second: Pair) -> Pair:
    """a/b + c/d"""
    if first[1] == second[1]:
        return first[0] + second[0], first[1]
    return product_of(first[0], second[1]) + product_of(second[0], first[1]), product_of(first[1], second[1])


def multiplied(first: Pair, second: Pair) -> Pair:
    """a/b · c/d"""
    return product_of(first[0], second[0]), product_of(first[1], second[1])


def inverse(fraction: Pair) -> Pair:
    """b/a; raises TooLarge where a is 0."""
    if fraction[0].is_zero():
        raise TooLarge  # 1/0 is equal to nothing
    return fraction[1], fraction[0]


def canonical(fraction: Pair) -> Pair:
    """Return the same fraction in lowest terms, with 1 as the leading coefficient below the bar."""
    top, bottom = fraction
    if not bottom.is_constant():
        shared = top.gcd(bottom)
        top, bottom = top // shared, bottom // shared
    front = bottom.leading_coefficient()
    return top / front, bottom / front


def used(polynomial: Any) -> set[int]:
    """Return the numbers of the generators that occur."""
    return {number for number, degree in enumerate(polynomial.degrees()) if degree > 0}  # those of 0 are -1


def ratio(number: Any) -> Fraction:
    """Return a rational number of the polynomials' library as Python's."""
    return Fraction(int(number.p), int(number.q))


def reduced(polynomial: Any, number: int, degree: int, base: Pair) -> Any:
    """Return a multiple of *polynomial* in which generator *number*, a root of *base*, appears below *degree* only."""
    if polynomial.degrees()[number] < degree:
        return polynomial
    by_power: dict[int, dict[Any, Any]] = {}
    for exponents, coefficient in polynomial.to_dict().items():
        times, left = divmod(exponents[number], degree)
        lowered = (*exponents[:number], left, *exponents[number + 1 :])
        by_power.setdefault(times, {})[lowered] = coefficient
    highest = max(by_power, default=0)
    ring = polynomial.context()
    whole = ring.constant(0)
    for times, terms in by_power.items():
        above, below = raised(base[0], times), raised(base[1], highest - times)
        whole = whole + product_of(ring.from_dict(terms), product_of(above, below))
    return whole
