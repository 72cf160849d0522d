"""The commands about whole courses."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from gradlab.commands.outcomes import Outcome
from gradlab.commands.usage import Code, UsageError
from gradlab.files import text_in


def grade_all(options: Namespace) -> Outcome:
    """All submissions of a course, graded into a file of results."""
    from gradlab.courses import grade_course

    summary = grade_course(
        options.exercise,
        options.answer,
        options.output,
        engine=options.engine,
        workers=options.workers,
        scheduler=options.scheduler,
        secret=_secret(options.secret_file),
        trust=options.trust,
        progress=options.progress or sys.stderr.isatty(),
    )
    return Outcome(f"{summary!r}\n{options.output}", {**summary.as_dict(), "file": options.output}, code=Code.DONE)


def _secret(path: str | None) -> str | None:
    if path is None:
        return None
    secret = text_in(Path(path), UsageError).strip()
    if not secret:
        raise UsageError(f"{path} is empty, and holds no secret")
    return secret
