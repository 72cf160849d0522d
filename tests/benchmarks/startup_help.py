"""What `gradlab --help` costs."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.benchmarks._startup import COMMAND_LINE, PASS, beside


def measure() -> Figure:
    """Return `gradlab --help` beside a process that does nothing."""
    return beside(
        "starting for the help text", (*COMMAND_LINE, "--help"), PASS, 5, "`gradlab --help` / `python -c pass`"
    )
