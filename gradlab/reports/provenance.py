"""Where the numbers of a document come from: what was used, in which version, and how to make it again."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from gradlab.reports.blocks import Block
from gradlab.reports.document import Section
from gradlab.reports.markdown import fenced, table, typed
from gradlab.reports.words import Words

_ORDER = ("numpy", "sympy", "python-flint", "torch", "matplotlib")
_NAMES = {"numpy": "NumPy", "sympy": "SymPy", "torch": "PyTorch", "matplotlib": "Matplotlib"}


def section(sections: Iterable[Section], words: Words, *, command: str = "", seed: int | None = None) -> Section:
    """Return the section that names the versions behind *sections*: no dates, so that two runs are alike.

    command: what is typed to make the document again; "" where nobody knows.
    """
    from gradlab import __version__

    read = list(sections)
    used = {library for part in read for library in part.libraries}
    dtypes = sorted({dtype for part in read for dtype in part.dtypes})
    rows = [["gradlab", __version__], ["Python", platform.python_version()]]
    rows += [[_NAMES.get(library, library), _version(library)] for library in _ORDER if library in used]
    if dtypes:
        rows.append([words.say("numbers"), ", ".join(map(typed, dtypes))])
    if seed is not None:
        rows.append([words.say("seed"), f"{seed}"])
    blocks: list[Block] = [table([words.say("used"), words.say("version")], rows, left=2)]
    blocks += [words.say("command"), fenced(command, "sh")] if command else []
    return Section(words.say("provenance"), tuple(blocks))


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "unknown"
