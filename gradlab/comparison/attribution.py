"""Where the error of a gradient comes from, measured against exact values in ball arithmetic.

An estimate: truncation, what the formula of the differences would be off by with exact steps and values; step
rounding, what x + h loses by being a float64; function rounding, what the values of f lose.
A value computed by torch: input rounding, the exact gradient at the inputs in its dtype beside that at the inputs as
given; evaluation, what torch loses from there on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from math import frexp, isfinite, ldexp
from typing import TYPE_CHECKING, Any

from gradlab.errors import GradlabError
from gradlab.graph import Function, Gradient, Point, evaluation
from gradlab.graph.gradient import component_name
from gradlab.graph.precision import rounded_to
from gradlab.numeric.lines import of_number
from gradlab.numeric.probing import Probe

if TYPE_CHECKING:
    from gradlab.symbolic import Derivation

BITS = 256
"""Bits for the exact values: differences of f at the smallest steps lose some 60 of them."""

RUNGS = (*range(2, 54), *range(1, -33, -1))
"""Steps of |x| 2^-k among which that of an estimate is found: up to |x| / 4, and larger ones only after those."""

RATIOS = (4.0, 2.0)
"""By how much the steps of an extrapolation may shrink, each time."""

LEVELS = (0, 1, 2)
"""How many extrapolations."""

SAME = 8 * 2.0**-53
"""Two ways to compute one combination of differences agree to this, relative to it."""


@dataclass(frozen=True)
class Attribution:
    """The error of one component, split by what caused it: the parts add up to the whole.

    whole: the value less the exact one.  parts: by cause, signed.
    formula: how an estimate was made; "" for other routes.
    """

    route: str
    component: str
    whole: float
    parts: Mapping[str, float]
    formula: str = ""

    @property
    def main(self) -> str:
        """The cause of the largest part."""
        return max(self.parts, key=lambda cause: abs(self.parts[cause]))

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**asdict(self), "parts": dict(self.parts), "main": self.main}

    def __str__(self) -> str:
        told = ", ".join(f"{cause} {part:.2g}" for cause, part in self.parts.items())
        how = f" ({self.formula})" if self.formula else ""
        return f"{self.route} at {self.component} is {self.whole:.2g} off{how}: {told}"


def of_torch(
    derivation: Derivation, gradient: Gradient, exact: Gradient, variable: str, position: tuple[int, ...]
) -> Attribution:
    """Return the error of one component of a gradient, split into input rounding and evaluation."""

    def rounded(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: rounded_to(gradient.precision, value) for name, value in values.items()}

    moved = replace(derivation, function=replace(derivation.function, data=rounded(derivation.function.data)))
    truth = float(exact[variable][position])
    near = float(moved.at(Point(rounded(exact.at)))[variable][position])
    value = float(gradient[variable][position])
    parts = {"input rounding": near - truth, "evaluation": value - near}
    return Attribution(gradient.route, component_name(variable, position), value - truth, parts)


def of_estimate(
    function: Function, gradient: Gradient, exact: Gradient, variable: str, position: tuple[int, ...]
) -> Attribution:
    """Return the error of one component of an estimate, split into truncation, step rounding and function rounding.

    Raises GradlabError where the value is no extrapolated difference quotient: at a kink, or where none was found.
    """
    import numpy as np

    value, truth = float(gradient[variable][position]), float(exact[variable][position])
    component = component_name(variable, position)
    line = _Line(function, gradient.at, variable, position)
    at_kink = gradient.slopes is not None and bool(np.isfinite(gradient.slopes[variable][position]).any())
    combination = next((each for each in line.combinations() if _same(line.measured(each), value)), None)
    if combination is None or at_kink:
        raise GradlabError(
            f"the numeric value at {component} is no difference quotient whose error could be split; "
            "at a kink it is the mean of two slopes"
        )
    import flint

    with flint.ctx.workprec(BITS):
        nominal = float((line.exact(combination, represented=False) - truth).mid())
        represented = float((line.exact(combination, represented=True) - truth).mid())
    parts = {
        "truncation": nominal,
        "step rounding": represented - nominal,
        "function rounding": value - truth - represented,
    }
    return Attribution(gradient.route, component, value - truth, parts, combination.told)


def _same(first: float, second: float) -> bool:
    return abs(first - second) <= SAME * max(abs(first), abs(second))


@dataclass(frozen=True)
class _Combination:
    """A difference quotient with extrapolations.

    step: the smallest.  sides: 1 and -1 for central differences, one of them and 0 for one-sided ones.
    """

    step: float
    ratio: float
    level: int
    sides: tuple[int, int]

    @property
    def steps(self) -> list[float]:
        """The steps that it uses, the smallest first."""
        return [self.step * self.ratio**place for place in range(self.level + 1)]

    @property
    def told(self) -> str:
        """In words."""
        kind = {(1, -1): "central", (1, 0): "forward"}.get(self.sides, "backward")
        times = {0: "", 1: ", extrapolated once", 2: ", extrapolated twice"}[self.level]
        return f"{kind} differences down to h = {self.step:.2g}{times}"

    def extrapolated(self, quotients: Sequence[Any]) -> Any:
        """Return Richardson's value from the quotients at `steps`."""
        order = 2 if self.sides == (1, -1) else 1
        table = list(quotients)
        for level in range(1, self.level + 1):
            power = self.ratio ** (order * level)
            table = [fine + (fine - coarse) / (power - 1) for fine, coarse in pairwise(table)]
        return table[0]


