"""What softmax and the losses of classification mean, in the terms of the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradlab.errors import ShapeError
from gradlab.graph.kinds import Linear, LogSumExp, OneHot, Softmax
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.nodes import Node
from gradlab.graph.sizes import ONE
from gradlab.sources.frames import refuse

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


def chosen_axis(trace: Trace, node: Node, axis: Any, dim: Any, spoken: str) -> int:
    """Return the one axis that *spoken* goes along; a vector has no other."""
    chosen = dim if axis is None else axis
    if node.rank == 0:
        trace.builder.need_axes(node, ("n",))
    if chosen is None and node.rank == 1:
        return 0
    if not isinstance(chosen, int) or not -node.rank <= chosen < node.rank:
        shape = trace.builder.sizes.shape_text(node)
        raise ShapeError(f"{spoken} of shape {shape} needs one axis, as dim={node.rank - 1}, not {chosen!r}")
    return chosen % node.rank


def _softmax(trace: Trace, x: Any, dim: Any = None, *, axis: Any = None, _stacklevel: int = 3) -> Node:
    node = trace.lift(x)
    return Softmax(node, chosen_axis(trace, node, axis, dim, "softmax"))


def _log_sum_exp(trace: Trace, x: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None) -> Node:
    node = trace.lift(x)
    place = chosen_axis(trace, node, axis, dim, "logsumexp")
    result = LogSumExp(node, place)
    return trace.builder.expand(result, place) if keepdim else result


def _log_softmax(trace: Trace, x: Any, dim: Any = None, *, axis: Any = None, _stacklevel: int = 3) -> Node:
    """ln softmax(u) = u - ln Σ e^u: no logarithm of a number that has underflowed."""
    node = trace.lift(x)
    place = chosen_axis(trace, node, axis, dim, "log_softmax")
    return trace.builder.subtract(node, trace.builder.expand(LogSumExp(node, place), place))


def _cross_entropy(
    trace: Trace,
    input: Any,
    target: Any,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Node:
    """ln Σ_k e^(z_k) - z_y for class numbers y; the targets' weights on both terms for probabilities."""
    if ignore_index != -100 or label_smoothing != 0.0:
        refuse("cross_entropy with ignore_index or label_smoothing", "leave them out, or write the loss out")
    z, y = trace.lift(input), trace.lift(target)
    if z.rank not in (1, 2):
        refuse(f"cross_entropy of shape {trace.builder.sizes.shape_text(z)}", "give logits of shape (n, k) or (k,)")
    builder, last = trace.builder, z.rank - 1
    rows = list(range(z.rank))
    if y.rank == z.rank - 1:
        if y.rank:
            builder.sizes.unify(z.axes[0], y.axes[0], "cross_entropy takes one class number for each row of logits")
        picked = contraction([OneHot(y, z.axes[last]), z], [rows, rows], rows[:last])
        losses: Node = Linear((ONE, -ONE), (LogSumExp(z, last), picked))
    else:
        logs = builder.subtract(z, builder.expand(LogSumExp(z, last), last))
        losses = builder.negative(builder.total(builder.multiply(y, logs), last))
    if reduction == "mean" and losses.rank:
        return builder.mean(losses)
    if reduction == "sum" and losses.rank:
        return builder.total(losses)
    return losses


CLASSIFICATION: dict[str, Callable[..., Node]] = {
    "softmax": _softmax,
    "logsumexp": _log_sum_exp,
    "log_softmax": _log_softmax,
    "cross_entropy": _cross_entropy,
}
