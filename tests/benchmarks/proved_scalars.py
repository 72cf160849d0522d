"""What a derivation with all steps proved costs, beside SymPy's derivative, simplified."""

from __future__ import annotations

import statistics

from gradlab.symbolic import derive
from gradlab.symbolic.steps import walk
from tests.benchmarks import Figure, seconds
from tests.symbolic import sympy_reading
from tests.symbolic.scalar_corpus import CORPUS

TEXTS = [entry[0] for entries in CORPUS.values() for entry in entries]

WHY = """
Over all {all:,} functions of the corpus the median is {median:.0f} ms, and 95 % take at most {slow:.0f} ms.
SymPy is asked for some of them: it takes seconds to simplify others.
"""

SIMPLIFIED = 12
"""SymPy is asked for every twelfth function only: it takes seconds to simplify some."""


def _proved(text: str) -> float:
    """Return the seconds from the text to the derivatives by all variables, every step proved."""
    return seconds(lambda: [step.evidence for step in walk(derive(text).steps)])


def _by_sympy(text: str) -> float:
    import sympy

    expression = sympy_reading.read(text)
    variables = sorted(expression.free_symbols, key=str)
    return seconds(lambda: [sympy.simplify(sympy.diff(expression, variable)) for variable in variables])


def measure() -> Figure:
    """Return the median over the corpus: each function once, in a process in which others were derived before."""
    for text in TEXTS[::5]:
        _proved(text)
    taken = {text: _proved(text) for text in TEXTS}  # once: what was proved is remembered
    ours = sorted(taken.values())
    chosen = TEXTS[::SIMPLIFIED]
    ratio = statistics.median(taken[text] / _by_sympy(text) for text in chosen)
    how = f"median of {len(chosen)} functions, derived, every step proved / sympy.diff and simplify"
    values = {
        "all": len(TEXTS),
        "median": 1e3 * statistics.median(ours),
        "slow": 1e3 * ours[len(ours) * 95 // 100],
    }
    return Figure("deriving a function of numbers, every step proved", ratio, 1, how, values=values)
