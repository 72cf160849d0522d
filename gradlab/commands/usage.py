"""How a command ends, and what is wrong with what was typed: all that the parser needs, and quick to load."""

from __future__ import annotations

from enum import IntEnum

from gradlab.errors import GradlabError

ENGINES = ("auto", "exact", "torch", "numeric", "compiled")
"""Where the gradient of a descent comes from."""


class UsageError(GradlabError):
    """Something typed on the command line that cannot be used."""


class Code(IntEnum):
    """How the process ends."""

    DONE = 0
    DIFFER = 1
    BAD_INPUT = 2
    UNDECIDED = 3
    DIVERGED = 4
    INTERRUPTED = 130
