"""The backpropagation table in words: for a terminal, as Markdown, as HTML, and its graph line by line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gradlab.graph.cells import Grid, cut, escaped
from gradlab.graph.names import is_name
from gradlab.graph.point import brief

if TYPE_CHECKING:
    from gradlab.autodiff.table import Row, Table
    from gradlab.graph.point import Array

WIDTH = 120
"""Columns of a table where no terminal tells its own."""

DIGITS = 4
"""Digits of a number in a cell; `Table.as_dict` has all of them."""

LONGEST = 28
"""Characters of an array up to which its entries are written."""

NONE = "—"
"""Stands in an empty cell."""


def number(array: Array | None) -> str:
    """Return an array in a few characters: a long one by its shape and its range.

    >>> import numpy as np
    >>> number(np.array([1.0, 2.5])), number(np.ones((20, 3)))
    ('[1, 2.5]', '20×3: 1 … 1')
    """
    if array is None:
        return NONE
    written = brief(array, DIGITS)
    if len(written) <= LONGEST:
        return written
    low, high = array.min(), array.max()
    return f"{'×'.join(map(str, array.shape))}: {low:.3g} … {high:.3g}"


# The table -------------------------------------------------------------------------------------------


def _operation(row: Row) -> str:
    if row.operation:
        return row.operation
    return "data" if row.alone.startswith("data") else "variable"


def _locals(row: Row) -> str:
    """Return the local derivatives with their values; the rule where it does not multiply by one."""
    told = [
        f"∂/∂{grouped(part.operand)} = {_equal(part.local, number(part.value))}" if part.local else part.because
        for part in row.passed
    ]
    return "; ".join(dict.fromkeys(told))


def grouped(name: str) -> str:
    """Return the name of a row in brackets if it is more than a name."""
    return name if is_name(name) else f"({name})"


def _equal(formula: str, value: str) -> str:
    return value if formula == value else f"{formula} = {value}"


def _apart(row: Row) -> str:
    if row.apart is None:
        return NONE
    return f"{row.apart:.1e}{'' if row.agrees else '  ≠' if row.agrees is False else '  ?'}" if row.apart else "0"


Column = tuple[str, Callable[["Row"], str]]

_FORWARD: tuple[Column, ...] = (
    ("operation", _operation),
    ("value", lambda row: number(row.value)),
    ("local derivative", _locals),
)
_BACKWARD: tuple[Column, ...] = (
    ("δ", lambda row: row.formula or NONE),
    ("= gradlab", lambda row: number(row.delta)),
    ("torch", lambda row: number(row.torch_delta)),
    ("apart", _apart),
    ("grad_fn", lambda row: row.node or NONE),
)
_NAME: Column = ("name", lambda row: row.name)


def _grid(rows: Sequence[Row], columns: Sequence[Column]) -> Grid:
    return Grid([head for head, _ in columns], [[cell(row) for _, cell in columns] for row in rows])


def _title(table: Table) -> str:
    return f"backpropagation of {table.function.signature} at {table.at!r}"


def text(table: Table, width: int | None) -> str:
    """Return the aligned table, or two where one is too wide, then the conclusion."""
    if width is None:
        from shutil import get_terminal_size

        width = get_terminal_size((WIDTH, 0)).columns
    whole = _grid(table.rows, (_NAME, *_FORWARD, *_BACKWARD)).lines()
    if max(map(len, whole)) <= width:
        lines = whole
    else:
        forward, backward = halves(table)
        lines = ["forward →", *forward.lines(width), "", "backward ←", *backward.lines(width)]
    return "\n".join([cut(_title(table), width), "", *lines, "", *_closing(table)])


def halves(table: Table) -> tuple[Grid, Grid]:
    """Return the pass forward, and the pass back from the output to the leaves, as a table each."""
    forward = _grid(table.rows, (_NAME, *_FORWARD))
    return forward, _grid(table.rows[::-1], (_NAME, *_BACKWARD))


def markdown(table: Table) -> str:
    """Return a pipe table, then the conclusion."""
    grid = _grid(table.rows, (_NAME, *_FORWARD, *_BACKWARD))
    return "\n".join([grid.markdown(), "", *(f"{escaped(line)}  " for line in _closing(table))]).rstrip()


def html(table: Table) -> str:
    """Return a table, then the conclusion; all text is escaped."""
    from html import escape

    grid = _grid(table.rows, (_NAME, *_FORWARD, *_BACKWARD))
    return grid.html() + "".join(f"<p>{escape(line)}</p>" for line in _closing(table))


# The conclusion --------------------------------------------------------------------------------------


def conclusion(table: Table) -> str:
    """Return whether the deltas agree, and where not, from which operation on."""
    first = table.first_disagreement
    if first is not None:
        return _blamed(table, first)
    reached = [row for row in table.rows if row.delta is not None]
    beside = [row for row in reached if row.node]
    undecided = [row.name for row in beside if row.agrees is None]
    agreeing = len(beside) - len(undecided)
    said = f"{_count(agreeing, 'delta')} of torch's graph {'agrees' if agreeing == 1 else 'agree'} with gradlab's"
    if undecided:
        said += f"; at {', '.join(undecided)} there is no finite number to compare"
    alone = len(reached) - len(beside)
    return f"{said}; {_count(alone, 'operation')} without a node of torch's graph." if alone else f"{said}."


def _blamed(table: Table, first: Row) -> str:
    above = [table.rows[user] for user in _compared(table, table.rows.index(first))]
    said = (
        f"The first disagreement from the output back is at {first.name}: its delta {first.formula} is "
        f"{number(first.delta)} by gradlab and {number(first.torch_delta)} in torch"
    )
    if not above:
        return f"{said}."
    sources = " and ".join(f"{row.name} ({row.node})" for row in above)
    if not all(row.agrees for row in above):
        return f"{said}; it comes from {sources}."
    verb, fault = ("delta agrees", "that") if len(above) == 1 else ("deltas agree", "one of them")
    return f"{said}. It comes from {sources}, whose own {verb}: what {fault} passes back to {first.name} is wrong."


def _compared(table: Table, place: int) -> list[int]:
    """Return the next rows on the ways to the output that have a partner in torch's graph."""
    found: dict[int, None] = {}
    waiting = list(table.users[place])
    while waiting:
        above = waiting.pop(0)
        if table.rows[above].node:
            found[above] = None
        else:
            waiting += table.users[above]
    return list(found)


