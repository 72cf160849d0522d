"""Simple causes of a wrong gradient: a sign, a factor, a transpose, a swap, a summand that was left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from gradlab.graph import Function, Point, evaluation, printing
from gradlab.graph.gradient import component_name
from gradlab.graph.kinds import Let, Linear
from gradlab.graph.nodes import Node, topological

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.graph.point import Array
    from gradlab.symbolic import Derivation

NICE = 12
"""A quotient whose numerator or denominator is larger than this is no factor that somebody forgot."""

MOST_PARTS = 60
"""Parts of a derivative that are tried as the factor that is missing."""

LONGEST = 60
"""Characters of a formula in a sentence."""

SLACK = 4 * 2.0**-52
"""What dividing and multiplying again may cost, relative to the value."""


@dataclass(frozen=True, eq=False)
class Claim:
    """One gradient beside the exact one.

    exact, claimed, bound: per variable that it speaks of, in the shape of the variable.
    """

    route: str
    exact: Mapping[str, Array]
    claimed: Mapping[str, Array]
    bound: Mapping[str, Array]

    def fits(self, name: str, candidate: Array, factor: float = 1.0) -> bool:
        """Return whether the claim for a variable is *candidate*, within the bound, which grows with the *factor*."""
        return bool(self.close(name, candidate, factor).all())

    def close(self, name: str, candidate: Array, factor: float = 1.0) -> NDArray[np.bool_]:
        """Return where the claim for a variable is *candidate*."""
        import numpy as np

        claimed = self.claimed[name]
        allowed = max(abs(factor), 1.0) * self.bound[name] + SLACK * np.abs(claimed)
        with np.errstate(all="ignore"):
            return np.isfinite(claimed) & (np.abs(claimed - candidate) <= allowed)

    def wrong(self) -> list[str]:
        """Return the variables whose claim is not the exact gradient."""
        return [name for name in self.claimed if not self.fits(name, self.exact[name])]


def explained(claim: Claim, point: Point, function: Function, derivation: Derivation | None) -> str:
    """Return what makes the claim wrong, in one sentence; "" where nothing simple does.

    derivation: of the exact gradient, whose factors and summands are tried; None where there is no formula.
    """
    import numpy as np

    wrong = claim.wrong()
    if not wrong or not all(claim.exact[name].size for name in wrong):
        return ""
    sizes = _sizes(function, point)
    where = "" if len(wrong) == len(claim.claimed) else f" for {', '.join(wrong)}"
    whole = _common_factor(claim, wrong)
    told = _factor_in_words(whole, sizes) if whole is not None else ""
    if told:
        return f"{claim.route} is {told}{where}"
    for name in wrong:
        found = _rearranged(claim, name) or _by_formula(claim, name, point, derivation)
        if found:
            return found
    several = sum(int(np.count_nonzero(claim.exact[name])) for name in wrong) > 1
    if whole is not None and several:
        return f"{claim.route} is {whole:.6g} times the exact gradient throughout{where}"
    return _swapped(claim) or _single(claim, wrong, sizes)


# Factors ---------------------------------------------------------------------------------------------


def _common_factor(claim: Claim, names: Sequence[str]) -> float | None:
    """Return the one number by which all exact values are multiplied in the claim; None if there is none."""
    factors = [_factor(claim.claimed[name], claim.exact[name]) for name in names]
    for factor in factors:
        if factor is not None and all(claim.fits(name, factor * claim.exact[name], factor) for name in names):
            return factor
    return None


def _factor(claimed: Array, exact: Array) -> float | None:
    import numpy as np

    place = np.unravel_index(int(np.argmax(np.abs(exact))), exact.shape)
    if exact[place] == 0 or claimed[place] == 0 or not np.isfinite(claimed[place]):
        return None
    quotient = float(claimed[place] / exact[place])
    nice = Fraction(quotient).limit_denominator(NICE)
    near = abs(quotient - float(nice)) <= 1e-6 * abs(quotient)  # the claim itself is then held to its bound
    return float(nice) if near else quotient


def _factor_in_words(factor: float, sizes: Mapping[int, str]) -> str:
    """Return what a factor says of its cause; "" for one that says nothing."""
    nice = Fraction(factor).limit_denominator(NICE)
    sign = "minus " if factor < 0 else ""
    if abs(nice) == 1:
        return "minus the exact gradient: a sign is wrong" if factor < 0 else ""
    for size, name in sizes.items():
        if abs(factor) == size and size > 2:
            return f"{sign}{size} times the exact gradient: the 1/{name} of a mean over {size} is missing"
        if abs(abs(factor) * size - 1) < SLACK and size > 2:
            return f"{sign}1/{size} of the exact gradient: it is divided by {name} = {size} once too often"
    if float(nice) != factor or not NICE >= nice.numerator >= -NICE:
        return ""
    missing = 1 / abs(nice)
    if abs(nice) < 1 and missing.denominator == 1:
        return f"{sign}1/{missing} of the exact gradient: a factor {missing} is missing"
    if abs(nice.denominator) == 1:
        return (
            f"{sign}{abs(nice)} times the exact gradient: a factor {abs(nice)} is too much, or a 1/{abs(nice)} missing"
        )
    return f"{sign}{abs(nice)} times the exact gradient" if max(abs(nice.numerator), nice.denominator) <= 4 else ""


def _sizes(function: Function, point: Point) -> dict[int, str]:
    """Return the lengths of all axes with their names, those without one by the letter n."""
    named = {number: name for name, number in function.sizes(point).items()}
    lengths = [length for array in (*point.values(), *function.data.values()) for length in array.shape]
    return {**dict.fromkeys(lengths, "n"), **named}


# The right numbers in wrong places -------------------------------------------------------------------


def _rearranged(claim: Claim, name: str) -> str:
    import numpy as np

    exact = claim.exact[name]
    if exact.ndim == 2 and exact.shape[0] == exact.shape[1] and claim.fits(name, exact.T):
        return f"{claim.route} for {name} is transposed"
    off = np.argwhere(~claim.close(name, exact))
    if len(off) == 2:
        first, second = (tuple(int(index) for index in row) for row in off)
        swapped = exact.copy()
        swapped[first], swapped[second] = exact[second], exact[first]
        if claim.fits(name, swapped):
            return f"{claim.route} has {component_name(name, first)} and {component_name(name, second)} swapped"
    if exact.ndim != 1:
        return ""
    for shift in (1, -1):
        if exact.size > 2 and claim.fits(name, np.roll(exact, shift)):
            return f"{claim.route} for {name} is shifted by one place"
    return f"{claim.route} for {name} is in reverse order" if claim.fits(name, exact[::-1]) else ""


def _swapped(claim: Claim) -> str:
    names = list(claim.claimed)
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            if claim.exact[first].shape != claim.exact[second].shape:
                continue
            if claim.fits(first, claim.exact[second]) and claim.fits(second, claim.exact[first]):
                return f"{claim.route} has the partial derivatives by {first} and {second} swapped"
    return ""


# Parts of the formula of the derivative --------------------------------------------------------------


def _by_formula(claim: Claim, name: str, point: Point, derivation: Derivation | None) -> str:
    if derivation is None:
        return ""
    output = derivation.gradient[name].formula
    summands, factors = list(_summands(output))[:MOST_PARTS], list(_factors(output))
    given = {**derivation.function.data, **point}
    values = evaluation.with_numpy([*summands, *factors], given, derivation.function.sizes(point))
    count = len(summands)
    told = _summand(claim, name, zip(summands, values[:count], strict=True))
    return told or _missing_factor(claim, name, zip(factors, values[count:], strict=True))


def _opened(node: Node) -> Node:
    while isinstance(node, Let):
        node = node.operands[0]
    return node


def _summands(output: Node) -> Iterator[Node]:
    """Yield the summands of a derivative, each with the number in front of it."""
    total = _opened(output)
    if isinstance(total, Linear) and len(total.operands) > 1:
        for coefficient, part in zip(total.coefficients, total.operands, strict=True):
            if part.axes in ((), output.axes):
                yield Linear((coefficient,), (part,))


def _factors(output: Node) -> Iterator[Node]:
    """Yield the parts, each also times the number in front of all: 2 x cos(x²) has the factors x and 2 x."""
    whole = _opened(output)
    front = whole.coefficients if isinstance(whole, Linear) and len(whole.operands) == 1 else None
    fitting = [node for node in topological([output]) if node.axes in ((), output.axes) and node is not output]
    for node in fitting[-MOST_PARTS:]:
        yield node
        if front is not None:
            yield Linear(front, (node,))


_MISTAKES = (
    (1, "is left out"),
    (2, "has the wrong sign"),
    (-1, "is counted twice"),
    (0.5, "is only half of what it should be"),
)
"""What may be wrong with a summand, by how many times it is missing."""


def _summand(claim: Claim, name: str, summands: Iterable[tuple[Node, Array]]) -> str:
    """Return which summand of the derivative was left out, has the wrong sign, or was taken twice."""
    exact = claim.exact[name]
    for summand, value in summands:
        for times, said in _MISTAKES if value.any() else ():
            if claim.fits(name, exact - times * value):
                return f"{claim.route} for {name}: the summand {_written(summand)} {said}"
    return ""


def _missing_factor(claim: Claim, name: str, factors: Iterable[tuple[Node, Array]]) -> str:
    """Return which factor of the derivative, such as an inner derivative of the chain rule, is missing or too much."""
    import numpy as np

    exact = claim.exact[name]
    for part, value in factors:
        if not np.isfinite(value).all() or (np.abs(value) == 1).all() or not value.all():
            continue
        if claim.fits(name, exact / value, float(np.max(np.abs(1 / value)))):
            return f"{claim.route} for {name}: the factor {_written(part)} is missing"
        if exact.any() and claim.fits(name, exact * value, float(np.max(np.abs(value)))):
            return f"{claim.route} for {name}: the factor {_written(part)} is one too many"
    return ""


def _written(node: Node) -> str:
    written = printing.text(node)
    return written if len(written) <= LONGEST else written[: LONGEST - 1] + "…"


# One component ---------------------------------------------------------------------------------------


def _single(claim: Claim, wrong: Sequence[str], sizes: Mapping[int, str]) -> str:
    """Return what is wrong with the only wrong component; "" where there are several."""
    import numpy as np

    places = [
        (name, tuple(map(int, row))) for name in wrong for row in np.argwhere(~claim.close(name, claim.exact[name]))
    ]
    total = sum(array.size for array in claim.claimed.values())
    if len(places) != 1 or total == 1:
        return ""
    ((name, position),) = places
    exact, claimed = float(claim.exact[name][position]), float(claim.claimed[name][position])
    component = component_name(name, position)
    rest = f"the other {total - 1:,} agree" if total > 2 else "the other one agrees"
    if exact == 0 or claimed == 0 or not np.isfinite(claimed):
        return f"only {component} is wrong: {claim.route} has {claimed:.6g} there; {rest}"
    factor = _factor(np.array(claimed), np.array(exact))
    assert factor is not None
    allowed = max(abs(factor), 1.0) * float(claim.bound[name][position]) + SLACK * abs(claimed)
    told = _factor_in_words(factor, sizes) if abs(claimed - factor * exact) <= allowed else ""
    said = f" there it is {told.replace('the exact gradient', 'the exact value')};" if told else ""
    return f"only {component} is wrong:{said} {rest}" if said else f"only {component} is wrong; {rest}"
