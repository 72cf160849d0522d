"""What a teacher sets beside the question: taken as what it is, or refused with what was read and what to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from gradlab.grading.malrules import MAL_RULES

SURE = 0.9
"""How alike a name and that of a mal-rule are where the one is the other misspelt; most mistakes are no mal-rules."""


def worth(points: Any) -> float:
    """Return the points of an exercise, a positive number; raises TypeError or ValueError."""
    if isinstance(points, (bool, str)) or not hasattr(points, "__float__"):
        raise TypeError(f"points={points!r} is not a number; write points=2")
    if not points > 0:
        raise ValueError(f"an exercise is worth more than {points} points")
    return points


def tries(attempts: Any) -> int | None:
    """Return how many answers count, at least one, or None for any number; raises TypeError or ValueError."""
    if attempts is None:
        return None
    if isinstance(attempts, bool) or not hasattr(attempts, "__index__"):
        raise TypeError(
            f"attempts={attempts!r} is not a whole number; write attempts=3, or leave it out for any number"
        )
    if attempts < 1:
        raise ValueError(f"attempts={attempts!r}: nobody could answer; write attempts=1 or more, or leave it out")
    return int(attempts)


def words(name: str, given: Sequence[str]) -> tuple[str, ...]:
    """Return a list of texts; raises TypeError for one text, which would be taken letter by letter."""
    if isinstance(given, str):
        raise TypeError(f"{name} is a list: {name}=[{given!r}], not {name}={given!r}")
    return tuple(given)


def shares(credit: Mapping[str, float] | None) -> Mapping[str, float]:
    """Return the share of the points for each named mistake; raises ValueError for a share or a name that is none.

    >>> shares({"sign slipp": 0.5})
    Traceback (most recent call last):
    ValueError: credit names 'sign slipp'; did you mean 'sign slip'?
    """
    for name, share in dict(credit or {}).items():
        near = get_close_matches(name, MAL_RULES, 1, SURE)
        if near and name not in MAL_RULES:
            raise ValueError(f"credit names {name!r}; did you mean {near[0]!r}?")
        if not 0 <= share <= 1:
            raise ValueError(
                f"credit={{{name!r}: {share!r}}}: a share of the points is a number from 0 to 1, such as 0.5"
            )
    return dict(credit or {})
