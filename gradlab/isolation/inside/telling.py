"""How a submission's exception is told."""

from __future__ import annotations

import traceback
from typing import Any

FILENAME = "submission.py"
"""What a submission is called in its own tracebacks."""

_LONGEST_ERROR = 2000


def failure(error: BaseException) -> tuple[str, dict[str, Any]]:
    """Return how a submission ended by an exception, "syntax", "memory" or "raised", and what there is to tell."""
    if isinstance(error, SyntaxError) and error.filename == FILENAME:
        return "syntax", {"type": "SyntaxError", "error": f"{error.args[0]}"[:_LONGEST_ERROR], "line": error.lineno}
    notes = error.__dict__.pop("__notes__", None)  # they would be part of the text
    text = traceback.format_exception_only(error)[-1].strip()
    told: dict[str, Any] = {"type": type(error).__name__, "error": text[:_LONGEST_ERROR], "line": _line(error)}
    if isinstance(notes, list):
        told["notes"] = [str(note)[:_LONGEST_ERROR] for note in notes[:4]]
    return "memory" if isinstance(error, MemoryError) else "raised", told


def _line(error: BaseException) -> int | None:
    """Return the last line of the submission in a traceback."""
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == FILENAME]
    return lines[-1] if lines else None
