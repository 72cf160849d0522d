"""Tests that measure something, counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from tests.benchmarks import NotMeasured

ROOT = Path(__file__).parents[2]


class _Counted:
    """What pytest is to tell the outcome of each test to."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[report.outcome] += 1


def outcomes(*arguments: str) -> Counter[str]:
    """Run tests, with pytest's arguments, and return how many passed, failed and were skipped."""
    import pytest

    counted = _Counted()
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "--rootdir", str(ROOT)]
    code = pytest.main([*options, *arguments], plugins=[counted])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise NotMeasured(f"pytest {' '.join(arguments)} ended with {code!r}")
    return counted.outcomes
