"""`gradlab verify`: a derivation in a file, checked without anything that could have written it."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from gradlab import files
from gradlab.checking import verify as checked
from gradlab.commands.outcomes import Outcome
from gradlab.commands.usage import Code, UsageError
from gradlab.errors import DoesNotFollow, GradlabError, ParseError

LARGEST = 2_000_000
"""Bytes of a file."""


def verify(options: Namespace) -> Outcome:
    """Whether every line follows, or the first that does not."""
    document = _document(Path(options.file))
    try:
        found = checked(document, seconds=options.seconds)
    except DoesNotFollow as error:
        results = {
            "line": error.line,
            "rule": error.rule,
            "before": error.before,
            "after": error.after,
            "reason": error.reason,
            "at": error.at,
            "entry": error.entry,
            "values": error.values,
        }
        code = Code.UNDECIDED if error.undecided else Code.DIFFER
        return Outcome(str(error), results, "undecided" if error.undecided else "refused", code)
    except GradlabError as error:
        raise UsageError(f"{options.file}: {error}") from error
    text = f"accepted: {found.lines} lines follow, each to 30 digits at {found.points} points or more"
    return Outcome(text, found._asdict(), "accepted")


def _document(path: Path) -> Any:
    text = files.text_in(path, UsageError, LARGEST)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line = text.split("\n")[error.lineno - 1]  # as json counts lines
        raise ParseError(f"{path}, line {error.lineno}, is no JSON: {error.msg}", line, error.colno - 1) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON: {error}") from error
