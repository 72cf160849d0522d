"""Tests that measure something, counted."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]


def outcomes(*arguments: str) -> Counter[str]:
    """Run tests, with pytest's arguments, and return how many "passed", "failed" and were "skipped".

    Raises ValueError where none was run.
    """
    with TemporaryDirectory() as folder:
        written = Path(folder) / "tests.xml"
        options = ["-q", "-n", "0", "-p", "no:cacheprovider", f"--junit-xml={written}"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if not written.exists():
            raise ValueError(f"pytest {' '.join(arguments)} ended with {done.returncode}\n{done.stdout[-2000:]}")
        (suite,) = ElementTree.parse(written).getroot()
    count = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    if not count["tests"]:
        raise ValueError(f"pytest {' '.join(arguments)} found no test\n{done.stdout[-2000:]}")
    failed = count["failures"] + count["errors"]
    return Counter(passed=count["tests"] - failed - count["skipped"], failed=failed, skipped=count["skipped"])
