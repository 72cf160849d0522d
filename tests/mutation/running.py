"""Runs tests on a mutant in a forked process: libraries are loaded once, and no file is changed."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import signal
import sys
import time
from contextlib import suppress

from tests.mutation.covering import LONGEST
from tests.mutation.drawing import ROOT, Mutant

MEMORY = 4 << 30
"""Bytes that a mutant may take; whoever multiplies by the wrong number soon takes all there are."""

LIBRARIES = ("numpy", "sympy", "flint", "torch", "scipy.optimize", "pytest", "hypothesis", "xdist")


def load() -> None:
    """Load what every mutant's tests need, but nothing of gradlab."""
    for name in LIBRARIES:
        importlib.import_module(name)


def outcome(mutant: Mutant, tests: list[str]) -> str:
    """Return "killed", "survived" or "too long", as *tests* find a mutant; "unseen" where there is no test."""
    if not tests:
        return "unseen"
    process = os.fork()
    if not process:
        _run(mutant, tests)
    status = _ended(process, 60 + 5 * LONGEST)
    if status is None:
        return "too long"
    return "survived" if status == 0 else "killed"


def _run(mutant: Mutant, tests: list[str]) -> None:
    """Run tests on the mutant and end this process by pytest's exit code."""
    code = 1
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        sys.meta_path.insert(0, _Mutated(mutant))
        importlib.import_module(mutant.module)
        import pytest

        code = int(pytest.main(["-x", "-q", "-n", "0", "-p", "no:cacheprovider", f"--rootdir={ROOT}", *tests]))
    finally:
        os._exit(code)


def _ended(process: int, seconds: float) -> int | None:
    """Return the exit status of a process, None where it had to be ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return status
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return None


class _Mutated(importlib.abc.MetaPathFinder):
    """Finds the mutated module, and leaves all others to Python."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant, self.text = mutant, mutant.source()

    def find_spec(self, name, path=None, target=None):
        if name != self.mutant.module:
            return None
        file = str(ROOT / self.mutant.file)
        return importlib.util.spec_from_file_location(name, file, loader=_Loader(name, file, self.text))


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a text in place of a file's."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self.text = text

    def get_code(self, fullname):
        return compile(self.text, self.path, "exec", dont_inherit=True)
