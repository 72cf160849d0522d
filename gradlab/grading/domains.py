"""Where an answer counts, and the points of it at which answers are tried."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

RANGES = ((0.1, 0.9), (-0.9, -0.1), (1.1, 3.0), (-3.0, -1.1), (3.0, 12.0), (-12.0, -3.0))
"""Where points are drawn from: on both sides of 0 and of 1, and farther out."""

SEED = 20_240_229
"""What points are drawn with: the same ones on every machine and every day."""

BITS = 20
"""Bits behind the point of a coordinate, so that it is exact in every precision."""

FARTHEST = 1e100
"""How far out an end may lie: exact coordinates beyond would only be long."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Domain:
    """The numbers that variables may stand for, and the ones that values may be.

    values: equal is what is equal wherever both sides have values, and these are
        "real": all parts of both sides are real numbers.
        "principal": the parts may be complex, by principal values, but the values of both sides are real: log(x²) is
        2 log x, whereas √(x-3) √(x-5) is -√15 at 0, and √((x-3) (x-5)) is √15.
        "complex": so may be the values: log(x²) and 2 log x differ at x = -1.
    positive: variables above 0.  whole: variables that are whole numbers.  between: lower and upper ends for others.

    >>> Domain(positive=("x",)).interval("x", (-3.0, -1.1))
    (1.1, 3.0)
    """

    values: Literal["real", "principal", "complex"] = "principal"
    positive: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    between: Mapping[str, Interval] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values not in ("real", "principal", "complex"):
            raise ValueError(f"values are 'real', 'principal' or 'complex', not {self.values!r}")
        for name, (low, high) in self.between.items():
            if not -FARTHEST <= low < high <= FARTHEST:
                raise ValueError(
                    f"the values of {name} lie between {low} and {high}, where none can be drawn; "
                    f"write two numbers, the smaller one first, within ±{FARTHEST:g}"
                )

    def interval(self, name: str, drawn: Interval) -> Interval:
        """Return where *name* is drawn from, given the range that would be its turn."""
        if name in self.between:
            return self.between[name]
        if name in self.positive and drawn[0] < 0:
            return -drawn[1], -drawn[0]
        return drawn

    def holds(self, point: Mapping[str, Fraction]) -> bool:
        """Return whether a point is one of this domain.

        >>> Domain(positive=("x",)).holds({"x": Fraction(-1)})
        False
        """
        return all(
            (name not in self.positive or value > 0)
            and (name not in self.whole or value.denominator == 1)
            and (name not in self.between or self.between[name][0] <= value <= self.between[name][1])
            for name, value in point.items()
        )

    def points(self, names: Sequence[str]) -> Iterator[dict[str, Fraction]]:
        """Yield points without end: the first ones with all variables above 0, all below 0, and of mixed signs."""
        draw = random.Random(SEED)
        count = len(RANGES)
        number = 0
        while True:
            point: dict[str, Fraction] = {}
            for place, name in enumerate(names):
                # The first points go through the ranges in step, then each variable goes its own way.
                turn = number if number < 2 else number + place * (1 + number // count)
                low, high = self.interval(name, RANGES[turn % count])
                point[name] = self._drawn(name, low, high, draw)
            yield point
            number += 1

    def _drawn(self, name: str, low: float, high: float, draw: random.Random) -> Fraction:
        value = draw.uniform(low, high)
        if name in self.whole:
            nearest = round(value)
            return Fraction(max(1, nearest) if name in self.positive else nearest)
        return Fraction(round(value * 2**BITS), 2**BITS)


ANYWHERE = Domain()
"""Numbers of both signs, by principal values."""
