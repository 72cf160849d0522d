"""Deciding the pairs of public graders' own tests: how often rightly, and how fast, beside SymPy's `simplify`."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from statistics import median

from gradlab.grading.domains import Domain
from gradlab.grading.equivalence import Verdict, equivalent
from gradlab.sources.answers import Names, read
from tests.benchmarks import Figure

STORED = Path(__file__).parents[1] / "data" / "equivalence_pairs.json"

WHY = """
{pairs:,} pairs of public graders' own tests, read and decided; one in a hundred takes more than {slow:.2f} ms.
"""

FEW = 4
"""Every so many pairs SymPy is given one, of the short ones: some take it minutes."""


def measure() -> Figure:
    """Return the median time for a pair relative to SymPy's; more than 1 where a verdict is wrong."""
    import sympy

    wrong = undecided = 0
    own: list[float] = []
    theirs: list[float] = []
    pairs = json.loads(STORED.read_text(encoding="utf-8"))
    for number, pair in enumerate(pairs):
        names, domain = Names(pair["vars"]), Domain(positive=tuple(pair["positive"]))
        texts = [re.sub(r"\bE\b", "e", pair[side]).replace("acot(1)", "atan(1)") for side in "ab"]
        times: list[float] = []
        for _ in range(3):
            start = time.perf_counter()
            first, second = (read(text, names).tree for text in texts)
            found = equivalent(first, second, pair["vars"], domain)
            times.append(time.perf_counter() - start)
        own.append(min(times))  # as undisturbed as it can be had
        undecided += found.verdict is Verdict.UNDECIDED
        wrong += found.verdict is not Verdict.UNDECIDED and found.equal != bool(pair["truth"])
        if number % FEW == 0 and len(texts[0] + texts[1]) < 30:
            start = time.perf_counter()
            sympy.simplify(sympy.sympify(f"({pair['a']})-({pair['b']})"))
            theirs.append(time.perf_counter() - start)
    own.sort()
    return Figure(
        "time to decide whether two answers are equal",
        median(own) / median(theirs) + wrong,
        1 / 3,
        f"median {median(own) * 1e3:.2f} ms / SymPy's simplify {median(theirs) * 1e3:.2f} ms, a wrong verdict counting as 1; "
        f"of {len(pairs)} pairs {wrong} wrong, {undecided} undecided",
        values={"pairs": len(pairs), "slow": 1e3 * own[int(len(own) * 0.99)]},
    )
