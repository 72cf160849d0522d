"""Runs tests on a mutant in a forked process: what they import is loaded once, and no file is changed."""

from __future__ import annotations

import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import CodeType, FunctionType

from tests.mutation.covering import LONGEST, folders
from tests.mutation.drawing import ROOT, Mutant

MEMORY = 4 << 30
"""Bytes that a mutant may take; whoever multiplies by the wrong number soon takes all there are."""

_NOT_REWRITTEN = "ignore::pytest.PytestAssertRewriteWarning"  # gradlab is loaded before pytest asks for it

OPTIONS = ("-q", "-n", "0", "-p", "no:cacheprovider", f"--rootdir={ROOT}", "-W", _NOT_REWRITTEN)


def load(package: str) -> None:
    """Load gradlab, the tests of a package, and all they import."""
    import pytest
    import torch

    torch.set_num_threads(1)  # a fork has no threads, and would wait for those that it believes in
    with _silent():
        pytest.main(["--collect-only", *OPTIONS, *folders(package)])
    _loaded[:] = [each for each in gc.get_objects() if type(each) is FunctionType]
    gc.collect()
    gc.freeze()  # a collection would copy every page in every fork


def outcome(mutant: Mutant, tests: list[str]) -> str:
    """Return "killed", "survived" or "too long", as *tests* find a mutant; "unseen" where there is no test.

    Who survives as an exchange of code may have changed what an import works out: it is tried from the start.
    """
    if not tests:
        return "unseen"
    changed = list(_exchanged(mutant))
    found = _tried(tests, lambda: _exchange(changed)) if changed else "survived"
    return _tried(tests, lambda: _import_anew(mutant)) if found == "survived" else found


def _tried(tests: list[str], put_in: Callable[[], None]) -> str:
    process = os.fork()
    if not process:
        _run(tests, put_in)
    status = _ended(process, 60 + 5 * LONGEST)
    if status is None:
        return "too long"
    return "survived" if status == 0 else "killed"


def _run(tests: list[str], put_in: Callable[[], None]) -> None:
    """Put a mutant in, run tests on it and end this process by pytest's exit code."""
    code = 1
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        with _silent():
            import pytest

            put_in()
            code = int(pytest.main(["-x", *OPTIONS, *tests]))
    finally:
        os._exit(code)


@contextmanager
def _silent() -> Iterator[None]:
    kept = [(descriptor, os.dup(descriptor)) for descriptor in (0, 1, 2)]
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor, _ in kept:
        os.dup2(nowhere, descriptor)
    try:
        yield
    finally:
        for descriptor, copy in kept:
            os.dup2(copy, descriptor)


# How a mutant gets in ------------------------------------------------------------------------------


_loaded: list[FunctionType] = []


def _exchanged(mutant: Mutant) -> Iterator[tuple[FunctionType, CodeType]]:
    """Return the functions that are loaded and have other code in the mutant, with that code."""
    file = str(ROOT / mutant.file)
    codes = dict(_codes(compile(mutant.source(), file, "exec", dont_inherit=True)))
    for function in _loaded:
        code = function.__code__
        if code.co_filename == file:
            new = codes.get((code.co_qualname, code.co_firstlineno), code)
            if new != code and new.co_freevars == code.co_freevars:
                yield function, new


def _exchange(changed: list[tuple[FunctionType, CodeType]]) -> None:
    for function, code in changed:
        function.__code__ = code


def _codes(code: CodeType) -> Iterator[tuple[tuple[str, int], CodeType]]:
    """Return all code in a piece of code, by its name and first line."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield (inner.co_qualname, inner.co_firstlineno), inner
            yield from _codes(inner)


def _import_anew(mutant: Mutant) -> None:
    """Import gradlab and its tests again, the mutant in the place of its module."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("gradlab", "tests")]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Mutated(mutant))
    importlib.import_module(mutant.module)


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
