"""What a failed assertion says, in the form that NumPy's and torch's take: how many, which is worst, both values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlab.comparison import Verdict
from gradlab.comparison.verdicts import RANKED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.comparison import Comparison, ComponentVerdict

SHOWN = 3
"""Components of a kind whose reasons are given; the rest is counted."""

HEADS = {
    Verdict.DIFFER: "Mismatched components",
    Verdict.UNDECIDED: "Undecided components",
    Verdict.UNSTABLE: "Components that backward() loses",
    Verdict.KINK: "Components at a kink",
}
"""In the order in which they are told."""


def told(comparison: Comparison, failed: NDArray[np.bool_], kinks: bool) -> str:
    """Return the message for a comparison of which the components *failed* are not confirmed.

    kinks: whether subgradients were allowed, so that a kink failed because its value is none.
    """
    ranks = comparison.judgement.ranks
    lines = [f"gradient of {comparison.function.signature} not confirmed at {comparison.at!r}"]
    for verdict, head in HEADS.items():
        places = [int(p) for p in comparison.judgement.order if failed[p] and ranks[p] == RANKED.index(verdict)]
        if not places:
            continue
        lines.append(counted(head, len(places), ranks.size))
        if verdict is Verdict.DIFFER and not comparison.evidence.kinks[places[0]]:
            lines += _worst(comparison, places[0])
        else:
            lines += _reasons([comparison.component(place) for place in places[:SHOWN]], len(places))
        if verdict is Verdict.KINK and not kinks:
            lines.append(" a value between the two slopes is accepted with kinks=True")
    return "\n".join(lines)


def counted(head: str, count: int, of: int) -> str:
    """Return a line with a count and its share, as NumPy gives it.

    >>> counted("Mismatched components", 1, 3)
    'Mismatched components: 1 / 3 (33.3%)'
    """
    return f"{head}: {count:,} / {of:,} ({100 * count / of:.3g}%)"


def difference(name: str, apart: float, bound: float) -> str:
    """Return how far the worst component is off.

    >>> difference("w[2]", 0.5, 1e-3)
    'Worst: w[2], 0.5 apart, 5e+02 times the bound 0.001'
    """
    if apart != apart:
        return f"Worst: {name}, not a number"
    times = f"{apart / bound:.2g} times the bound {bound:.2g}" if bound > 0 else "and the bound is 0"
    return f"Worst: {name}, {apart:.6g} apart, {times}"


def values(actual: str, desired: str, pair: tuple[float, float]) -> list[str]:
    """Return the two lines of an actual and a desired value, each with whose it is."""
    heads = [f" ACTUAL ({actual}):", f" DESIRED ({desired}):"]
    width = max(map(len, heads))
    return [f"{head:<{width}} {value!r}" for head, value in zip(heads, pair, strict=True)]


CALLS = 8
"""Of a function that is not confirmed, to see whether it answers alike."""


def restless(comparison: Comparison) -> list[str]:
    """Return in a line that the function's code answers differently to the same point; [] where it does not."""
    function, at = comparison.function, comparison.at
    if function.code is None:
        return []
    try:
        values = [float(function.call_code(at)) for _ in range(CALLS)]
    except Exception:  # whatever it raises has been said, or does not matter here
        return []
    lowest, highest = min(values), max(values)
    if not lowest < highest:
        return []
    return [
        f"{function.name} answers differently to the same point: from {lowest:.10g} to {highest:.10g} in {CALLS} "
        "calls; seed it inside, or leave the noise out"
    ]


def _worst(comparison: Comparison, place: int) -> list[str]:
    worst = comparison.component(place)
    reference, route = comparison.evidence.reference, comparison.culprit(place)
    assert reference is not None
    assert route is not None
    actual, desired = worst.values.get(route, float("nan")), worst.values.get(reference, float("nan"))
    lines = [difference(worst.name, abs(actual - desired), worst.bound)]
    lines += values(route, reference, (actual, desired))
    return [*lines, *([f"Cause: {comparison.cause}"] if comparison.cause else [])]


def _reasons(shown: list[ComponentVerdict], count: int) -> list[str]:
    lines = [f" {entry.name}: {entry.reason}" for entry in shown]
    return [*lines, f" … and {count - len(shown):,} more"] if count > len(shown) else lines
