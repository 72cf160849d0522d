"""What comparisons, masks, choices and bounds mean: `np.where`, `torch.clamp`, `masked_fill` and the like."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradlab.graph import algebra
from gradlab.graph.kinds import Constant, Contraction, Elementwise, Index, Let, Variable
from gradlab.graph.nodes import Node
from gradlab.graph.operations import (
    CLAMP,
    CLAMP_MAX,
    CLAMP_MIN,
    EQUAL,
    GREATER,
    GREATER_EQUAL,
    LESS,
    LESS_EQUAL,
    LOGICAL_AND,
    LOGICAL_OR,
    NOT_EQUAL,
    WHERE,
    Operation,
)
from gradlab.sources.frames import refuse

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace

MINUS_INFINITY = Constant("-inf")


def is_truth(trace: Trace, node: Node) -> bool:
    """Return whether *node* holds truth values: a comparison, or an array that was one of True and False."""
    while isinstance(node, (Let, Index)) or (isinstance(node, Contraction) and len(node.operands) == 1):
        if isinstance(node, Contraction) and node.summed:
            return False
        node = node.operands[0]
    if isinstance(node, Variable):
        return node.name in trace.truths
    return isinstance(node, Elementwise) and node.operation.truth


def condition(trace: Trace, value: Any) -> Node:
    """Return the truth values of *value*: what is no truth value counts as true where it is not 0."""
    if isinstance(value, bool):
        return trace.builder.constant(int(value))
    node = trace.lift(value)
    if is_truth(trace, node):
        return node
    return trace.builder.apply(NOT_EQUAL, node, trace.builder.constant(0))


def value_or_minus_infinity(trace: Trace, value: Any) -> Node:
    """Return *value*, which may be -∞ here: a softmax leaves out what has that score."""
    if not hasattr(value, "node") and not getattr(value, "shape", ()) and not isinstance(value, (list, tuple)):
        number = float(value)
        if number == float("-inf"):
            return MINUS_INFINITY
    return trace.lift(value)


def _compare(operation: Operation) -> Callable[..., Node]:
    return lambda trace, first, second: trace.builder.apply(operation, trace.lift(first), trace.lift(second))


def _logic(operation: Operation) -> Callable[..., Node]:
    def call(trace: Trace, first: Any, second: Any) -> Node:
        return trace.builder.apply(operation, condition(trace, first), condition(trace, second))

    return call


def _bitwise(name: str, meaning: Callable[..., Node]) -> Callable[..., Node]:
    """Return the call of & | ~ ^, which are logic for truth values only."""

    def call(trace: Trace, *operands: Any) -> Node:
        if not all(isinstance(operand, bool) or is_truth(trace, trace.lift(operand)) for operand in operands):
            refuse(f"{name} of numbers", "write a comparison on each side, as (x > 0) & (y > 0)")
        return meaning(trace, *operands)

    return call


def _not(trace: Trace, x: Any) -> Node:
    return algebra.negated(condition(trace, x))


def _xor(trace: Trace, first: Any, second: Any) -> Node:
    return trace.builder.apply(NOT_EQUAL, condition(trace, first), condition(trace, second))


def where(trace: Trace, condition_: Any, x: Any, y: Any) -> Node:
    """Return *x* where the condition holds, else *y*."""
    holds = condition(trace, condition_)
    return trace.builder.apply(WHERE, holds, value_or_minus_infinity(trace, x), value_or_minus_infinity(trace, y))


def _masked_fill(trace: Trace, x: Any, mask: Any, value: Any) -> Node:
    return where(trace, mask, value, x)


def clamped(trace: Trace, x: Any, low: Any, high: Any) -> Node:
    """Return *x* held between bounds, of which one may be None."""
    node = trace.lift(x)
    if low is None and high is None:
        refuse("clamp without a bound", "give a lower bound, an upper one, or both")
    if high is None:
        return trace.builder.apply(CLAMP_MIN, node, trace.lift(low))
    if low is None:
        return trace.builder.apply(CLAMP_MAX, node, trace.lift(high))
    return trace.builder.apply(CLAMP, node, trace.lift(low), trace.lift(high))


def _clip(trace: Trace, x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Node:
    """np.clip and torch.clamp: the same bounds under different names."""
    return clamped(trace, x, a_min if min is None else min, a_max if max is None else max)


CONDITIONS: dict[str, Callable[..., Node]] = {
    "gt": _compare(GREATER),
    "ge": _compare(GREATER_EQUAL),
    "lt": _compare(LESS),
    "le": _compare(LESS_EQUAL),
    "eq": _compare(EQUAL),
    "ne": _compare(NOT_EQUAL),
    "logical_and": _logic(LOGICAL_AND),
    "logical_or": _logic(LOGICAL_OR),
    "logical_xor": _xor,
    "logical_not": _not,
    "bitwise_and": _bitwise("&", _logic(LOGICAL_AND)),
    "bitwise_or": _bitwise("|", _logic(LOGICAL_OR)),
    "bitwise_xor": _bitwise("^", _xor),
    "bitwise_not": _bitwise("~", _not),
    "bool": condition,
    "where": where,
    "masked_fill": _masked_fill,
    "clamp": _clip,
    "clamp_min": lambda trace, x, min: clamped(trace, x, min, None),
    "clamp_max": lambda trace, x, max: clamped(trace, x, None, max),
}
