"""What the losses of torch.nn.functional mean, in the terms of the graph; those of classes are in `classification`."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from gradlab.errors import ShapeError, TraceError
from gradlab.graph.kinds import Constant, Elementwise
from gradlab.graph.nodes import Node
from gradlab.graph.operations import (
    ABS,
    CLAMP_MIN,
    EQUAL,
    EXP,
    LOG,
    MINIMUM,
    NOT_EQUAL,
    SOFTPLUS,
    SQRT,
    WHERE,
    XLOGY,
    huber,
    power,
)
from gradlab.sources.activations import plain_number
from gradlab.sources.classification import chosen_axis
from gradlab.sources.frames import refuse

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace

# What all losses share ---------------------------------------------------------------------------


def reduced(trace: Trace, node: Node, reduction: str, spoken: str) -> Node:
    """Return the mean or the sum of *node*, or *node* itself, as torch's *reduction* says."""
    if reduction == "mean":
        return trace.builder.mean(node) if node.rank else node
    if reduction == "sum":
        return trace.builder.total(node) if node.rank else node
    if reduction == "none":
        return node
    raise TraceError(f"{spoken}: reduction must be 'mean', 'sum' or 'none', not {reduction!r}")


def same_shape(trace: Trace, input: Node, target: Node, spoken: str) -> None:
    """Raise ShapeError where torch, which does not broadcast here, would refuse too."""
    sizes = trace.builder.sizes
    said = f"{spoken} of shapes {sizes.shape_text(input)} and {sizes.shape_text(target)}, which must be one"
    if input.rank != target.rank:
        raise ShapeError(said)
    for own, other in zip(input.axes, target.axes, strict=True):
        sizes.unify(own, other, said)


def _square(node: Node) -> Node:
    return Elementwise(power(Fraction(2)), (node,))


def _at_least(trace: Trace, node: Node, bound: Fraction | int) -> Node:
    """Return max(u, bound), whose derivative at the bound is 1 in torch."""
    return trace.builder.apply(CLAMP_MIN, node, trace.builder.constant(bound))


# Distances from a target -------------------------------------------------------------------------


def _mse_loss(trace: Trace, input: Any, target: Any, *, reduction: str = "mean") -> Node:
    difference = trace.builder.subtract(trace.lift(input), trace.lift(target))
    return reduced(trace, _square(difference), reduction, "mse_loss")


def _l1_loss(trace: Trace, input: Any, target: Any, *, reduction: str = "mean") -> Node:
    difference = trace.builder.subtract(trace.lift(input), trace.lift(target))
    return reduced(trace, trace.builder.apply(ABS, difference), reduction, "l1_loss")


def _huber_loss(trace: Trace, input: Any, target: Any, reduction: str = "mean", delta: Any = 1.0) -> Node:
    bound = plain_number(delta, "delta of huber_loss")
    if bound <= 0:
        refuse(f"huber_loss with delta={delta}", "give a positive number")
    difference = trace.builder.subtract(trace.lift(input), trace.lift(target))
    return reduced(trace, trace.builder.apply(huber(bound), difference), reduction, "huber_loss")


def _smooth_l1_loss(trace: Trace, input: Any, target: Any, *, reduction: str = "mean", beta: Any = 1.0) -> Node:
    """Huber's function over β."""
    bound = plain_number(beta, "beta of smooth_l1_loss")
    if bound == 0:
        return _l1_loss(trace, input, target, reduction=reduction)
    if bound < 0:
        refuse(f"smooth_l1_loss with beta={beta}", "give a positive number, or 0 for l1_loss")
    builder = trace.builder
    losses = builder.apply(huber(bound), builder.subtract(trace.lift(input), trace.lift(target)))
    if bound != 1:
        losses = builder.multiply(builder.constant(1 / bound), losses)
    return reduced(trace, losses, reduction, "smooth_l1_loss")


# Probabilities -----------------------------------------------------------------------------------


