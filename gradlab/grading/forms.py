"""The normal form of an expression: a fraction of polynomials in its names and in what cannot be taken apart.

sin(u), √u and ln u are such parts; two of them are one where their operands are the same fraction. A root obeys
r² = u, an absolute value |u|² = u², a sine sin² u = 1 - cos² u; e^(u + v) is e^u e^v, ln 27 is 3 ln 3 and √12 is 2 √3.
What comes out the same is equal wherever both sides are defined; what does not may be equal all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import comb
from typing import Any

import flint

from gradlab.grading.programs import (
    ADD,
    CALL,
    CALL_TWO,
    DIVIDE,
    MULTIPLY,
    NEGATE,
    POWER,
    POWER_OF_E,
    PUSH_NAME,
    PUSH_NUMBER,
    SUBTRACT,
    WHOLE_POWER,
    Program,
)
from gradlab.symbolic.proof.polynomials import (
    Pair,
    TooLarge,
    added,
    canonical,
    inverse,
    multiplied,
    product_of,
    raised,
    ratio,
    reduced,
)

SPARE = 8
"""Generators beyond those of the names: for parts that cannot be taken apart. Where they run out, more are taken."""

MOST_PARTS = 64
"""Parts up to which a normal form is worth it."""

MOST_TERMS = 200
"""Terms up to which a power is multiplied out; above, its base is a part of its own."""

MOST_BITS = 100_000
"""Bits of a number up to which its power is multiplied out."""

PRIMES = tuple(n for n in range(2, 1000) if all(n % d for d in range(2, int(n**0.5) + 1)))
"""Those that are found in numbers below a root or a logarithm."""

ODD = frozenset({"sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh", "cot", "csc", "sign", "erf"})
EVEN = frozenset({"cos", "sec", "abs", "cosh", "sech"})


class Full(Exception):
    """There are more parts than generators."""


@dataclass
class Forms:
    """Turns programs into fractions over one ring.

    names: the variables.  size: how many parts there is room for.
    real: whether everything is a real number: |u|² is u² only then.
    relations: per part with one, its number, a degree, and what that power of it is.
    """

    names: Sequence[str]
    size: int = SPARE
    real: bool = True
    relations: dict[int, tuple[int, Pair]] = field(default_factory=dict)
    _numbers: dict[object, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.names) + self.size
        self.ring: Any = flint.fmpq_mpoly_ctx.get([f"g{number}" for number in range(count)], flint.Ordering.lex)
        self.generators: Sequence[Any] = self.ring.gens()
        self.one: Any = self.ring.constant(1)
        self.zero: Any = self.ring.constant(0)
        self._of_name: Mapping[str, Pair] = {
            name: (self.generators[place], self.one) for place, name in enumerate(self.names)
        }

    def branch(self) -> Forms:
        """Return a copy that knows the same parts and may find more, without telling this one."""
        copy = object.__new__(Forms)
        copy.names, copy.size, copy.ring, copy.generators = self.names, self.size, self.ring, self.generators
        copy.one, copy.zero, copy._of_name = self.one, self.zero, self._of_name
        copy.real = self.real
        copy.relations, copy._numbers = dict(self.relations), dict(self._numbers)
        return copy

    def of(self, program: Program) -> Pair:
        """Return numerator and denominator of what *program* computes.

        Raises TooLarge where that would take too long, or where it divides by 0.
        """
        stack: list[Pair] = []
        push, pop = stack.append, stack.pop
        for code, what in program:
            if code == PUSH_NAME:
                push(self._of_name.get(what) or (self.part(what), self.one))
            elif code == PUSH_NUMBER:
                push(self.number(what))
            elif code == MULTIPLY:
                right = pop()
                stack[-1] = multiplied(stack[-1], right)
            elif code == ADD:
                right = pop()
                stack[-1] = added(stack[-1], right)
            elif code == SUBTRACT:
                right = pop()
                stack[-1] = added(stack[-1], (-right[0], right[1]))
            elif code == DIVIDE:
                right = pop()
                stack[-1] = multiplied(stack[-1], inverse(right))
            elif code == NEGATE:
                stack[-1] = -stack[-1][0], stack[-1][1]
            elif code == WHOLE_POWER:
                stack[-1] = self.power(stack[-1], Fraction(what))
            elif code == CALL:
                stack[-1] = self._function(what, (stack[-1],))
            elif code == POWER:
                right = pop()
                stack[-1] = self._power(stack[-1], right, what)
            elif code == POWER_OF_E:
                right = pop()
                stack[-1] = self._power(stack[-1], right, None) if "e" in self._of_name else self.exponential(right)
            elif code == CALL_TWO:
                right = pop()
                stack[-1] = self._function(what, (stack[-1], right))
            else:
                second, first = pop(), pop()
                stack[-1] = self._function("where", (stack[-1], first, second))
        return stack[0]

    def same(self, first: Pair, second: Pair) -> bool:
        """Return whether two fractions are shown to be equal."""
        if first[1] == second[1]:
            return self.vanishes(first[0] - second[0])
        return self.vanishes(product_of(first[0], second[1]) - product_of(second[0], first[1]))

    def vanishes(self, polynomial: Any) -> bool:
        """Return whether a polynomial is 0, once each part's relation is used."""
        if polynomial.is_zero():
            return True
        for number in sorted(self.relations, reverse=True):
            degree, power = self.relations[number]
            polynomial = reduced(polynomial, number, degree, power)
        return bool(polynomial.is_zero())

    @property
    def exact(self) -> bool:
        """Whether there were only names: then what is not the same is different."""
        return not self._numbers

    # Nodes -----------------------------------------------------------------------------------------

    def number(self, value: Fraction | int) -> Pair:
        """Return a rational number as a fraction."""
        if isinstance(value, int) or value.denominator == 1:
            return self.ring.constant(int(value)), self.one
        return self.ring.constant(flint.fmpq(value.numerator, value.denominator)), self.one

    def part(self, key: object, relation: Callable[[], tuple[int, Pair]] | None = None) -> Any:
        """Return the generator that stands for *key*, one and the same for equal keys."""
        number = self._numbers.get(key)
        if number is None:
            number = len(self.names) + len(self._numbers)
            if number >= len(self.generators):
                raise Full
            self._numbers[key] = number
            if relation is not None:
                self.relations[number] = relation()
        return self.generators[number]

    def key(self, fraction: Pair) -> object:
        """Return what is the same for equal fractions; polynomials have no hash."""
        top, bottom = canonical(fraction)
        return str(top), "" if bottom.is_one() else str(bottom)

    def _function(self, name: str, below: tuple[Pair, ...]) -> Pair:
        known = _REWRITTEN.get(name)
        if known is not None:
            return known(self, *below)
        sign = 1
        if name in ODD or name in EVEN:
            top, bottom = canonical(below[0])
            if top.is_zero() and name in ("sin", "tan", "asin", "atan", "asinh", "atanh", "abs", "sign", "erf"):
                return self.zero, self.one
            if not top.is_zero() and top.leading_coefficient() < 0:
                below = ((-top, bottom),)
                sign = -1 if name in ODD else 1
        part = self.part((name, *map(self.key, below)), self._relation(name, below))
        return (part if sign > 0 else -part), self.one

    def _relation(self, name: str, below: tuple[Pair, ...]) -> Callable[[], tuple[int, Pair]] | None:
        if name == "abs" and self.real:
            return lambda: (2, multiplied(below[0], below[0]))
        if name == "sin":

            def squared() -> tuple[int, Pair]:
                cosine = self._function("cos", below)[0]
                return 2, (self.one - cosine * cosine, self.one)

            return squared
        return None

    # Powers ----------------------------------------------------------------------------------------

    def _power(self, base: Pair, exponent: Pair, written: Fraction | None) -> Pair:
        if written is None:
            top, bottom = exponent
            if top.is_constant() and bottom.is_constant():
                above = Fraction(0) if top.is_zero() else ratio(top.leading_coefficient())
                written = above / ratio(bottom.leading_coefficient())
        return self.power(base, written) if written is not None else self._symbolic_power(base, exponent)

    def power(self, base: Pair, exponent: Fraction) -> Pair:
        """u^(p/q)"""
        if exponent < 0:
            return inverse(self.power(base, -exponent))
        whole, rest = divmod(exponent, 1)
        result = self._whole_power(base, int(whole)) if whole else (self.one, self.one)
        if rest:
            root = self._root(base, rest.denominator)
            result = multiplied(result, self._whole_power(root, rest.numerator))
        return result

    def _whole_power(self, base: Pair, exponent: int) -> Pair:
        top, bottom = base
        if max(_bits(top), _bits(bottom)) * exponent > MOST_BITS:
            raise TooLarge
        return self._raised(top, exponent), self._raised(bottom, exponent)

    def _raised(self, polynomial: Any, exponent: int) -> Any:
        """Return a power of a polynomial, multiplied out if it is small; else its base is a part of its own."""
        if len(polynomial) <= 1:
            return polynomial**exponent
        # A longer one is compared as a power: (x - a)^6000 with (a - x)^6000.
        if comb(len(polynomial) - 1 + exponent, exponent) <= MOST_TERMS:
            return raised(polynomial, exponent)
        front = polynomial.leading_coefficient()
        return self.ring.constant(front**exponent) * self.part(("base", str(polynomial / front))) ** exponent

    def _root(self, base: Pair, degree: int) -> Pair:
        """The root of u = c v, c > 0, is that of c times that of v."""
        top, bottom = canonical(base)
        if top.is_zero():
            return self.zero, self.one
        front = ratio(top.leading_coefficient())
        size = abs(front)
        outside, inside = _taken_out(size.numerator * size.denominator ** (degree - 1), degree)
        result = self.number(Fraction(outside, size.denominator))
        if inside != 1:
            number = self.number(inside)
            root = self.part(("root", degree, inside), lambda: (degree, number))
            result = multiplied(result, (root, self.one))
        rest = top / flint.fmpq(size.numerator, size.denominator), bottom
        if not (rest[0].is_one() and bottom.is_one()):
            root = self.part(("root", degree, self.key(rest)), lambda: (degree, rest))
            result = multiplied(result, (root, self.one))
        return result

    def exponential(self, exponent: Pair) -> Pair:
        """e^(u + v) = e^u e^v"""
        return self._by_terms(exponent, lambda term, degree: self.part(("exp", degree, term)))

    def _symbolic_power(self, base: Pair, exponent: Pair) -> Pair:
        """a^(u + 2) = a^u a²"""
        below = self.key(base)
        top, bottom = canonical(exponent)
        constant = top[(0,) * len(self.generators)] if bottom.is_constant() else flint.fmpq(0)
        apart = self._by_terms((top - constant, bottom), lambda term, degree: self.part(("pow", below, degree, term)))
        return multiplied(apart, self.power(base, ratio(constant))) if constant != 0 else apart

    def _by_terms(self, exponent: Pair, part_of: Callable[[str, int], Any]) -> Pair:
        top, bottom = canonical(exponent)
        if len(top) > MOST_PARTS:
            raise TooLarge
        result = self.one, self.one
        under = "" if bottom.is_one() else str(bottom)
        for exponents, coefficient in top.to_dict().items():
            share = ratio(coefficient)
            if abs(share.numerator) > 1000:
                raise TooLarge
            term = f"{self.ring.from_dict({exponents: 1})}|{under}"
            power = part_of(term, share.denominator) ** abs(share.numerator), self.one
            result = multiplied(result, power if share > 0 else inverse(power))
        return result

    def logarithm(self, inside: Pair) -> Pair:
        """ln 12 = 2 ln 2 + ln 3, ln e^u = u"""
        top, bottom = canonical(inside)
        if top.is_constant() and bottom.is_constant() and not top.is_zero():
            number = ratio(top.leading_coefficient())
            if number > 0:
                return self._logarithm_of_number(number)
        return self.part(("log", self.key(inside))), self.one

    def _logarithm_of_number(self, number: Fraction) -> Pair:
        total = self.zero
        for sign, whole in ((1, number.numerator), (-1, number.denominator)):
            for prime, times in _factors(whole).items():
                total = total + sign * times * self.part(("log", prime))
        return total, self.one