class _Line:
    """f along one component through the point: in float64 as the estimate sees it, and exactly."""

    def __init__(self, function: Function, point: Point, variable: str, position: tuple[int, ...]) -> None:
        import numpy as np

        self.probe, self.variable, self.position = Probe(function, point), variable, position
        self.x = float(point[variable][position])
        size = ldexp(1.0, frexp(self.x)[1] - 1) if self.x else 1.0
        self.steps = [size * 2.0**-rung for rung in RUNGS]
        offsets = sorted({sign * step for step in self.steps for sign in (1, -1)})
        place = int(np.ravel_multi_index(position, point[variable].shape)) if position else 0
        entries = np.full((point[variable].size, len(offsets)), np.nan)
        entries[place] = [self.x + offset for offset in offsets]
        along = of_number(self.probe, variable)
        line = int(np.searchsorted(along.entries, place))
        values = along.along(entries)[line]
        self.values = {0.0: float(along.centre[line]), **dict(zip(offsets, map(float, values), strict=True))}

    def combinations(self) -> Iterator[_Combination]:
        """Yield all that are possible, the plainer ones first."""
        for level in LEVELS:
            for sides in ((1, -1), (1, 0), (0, -1)):
                for ratio in RATIOS[: 1 if level == 0 else None]:
                    for step in self.steps:
                        found = _Combination(step, ratio, level, sides)
                        if found.steps[-1] in self.steps:
                            yield found

    def measured(self, combination: _Combination) -> float:
        """Return the combination of the values of f as they are."""
        first, second = combination.sides
        quotients = []
        for step in combination.steps:
            above, below = self.x + first * step, self.x + second * step
            if above == below:
                return float("nan")
            quotients.append((self.values[first * step] - self.values[second * step]) / (above - below))
        found = combination.extrapolated(quotients)
        return found if isfinite(found) else float("nan")

    def exact(self, combination: _Combination, *, represented: bool) -> Any:
        """Return the combination of exact values, at the points as represented or where they should be, as a ball."""
        import flint

        first, second = combination.sides
        quotients = []
        for step in combination.steps:
            ends = []
            for side in (first, second):
                end = flint.arb(self.x) + flint.arb(side * step)
                ends.append(flint.arb(self.x + side * step) if represented else end)
            above, below = (self._at(end) for end in ends)
            quotients.append((above - below) / (ends[0] - ends[1]))
        return combination.extrapolated(quotients)

    def _at(self, entry: Any) -> Any:
        """Return f as a ball where the component is *entry*, a ball itself."""
        import flint
        import numpy as np

        held = self.probe.held
        balls = np.frompyfunc(lambda number: flint.arb(float(number)), 1, 1)
        given = np.array(balls(self.probe.point[self.variable]), dtype=object)
        given[self.position] = entry
        values = {**held.data, **self.probe.point, self.variable: given}
        (found,) = evaluation.with_balls([held.formula], values, held.sizes(self.probe.point), BITS)
        return found[()]