def _bce_with_logits(trace: Trace, input: Any, target: Any, *, reduction: str = "mean", pos_weight: Any = None) -> Node:
    """-(y ln σ(z) + (1 - y) ln(1 - σ(z))) = softplus(z) - y z: stable for every z.

    With weights p of the positive class: (1 - y) z + (1 - y + p y) softplus(-z).
    """
    z, y = trace.lift(input), trace.lift(target)
    same_shape(trace, z, y, "binary_cross_entropy_with_logits")
    builder = trace.builder
    if pos_weight is None:
        losses = builder.subtract(Elementwise(SOFTPLUS, (z,)), builder.multiply(y, z))
    else:
        rest = builder.subtract(builder.constant(1), y)
        weight = builder.add(rest, builder.multiply(trace.lift(pos_weight), y))
        missed = builder.multiply(weight, builder.apply(SOFTPLUS, builder.negative(z)))
        losses = builder.add(builder.multiply(rest, z), missed)
    return reduced(trace, losses, reduction, "binary_cross_entropy_with_logits")


def _bce(trace: Trace, input: Any, target: Any, *, reduction: str = "mean") -> Node:
    """-(y ln p + (1 - y) ln(1 - p)) for probabilities p; from logits the other form is stable."""
    p, y = trace.lift(input), trace.lift(target)
    same_shape(trace, p, y, "binary_cross_entropy")
    builder = trace.builder
    one = builder.constant(1)
    hit = builder.multiply(y, builder.apply(LOG, p))
    miss = builder.multiply(builder.subtract(one, y), builder.apply(LOG, builder.subtract(one, p)))
    return reduced(trace, builder.negative(builder.add(hit, miss)), reduction, "binary_cross_entropy")


def _kl_div(trace: Trace, input: Any, target: Any, *, reduction: str = "mean", log_target: bool = False) -> Node:
    """t ln t - t x for a logarithm x of probabilities and a target t; e^t (t - x) for a logarithm t."""
    x, t = trace.lift(input), trace.lift(target)
    builder = trace.builder
    if log_target:
        losses = builder.multiply(builder.apply(EXP, t), builder.subtract(t, x))
    else:
        losses = builder.subtract(builder.apply(XLOGY, t, t), builder.multiply(t, x))
    if reduction != "batchmean":
        return reduced(trace, losses, reduction, "kl_div")
    if not x.rank:
        return losses
    rows = builder.total(losses, tuple(range(1, losses.rank))) if losses.rank > 1 else losses
    return builder.mean(rows)


def _poisson_nll_loss(
    trace: Trace,
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    *,
    eps: Any = 1e-8,
    reduction: str = "mean",
) -> Node:
    """e^x - t x for the logarithm x of a rate, or x - t ln(x + ε) for the rate itself."""
    if full:
        refuse("poisson_nll_loss with full=True", "add Stirling's term yourself: it does not depend on the input")
    x, t, builder = trace.lift(input), trace.lift(target), trace.builder
    if log_input:
        losses = builder.subtract(builder.apply(EXP, x), builder.multiply(t, x))
    else:
        shifted = builder.add(x, builder.constant(plain_number(eps, "eps")))
        losses = builder.subtract(x, builder.multiply(t, builder.apply(LOG, shifted)))
    return reduced(trace, losses, reduction, "poisson_nll_loss")


def _gaussian_nll_loss(
    trace: Trace,
    input: Any,
    target: Any,
    var: Any,
    full: bool = False,
    eps: Any = 1e-6,
    reduction: str = "mean",
) -> Node:
    """(ln v + (x - t)²/v) / 2 for a variance v, at least ε."""
    x, t, builder = trace.lift(input), trace.lift(target), trace.builder
    variance = trace.lift(var)
    if variance.rank not in (0, x.rank):
        refuse("gaussian_nll_loss with a variance of fewer axes", "give it the shape of the input: var[..., None]")
    held = _at_least(trace, variance, plain_number(eps, "eps"))
    errors = builder.divide(_square(builder.subtract(x, t)), held)
    losses = builder.add(builder.apply(LOG, held), errors)
    if full:
        circle = builder.multiply(builder.constant(2), Constant("pi"))
        losses = builder.add(losses, builder.apply(LOG, circle))
    half = builder.multiply(builder.constant(Fraction(1, 2)), losses)
    return reduced(trace, half, reduction, "gaussian_nll_loss")


# Margins -----------------------------------------------------------------------------------------


