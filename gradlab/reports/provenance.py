"""Where the numbers of a document come from: what was used, in which version, and how to make it again."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from gradlab.comparison import Comparison
from gradlab.graph import Function
from gradlab.reports.blocks import Block, Code
from gradlab.reports.document import Section
from gradlab.reports.markdown import fenced, table, typed
from gradlab.reports.words import Words
from gradlab.symbolic import Derivation

OWN = frozenset({"symbolic", "numeric", "autodiff"})
"""The routes that gradlab knows by itself."""

_ORDER = ("numpy", "sympy", "python-flint", "torch", "matplotlib")
_NAMES = {"numpy": "NumPy", "sympy": "SymPy", "torch": "PyTorch", "matplotlib": "Matplotlib"}


def program(records: Sequence[Any]) -> str:
    """Return Python that makes *records* again; "" where one of them rests on what no text says.

    >>> from gradlab import compare, derive
    >>> print(program([derive("x**2"), compare("x**2", 3.0)]))
    import gradlab as gl
    <BLANKLINE>
    f = gl.as_function('x**2', variables=['x'], name='f')
    document = gl.report(
        gl.derive(f, ['x'], order=1),
        gl.compare(f, {'x': 3.0}, wrt=['x']),
    )
    """
    made = [_made(record) for record in records]
    functions = {_read(record.function) for record in records if isinstance(record, Derivation | Comparison)}
    if "" in made or len(functions) != 1 or "" in functions:
        return ""
    calls = "".join(f"    {call},\n" for call in made)
    return f"import gradlab as gl\n\nf = {functions.pop()}\ndocument = gl.report(\n{calls})"


def _made(record: Any) -> str:
    if isinstance(record, Derivation):
        return f"gl.derive(f, {list(record.wrt)}, order={record.order})"
    if isinstance(record, Comparison) and set(record.gradients) <= OWN and set(record.dtypes.values()) == {"float64"}:
        at = {name: array.tolist() for name, array in record.at.items()}
        return f"gl.compare(f, {at}, wrt={list(record.wrt)})"
    return ""


def _read(function: Function) -> str:
    """Return how a function is read; "" for one that rests on code or on data."""
    if function.style != "text" or function.code is not None or function.data or not function.source:
        return ""
    shapes = f", shapes={dict(function.variables)}" if any(function.variables.values()) else ""
    return f"gl.as_function({function.source!r}, variables={list(function.variables)}{shapes}, name={function.name!r})"


def section(sections: Iterable[Section], words: Words, *, again: str | Code = "", seed: int | None = None) -> Section:
    """Return the section that names the versions behind *sections*: no dates, so that two runs are alike.

    again: the command or the program that makes the document again; "" where nobody knows.
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
    if again:
        blocks += [words.say("command"), again if isinstance(again, Code) else fenced(again, "sh")]
    return Section(words.say("provenance"), tuple(blocks))


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "unknown"
