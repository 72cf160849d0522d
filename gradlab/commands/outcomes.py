"""What a command comes to: words for a person, one object for a program, and an exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from gradlab.commands.usage import Code

CODES: Mapping[str, Code] = {
    "agree": Code.DONE,
    "differ": Code.DIFFER,
    "kink": Code.UNDECIDED,
    "unstable": Code.UNDECIDED,
    "undecided": Code.UNDECIDED,
}
"""The exit code that goes with each verdict."""


@dataclass(frozen=True)
class Outcome:
    """What a command found.

    text: for a person.  results: the same as plain data.  verdict: of a comparison, where there was one.
    """

    text: str
    results: Mapping[str, Any] = field(default_factory=dict)
    verdict: str | None = None
    code: Code = Code.DONE


def as_json(command: str, outcome: Outcome) -> str:
    """Return the one object that ``--json`` prints, on one line; what is not finite is null."""
    verdict = {} if outcome.verdict is None else {"verdict": outcome.verdict}
    return _line({"command": command, "ok": outcome.code == Code.DONE, **verdict, "results": outcome.results})


def error_as_json(command: str | None, error: BaseException) -> str:
    """Return the object that ``--json`` prints where a command cannot be carried out."""
    said = {"kind": type(error).__name__, "message": str(error)}
    return _line({"command": command, "ok": False, "error": said})


def _line(content: Mapping[str, Any]) -> str:
    import json

    return json.dumps(plain(content), allow_nan=False)


def plain(content: Any) -> Any:
    """Return *content* as strict JSON knows it: NaN and infinity become None, arrays and tuples lists.

    >>> plain({"x": (1.0, float("inf"))})
    {'x': [1.0, None]}
    """
    if isinstance(content, Mapping):
        return {str(key): plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [plain(value) for value in content]
    if isinstance(content, float):
        return float(content) if isfinite(content) else None
    if isinstance(content, str):
        return str(content)
    if hasattr(content, "tolist"):
        return plain(content.tolist())
    return content
