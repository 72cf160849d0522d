"""Values held between bounds; at a bound the derivative is 1, as torch's clamp had it up to 2.13, or 0 as its hardtanh.

Since 2.14 torch's clamp has 0, too. Both are slopes of a side, and `compare` takes either for what a kink is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradlab.graph.nodes import Node
from gradlab.graph.operations.comparisons import GREATER, GREATER_EQUAL, INSIDE, LESS, LESS_EQUAL, LOGICAL_AND, WITHIN
from gradlab.graph.operations.operation import Operation, add


def _difference(g: Any, u: Sequence[Node]) -> Sequence[Node]:
    return [g.add(u[0], g.negative(u[1]))]


CLAMP_MIN = add(
    "clamp_min",
    "lower bound",
    "d max(u, v) = du where u > v, dv where u < v",
    lambda g, u, out: [g.apply(GREATER_EQUAL, u[0], u[1]), g.apply(LESS, u[0], u[1])],
    arity=2,
    sympy=lambda sp, u, v: sp.Max(u, v),
    numpy=lambda np, u, v: np.maximum(u, v),
    torch=lambda torch, u, v: torch.clamp(u, min=v),
    ball=lambda flint, u, v: u.max(v),
    switches=_difference,
    where="u ≠ v",
    write=lambda printer, u, elementwise: printer.call("max", u),
)
CLAMP_MAX = add(
    "clamp_max",
    "upper bound",
    "d min(u, v) = du where u < v, dv where u > v",
    lambda g, u, out: [g.apply(LESS_EQUAL, u[0], u[1]), g.apply(GREATER, u[0], u[1])],
    arity=2,
    sympy=lambda sp, u, v: sp.Min(u, v),
    numpy=lambda np, u, v: np.minimum(u, v),
    torch=lambda torch, u, v: torch.clamp(u, max=v),
    ball=lambda flint, u, v: u.min(v),
    switches=_difference,
    where="u ≠ v",
    write=lambda printer, u, elementwise: printer.call("min", u),
)


def _between(name: str, inner: Operation, torch: Callable[..., Any]) -> Operation:
    """Register min(max(u, v), w); *inner* says where the derivative is 1."""

    def partials(g: Any, u: Sequence[Node], out: Node) -> Sequence[Node]:
        value, low, high = u
        # Where the lower bound is above the upper one, the upper one holds.
        below = g.apply(LOGICAL_AND, g.apply(LESS, value, low), g.apply(LESS, low, high))
        return [g.apply(inner, *u), below, g.apply(GREATER, g.apply(CLAMP_MIN, value, low), high)]

    return add(
        name,
        "bounds",
        "d min(max(u, v), w) = du where v < u < w, dv where u < v < w, dw elsewhere",
        partials,
        arity=3,
        sympy=lambda sp, u, v, w: sp.Min(sp.Max(u, v), w),
        numpy=lambda np, u, v, w: np.minimum(np.maximum(u, v), w),
        torch=torch,
        ball=lambda flint, u, v, w: u.max(v).min(w),
        switches=lambda g, u: [g.add(u[0], g.negative(u[1])), g.add(u[0], g.negative(u[2]))],
        where="u ≠ v and u ≠ w and v ≠ w",
        write=lambda printer, u, elementwise: printer.call("clamp", u),
    )


CLAMP = _between("clamp", WITHIN, lambda torch, u, v, w: torch.clamp(u, v, w))
HARDTANH = _between(
    "hardtanh",
    INSIDE,
    lambda torch, u, v, w: torch.where((v < u) & (u < w), u, torch.clamp(torch.clamp(u.detach(), min=v), max=w)),
)
