"""How long an answer takes to be read, beside SymPy's parser."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

from gradlab.sources.answers import Names, read
from tests.benchmarks import Figure
from tests.symbolic.scalar_corpus import CORPUS

WHY = """
Written in LaTeX the same formulas take {latex:.0f} µs in the median; the slowest of all takes {slowest:.0f} µs.
"""

SYMPY = "x, y, z, w, a, b, c, d"
"""The names that the corpus declares for both."""


def _best(call: Any, *arguments: Any) -> float:
    """Return the seconds that a call takes, the shortest of five."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        call(*arguments)
        times.append(time.perf_counter() - start)
    return min(times)


def measure() -> Figure:
    """Return the median ratio over the corpus, and the times themselves for text and for LaTeX."""
    from sympy import symbols
    from sympy.parsing.sympy_parser import convert_xor, parse_expr, standard_transformations

    from gradlab import as_function

    names = Names(SYMPY.split(", "))
    local = {str(symbol): symbol for symbol in symbols(SYMPY)}
    transformations = (*standard_transformations, convert_xor)
    texts = [entry[0] for group in CORPUS.values() for entry in group if len(entry) == 1]
    printed = [as_function(text).latex() for text in texts]
    ours, latex, theirs = [], [], []
    for text, formula in zip(texts, printed, strict=True):
        try:
            theirs.append(_best(lambda text=text: parse_expr(text, local, transformations, evaluate=False)))
        except (TypeError, ValueError):  # max, round, where: it calls Python's own
            continue
        ours.append(_best(read, text, names))
        latex.append(_best(read, formula, names, "latex"))
    ratio = median(own / other for own, other in zip(ours, theirs, strict=True))
    slowest = max(*ours, *latex)
    how = (
        f"median {median(ours) * 1e6:.0f} µs / sympy's parse_expr without evaluation {median(theirs) * 1e6:.0f} µs, "
        f"{len(ours)} formulas, the best of 5 each"
    )
    values = {"latex": 1e6 * median(latex), "slowest": 1e6 * slowest}
    assert median(ours) < 200e-6
    assert median(latex) < 200e-6
    return Figure("time to read an answer", ratio, 0.15, how, values=values)
