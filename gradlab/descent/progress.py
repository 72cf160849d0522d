"""A line on the terminal that says how far a long run is."""

from __future__ import annotations

import sys
import time
from typing import TextIO

_FIRST, _EACH = 2.0, 0.5
"""Seconds before the first line, and between two of them: short runs are to say nothing."""


class Progress:
    """Writes, now and then, how far a run is, over and over on one line.

    steps: how many there will be; None where nobody knows.  out: where to write, the standard error stream if not
    given.
    """

    def __init__(self, steps: int | None, out: TextIO | None = None) -> None:
        self._steps = steps
        self._out = out or sys.stderr
        self._began = time.perf_counter()
        self._due = self._began + _FIRST
        self._first: int | None = None
        self._width = 0

    def at(self, step: int, loss: float) -> None:
        """Say where the run is, if it is time to."""
        if self._first is None:
            self._first = step
        now = time.perf_counter()
        if now < self._due:
            return
        self._due = now + _EACH
        done = step - self._first
        said = f"step {step:,}"
        if self._steps is not None:
            left = (self._steps - step) * (now - self._began) / max(done, 1)
            said += f" of {self._steps:,}, about {_spoken(left)} left"
        self._write(f"{said}, loss {loss:.6g}")

    def close(self) -> None:
        """Take the line away."""
        if self._width:
            self._write("")
            self._out.write("\r")
            self._out.flush()

    def _write(self, line: str) -> None:
        self._out.write(f"\r{line.ljust(self._width)}")
        self._out.flush()
        self._width = max(self._width, len(line))


def on_terminal() -> bool:
    """Return whether a person sees the standard error stream."""
    return bool(getattr(sys.stderr, "isatty", lambda: False)())


def _spoken(seconds: float) -> str:
    """Return a length of time in words.

    >>> _spoken(12.3), _spoken(200), _spoken(9000)
    ('12 s', '3 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