def _over_exponentials(form: Callable[[Forms, Pair, Pair], Pair]) -> Callable[[Forms, Pair], Pair]:
    """Return what writes a function of u through e^u and e^-u."""

    def written(forms: Forms, u: Pair) -> Pair:
        rising = forms.exponential(u)
        return form(forms, rising, inverse(rising))

    return written


def _minus(u: Pair) -> Pair:
    return -u[0], u[1]


def _quotient(u: Pair, v: Pair) -> Pair:
    return multiplied(u, inverse(v))


def _sine(forms: Forms, u: Pair) -> Pair:
    return forms._function("sin", (u,))  # pyright: ignore[reportPrivateUsage]


def _cosine(forms: Forms, u: Pair) -> Pair:
    return forms._function("cos", (u,))  # pyright: ignore[reportPrivateUsage]


_HALF = Fraction(1, 2)

_REWRITTEN: Mapping[str, Callable[..., Pair]] = {
    "exp": Forms.exponential,
    "log": lambda forms, u, *base: _quotient(forms.logarithm(u), forms.logarithm(base[0]) if base else forms.number(1)),
    "log2": lambda forms, u: _quotient(forms.logarithm(u), forms.logarithm(forms.number(2))),
    "log10": lambda forms, u: _quotient(forms.logarithm(u), forms.logarithm(forms.number(10))),
    "log1p": lambda forms, u: forms.logarithm(added(u, forms.number(1))),
    "expm1": lambda forms, u: added(forms.exponential(u), forms.number(-1)),
    "sqrt": lambda forms, u: forms.power(u, _HALF),
    "tan": lambda forms, u: _quotient(_sine(forms, u), _cosine(forms, u)),
    "cot": lambda forms, u: _quotient(_cosine(forms, u), _sine(forms, u)),
    "sec": lambda forms, u: inverse(_cosine(forms, u)),
    "csc": lambda forms, u: inverse(_sine(forms, u)),
    "sinh": _over_exponentials(lambda forms, up, down: multiplied(added(up, _minus(down)), forms.number(_HALF))),
    "cosh": _over_exponentials(lambda forms, up, down: multiplied(added(up, down), forms.number(_HALF))),
    "tanh": _over_exponentials(lambda forms, up, down: _quotient(added(up, _minus(down)), added(up, down))),
    "coth": _over_exponentials(lambda forms, up, down: _quotient(added(up, down), added(up, _minus(down)))),
    "sech": _over_exponentials(lambda forms, up, down: _quotient(forms.number(2), added(up, down))),
    "csch": _over_exponentials(lambda forms, up, down: _quotient(forms.number(2), added(up, _minus(down)))),
    "sigmoid": _over_exponentials(lambda forms, up, down: inverse(added(forms.number(1), down))),
    "silu": lambda forms, u: _quotient(u, added(forms.number(1), inverse(forms.exponential(u)))),
    "softplus": lambda forms, u: forms.logarithm(added(forms.number(1), forms.exponential(u))),
}
"""Functions that are written through others."""


