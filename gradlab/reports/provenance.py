"""Where the numbers of a document come from: what was used, in which version."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from gradlab.reports.document import Section
from gradlab.reports.markdown import table

_ORDER = ("numpy", "sympy", "python-flint", "torch", "matplotlib")
_NAMES = {"numpy": "NumPy", "sympy": "SymPy", "torch": "PyTorch", "matplotlib": "Matplotlib"}


def section(sections: Iterable[Section]) -> Section:
    """Return the section that names the versions behind *sections*: no dates, so that two runs are alike."""
    from gradlab import __version__

    read = list(sections)
    used = {library for part in read for library in part.libraries}
    dtypes = sorted({dtype for part in read for dtype in part.dtypes})
    rows = [["gradlab", __version__], ["Python", platform.python_version()]]
    rows += [[_NAMES.get(library, library), _version(library)] for library in _ORDER if library in used]
    if dtypes:
        rows.append(["numbers", ", ".join(dtypes)])
    return Section("Provenance", (table(["used", "version"], rows, left=2),))


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "unknown"
