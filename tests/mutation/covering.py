"""Which tests run a line, and how long they take: measured once for a package, and kept in `build/mutation`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import coverage

from tests.mutation.drawing import ROOT, Mutant

FOLDER = ROOT / "build" / "mutation"

LONGEST = 20.0
"""Seconds of tests that one mutant is given: they are taken from the quickest on."""


@dataclass(frozen=True)
class Covering:
    """What a package's own tests run.

    seconds: of each test.  by_line: the tests of each line of each file; a line run by an import has a test "".
    """

    seconds: dict[str, float]
    by_line: dict[str, dict[int, set[str]]]

    def tests(self, mutant: Mutant) -> list[str]:
        """Return the tests to run for a mutant, the quickest first; none if none comes by."""
        lines = self.by_line.get(mutant.file, {})
        for first, last in (mutant.lines, *mutant.around):
            found = set().union(*(lines.get(line, set()) for line in range(first, last + 1)))
            if found - {""} or not found:
                return list(self._affordable(found - {""}))
        return []

    def _affordable(self, tests: set[str]) -> Iterator[str]:
        total = 0.0
        for test in sorted(tests & self.seconds.keys(), key=lambda test: (self.seconds[test], test)):
            total += self.seconds[test]
            if total > LONGEST:
                return
            yield test


def measured(package: str) -> Covering:
    """Return what the tests of a package run; it takes as long as they do where it is not known yet."""
    data, seconds = FOLDER / f"{package}.coverage", FOLDER / f"{package}.seconds"
    if not seconds.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        _measure(package, data, seconds)
    return Covering(json.loads(seconds.read_text()), dict(_by_line(package, data)))


def folders(package: str) -> list[str]:
    """Return where a package's own tests are."""
    named = (f"tests/{package}", f"tests/test_{package}.py", f"gradlab/{package}")
    return [folder for folder in named if (ROOT / folder).exists()]


def _measure(package: str, data: Path, seconds: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "tests.mutation.timing", *folders(package)]
    command += ["--cov=gradlab", "--cov-context=test", "--cov-report="]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"COVERAGE_FILE": str(data), "SECONDS_FILE": str(seconds)}
    )
    if done.returncode > 1:
        raise SystemExit(f"the tests of {package} could not be run")


def _by_line(package: str, data: Path) -> Iterator[tuple[str, dict[int, set[str]]]]:
    found = coverage.CoverageData(str(data))
    found.read()
    for file in (ROOT / "gradlab" / package).rglob("*.py"):
        lines = found.contexts_by_lineno(str(file))
        yield str(file.relative_to(ROOT)), {line: {_test(context) for context in lines[line]} for line in lines}


def _test(context: str) -> str:
    """Return the test of a context such as ``tests/test_x.py::test_y|run``."""
    return context.rpartition("|")[0]
