"""The losses of classes with their options: class weights, classes to ignore, smoothed labels, margins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradlab.graph.kinds import Constant, LogSumExp, OneHot, Variable
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.nodes import Node
from gradlab.graph.operations import NOT_EQUAL, RELU
from gradlab.graph.sizes import Coefficient
from gradlab.sources.activations import plain_number
from gradlab.sources.classification import CLASSIFICATION
from gradlab.sources.frames import refuse
from gradlab.sources.losses import reduced

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace

ABSENT = -100
"""The class number that torch ignores unless told otherwise."""


def _scores(trace: Trace, input: Any, spoken: str) -> Node:
    scores = trace.lift(input)
    if scores.rank not in (1, 2):
        refuse(f"{spoken} of shape {trace.builder.sizes.shape_text(scores)}", "give shape (n, k) or (k,)")
    return scores


def _same_rows(trace: Trace, scores: Node, classes: Node, spoken: str) -> None:
    if classes.rank:
        said = f"{spoken} takes one class number for each row of scores"
        trace.builder.sizes.unify(scores.axes[0], classes.axes[0], said)


def _picked(scores: Node, classes: Node) -> Node:
    """Return the score of the class that each row names; *scores* may be one row for all."""
    rows = list(range(classes.rank + 1))
    last = scores.axes[scores.rank - 1]
    own = rows if scores.rank == classes.rank + 1 else rows[-1:]
    return contraction([OneHot(classes, last), scores], [rows, own], rows[:-1])


def _counted(trace: Trace, classes: Node, ignore_index: int) -> Node | None:
    """Return 1 where a class counts and 0 where it is ignored; None where none is.

    Classes that are data are looked at: nobody ignores -100 where there is none.
    """
    known = trace.data.get(classes.name) if isinstance(classes, Variable) else None
    if ignore_index == ABSENT and (known is None or not (known == ABSENT).any()):
        return None
    return trace.builder.apply(NOT_EQUAL, classes, trace.builder.constant(ignore_index))


def _mean_by_weight(trace: Trace, losses: Node, weights: Node | None, reduction: str, spoken: str) -> Node:
    """Return the reduction of losses that have their weights already: torch's mean divides by the weights' sum."""
    if reduction == "mean" and weights is not None:
        return trace.builder.divide(trace.builder.total(losses), trace.builder.total(weights))
    return reduced(trace, losses, reduction, spoken)


def _weights(trace: Trace, scores: Node, classes: Node, weight: Any, ignore_index: int) -> Node | None:
    """Return what the loss of each row is multiplied by, None for 1."""
    counted = _counted(trace, classes, ignore_index)
    if weight is None:
        return counted
    by_class = trace.lift(weight)
    trace.builder.sizes.unify(by_class.axes[0], scores.axes[scores.rank - 1], "one weight for each class")
    own = _picked(by_class, classes)
    return own if counted is None else trace.builder.multiply(counted, own)


def _nll_loss(
    trace: Trace,
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = ABSENT,
    reduction: str = "mean",
) -> Node:
    """-x_y for logarithms x of probabilities and class numbers y."""
    x, y = _scores(trace, input, "nll_loss"), trace.lift(target)
    _same_rows(trace, x, y, "nll_loss")
    losses = trace.builder.negative(_picked(x, y))
    weights = _weights(trace, x, y, weight, ignore_index)
    if weights is not None:
        losses = trace.builder.multiply(weights, losses)
    return _mean_by_weight(trace, losses, weights, reduction, "nll_loss")


def _cross_entropy(
    trace: Trace,
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = ABSENT,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Node:
    """The cross-entropy with its options; see `gradlab.sources.classification` for the plain one.

    Smoothed by ε, the label is 1 - ε of itself and ε/k of each of the k classes.
    """
    smoothing = plain_number(label_smoothing, "label_smoothing")
    y = trace.lift(target)
    numbers = y.rank == trace.lift(input).rank - 1
    ignored = numbers and _counted(trace, y, ignore_index) is not None
    if weight is None and not smoothing and not ignored:
        return CLASSIFICATION["cross_entropy"](trace, input, target, reduction=reduction)
    z, builder = _scores(trace, input, "cross_entropy"), trace.builder
    last = z.rank - 1
    share = Constant(Coefficient.of(smoothing) * Coefficient.of_size(builder.sizes.root(z.axes[last]), -1))
    costs = builder.subtract(builder.expand(LogSumExp(z, last), last), z)  # -ln softmax
    if weight is not None:
        costs = builder.multiply(trace.lift(weight), costs)
    kept = builder.constant(1 - smoothing)
    if not numbers:
        labels = builder.add(builder.multiply(kept, y), share) if smoothing else y
        return reduced(trace, builder.total(builder.multiply(labels, costs), last), reduction, "cross_entropy")
    _same_rows(trace, z, y, "cross_entropy")
    counted, weights = _counted(trace, y, ignore_index), _weights(trace, z, y, weight, ignore_index)
    losses = builder.subtract(LogSumExp(z, last), _picked(z, y))
    if weights is not None:
        losses = builder.multiply(weights, losses)
    if smoothing:
        # Every class has a share, each with its own weight.
        shared = builder.multiply(share, builder.total(costs, last))
        if counted is not None:
            shared = builder.multiply(counted, shared)
        losses = builder.add(builder.multiply(kept, losses), shared)
    return _mean_by_weight(trace, losses, weights, reduction, "cross_entropy")


def _multi_margin_loss(
    trace: Trace, input: Any, target: Any, p: int = 1, margin: Any = 1.0, *, reduction: str = "mean"
) -> Node:
    """The mean over the k classes of max(0, margin - x_y + x_j)^p, the class y itself left out."""
    x, y, builder = _scores(trace, input, "multi_margin_loss"), trace.lift(target), trace.builder
    if p not in (1, 2):
        refuse(f"multi_margin_loss with p={p}", "p is 1 or 2")
    _same_rows(trace, x, y, "multi_margin_loss")
    last = x.rank - 1
    own = builder.expand(_picked(x, y), last)
    size = builder.constant(plain_number(margin, "margin"))
    short = builder.apply(RELU, builder.add(builder.subtract(size, own), x))
    others = builder.subtract(builder.constant(1), OneHot(y, x.axes[last]))
    losses = builder.mean(
        builder.multiply(others, short if p == 1 else builder.power(short, builder.constant(2))), last
    )
    return reduced(trace, losses, reduction, "multi_margin_loss")


CLASS_LOSSES: dict[str, Callable[..., Node]] = {
    "nll_loss": _nll_loss,
    "cross_entropy": _cross_entropy,
    "multi_margin_loss": _multi_margin_loss,
}
