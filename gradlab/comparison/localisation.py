"""Where torch's gradient goes wrong: the first operation whose delta differs, and its line in the writer's code."""

from __future__ import annotations

import ast
import inspect
import linecache
import re
from collections.abc import Callable
from tokenize import TokenError
from typing import TYPE_CHECKING, Any

from gradlab.errors import GradlabError

if TYPE_CHECKING:
    from gradlab.autodiff.table import Row, Table
    from gradlab.graph import Function, Gradient

_OPERATORS: dict[str, type[ast.operator]] = {
    "Mul": ast.Mult,
    "Add": ast.Add,
    "Sub": ast.Sub,
    "Div": ast.Div,
    "Pow": ast.Pow,
    "Mm": ast.MatMult,
    "Mv": ast.MatMult,
    "Dot": ast.MatMult,
}
"""What torch calls the nodes of Python's operators."""


def first_operation(gradient: Gradient) -> str:
    """Return in a sentence or two where a gradient of ``backward()`` first differs from gradlab's; "" if unknown."""
    try:
        table: Table = gradient.table()
    except GradlabError:
        return ""
    first = table.first_disagreement
    if first is None:
        return ""
    line = source_line(table.function, _at_fault(table, first))
    return f"{table.conclusion} {line}".rstrip()


def _at_fault(table: Table, first: Row) -> Row:
    """Return the row whose backward pass is wrong: the one that passes the wrong delta on, if its own agrees."""
    above = [table.rows[user] for user in table.users[table.rows.index(first)]]
    beside = [row for row in above if row.node]
    return beside[0] if len(beside) == 1 and beside[0].agrees else first


def source_line(function: Function, row: Row) -> str:
    """Return the line of the writer's code that computes *row*, as ``Line 3: z = torch.sin(w)``; "" if unknown.

    A ``torch.autograd.Function`` of the writer's own is shown by its ``backward``; everything else by the line that
    gives the value its name, or by the only line that calls such an operation.
    """
    code = function.code
    if code is None or not inspect.isroutine(code):
        return ""
    operation = re.sub(r"Backward\d*$", "", row.node)
    own = _visible(code, operation)
    backward = getattr(own, "backward", None)
    if inspect.isclass(own) and backward is not None:
        return _shown(backward, f"{operation}.backward is at line")
    try:
        lines, start = inspect.getsourcelines(code)
        tree = ast.parse(inspect.cleandoc("\n" + "".join(lines)))
    except (OSError, SyntaxError, TokenError):
        return ""
    parts = [part for part in ast.walk(tree) if isinstance(part, (ast.expr, ast.stmt))]
    found = {part.lineno for part in parts if _names(part, row.name)} or {
        part.lineno for part in parts if _performs(part, operation)
    }
    if len(found) != 1:
        return ""
    number = found.pop()
    return f"Line {start + number - 1}: {lines[number - 1].strip()}"


def _visible(code: Callable[..., Any], name: str) -> Any:
    """Return what the code sees under a name: in what encloses it, or in its module."""
    closed = inspect.getclosurevars(code)
    return {**closed.globals, **closed.nonlocals}.get(name)


def _shown(routine: Callable[..., Any], said: str) -> str:
    place = inspect.unwrap(routine).__code__
    line = linecache.getline(place.co_filename, place.co_firstlineno).strip()
    return f"{said} {place.co_firstlineno}{f': {line}' if line and not line.startswith('@') else ''}"


def _names(part: ast.AST, name: str) -> bool:
    """Return whether a statement gives a value this name."""
    targets = part.targets if isinstance(part, ast.Assign) else []
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _performs(part: ast.AST, operation: str) -> bool:
    """Return whether an expression is an operation that torch calls so."""
    if isinstance(part, ast.BinOp):
        return isinstance(part.op, _OPERATORS.get(operation, ast.operator)) and operation in _OPERATORS
    called = part.func if isinstance(part, ast.Call) else None
    name = getattr(called, "attr", getattr(called, "id", ""))
    return bool(name) and name.replace("_", "").lower() == operation.lower()
