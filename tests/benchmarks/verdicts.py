"""How many right gradients are rejected and how many wrong ones accepted, by gradlab and by checkers in use.

``python -m tests.benchmarks.verdicts`` prints the table for every checker that is installed;
with the name of a checker, the cases in which it fails.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass

from tests.benchmarks import Figure
from tests.benchmarks._checkers import ACCEPTED, CHECKERS, REJECTED, UNDECIDED, installed
from tests.benchmarks._verdict_set import Case, cases


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
            answer = CHECKERS[checker][1](case)
        except Exception as error:  # a peer may raise anything
            answer = UNDECIDED
            print(f"{checker}: {case.name}: {type(error).__name__}: {error!s:.200}", file=sys.stderr)
        if answer != (ACCEPTED if case.right else REJECTED):
            found.append(Failure(case, answer))
    return found


def measure() -> Figure:
    """Return the wrong answers of gradlab, with the formula and without it."""
    asked = [name for name in CHECKERS if name.startswith("gradlab")]
    kinds = {name: Counter(failure.kind for failure in failures(name)) for name in asked}
    wrong = sum(count for found in kinds.values() for kind, count in found.items() if kind != UNDECIDED)
    undecided = ", ".join(f"{kinds[name][UNDECIDED]} {name.partition(', ')[2]}" for name in asked)
    return Figure("wrong verdicts on right and wrong gradients", wrong, 0, f"of {_total()}; undecided: {undecided}")


def _total() -> str:
    counts = Counter(case.right for case in cases())
    return f"{counts[True]} right and {counts[False]} wrong gradients"


def main(chosen: list[str]) -> None:
    """Print the table, or the failures of the checkers *chosen*."""
    print(f"{_total()}\n\n| checker | wrong accepted | right rejected | undecided |\n|---|---:|---:|---:|")
    for name in chosen or CHECKERS:
        if not installed(name):
            print(f"| {name} | not installed | | |")
            continue
        found = failures(name)
        kinds = Counter(failure.kind for failure in found)
        print(f"| {name} | {kinds['wrong accepted']} | {kinds['right rejected']} | {kinds[UNDECIDED]} |", flush=True)
        for failure in found if chosen else ():
            print(f"    {failure.kind}: {failure.case.problem.kind}: {failure.case.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