def _count(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _closing(table: Table) -> list[str]:
    lines = [table.conclusion]
    reasons: dict[str, list[str]] = {}
    for row in table.rows:
        if row.alone:
            reasons.setdefault(row.alone, []).append(row.name)
    lines += [f"{NONE} {reason}: {', '.join(names)}" for reason, names in reasons.items()]
    return [*lines, *(f"note: {note}" for note in table.notes)]


# The graph -------------------------------------------------------------------------------------------


def graph(table: Table) -> str:
    """Return a line for each operation: its place in the graph, its value and its delta.

    A vertical line is a value that is still needed further down; a node takes the lines that end in it.
    """
    drawn = _rails(table)
    cells = [
        [f"{rail} {_named(row)}", f"→ {number(row.value)}", f"← {number(row.delta)}" if row.delta is not None else ""]
        for rail, row in zip(drawn, table.rows, strict=True)
    ]
    head = ["", "→ value, flows down", "← delta, flows up"]
    return "\n".join([cut(_title(table), WIDTH), "", *Grid(head, cells).lines()])


def _named(row: Row) -> str:
    return row.name if row.operation in ("", row.name) else f"{row.name} = {row.operation}"


def _rails(table: Table) -> list[str]:
    """Return the drawing of the graph, a line for each row: ● is the row, its operands come in along the line."""
    last = {below: place for place, row in enumerate(table.rows) for below in row.inputs}
    columns: list[int | None] = []
    lines: list[str] = []
    for place, row in enumerate(table.rows):
        joined = [columns.index(below) for below in row.inputs]
        ending = [column for column in joined if last[columns[column] or 0] == place]
        here = min(ending) if ending else columns.index(None) if None in columns else len(columns)
        if here == len(columns):
            columns.append(None)
        lines.append(_line(columns, joined, ending, here))
        for column in ending:
            columns[column] = None
        columns[here] = place if place in last else None
        while columns and columns[-1] is None:
            columns.pop()
    width = max(map(len, lines))
    return [line.ljust(width) for line in lines]


def _line(columns: Sequence[int | None], joined: Sequence[int], ending: Sequence[int], here: int) -> str:
    first, last = min([here, *joined]), max([here, *joined])
    marks: list[str] = []
    for column, held in enumerate(columns):
        between = first < column < last
        if column == here:
            mark = "●"
        elif column in joined:
            mark = _CORNERS[column in ending, column > first, column < last]
        elif held is not None:
            mark = "│"
        else:
            mark = "─" if between else " "
        marks.append(mark + ("─" if first <= column < last else " "))
    return "".join(marks).rstrip()


_CORNERS = {
    (True, False, True): "└",
    (True, True, False): "┘",
    (True, True, True): "┴",
    (False, False, True): "├",
    (False, True, False): "┤",
    (False, True, True): "┼",
}
"""A line that joins: whether it ends, and whether it comes from the left and goes on to the right.

A line that is only crossed stays as it is: ─│─.
"""
