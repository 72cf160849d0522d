"""A rule as a formula for one entry: what its own code does to a stand-in for a number, written down.

The rule steps once, on stand-ins; what it computes is recorded line by line. So compiled steps come from the same code
as all others, and a rule of the user's own is compiled too, as long as it computes entry by entry.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from gradlab.descent.optimizers import Rule, State


@dataclass(frozen=True)
class Formula:
    """How a rule steps one entry, as lines of Python.

    shared: lines that are the same for all entries: of `k0`, `k1`, … the numbers that the rule remembers, of `rate`
        and of `setting[0]`, … its settings.
    own: lines for the entry `here`, its gradient `g`, and `s0`, `s1`, … what is remembered for it.
    x: the next point.  numbers, vectors: what is remembered then.
    settings: the values of `setting`.
    """

    shared: tuple[str, ...]
    own: tuple[str, ...]
    x: str
    numbers: tuple[str, ...]
    vectors: tuple[str, ...]
    settings: tuple[float, ...]


def formula_of(rule: Rule, state: State) -> Formula | None:
    """Return how *rule* steps, None where it does not compute entry by entry, or decides by its values.

    state: what it remembers now, which tells the numbers from the vectors.

    >>> from gradlab.descent import GradientDescent
    >>> formula = formula_of(GradientDescent(0.1), (0,))
    >>> formula.own, formula.x, formula.shared, formula.numbers
    (('t0 = rate * g', 't1 = here - t0'), 't1', ('t2 = k0 + 1',), ('t2',))
    """
    lines = _Lines()
    traced, settings = _with_settings(rule, lines)
    remembered: list[_Number] = []
    kinds = [_is_vector(part) for part in state]
    for place, vector in enumerate(kinds):
        name = f"s{sum(kinds[:place])}" if vector else f"k{place - sum(kinds[:place])}"
        remembered.append(_Number(lines, name, own=vector))
    try:
        x, after = traced.step(_Number(lines, "here", own=True), _Number(lines, "g", own=True), tuple(remembered))
        results = [lines.number(part) for part in (x, *after)]
    except Exception:  # whatever it raises on a stand-in: it is not made of plain arithmetic
        return None
    if len(after) != len(state) or any(
        part.own and not vector for part, vector in zip(results[1:], kinds, strict=True)
    ):
        return None
    numbers = tuple(part.name for part, vector in zip(results[1:], kinds, strict=True) if not vector)
    vectors = tuple(part.name for part, vector in zip(results[1:], kinds, strict=True) if vector)
    return Formula(tuple(lines.shared), tuple(lines.entry), results[0].name, numbers, vectors, settings)


def _is_vector(part: Any) -> bool:
    return bool(getattr(part, "shape", ()))


def _with_settings(rule: Rule, lines: _Lines) -> tuple[Rule, tuple[float, ...]]:
    """Return a copy of *rule* whose numbers are stand-ins, so that one formula serves all of them; and the numbers."""
    values: list[float] = []
    traced = copy.copy(rule)
    for setting in fields(rule) if is_dataclass(rule) else ():
        value = getattr(rule, setting.name)
        if setting.name == "rate" and (isinstance(value, float) or hasattr(value, "at")):
            object.__setattr__(traced, setting.name, _Rate(lines, scheduled=not isinstance(value, float)))
        elif isinstance(value, float):
            object.__setattr__(traced, setting.name, _Number(lines, f"setting[{len(values)}]", own=False))
            values.append(value)
    return traced, tuple(values)


class _Lines:
    def __init__(self) -> None:
        self.shared: list[str] = []
        self.entry: list[str] = []

    def wrote(self, written: str, parts: Sequence[_Number]) -> _Number:
        own = any(part.own for part in parts)
        name = f"t{len(self.shared) + len(self.entry)}"
        (self.entry if own else self.shared).append(f"{name} = {written}")
        return _Number(self, name, own)

    def number(self, value: Any) -> _Number:
        if isinstance(value, _Number):
            return value
        if not isinstance(value, (bool, int, float)):
            raise TypeError(f"{value!r} is no number")
        return _Number(self, repr(int(value) if isinstance(value, bool) else value), own=False)


def _binary(sign: str, *, turned: bool = False) -> Any:
    def operate(self: _Number, other: Any) -> _Number:
        parts = [self, self.lines.number(other)]
        left, right = reversed(parts) if turned else parts
        return self.lines.wrote(f"{left.name} {sign} {right.name}", parts)

    return operate


def _comparison(sign: str) -> Any:
    def compare(self: _Number, other: Any) -> _Number:
        right = self.lines.number(other)
        return self.lines.wrote(f"1.0 if {self.name} {sign} {right.name} else 0.0", [self, right])

    return compare


class _Number:
    """Stands for a number of which only arithmetic is known.

    own: whether it belongs to one entry; otherwise it is the same for all of them.
    """

    __hash__ = None  # type: ignore[assignment]  # == writes a line

    def __init__(self, lines: _Lines, name: str, own: bool) -> None:
        self.lines, self.name, self.own = lines, name, own

    __add__, __radd__ = _binary("+"), _binary("+", turned=True)
    __sub__, __rsub__ = _binary("-"), _binary("-", turned=True)
    __mul__, __rmul__ = _binary("*"), _binary("*", turned=True)
    __truediv__, __rtruediv__ = _binary("/"), _binary("/", turned=True)
    __rpow__ = _binary("**", turned=True)
    __lt__, __le__, __gt__, __ge__ = (_comparison(sign) for sign in ("<", "<=", ">", ">="))
    __eq__, __ne__ = _comparison("=="), _comparison("!=")  # type: ignore[assignment]

    def __pow__(self, other: Any) -> _Number:
        if isinstance(other, float) and other == 0.5:
            return self.lines.wrote(f"math.sqrt({self.name})", [self])  # as NumPy and torch take it
        exponent = self.lines.number(other)
        return self.lines.wrote(f"{self.name} ** {exponent.name}", [self, exponent])

    def __neg__(self) -> _Number:
        return self.lines.wrote(f"-{self.name}", [self])

    def __abs__(self) -> _Number:
        return self.lines.wrote(f"abs({self.name})", [self])

    def __bool__(self) -> bool:
        raise TypeError("what a step does is not to depend on whether a number is true")


class _Rate(_Number):
    """Stands for the rate, or for a schedule, whose rates are computed beforehand, one for each step."""

    def __init__(self, lines: _Lines, *, scheduled: bool) -> None:
        super().__init__(lines, "rate", own=False)
        self._scheduled = scheduled

    def at(self, step: Any) -> _Number:
        if self._scheduled and not (isinstance(step, _Number) and step.name == "k0"):
            raise ValueError("a schedule of something else than the first number remembered, the steps taken")
        return self