def _hinge_embedding_loss(trace: Trace, input: Any, target: Any, margin: Any = 1.0, *, reduction: str = "mean") -> Node:
    """x where the target is 1, max(0, margin - x) where it is -1."""
    x, y, builder = trace.lift(input), trace.lift(target), trace.builder
    zero, one = builder.constant(0), builder.constant(1)
    held = _at_least(trace, builder.subtract(builder.constant(plain_number(margin, "margin")), x), 0)
    apart = builder.apply(WHERE, builder.apply(NOT_EQUAL, y, one), held, zero)
    near = builder.apply(WHERE, builder.apply(NOT_EQUAL, y, builder.negative(one)), x, zero)
    return reduced(trace, builder.add(near, apart), reduction, "hinge_embedding_loss")


def _margin_ranking_loss(
    trace: Trace, input1: Any, input2: Any, target: Any, margin: Any = 0, *, reduction: str = "mean"
) -> Node:
    """max(0, margin - y (x1 - x2))."""
    builder = trace.builder
    ahead = builder.multiply(trace.lift(target), builder.subtract(trace.lift(input1), trace.lift(input2)))
    short = builder.negative(ahead)
    size = plain_number(margin, "margin")
    if size:
        short = builder.subtract(builder.constant(size), ahead)
    return reduced(trace, _at_least(trace, short, 0), reduction, "margin_ranking_loss")


def _soft_margin_loss(trace: Trace, input: Any, target: Any, *, reduction: str = "mean") -> Node:
    """ln(1 + e^(-y x)) = softplus(-y x)."""
    builder = trace.builder
    losses = builder.apply(SOFTPLUS, builder.negative(builder.multiply(trace.lift(target), trace.lift(input))))
    return reduced(trace, losses, reduction, "soft_margin_loss")


def _triplet_margin_loss(
    trace: Trace,
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: Any = 1.0,
    p: Any = 2,
    eps: Any = 1e-6,
    swap: bool = False,
    *,
    reduction: str = "mean",
) -> Node:
    """max(0, margin + d(a, p) - d(a, n)); with *swap* the negative is as near as it is to either."""
    builder = trace.builder
    near = _pairwise_distance(trace, anchor, positive, p, eps)
    far = _pairwise_distance(trace, anchor, negative, p, eps)
    if swap:
        far = builder.apply(MINIMUM, far, _pairwise_distance(trace, positive, negative, p, eps))
    margin_node = builder.constant(plain_number(margin, "margin"))
    short = builder.add(margin_node, builder.subtract(near, far))
    return reduced(trace, _at_least(trace, short, 0), reduction, "triplet_margin_loss")


# Lengths and angles ------------------------------------------------------------------------------


def _length(trace: Trace, node: Node, axis: int, p: Any, keepdims: bool = False) -> Node:
    if p == 1:
        return trace.builder.total(trace.builder.apply(ABS, node), axis, keepdims)
    if p != 2:
        refuse(f"a distance of order {p}", "only the orders 1 and 2 are read; write the sum out")
    return trace.builder.apply(SQRT, trace.builder.total(_square(node), axis, keepdims))


def _pairwise_distance(trace: Trace, x1: Any, x2: Any, p: Any = 2.0, eps: Any = 1e-6, keepdim: bool = False) -> Node:
    """‖x1 - x2 + ε‖ along the last axis."""
    builder = trace.builder
    difference = builder.subtract(trace.lift(x1), trace.lift(x2))
    if difference.rank == 0:
        builder.need_axes(difference, ("n",))
    shift = plain_number(eps, "eps")
    if shift:
        difference = builder.add(difference, builder.constant(shift))
    return _length(trace, difference, difference.rank - 1, p, keepdim)


def _cosine(trace: Trace, first: Node, second: Node, axis: int, held: Callable[[Node], Node]) -> Node:
    """Return the sum of products over the root of the product of both sums of squares, each *held* off 0."""
    builder = trace.builder
    lengths = [builder.apply(SQRT, held(builder.total(_square(x), axis))) for x in (first, second)]
    return builder.divide(builder.total(builder.multiply(first, second), axis), builder.multiply(*lengths))


