"""How long an answer takes that was graded before, beside one that was not."""

from __future__ import annotations

import time
from typing import Any

from gradlab.grading.marking import marked
from tests.benchmarks import Figure, Growth
from tests.benchmarks._answers import DISTINCT, drawn

WHY = """
150 different answers, most of them written often, as a class writes them: the more answers, the fewer of them are new.
"""

SIZES = (100, 1000, 10_000)


def measure() -> Figure:
    """Return the time for an answer out of the cache, the first time of each included, relative to no cache."""
    answers = drawn()
    _without(answers[: SIZES[0]])
    curves = {
        "with the cache": tuple((count, _cached(answers[:count])) for count in SIZES),
        "without": tuple((count, _without(answers[:count])) for count in SIZES),
    }
    (cached, without) = (points[-1][1] for points in curves.values())
    return Figure(
        "time of an answer with the cache",
        cached / without,
        1 / 7,
        f"beside the time without, {DISTINCT} different ones among {SIZES[-1]:,}; "
        f"{SIZES[-1] / cached:,.0f} answers a second",
        growth=Growth("answers", "s", curves),
    )


def _without(answers: list[tuple[Any, str]]) -> float:
    start = time.process_time()
    for exercise, answer in answers:
        marked(exercise, answer)
    return time.process_time() - start


def _cached(answers: list[tuple[Any, str]]) -> float:
    for exercise, _ in answers:
        exercise.forget()
    start = time.process_time()
    for exercise, answer in answers:
        exercise.check(answer)
    return time.process_time() - start
