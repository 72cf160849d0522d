"""How many right gradients are rejected and how many wrong ones accepted, by gradlab and by checkers in use.

``python -m tests.benchmarks.verdicts NAME`` prints the cases in which the checker of that name fails.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass

from tests.benchmarks import Counts, Figure
from tests.benchmarks._checkers import ACCEPTED, CHECKERS, REJECTED, UNDECIDED
from tests.benchmarks._verdict_set import Case, cases

WHY = """
Each checker as its documentation shows it, at its default tolerances.
What gradlab leaves undecided where the formula is hidden lies at points where the values of f do not hold the slope to the digits that the claim would need: near kinks at 1e-8, at the edges of domains, at values of 1e±12.
"""

KINDS = ("wrong accepted", "right rejected", UNDECIDED)


@dataclass(frozen=True)
class Failure:
    """A case in which a checker did not answer as it should."""

    case: Case
    answer: str

    @property
    def kind(self) -> str:
        return UNDECIDED if self.answer == UNDECIDED else f"{'right' if self.case.right else 'wrong'} {self.answer}"


def failures(checker: str) -> list[Failure]:
    """Return the cases in which a checker errs or does not decide; an exception counts as *undecided*."""
    found = []
    for case in cases():
        try:
            answer = CHECKERS[checker](case)
        except Exception as error:  # a peer may raise anything
            answer = UNDECIDED
            print(f"{checker}: {case.name}: {type(error).__name__}: {error!s:.200}", file=sys.stderr)
        if answer != (ACCEPTED if case.right else REJECTED):
            found.append(Failure(case, answer))
    return found


def measure() -> Figure:
    """Return the wrong answers of gradlab, with the formula and without it, and the table of all checkers."""
    found = {name: Counter(failure.kind for failure in failures(name)) for name in CHECKERS}
    own = [kinds for name, kinds in found.items() if name.startswith("gradlab")]
    wrong = sum(kinds[kind] for kinds in own for kind in KINDS[:2])
    rows = {name: tuple(kinds[kind] for kind in KINDS) for name, kinds in found.items()}
    return Figure(
        "wrong verdicts on right and wrong gradients",
        wrong,
        0,
        f"of gradlab in its three forms, on {_total()}",
        counts=Counts("checker", KINDS, rows),
    )


def _total() -> str:
    counts = Counter(case.right for case in cases())
    return f"{counts[True]} right and {counts[False]} wrong gradients"


def main(chosen: list[str]) -> None:
    """Print the failures of the checkers *chosen*, of all if none is."""
    for name in chosen or CHECKERS:
        for failure in failures(name):
            print(f"{name}: {failure.kind}: {failure.case.problem.kind}: {failure.case.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
