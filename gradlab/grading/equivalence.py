"""Whether two expressions are equal, with what shows it.

*Equal, proved*: they have one normal form.  *Equal, certified*: at seeded points of both signs both are enclosed in
balls so small that different expressions do not meet in them by accident.  *Different*: at one point the balls are
disjoint.  *Undecided*: none of these; that is never called wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from typing import Any

import flint

from gradlab.grading.domains import ANYWHERE, Domain
from gradlab.grading.forms import NormalForm
from gradlab.grading.programs import COMPLEX, KINKED, REAL, Ball, NoProgram, Program, program_of, run
from gradlab.sources.syntax import Call, Number, Tree, walk

PRECISIONS = (128, 512, 2048, 8192)
"""Bits that are tried one after the other until a ball is tight."""

TIGHT = 2.0**-80
"""A radius below this (1e-24) is no accident: different expressions do not agree so closely at random points."""

POINTS = 6
"""Points at which two expressions are tried at first; agreement counts from three on."""

LEAST = 3

MORE = 60
"""Points that are looked at where the first ones say too little, or where a formula changes from case to case."""

UNBOUNDED = 1e30
"""Values above this are compared in proportion only; one such point alone does not count."""


class Verdict(StrEnum):
    """What is known about two expressions."""

    PROVED = "equal, proved"
    CERTIFIED = "equal, certified"
    DIFFERENT = "different"
    UNDECIDED = "could not decide"


@dataclass(frozen=True, eq=False, slots=True)
class Certificate:
    """What was found about two expressions, and what shows it.

    points: at how many points both were enclosed.  radius: the largest radius there.
    at, values: where they are different, a point and what each is there, as balls or words; *at* is empty for numbers
        without variables.
    complex: whether principal complex values decided.  reason: why nothing was decided.
    rounded: the digits of a decimal number that is the right one, rounded; 0 for anything else.
    """

    verdict: Verdict
    points: int = 0
    radius: float = 0.0
    at: Mapping[str, Fraction] = field(default_factory=dict)
    values: tuple[Any, Any] = ("", "")
    complex: bool = False
    reason: str = ""
    rounded: int = 0

    @property
    def equal(self) -> bool:
        """Whether the two are equal as far as one can know."""
        return self.verdict in (Verdict.PROVED, Verdict.CERTIFIED)

    @property
    def shown(self) -> tuple[str, str]:
        """The values that tell the two apart, with as many digits as that takes."""
        return _told_apart(*self.values)

    @property
    def different(self) -> bool:
        """Whether a point tells the two apart."""
        return self.verdict is Verdict.DIFFERENT

    def __str__(self) -> str:
        """One line that says what was found."""
        match self.verdict:
            case Verdict.PROVED:
                return "equal, proved: both have the same normal form"
            case Verdict.CERTIFIED if self.rounded:
                return f"equal, rounded to {self.rounded} digits"
            case Verdict.CERTIFIED:
                where = "as numbers" if not self.points else f"at {self.points} points"
                kind = ", complex ones among the values" if self.complex else ""
                return f"equal, certified: enclosed {where} with a radius of at most {self.radius:.1e}{kind}"
            case Verdict.DIFFERENT:
                place = ", ".join(f"{name} = {float(value):.6g}" for name, value in self.at.items())
                return f"different{f' at {place}' if place else ''}: {self.shown[0]} and {self.shown[1]}"
            case _:
                return f"could not decide: {self.reason}"

    def as_dict(self) -> dict[str, Any]:
        """Return what was found as plain data."""
        found: dict[str, Any] = {"verdict": str(self.verdict)}
        if self.verdict is Verdict.CERTIFIED:
            found |= {"points": self.points, "radius": self.radius, "complex": self.complex}
        elif self.verdict is Verdict.DIFFERENT:
            found |= {"at": {name: float(value) for name, value in self.at.items()}, "values": list(self.shown)}
        elif self.verdict is Verdict.UNDECIDED:
            found["reason"] = self.reason
        return found


def equivalent(first: Tree, second: Tree, names: Sequence[str], domain: Domain = ANYWHERE) -> Certificate:
    """Return whether two trees are equal wherever both have a value.

    >>> from gradlab.sources.text import parse
    >>> print(equivalent(parse("2 sin x cos x"), parse("sin(2x)"), ["x"]).verdict)
    equal, certified
    >>> print(equivalent(parse("x^2"), parse("2x"), ["x"]))
    different at x = 0.36966: 0.136649 and 0.739321
    """
    return Reference(first, names, domain).compare(second)


class Reference:
    """One expression that many are compared with: what can be known of it beforehand is kept.

    Raises NoProgram where it is no elementary formula of numbers.
    """

    def __init__(self, tree: Tree, names: Sequence[str], domain: Domain = ANYWHERE) -> None:
        self.tree = tree
        self.names: tuple[str, ...] = tuple(names)
        self.domain = domain
        self.program: Program = program_of(tree)
        self.form: NormalForm = NormalForm(self.program, names, real=domain.values == "real")
        self._kinked = _is_kinked(tree)
        self._points = _Points(self.names, domain)
        self._values: dict[tuple[int, int, Any], Ball | None] = {}

    def compare(self, other: Tree) -> Certificate:
        """Return whether *other* is equal to this expression."""
        try:
            program = program_of(other)
        except NoProgram as found:
            return Certificate(Verdict.UNDECIDED, reason=f"{found} is not compared as an expression of numbers")
        before = flint.ctx.prec
        try:
            return self._compare(other, program)
        finally:
            flint.ctx.prec = before

    def points(self, count: int) -> list[dict[str, Fraction]]:
        """Return the first points at which answers are tried."""
        return [self._points.at(number) for number in range(count)]

    @property
    def enclosure(self) -> tuple[Fraction, Fraction]:
        """Two numbers that this expression, which has no variables, lies between."""
        ball = self.values_at(0, PRECISIONS[0])
        if ball is None:
            raise ZeroDivisionError("an expression without a value is enclosed by nothing")
        return _fraction(ball.lower()), _fraction(ball.upper())

    def floats(self, tree: Tree, count: int) -> list[float] | None:
        """Return the real values of a tree at the first points, nan where it has none; None for what has no program."""
        try:
            program = program_of(tree)
        except NoProgram:
            return None
        before = flint.ctx.prec
        flint.ctx.prec = PRECISIONS[0]
        try:
            found = [_value(program, self._points.balls(number, REAL), REAL) for number in range(count)]
        finally:
            flint.ctx.prec = before
        return [float("nan") if ball is None else float(ball.mid()) for ball in found]

    def values_at(self, number: int, precision: int, kind: Any = REAL) -> Ball | None:
        """Return the ball of this expression at one of its points; None where it has no value."""
        key = number, precision, kind
        if key not in self._values:
            before, flint.ctx.prec = flint.ctx.prec, precision
            try:
                self._values[key] = _value(self.program, self._points.balls(number, kind), kind)
            finally:
                flint.ctx.prec = before
        return self._values[key]

    def _compare(self, other: Tree, program: Program) -> Certificate:
        first = self._at(0, program)
        if isinstance(first, Certificate):
            return first
        if program == self.program or self.form.equals(program):
            return Certificate(Verdict.PROVED)
        if not self.names:
            return first.certificate() or Certificate(Verdict.UNDECIDED, reason=first.reason)
        return self._certified(other, program, first)

    def _certified(self, other: Tree, program: Program, first: _Agreement) -> Certificate:
        agreements = [first]
        kinked = self._kinked or _is_kinked(other)
        for number in range(1, MORE):
            if number >= POINTS and not kinked and _enough(agreements):
                break
            found = self._at(number, program)
            if isinstance(found, Certificate):
                return found
            agreements.append(found)
        if kinked:
            found = self._around_kinks(other, program)
            if found is not None:
                return found
        if _enough(agreements):
            return _certificate(agreements)
        # Nowhere real: principal values decide.
        beyond: list[_Agreement] = []
        if not any(agreement.defined for agreement in agreements):
            for number in range(POINTS):
                found = self._tried(number, program, COMPLEX)
                if isinstance(found, Certificate):
                    return found
                beyond.append(found)
            if _enough(beyond):
                return _certificate(beyond)
        reasons = [agreement.reason for agreement in (*agreements, *beyond) if agreement.reason]
        return Certificate(Verdict.UNDECIDED, reason=reasons[-1] if reasons else "there are too few points to tell")

    # One point -------------------------------------------------------------------------------------

    def _at(self, number: int, program: Program) -> _Agreement | Certificate:
        found = self._tried(number, program, REAL)
        if isinstance(found, Certificate) or found.defined or self.domain.values == "real":
            return found
        return self._tried(number, program, COMPLEX, any_value=self.domain.values == "complex")

    def _tried(self, number: int, program: Program, kind: Any, *, any_value: bool = True) -> _Agreement | Certificate:
        """Return what one point says.  any_value: whether values that are not real count too."""
        values = self._points.balls(number, kind)
        for precision in PRECISIONS:
            own = self.values_at(number, precision, kind)
            flint.ctx.prec = precision
            theirs = _value(program, values, kind)
            if own is None or theirs is None:
                # A ball that holds a pole or the end of a domain may be one that is too wide.
                if precision < PRECISIONS[1]:
                    continue
                return _Agreement(defined=False, reason=_UNDEFINED)
            if not any_value and not (own.imag.contains(0) and theirs.imag.contains(0)):
                return _Agreement(defined=False, reason=_UNDEFINED)
            if not own.overlaps(theirs):
                at = self._points.at(number)
                return Certificate(Verdict.DIFFERENT, at=at, values=(own, theirs), complex=kind is COMPLEX)
            radius = max(_radius(own), _radius(theirs))
            size = _size(own)
            if radius <= TIGHT * max(1.0, min(size, UNBOUNDED)):
                return _Agreement(defined=True, radius=radius, huge=size > UNBOUNDED, complex=kind is COMPLEX)
        return _Agreement(defined=True, tight=False, reason=_LOOSE)

    def _around_kinks(self, other: Tree, program: Program) -> Certificate | None:
        """Return a point beside a number that is written where the two differ, None if there is none."""
        written = {node.value for tree in (self.tree, other) for node in walk(tree) if isinstance(node, Number)}
        flint.ctx.prec = PRECISIONS[0]
        for point in _beside(self.names, sorted(written)[:MOST_NUMBERS]):
            if not self.domain.holds(point):
                continue
            values = {name: _exact(value) for name, value in point.items()}
            own, theirs = (_value(each, values, REAL) for each in (self.program, program))
            if own is not None and theirs is not None and not own.overlaps(theirs):
                return Certificate(Verdict.DIFFERENT, at=point, values=(own, theirs))
        return None


_UNDEFINED = "there are too few points at which both have a value"
_LOOSE = f"the values are not known closely enough at {PRECISIONS[-1]} bits"

MOST_NUMBERS = 12
"""Written numbers beside which a formula with cases is tried."""


@dataclass(frozen=True, slots=True)
class _Agreement:
    """What one point says where it does not tell two expressions apart."""

    defined: bool
    radius: float = 0.0
    tight: bool = True
    huge: bool = False
    complex: bool = False
    reason: str = ""

    @property
    def counts(self) -> bool:
        return self.defined and self.tight

    def certificate(self) -> Certificate | None:
        """Return what this point shows of numbers without variables."""
        return Certificate(Verdict.CERTIFIED, 0, self.radius, complex=self.complex) if self.counts else None


def _enough(agreements: Sequence[_Agreement]) -> bool:
    return sum(agreement.counts and not agreement.huge for agreement in agreements) >= LEAST


def _certificate(agreements: Sequence[_Agreement]) -> Certificate:
    counting = [agreement for agreement in agreements if agreement.counts]
    return Certificate(
        Verdict.CERTIFIED,
        len(counting),
        max(agreement.radius for agreement in counting),
        complex=any(agreement.complex for agreement in counting),
    )


class _Points:
    """Points of a domain, as exact balls of both kinds."""

    def __init__(self, names: Sequence[str], domain: Domain) -> None:
        self._points = _points(tuple(names), _key(domain)) if names else ({},) * MORE
        self._balls: dict[tuple[int, Any], dict[str, Ball]] = {}

    def at(self, number: int) -> dict[str, Fraction]:
        return self._points[number]

    def balls(self, number: int, kind: Any) -> dict[str, Ball]:
        found = self._balls.get((number, kind))
        if found is None:
            found = {name: kind(_exact(value)) for name, value in self._points[number].items()}
            self._balls[number, kind] = found
        return found


_KEYS: dict[Any, Domain] = {}


def _key(domain: Domain) -> Any:
    key = domain.values, domain.positive, domain.whole, tuple(sorted(domain.between.items()))
    _KEYS[key] = domain
    return key


@lru_cache(256)
def _points(names: tuple[str, ...], key: Any) -> tuple[dict[str, Fraction], ...]:
    return tuple(islice(_KEYS[key].points(names), MORE))


def _exact(value: Fraction) -> Ball:
    """Return a number with a power of two below the bar as a ball of radius 0."""
    return flint.arb(float(value))


def _value(program: Program, values: Mapping[str, Ball], kind: Any) -> Ball | None:
    """Return the value of a program, None where it has none or none of this kind."""
    try:
        found = run(program, values, kind)
    except (AttributeError, TypeError, ZeroDivisionError, OverflowError, ValueError):  # no such function of these
        return None
    if kind is COMPLEX and isinstance(found, REAL):
        found = COMPLEX(found)
    return found if found.is_finite() else None


def _fraction(ball: Ball) -> Fraction:
    mantissa, exponent = ball.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _radius(ball: Ball) -> float:
    return float(ball.rad())


def _size(ball: Ball) -> float:
    try:
        return abs(float(ball.mid())) if isinstance(ball, REAL) else float(abs(ball).mid())
    except OverflowError:
        return float("inf")


def _told_apart(own: Ball, theirs: Ball) -> tuple[str, str]:
    """Return two values with as many digits as tell them apart."""
    if isinstance(own, str) or isinstance(theirs, str):
        return str(own), str(theirs)
    written = ("", "")
    for digits in (6, 12, 25, 60, 200):
        written = own.str(digits, radius=False), theirs.str(digits, radius=False)
        if written[0] != written[1]:
            break
    return written


def _is_kinked(tree: Tree) -> bool:
    return any(isinstance(node, Call) and node.function in KINKED for node in walk(tree))


def _beside(names: Sequence[str], numbers: Sequence[Fraction]) -> Iterator[dict[str, Fraction]]:
    """Yield points at which the variables are a little above or below the written numbers and their negatives."""
    offsets = (Fraction(3, 128), Fraction(-5, 128), Fraction(45, 128), Fraction(-53, 128))
    for shift, offset in enumerate(offsets):
        for place in range(len(numbers)):
            for sign in (1, -1):
                yield {
                    name: _rounded(sign * numbers[(place + shift * turn) % len(numbers)] + offset * (turn + 1))
                    for turn, name in enumerate(names)
                }


def _rounded(value: Fraction) -> Fraction:
    """Return the nearest number that a double holds exactly, of a size that is worth trying."""
    return Fraction(float(max(Fraction(-(10**9)), min(Fraction(10**9), value))))
