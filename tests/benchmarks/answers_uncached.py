"""How long an answer takes to be read and decided, beside SymPy's reader and `simplify` in the same run."""

from __future__ import annotations

import time
from typing import Any

from gradlab.grading.marking import marked
from tests.benchmarks import Figure, Growth, Points
from tests.benchmarks._answers import drawn

WHY = """
SymPy reads answer and solution and simplifies their difference: {sympy_rate:,.0f} answers a second, where gradlab reads and decides {rate:,.0f}, proves or certifies what it says, and names the mistake.
What SymPy cannot read is not counted against it.
"""

SIZES, FEW = (100, 1000, 10_000), (10, 30, 100)
"""Answers that gradlab is given, and SymPy, which takes ten milliseconds or more for each."""


def measure() -> Figure:
    """Return gradlab's time for an answer that nobody wrote before, relative to SymPy's."""
    answers = drawn()
    _own(answers)
    own = tuple((count, _own(answers[:count])) for count in SIZES)
    theirs = _by_sympy(answers)
    ours, other = own[-1][1] / SIZES[-1], theirs[-1][1] / FEW[-1]
    return Figure(
        "time to read and decide an answer, not seen before",
        ours / other,
        1 / 40,
        f"{1e6 * ours:.0f} µs / SymPy's {1e3 * other:.1f} ms",
        growth=Growth("answers", "s", {"gradlab": own, "sympy, parse_expr and simplify": theirs}),
        values={"rate": 1 / ours, "sympy_rate": 1 / other},
    )


def _own(answers: list[tuple[Any, str]]) -> float:
    """Return the seconds for all of the answers, the best of three times."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        for exercise, answer in answers:
            marked(exercise, answer)
        taken.append(time.process_time() - start)
    return min(taken)


def _by_sympy(answers: list[tuple[Any, str]]) -> Points:
    """Return the seconds that SymPy takes for the first of the answers that it can read."""
    import sympy
    from sympy.parsing.sympy_parser import (
        convert_xor,
        implicit_multiplication_application,
        parse_expr,
        standard_transformations,
    )

    rules = (*standard_transformations, convert_xor, implicit_multiplication_application)
    taken, done, points = 0.0, 0, []
    for exercise, answer in answers:
        if "\\" in answer or "|" in answer:
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
        if done in FEW:
            points.append((done, taken))
        if done == FEW[-1]:
            break
    return tuple(points)
