"""Proving a rule of differentiation as it was applied, without the rules.

What the step leaves open is taken for unknown: in ∂(u v)/∂x = u' v + u v' the names u, v, u' and v' may stand for
anything. So one proof serves every product, and only an operation that was not met before costs anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from gradlab.graph import algebra
from gradlab.graph.kinds import Constant, Contraction, Derivative, Linear, Variable
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.sizes import ONE
from gradlab.symbolic.proof import rational
from gradlab.symbolic.proof.equality import REMEMBERED, enclosed_equal
from gradlab.symbolic.proof.evidence import Evidence
from gradlab.symbolic.proof.sympy_forms import is_derivative

Slopes = tuple[tuple[Variable, Node], ...]
"""The unknown parts of an expression, each with its derivative."""

ALONG = Variable("t")
"""What the unknown parts are made to depend on, where their derivatives are tried with numbers."""


def prove_applied(before: Derivative, after: Node) -> Evidence:
    """Return how surely a derivative equals *after*, in which the derivatives of inner parts are left open."""
    found = _prove(*_abstract(before, after))
    if found in (Evidence.EXACT, Evidence.CERTIFIED):
        return found
    # It need not hold for anything in place of the inner parts to hold for these.
    return enclosed_equal(before, after)


def _abstract(before: Derivative, after: Node) -> tuple[Node, Slopes, Node]:
    """Return the expression, its unknown parts, and what its derivative is said to be."""
    wrt = before.wrt
    left_open = [part for part in topological([after]) if isinstance(part, Derivative) and part.wrt is wrt]
    named: dict[Node, Node] = {}
    slopes: list[tuple[Variable, Node]] = []
    for number, part in enumerate(left_open):
        unknown = Variable(f"u{number}", part.axes)
        slopes.append((unknown, Variable(f"du{number}", part.axes)))
        named[part.operands[0]], named[part] = slopes[-1]
    if wrt not in named:
        named[wrt] = Variable("x")
        slopes.append((Variable("x"), algebra.number(1)))
    for number, part in enumerate(_still([before.operands[0], after], named, wrt)):
        named[part] = Variable(f"c{number}", part.axes)
    expression, claimed = rebuild([before.operands[0], after], replace=lambda old, new: named.get(old, new))
    return expression, tuple(slopes), claimed


def _still(outputs: list[Node], named: Mapping[Node, Node], wrt: Node) -> list[Node]:
    """Return the largest parts that do not depend on *wrt* and are no plain numbers."""
    moving: set[Node] = {wrt, *named}
    for node in topological(outputs):
        if any(operand in moving for operand in node.operands):
            moving.add(node)
    found: dict[Node, None] = {}
    waiting = list(reversed(outputs))
    seen: set[Node] = set()
    while waiting:
        node = waiting.pop()
        if node in seen or node in named:
            continue
        seen.add(node)
        if node in moving:
            waiting.extend(reversed(node.operands))
        elif not isinstance(node, Constant):
            found[node] = None
    return list(found)


@lru_cache(REMEMBERED)
def _prove(expression: Node, slopes: Slopes, claimed: Node) -> Evidence:
    if rational.derivative_equals(expression, dict(slopes), claimed) or is_derivative(expression, slopes, claimed):
        return Evidence.EXACT
    # Each unknown part u becomes u + t u', whose derivative by t is u'.
    moved: dict[Node, Node] = {unknown: _moved(unknown, slope) for unknown, slope in slopes}
    along, said = rebuild([expression, claimed], replace=lambda old, new: moved.get(old, new))
    return enclosed_equal(Derivative(along, ALONG), said)


def _moved(unknown: Node, slope: Node) -> Node:
    row = tuple(range(unknown.rank))
    step = Contraction((ALONG, slope), ((), row if slope.axes else ()), row, unknown.axes)
    return Linear((ONE, ONE), (unknown, step))
