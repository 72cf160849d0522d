"""How long an answer takes to be read, beside SymPy's parser."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

from gradlab.sources.answers import Names, read
from tests.benchmarks import Figure
from tests.symbolic.scalar_corpus import CORPUS

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
        f"read (median {median(ours) * 1e6:.0f} µs of 200 µs; in LaTeX {median(latex) * 1e6:.0f} µs; the slowest "
        f"{slowest * 1e6:.0f} µs) / sympy's parse_expr without evaluation (median {median(theirs) * 1e6:.0f} µs), "
        f"{len(ours)} formulas, the best of 5 each"
    )
    assert median(ours) < 200e-6
    assert median(latex) < 200e-6
    return Figure("reading an answer", ratio, 0.15, how)
