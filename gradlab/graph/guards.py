"""Conditions under which a formula is the function: the way that ``if`` and ``while`` went when it was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gradlab.graph import evaluation, printing
from gradlab.graph.kinds import Elementwise, Frozen, Let, Variable
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.styles import TextPrinter

if TYPE_CHECKING:
    from gradlab.graph.function import Function
    from gradlab.graph.writing import Printer


@dataclass(frozen=True, eq=False)
class Guard:
    """One decision of the code.

    condition: a node of value 1 or 0.  holds: which of the two it was.  line: where, ``line 3: if x > 0:``.
    """

    condition: Node
    holds: bool
    line: str = ""

    def written(self, style: type[Printer] = TextPrinter) -> str:
        """Return the condition as a formula, without its line: ``x > 0``."""
        node, holds = self.condition, self.holds
        signs = _SIGNS.get(node.operation.name) if isinstance(node, Elementwise) else None
        if signs is None:
            return f"{_written(node, style)} = {int(holds)}"
        sign = signs[0 if holds else 1]
        left, right = (_written(operand, style) for operand in node.operands)
        return f"{left} {style().sign(sign)} {right}"

    def __str__(self) -> str:
        return f"{self.written()} ({self.line})" if self.line else self.written()


_SIGNS = {
    "greater": ">≤",
    "greater_equal": "≥<",
    "less": "<≥",
    "less_equal": "≤>",
    "equal": "=≠",
    "not_equal": "≠=",
}
"""Per comparison: its sign, and the sign of its opposite."""


def _written(node: Node, style: type[Printer]) -> str:
    return printing.written(node, style)[0]


def failing(function: Function, at: Mapping[str, Any]) -> Guard | None:
    """Return the first condition of *function* that does not hold at a point, or None."""
    if not function.guards:
        return None
    for guard, held in zip(function.guards, truths(function, at), strict=True):
        if not held:
            return guard
    return None


def truths(function: Function, at: Mapping[str, Any]) -> list[Any]:
    """Return for each guard whether it holds; values may carry leading axes, one for each point."""
    sizes = function.sizes({name: at[name] for name in function.variables})
    return held(function.guards, {**function.data, **at}, sizes)


def held(guards: Sequence[Guard], values: Mapping[str, Any], sizes: Mapping[str, int]) -> list[Any]:
    """Return for each guard whether it holds at these values."""
    found = evaluation.with_numpy([guard.condition for guard in guards], values, sizes)
    return [(value != 0) == guard.holds for guard, value in zip(guards, found, strict=True)]


def at_edge(function: Function, at: Mapping[str, Any]) -> list[str]:
    """Return in words the decisions that hang by a thread at a point: both sides of their comparison are equal."""
    found: list[str] = []
    for guard in function.guards:
        if isinstance(guard.condition, Elementwise) and guard.condition.operation.name in _SIGNS:
            values = {**function.data, **at}
            left, right = evaluation.with_numpy(guard.condition.operands, values, function.sizes(at))
            if left == right:
                found.append(f"both sides of {guard} are equal there: it may be a kink or a jump")
    return found


def conditions(guards: Iterable[Guard], most: int = 6) -> list[str]:
    """Return the guards in words, repeated ones once, up to *most*.

    >>> from gradlab.graph.operations import GREATER
    >>> x, y = Variable("x"), Variable("y")
    >>> conditions([Guard(Elementwise(GREATER, (x, y)), False, "line 3: if x > y:")])
    ['x ≤ y (line 3: if x > y:)']
    """
    said = list(dict.fromkeys(map(str, guards)))
    return said if len(said) <= most else [*said[:most], f"{len(said) - most:,} more"]


def is_frozen(function: Function) -> bool:
    """Return whether the formula holds detached values."""
    return function.output is not None and any(isinstance(node, Frozen) for node in topological([function.output]))


def with_frozen_values(function: Function, at: Mapping[str, Any]) -> Function:
    """Return *function* with every detached value bound as data, at what it is at the point *at*.

    Differences of this function see what torch differentiates: the detached value does not move.
    """
    if not is_frozen(function):
        return function
    assert function.output is not None
    frozen = [node for node in topological([function.output]) if isinstance(node, Frozen)]
    values = evaluation.with_numpy(frozen, {**function.data, **at}, function.sizes(at))
    named = {node: f"frozen {place}" for place, node in enumerate(frozen)}
    (output,) = rebuild(
        [function.output], replace=lambda old, new: Variable(named[old], old.axes) if isinstance(old, Frozen) else new
    )
    return replace(
        function,
        output=output,
        data={**function.data, **{named[node]: value for node, value in zip(frozen, values, strict=True)}},
        data_axes={**function.data_axes, **{named[node]: node.axes for node in frozen}},
    )


def frozen_names(output: Node) -> list[str]:
    """Return what the detached values of a formula are called, or how they are computed."""
    found: dict[str, None] = {}
    nodes = topological([output])
    lets = {node.operands[0]: node.name for node in nodes if isinstance(node, Let)}
    for node in nodes:
        if isinstance(node, Frozen):
            inside = node.operands[0]
            written = printing.text(inside)
            found[lets.get(node) or (written if len(written) <= 40 else "a value")] = None
    return list(found)
