"""How long a fresh Python process takes, beside another one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from tests.benchmarks import Figure, in_turns

PASS = ("-c", "pass")
COMMAND_LINE = ("-c", "import sys; from gradlab.cli import main; sys.exit(main(sys.argv[1:]))")
"""What the installed ``gradlab`` does."""


def beside(what: str, ours: Sequence[str], other: Sequence[str], at_most: float, how: str, repeats: int = 21) -> Figure:
    """Return the time of a process with the arguments *ours* as a ratio to one with *other*; medians, in turns."""

    def start(arguments: Sequence[str]) -> None:
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)

    ratio, mine, theirs = in_turns(lambda: start(ours), lambda: start(other), repeats)
    said = f"{how} ({1e3 * mine:.0f} ms / {1e3 * theirs:.0f} ms), median of {repeats} in turns"
    return Figure(what, ratio, at_most, said)