class NormalForm:
    """An expression whose normal form is kept, to be compared with many; what differs may be equal all the same.

    >>> from gradlab.grading.programs import program_of
    >>> from gradlab.sources.text import parse
    >>> NormalForm(program_of(parse("(x^2 - 1)/(x - 1)")), ["x"]).equals(program_of(parse("x + 1")))
    True
    >>> NormalForm(program_of(parse("sqrt(12 + 4x)")), ["x"]).equals(program_of(parse("2 sqrt(x + 3)")))
    True
    """

    def __init__(self, program: Program, names: Sequence[str], *, real: bool = True) -> None:
        self.program = program
        self.real = real
        self.names: tuple[str, ...] = tuple(names)
        self._known: dict[int, tuple[Forms, Pair] | None] = {}

    def equals(self, other: Program) -> bool:
        """Return whether the normal form of *other* is the same."""
        size = SPARE
        while size <= MOST_PARTS:
            try:
                return self._equals(other, size)
            except Full:
                size *= 2
            except TooLarge:
                return False
        return False

    def _equals(self, other: Program, size: int) -> bool:
        if size not in self._known:
            self._known[size] = None
            forms = Forms(self.names, size, self.real)
            own = forms.of(self.program)
            self._known[size] = forms, own
        known = self._known[size]
        if known is None:
            return False
        forms = known[0].branch()
        form = forms.of(other)
        # A denominator that vanishes by a relation is one that vanishes everywhere: nothing is equal to that.
        if any(not pair[1].is_constant() and forms.vanishes(pair[1]) for pair in (known[1], form)):
            return False
        return forms.same(known[1], form)


# Whole numbers -------------------------------------------------------------------------------------


def _bits(polynomial: Any) -> int:
    return max((int(c.p).bit_length() + int(c.q).bit_length() for c in polynomial.coeffs()), default=0)


def _factors(number: int) -> dict[int, int]:
    """Return the small prime factors of a number with their powers; what is left counts as one."""
    found: dict[int, int] = {}
    for prime in PRIMES:
        if prime * prime > number:
            break
        while number % prime == 0:
            number //= prime
            found[prime] = found.get(prime, 0) + 1
    if number > 1:
        found[number] = found.get(number, 0) + 1
    return found


def _taken_out(number: int, degree: int) -> tuple[int, int]:
    """Return a and b with number = a^degree b: the root of 12 is 2 √3."""
    outside = inside = 1
    for prime, times in _factors(number).items():
        outside *= prime ** (times // degree)
        inside *= prime ** (times % degree)
    return outside, inside
