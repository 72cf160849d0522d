"""How long an answer takes that was graded before, beside one that was not."""

from __future__ import annotations

import time

from gradlab.grading.marking import marked
from tests.benchmarks import Figure
from tests.benchmarks._answers import drawn


def measure() -> Figure:
    """Return the time for an answer out of the cache, the first time of each included, relative to no cache."""
    answers = drawn()
    start = time.process_time()
    for exercise, answer in answers:
        marked(exercise, answer)
    without = (time.process_time() - start) / len(answers)
    for exercise, _ in answers:
        exercise.forget()
    start = time.process_time()
    for exercise, answer in answers:
        exercise.check(answer)
    cached = (time.process_time() - start) / len(answers)
    return Figure(
        "time of an answer with the cache, 150 different ones among 10,000",
        cached / without,
        1 / 7,
        f"beside the time without; {1 / cached:,.0f} answers a second",
    )
