"""Draw mutants of packages, run the tests that come by each, and write what survived to `build/mutation`."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter

from tests.mutation import covering, drawing, running

PACKAGES = ("symbolic", "numeric", "comparison", "grading")


def main(typed: list[str]) -> int:
    """Print a row for each package."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("packages", nargs="*", default=PACKAGES)
    parser.add_argument("--number", type=int, default=150, help="mutants of each package (default: 150)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cover", action="store_true", help="only measure which tests run which lines")
    asked = parser.parse_args(typed)
    print("| package | mutants | killed | too long | survived | unseen |\n|---|---:|---:|---:|---:|---:|")
    for package in asked.packages:
        known = covering.measured(package)
        if not asked.cover:
            running.load(package)
            print(_row(package, _outcomes(package, known, asked.number, asked.seed)), flush=True)
    return 0


def _row(package: str, outcomes: dict[str, str]) -> str:
    counts = Counter(outcomes.values())
    figures = [len(outcomes), *(counts[name] for name in ("killed", "too long", "survived", "unseen"))]
    return f"| {package} | " + " | ".join(map(str, figures)) + " |"


def _outcomes(package: str, known: covering.Covering, number: int, seed: int) -> dict[str, str]:
    """Return how each mutant fared; the file of results is read first, so that a run may go on where one ended."""
    file = covering.FOLDER / f"{package}-{seed}.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    outcomes = {told["mutant"]: told["outcome"] for told in map(json.loads, lines)}
    mutants = drawing.drawn(f"gradlab/{package}", number, seed)
    with file.open("a") as results:
        for mutant in mutants:
            if mutant.name not in outcomes:
                tests = known.tests(mutant)
                outcomes[mutant.name] = running.outcome(mutant, tests)
                told = {"mutant": mutant.name, "outcome": outcomes[mutant.name], "tests": len(tests)}
                print(json.dumps(told | {"change": mutant.difference()}), file=results, flush=True)
    return {mutant.name: outcomes[mutant.name] for mutant in mutants}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
