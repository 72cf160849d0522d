"""What is written, before any style: brackets, signs, levels, fractions, indices.

The tables `show` and `show_component` (filled by the kinds) say what is written; a `Printer` says how. The two
printers are in `gradlab.graph.styles`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction

from gradlab.graph.sizes import Coefficient, decimal


class Level(IntEnum):
    """How tightly a written expression holds together; looser ones get brackets inside tighter ones."""

    CASES = -1
    SUM = 0
    HADAMARD = 1
    PRODUCT = 2
    POWER = 3
    ATOM = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """A written expression.

    open: it extends as far right as it can (a summation), so only a last factor may be one.
    fraction: its numerator and denominator, where it is a quotient written as one.
    summed: the indices, each with its first and last value where those are to be stated, and the body, where it is a
        summation.
    norm: the norm whose square it is, where it is one.
    turned: how its transpose is written, where that is not a T behind it: A^-T for A^-1.
    condition: what stands between the brackets, where it is a truth value as a number: [x > 0].
    rows: what stands between the braces, where it is a choice between cases.
    applied: the function and its bracketed argument, where it is a call, so that sin²(x) can be written.
    """

    written: str
    level: Level = Level.ATOM
    open: bool = False
    fraction: tuple[Shown, Shown] | None = None
    norm: str | None = None
    applied: tuple[str, str] | None = None
    summed: tuple[Mapping[str, tuple[str, str] | None], Shown] | None = None
    turned: Shown | None = None
    condition: str = ""
    rows: str = ""


INDEX_NAMES = "ijklpqrstuvabcfgh"
"""Letters for indices, in the order in which they are given out."""

LARGEST_FRACTION = 4
"""Denominators up to this are written as fractions (1/4); larger ones as decimals where that is exact (0.2)."""

LONGEST_WHOLE = 10**6
"""Fractions of larger numbers are written as the nearest decimal."""


def _nearest(value: Fraction) -> str | None:
    try:
        nearest = float(value)
    except OverflowError:
        return None
    return repr(nearest) if nearest else None


@dataclass
class Printer(ABC):
    """How expressions are written; `TextPrinter` and `LatexPrinter` are the two ways.

    reserved: letters that must not serve as an index because the expression uses them.
    limits: the first and the last value of an index in use, where they are to be stated, as for a part of an axis.
    """

    reserved: frozenset[str] = frozenset()
    limits: dict[str, tuple[str, str]] = field(default_factory=dict)
    _scope: list[str] = field(default_factory=list)

    # Brackets and indices -------------------------------------------------------------------

    def bracketed(self, shown: Shown) -> Shown:
        """Return *shown* in round brackets."""
        return Shown(f"({shown.written})")

    def wrap(self, shown: Shown, level: Level) -> str:
        """Return what is written, in brackets where it binds more loosely than *level*."""
        return shown.written if shown.level >= level else self.bracketed(shown).written

    @contextmanager
    def indices(self, count: int) -> Generator[tuple[str, ...]]:
        """Give out *count* index letters that nothing around them uses."""
        free = [letter for letter in INDEX_NAMES if letter not in self.reserved and letter not in self._scope]
        free += [f"i{number}" for number in range(count + len(self._scope)) if f"i{number}" not in self._scope]
        given = tuple(free[:count])
        self._scope.extend(given)
        try:
            yield given
        finally:
            del self._scope[len(self._scope) - count :]
            for letter in given:
                self.limits.pop(letter, None)

    def restore(self, limits: Mapping[str, tuple[str, str]]) -> None:
        """Take back what a part has said of limits, except that it shows a letter over its whole axis."""
        self.limits = {letter: ends for letter, ends in limits.items() if letter in self.limits}

    # Sums and products -----------------------------------------------------------------------

    def sum(self, terms: Sequence[tuple[bool, Shown]]) -> Shown:
        """Return a sum; each term comes with whether it is subtracted."""
        written = ""
        for position, (negative, term) in enumerate(terms):
            body = self.wrap(term, Level.HADAMARD if negative or position else Level.SUM)
            if position == 0:
                written = f"-{body}" if negative else body
            else:
                written += f" - {body}" if negative else f" + {body}"
        single = len(terms) == 1 and not terms[0][0]
        return terms[0][1] if single else Shown(written, Level.SUM)

    def product(self, factors: Sequence[Shown]) -> Shown:
        """Return a product by juxtaposition; factors 1/v move below one common fraction bar."""
        below = [factor.fraction[1] for factor in factors if factor.fraction and factor.fraction[0].written == "1"]
        if below and len(factors) > 1:
            above = [f for f in factors if not (f.fraction and f.fraction[0].written == "1")]
            return self.fraction(self.product(above) if above else Shown("1"), self.product(below))
        if len(factors) == 1:
            return factors[0]
        written = ""
        for position, factor in enumerate(factors):
            last = position == len(factors) - 1
            closed = factor if last or not factor.open else self.bracketed(factor)
            body = self.wrap(closed, Level.PRODUCT)
            written = body if position == 0 else written + self.joint(written, body) + body
        return Shown(written, Level.PRODUCT, open=factors[-1].open)

    def scaled(self, coefficient: Coefficient, shown: Shown) -> Shown:
        """Return a positive *coefficient* in front of *shown*."""
        if coefficient.is_one:
            return shown
        if shown.written == "1":
            return self.number(coefficient)
        denominator = coefficient.rational.denominator
        if shown.fraction and (denominator <= LARGEST_FRACTION or decimal(coefficient.rational) is None):
            above, below = coefficient.parts()
            top, bottom = shown.fraction
            return self.fraction(self.scaled(above, top), self.scaled(below, bottom))
        return self.product([self.number(coefficient), shown])

    def number(self, coefficient: Coefficient) -> Shown:
        """Return an exact number: 3, 1/3, 0.01, 2/n."""
        rational = coefficient.rational
        if rational < 0:
            return Shown(f"-{self.number(-coefficient).written}", Level.SUM)
        numerator, denominator = rational.numerator, rational.denominator
        short = decimal(rational) if denominator > LARGEST_FRACTION else None
        if short is None and max(numerator, denominator) > LONGEST_WHOLE and denominator > 1:
            short = _nearest(rational)  # what arithmetic with floats left: nobody reads its fraction
        if short is not None:
            numerator, denominator = 1, 1
        above: list[Shown] = []
        if short is not None:
            above.append(self.decimal(short))
        elif numerator != 1:
            above.append(self.integer(numerator))
        root = [self.root(self.integer(coefficient.root))] if coefficient.root > 1 else []
        below: list[Shown] = []
        if root and denominator % coefficient.root == 0:  # 1/√3 rather than √3/3
            denominator //= coefficient.root
            below, root = root, []
        above += root
        below = ([self.integer(denominator)] if denominator != 1 else []) + below
        for size, exponent in sorted(coefficient.sizes, key=lambda power: power[1].denominator):
            (above if exponent > 0 else below).extend(self.powers_of_size(size, abs(exponent)))
        top = self.product(above) if above else Shown("1")
        # A number in front is no quotient to be merged with others: 1/n sum_i x_i, not (sum_i x_i)/n.
        return replace(self.fraction(top, self.product(below)), fraction=None) if below else top

    def powers_of_size(self, size: str, exponent: Fraction) -> list[Shown]:
        """Return a positive power of a size as factors: n, n², √n, n √n."""
        base, whole = self.name(size), int(exponent)
        factors = [base if whole == 1 else self.power(base, Shown(str(whole)))] if whole else []
        return factors if exponent == whole else [*factors, self.root(base)]

    def integer(self, value: int) -> Shown:
        """Return a whole number; beyond 15 digits in powers of ten, so that a line stays a line."""
        short = decimal(Fraction(value)) if abs(value) >= 10**15 else None
        if short is not None and value > 0:
            return self.decimal(short)
        written = str(value) if abs(value) < 10**30 else f"{Decimal(value):.6e}"
        return Shown(written) if value >= 0 else Shown(written, Level.SUM)

    # Conditions --------------------------------------------------------------------------------

    def relation(self, sides: Sequence[Shown], signs: Sequence[str]) -> Shown:
        """Return 1 where the relations hold, else 0, in Iverson's brackets: [x > 0], [0 ≤ x ≤ 1]."""
        written = self.wrap(sides[0], Level.SUM)
        for sign, side in zip(signs, sides[1:], strict=True):
            written += f" {self.sign(sign)} {self.wrap(side, Level.SUM)}"
        return self.iverson(written)

    def logical(self, word: str, parts: Sequence[Shown]) -> Shown:
        """Return 1 where the parts joined by "and" or "or", or the part after "not", hold, else 0."""
        joints = [f" {self.sign(joint)} " for joint in ("and", "or")]
        inside = []
        for part in parts:
            holds = part.condition or part.written
            inside.append(self.bracketed(Shown(holds)).written if any(joint in holds for joint in joints) else holds)
        joined = f" {self.sign(word)} ".join(inside)
        return self.iverson(joined if len(parts) > 1 else f"{self.sign(word)} {joined}")

    # What the two styles write differently ---------------------------------------------------

    @abstractmethod
    def joint(self, left: str, right: str) -> str:
        """Return what stands between two factors."""

    @abstractmethod
    def name(self, symbol: str, indices: tuple[str, ...] = ()) -> Shown:
        """Return a name, with the indices of one component."""

    @abstractmethod
    def sign(self, sign: str) -> str:
        """Return a sign of comparison (> ≥ = ≠ < ≤) or of logic (and, or, not)."""

    @abstractmethod
    def iverson(self, condition: str) -> Shown:
        """Return 1 where *condition* holds, else 0."""

    @abstractmethod
    def cases(self, first: Shown, condition: Shown, second: Shown) -> Shown:
        """Return *first* where *condition* holds, else *second*."""

    @abstractmethod
    def minus_infinity(self) -> Shown:
        """Return -∞."""

    @abstractmethod
    def decimal(self, written: str) -> Shown:
        """Return a decimal number such as 0.01 or 1e-05."""

    @abstractmethod
    def fraction(self, above: Shown, below: Shown) -> Shown:
        """Return *above* over *below*."""

    @abstractmethod
    def power(self, base: Shown, exponent: Shown, *, elementwise: bool = False) -> Shown:
        """Return a power; elementwise where the base has axes."""

    @abstractmethod
    def call(self, function: str, arguments: Sequence[Shown]) -> Shown:
        """Return a function applied to arguments."""

    @abstractmethod
    def absolute(self, inside: Shown) -> Shown:
        """Return an absolute value."""

    def root(self, inside: Shown) -> Shown:
        """Return a square root; that of a squared norm is the norm."""
        return Shown(inside.norm) if inside.norm else self.radical(inside)

    @abstractmethod
    def radical(self, inside: Shown) -> Shown:
        """Return *inside* below the sign of a square root."""

    @abstractmethod
    def exponential(self, exponent: Shown) -> Shown:
        """Return e to the *exponent*."""

    def summation(self, indices: tuple[str, ...], body: Shown) -> Shown:
        """Return the sum of *body* over *indices*, which are in use; a sum of a sum is written as one."""
        limits = {index: self.limits.get(index) for index in indices}
        if body.summed is not None:
            inner, body = body.summed
            limits.update(inner)
        return replace(self.sum_sign(limits, body), open=True, summed=(limits, body))

    @abstractmethod
    def sum_sign(self, limits: Mapping[str, tuple[str, str] | None], body: Shown) -> Shown:
        """Return the summation sign in front of *body* over indices, with their limits where they are given."""

    @abstractmethod
    def over(self, sign: str, below: str, body: Shown) -> Shown:
        """Return *sign* (sum, max, argmin) with *below* under it (j, or j≤i), in front of *body*."""

    def transposed(self, shown: Shown) -> Shown:
        """Return a transpose; that of a transpose is what was there before."""
        return shown.turned if shown.turned is not None else replace(self.transpose_sign(shown), turned=shown)

    def turning(self, shown: Shown, turned: Shown) -> Shown:
        """Return *shown*, whose transpose is written *turned*, and the other way round."""
        return replace(shown, turned=replace(turned, turned=shown))

    @abstractmethod
    def transpose_sign(self, shown: Shown) -> Shown:
        """Return *shown* with the sign of a transpose."""

    @abstractmethod
    def inverse(self, shown: Shown) -> Shown:
        """Return the inverse of a matrix."""

    @abstractmethod
    def prefixed(self, functions: Sequence[str], shown: Shown) -> Shown:
        """Return functions applied without brackets: log det A."""

    @abstractmethod
    def hadamard(self, factors: Sequence[Shown], sign: str = "⊙") -> Shown:
        """Return an elementwise product (⊙) or quotient (⊘)."""

    @abstractmethod
    def derivative(self, operand: Shown, wrt: Shown) -> Shown:
        """Return the derivative of *operand*, not carried out: ∂u/∂x for a name, ∂/∂x (x²) for anything longer."""

    def norm_squared(self, inside: Shown, *, frobenius: bool) -> Shown:
        """Return the sum of the squares of all entries; *frobenius* for a matrix, whose norm needs the name."""
        norm = self.norm(inside, frobenius=frobenius)
        return replace(self.power(norm, Shown("2")), norm=norm.written)

    @abstractmethod
    def norm(self, inside: Shown, *, frobenius: bool) -> Shown:
        """Return the root of the sum of the squares of all entries."""

    @abstractmethod
    def components(self, body: Shown, indices: Sequence[str]) -> Shown:
        """Return the array whose component at *indices* is *body*."""

    @abstractmethod
    def blocks(self, parts: Sequence[Shown], *, below: bool) -> Shown:
        """Return arrays put together, one *below* the other or side by side."""

    @abstractmethod
    def listing(self, entries: Sequence[Shown]) -> Shown:
        """Return a vector by its entries."""

    @abstractmethod
    def either(self, value: Shown, conditions: Sequence[str], otherwise: Shown) -> Shown:
        """Return *value* where all *conditions* on indices hold, else *otherwise*."""

    @abstractmethod
    def replaced(self, base: Shown, places: str, value: Shown) -> Shown:
        """Return *base* with *value* at *places*."""
