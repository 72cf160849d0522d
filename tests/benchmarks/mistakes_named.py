"""How many training mistakes are named with their line, and who is accused wrongly."""

from __future__ import annotations

from collections.abc import Iterator

from gradlab.isolation import Sandbox, available
from tests.benchmarks import Counts, Figure
from tests.grading.code.mistakes.corpus import Program, given, programs

WHY = """
These are the programs that the places were worked out on, so the table says that nothing was lost, not how the next program fares.
Before gradlab had seen them, three rounds of new programs were written; of the first round 26 of 36 were named with their line at once, of the second 17 of 25, of the third 14 of 14, and three programs of the first two got another mistake's name.
"""

FILES = {"wrong": "one mistake", "twice": "two mistakes", "unknown": "a mistake without a name", "right": "no mistake"}


def measure() -> Figure:
    """Return how many programs are told wrongly: a name too many, too few, or a line beside it."""
    with Sandbox(available(), workers=2) as sandbox:
        found = {said: list(_judged(file, sandbox)) for file, said in FILES.items()}
    rows = {said: (len(judged), sum(judged), len(judged) - sum(judged)) for said, judged in found.items()}
    wrong = sum(row[2] for row in rows.values())
    total = sum(row[0] for row in rows.values())
    return Figure(
        "programs whose training mistake is told wrongly",
        wrong,
        0,
        f"of {total}",
        counts=Counts("programs with", ("programs", "told rightly", "told wrongly"), rows),
    )


def _judged(file: str, sandbox: Sandbox) -> Iterator[bool]:
    for program in programs(file):
        yield _right(program, sandbox)


def _right(program: Program, sandbox: Sandbox) -> bool:
    """Return whether just the mistakes of a program are named, each at a line that may be told for it."""
    found = given(program.exercise).check(program.source, sandbox=sandbox)
    certain = {mistake.name: mistake.line for mistake in found.mistakes if mistake.certain}
    placed = certain.keys() == program.places.keys()
    return placed and all(line in program.places[name] for name, line in certain.items())
