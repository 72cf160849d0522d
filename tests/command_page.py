"""The page of commands, docs/reference/command-line.md, built from what each says of itself with ``--help``.

``python -m tests.command_page`` writes it anew, from the root of the repository.
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from unittest import mock

from gradlab import cli
from gradlab.commands.options import COMMANDS

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "command-line.md"

_OPENING = """# The command line

Results go to stdout and everything else to stderr; `--json` prints one JSON object instead.

| exit code | what it means |
|---:|---|
| 0 | done; all agree; the answer is correct |
| 1 | the gradients differ; a line does not follow; the answer is wrong |
| 2 | bad input |
| 3 | undecided, unstable or at a kink |
| 4 | a descent diverged, or came to no number |

This page is generated from the commands themselves; a test fails while it is out of date.
`python -m tests.command_page` writes it anew.
"""


def page() -> str:
    """Return the page as it has to be."""
    sections = [f"## gradlab {command}\n\n```text\n{_help(command)}\n```" for command in COMMANDS]
    return "\n".join((_OPENING, *(f"{section}\n" for section in sections)))


def _help(command: str) -> str:
    printed = io.StringIO()
    with mock.patch.dict(os.environ, {"COLUMNS": "100"}), contextlib.redirect_stdout(printed):
        cli.main([command, "--help"])
    return printed.getvalue().strip()


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