def _cosine_similarity(trace: Trace, x1: Any, x2: Any, dim: int = 1, eps: Any = 1e-8) -> Node:
    """x1·x2 / (max(‖x1‖, ε) max(‖x2‖, ε)); the squares are held at ε², whose root has a slope at 0."""
    first, second = trace.builder.broadcast([trace.lift(x1), trace.lift(x2)], "cosine_similarity of")
    axis = chosen_axis(trace, first, None, dim, "cosine_similarity")
    least = Fraction(str(float(plain_number(eps, "eps")))) ** 2
    return _cosine(trace, first, second, axis, lambda squares: _at_least(trace, squares, least))


def _cosine_embedding_loss(
    trace: Trace, input1: Any, input2: Any, target: Any, margin: Any = 0, *, reduction: str = "mean"
) -> Node:
    """1 - cos where the target is 1, max(0, cos - margin) where it is -1; torch adds 1e-12 to the sums of squares."""
    first, second, y, builder = trace.lift(input1), trace.lift(input2), trace.lift(target), trace.builder
    same_shape(trace, first, second, "cosine_embedding_loss")
    tiny = builder.constant(1e-12)
    cosine = _cosine(trace, first, second, first.rank - 1, lambda squares: builder.add(squares, tiny))
    zero, one = builder.constant(0), builder.constant(1)
    size = plain_number(margin, "margin")
    beyond = _at_least(trace, builder.subtract(cosine, builder.constant(size)) if size else cosine, 0)
    near = builder.apply(WHERE, builder.apply(EQUAL, y, one), builder.subtract(one, cosine), zero)
    apart = builder.apply(WHERE, builder.apply(EQUAL, y, builder.negative(one)), beyond, zero)
    return reduced(trace, builder.add(near, apart), reduction, "cosine_embedding_loss")


def _normalize(trace: Trace, input: Any, p: Any = 2.0, dim: int = 1, eps: Any = 1e-12) -> Node:
    """x / max(‖x‖, ε); the sum of squares is held at ε², whose root has a slope at 0."""
    x, builder = trace.lift(input), trace.builder
    axis = chosen_axis(trace, x, None, dim, "normalize")
    least = plain_number(eps, "eps")
    if p == 1:
        return builder.divide(x, _at_least(trace, _length(trace, x, axis, 1, True), least))
    if p != 2:
        refuse(f"normalize of order {p}", "only the orders 1 and 2 are read; divide by the norm written out")
    squares = _at_least(trace, builder.total(_square(x), axis, True), Fraction(str(float(least))) ** 2)
    return builder.divide(x, builder.apply(SQRT, squares))


def _cdist(trace: Trace, x1: Any, x2: Any, p: Any = 2.0, compute_mode: Any = None) -> Node:
    """The distance of every row of x1 from every row of x2."""
    first, second, builder = trace.lift(x1), trace.lift(x2), trace.builder
    if min(first.rank, second.rank) < 2:
        raise ShapeError("cdist takes matrices: one point in each row")
    rows = builder.expand(first, first.rank - 1)
    columns = builder.expand(second, second.rank - 2)
    difference = builder.subtract(rows, columns)
    return _length(trace, difference, difference.rank - 1, p)


LOSSES: dict[str, Callable[..., Node]] = {
    "mse_loss": _mse_loss,
    "l1_loss": _l1_loss,
    "huber_loss": _huber_loss,
    "smooth_l1_loss": _smooth_l1_loss,
    "binary_cross_entropy_with_logits": _bce_with_logits,
    "binary_cross_entropy": _bce,
    "kl_div": _kl_div,
    "poisson_nll_loss": _poisson_nll_loss,
    "gaussian_nll_loss": _gaussian_nll_loss,
    "hinge_embedding_loss": _hinge_embedding_loss,
    "margin_ranking_loss": _margin_ranking_loss,
    "soft_margin_loss": _soft_margin_loss,
    "triplet_margin_loss": _triplet_margin_loss,
    "pairwise_distance": _pairwise_distance,
    "cosine_similarity": _cosine_similarity,
    "cosine_embedding_loss": _cosine_embedding_loss,
    "normalize": _normalize,
    "cdist": _cdist,
}
