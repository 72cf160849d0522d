"""Notebooks as submissions: their code cells in order, or only those that are named."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradlab.errors import ExerciseError

_NAMED = re.compile(r"\s*#\s*(?:name|cell)\s*:\s*(.+?)\s*$|\s*#\s*%%\s+(.+?)\s*$")
_MAGIC = re.compile(r"^(\s*)(?:[%!?]|\w+ *= *[%!]).*|^\s*[\w.]+\?{1,2}\s*$")
_OTHER = re.compile(r"%%(?!time|timeit|capture)")  # of another language: the others run the cell as it is


@dataclass(frozen=True)
class Source:
    """The text of a submission, and which cell each of its lines comes from.

    cells: for each, its number in the notebook (from 1), its name, and its first line in the text.
    """

    text: str
    cells: tuple[tuple[int, str, int], ...] = ()

    def place(self, line: int) -> str:
        """Return where a line stands, as students count.

        >>> Source("x = 1").place(1)
        'line 1'
        """
        before = [cell for cell in self.cells if cell[2] <= line]
        if not before:
            return f"line {line}"
        number, name, first = before[-1]
        return f"cell {number}{f' ({name})' if name else ''}, line {line - first + 1}"


def read(submission: str, wanted: Sequence[str] = ()) -> Source:
    r"""Return the Python of a submission: the text itself, or of a notebook's text its code cells.

    wanted: names of the cells to take, all if there are none. A cell is named by its first line, ``# name: step``, by
    a tag, or by nbgrader's grade_id.  Magics and shell commands do nothing.
    Raises ExerciseError for a notebook that cannot be read, or that lacks a cell, with the names that it has.

    >>> cell = '{"cell_type": "code", "source": ["# name: step\\n", "x = 1"], "metadata": {}}'
    >>> read('{"nbformat": 4, "cells": [' + cell + ']}', ["step"]).text
    '# name: step\nx = 1\n'
    """
    submission = submission.removeprefix("\ufeff")  # some editors begin a file with it
    if not submission.lstrip().startswith("{"):
        return Source(submission)
    try:
        cells = json.loads(submission)["cells"]
        code = [(number, cell) for number, cell in enumerate(cells, 1) if cell["cell_type"] == "code"]
        texts = [(number, _names(cell), _text(cell)) for number, cell in code]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if "nbformat" not in submission:
            return Source(submission)  # Python can begin with a brace, too
        raise ExerciseError(f"the notebook cannot be read: {type(error).__name__}: {error}") from None
    if wanted:
        there = {name for _, names, _ in texts for name in names}
        missing = [name for name in wanted if name not in there]
        if missing:
            raise ExerciseError(
                f"the notebook has no cell named {', '.join(missing)}; "
                f"it has {', '.join(sorted(there)) or 'no named cell'}. Begin a cell with `# name: {missing[0]}`"
            )
        texts = [each for each in texts if each[1] & set(wanted)]
    return _joined(texts)


def _joined(texts: list[tuple[int, set[str], str]]) -> Source:
    lines: list[str] = []
    cells: list[tuple[int, str, int]] = []
    for number, names, text in texts:
        cells.append((number, min(names, default=""), len(lines) + 1))
        lines += _without_magics(text)
    return Source("\n".join([*lines, ""]), tuple(cells))


def _without_magics(text: str) -> list[str]:
    """Return the lines of a cell, with `pass` in place of what only a notebook understands."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [_MAGIC.sub(r"\1pass", line) for line in text.splitlines()]
    return text.splitlines()


def _text(cell: dict[str, Any]) -> str:
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    return "" if _OTHER.match(text.lstrip()) else text


def _names(cell: dict[str, Any]) -> set[str]:
    metadata = cell.get("metadata", {})
    names = {str(tag) for tag in metadata.get("tags", [])}
    grade_id = metadata.get("nbgrader", {}).get("grade_id")
    if grade_id:
        names.add(str(grade_id))
    found = _NAMED.match(_text(cell).partition("\n")[0])
    return names | ({found[1] or found[2]} if found else set())
