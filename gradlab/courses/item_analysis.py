"""Classical item analysis: how hard each exercise was, and whether it tells strong students from weak ones.

Source: Crocker & Algina, Introduction to Classical and Modern Test Theory (1986), chapters 5, 7 and 14.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pvariance

ScoreTable = Mapping[str, Mapping[str, float | None]]
"""For each student the share of the points, 0 to 1, in each exercise; None where that is not decided."""


@dataclass(frozen=True)
class Item:
    """One exercise, as the class did.

    count: students whose share is decided.  difficulty: the p-value, the mean share of the points: 1 is easy.
    item_total: the correlation of the share with the total; for right or wrong it is the point-biserial correlation.
    discrimination: the same with the total of the *other* exercises (the corrected item-total correlation): an
        exercise would else agree with itself. None where all have the same share, or the same total.
    """

    name: str
    count: int
    difficulty: float | None
    item_total: float | None
    discrimination: float | None


def analyse(shares: ScoreTable, points: Mapping[str, float]) -> list[Item]:
    """Return the analysis of each exercise in *points*.

    An exercise that a student left out has the share 0; one that is None is left out of its own figures, and counts
    nothing in totals.

    >>> shares = {"a": {"p": 1, "q": 1}, "b": {"p": 1, "q": 0}, "c": {"p": 0, "q": 0}}
    >>> items = analyse(shares, {"p": 1, "q": 1})
    >>> [(item.name, round(item.difficulty, 2), round(item.discrimination, 2)) for item in items]
    [('p', 0.67, 0.5), ('q', 0.33, 0.5)]
    """
    totals = {
        student: sum(points[name] * (own.get(name, 0.0) or 0.0) for name in points) for student, own in shares.items()
    }
    return [_item(name, shares, points[name], totals) for name in points]


def _item(name: str, shares: ScoreTable, worth: float, totals: Mapping[str, float]) -> Item:
    decided = [
        (float(share), totals[student]) for student, own in shares.items() if (share := own.get(name, 0.0)) is not None
    ]
    own = [share for share, _ in decided]
    return Item(
        name,
        len(decided),
        fmean(own) if own else None,
        correlation(own, [total for _, total in decided]),
        correlation(own, [total - worth * share for share, total in decided]),
    )


def correlation(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Return Pearson's correlation; None where one side does not vary.

    >>> correlation([0, 1, 1], [1, 3, 3])
    1.0
    >>> correlation([1, 1], [1, 2]) is None
    True
    """
    if len(left) < 2 or _constant(left) or _constant(right):
        return None
    a, b = fmean(left), fmean(right)
    together = sum((x - a) * (y - b) for x, y in zip(left, right, strict=True))
    apart = (sum((x - a) ** 2 for x in left) * sum((y - b) ** 2 for y in right)) ** 0.5
    return max(-1.0, min(1.0, together / apart))


def _constant(values: Sequence[float]) -> bool:
    # Totals less an item are sums in another order: they may differ by rounding alone.
    return max(values) - min(values) <= 1e-12 * max(1.0, *map(abs, values))


def reliability(shares: ScoreTable, points: Mapping[str, float]) -> float | None:
    """Return Cronbach's alpha of the students whose every share is decided; None for fewer than two exercises.

    >>> round(reliability({"a": {"p": 1, "q": 1}, "b": {"p": 1, "q": 0}, "c": {}}, {"p": 1, "q": 1}), 3)
    0.667
    """
    rows = [[own.get(name, 0.0) for name in points] for own in shares.values()]
    worth = list(points.values())
    scored = [[w * s for w, s in zip(worth, row, strict=True) if s is not None] for row in rows if None not in row]
    count = len(worth)
    if count < 2 or len(scored) < 2:
        return None
    whole = pvariance([sum(row) for row in scored])
    if whole == 0:
        return None
    parts = sum(pvariance([row[place] for row in scored]) for place in range(count))
    return count / (count - 1) * (1 - parts / whole)
