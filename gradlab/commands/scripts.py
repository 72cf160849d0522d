"""A function out of a user's own file: ``fit.py:loss``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from gradlab.commands.usage import UsageError


def load(place: str) -> Callable[..., Any]:
    """Return the function that *place* names as ``path.py:name``; the file is run to find it.

    Raises UsageError where there is no such file or function, or where the file itself fails.
    """
    path_text, colon, name = place.rpartition(":")
    if not colon or not name or not path_text:
        raise UsageError(f"--script {place}: write the file and the function's name, such as fit.py:loss")
    path = Path(path_text)
    if not path.is_file():
        raise UsageError(f"--script {place}: there is no file {path_text!r}")
    module = _run(path)
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        own = [key for key, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
        offered = ", ".join(key for key in own if callable(vars(module)[key])) or "none"
        raise UsageError(f"--script {place}: {path.name} has no function {name!r}; its functions: {offered}")
    return found


class _Loader(SourceFileLoader):
    """Runs a file without leaving a __pycache__ beside it."""

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Keep no bytecode."""


def _run(path: Path) -> ModuleType:
    name = path.stem if path.stem not in sys.modules else f"script_{path.stem}"  # random.py is not to replace random
    loader = _Loader(name, str(path))
    spec = spec_from_loader(name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look their module up there
    sys.path.insert(0, str(path.resolve().parent))  # as `python path` does: its neighbours can be imported
    try:
        loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the user's code: a SystemExit in it must not end us in silence
        raise UsageError(f"{path} fails when it is run: {described(error, path)}") from error
    return module


def described(error: BaseException, path: Path) -> str:
    """Return *error* with the line of the file at *path* that it came from.

    >>> described(ValueError("no data"), Path("fit.py"))
    'ValueError: no data'
    """
    line = line_in(error, path)
    place = f" (line {line})" if line is not None else ""
    return f"{type(error).__name__}: {error}{place}"


def line_in(error: BaseException, path: Path) -> int | None:
    """Return the last line of the file at *path* on the way to *error*; None if it was not on the way."""
    found = error.lineno if isinstance(error, SyntaxError) and error.filename == str(path) else None
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            found = trace.tb_lineno
        trace = trace.tb_next
    return found
