"""What a command line names as its function."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from gradlab.commands.usage import UsageError


def named_source(options: Namespace) -> Any:
    """Return what the options name as a function: text, or a function out of a file."""
    taken = [token for name in ("at", "start") for token in getattr(options, name, None) or () if "=" not in token]
    return source(options.function, options.script, *taken)


def source(function: str | None, script: str | None, *bare: str) -> Any:
    """Return what is to be read as a function: text, or a function out of a file.

    bare: values that were given without a name; a function may be among them by mistake.
    """
    if script:
        if function is not None:
            raise UsageError(f"give a function or --script, not both: {function!r} and {script!r}")
        from gradlab.commands.scripts import load

        return load(script)
    if function is not None:
        return function
    hint = f"; {bare[-1]!r} was taken for a point, write it before --at" if bare else ""
    raise UsageError(f"no function: write one such as 'x**2 + y', or --script fit.py:loss{hint}")
