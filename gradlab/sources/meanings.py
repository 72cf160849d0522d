"""What the functions and array methods of NumPy and torch mean: one table for both.

NumPy, torch and the methods of their arrays mostly agree on names; where they do not, `ALIASES` says which entry
is meant.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from gradlab.errors import TraceError
from gradlab.graph.kinds import Constant, Elementwise
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.nodes import Node
from gradlab.graph.operations import EQUAL, GREATER, MAXIMUM, MINIMUM, power
from gradlab.graph.sizes import Coefficient, Size
from gradlab.sources import linear_algebra, normalization
from gradlab.sources.activations import ACTIVATIONS
from gradlab.sources.attention import ATTENTION
from gradlab.sources.builder import Builder
from gradlab.sources.class_losses import CLASS_LOSSES
from gradlab.sources.classification import CLASSIFICATION
from gradlab.sources.conditions import CONDITIONS
from gradlab.sources.convolutions import CONVOLUTIONS
from gradlab.sources.dropout import DROPOUT
from gradlab.sources.extremes import EXTREMES, NO_ORDER
from gradlab.sources.frames import refuse
from gradlab.sources.joining import JOINING
from gradlab.sources.linear_layer import linear
from gradlab.sources.losses import LOSSES
from gradlab.sources.names import INVERSES
from gradlab.sources.norms import NORMS
from gradlab.sources.pointwise import POINTWISE
from gradlab.sources.pooling import POOLING
from gradlab.sources.recurrent import CELLS
from gradlab.sources.selections import SELECTIONS
from gradlab.sources.shaping import SHAPING

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace

Call = Callable[..., Any]

ALIASES = {
    **INVERSES,
    **linear_algebra.ALIASES,
    "absolute": "abs",
    "fabs": "abs",
    "expit": "sigmoid",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "float_power": "pow",
    "power": "pow",
    "negative": "neg",
    "mm": "matmul",
    "mv": "matmul",
    "bmm": "matmul",
    "expand_dims": "unsqueeze",
    "ravel": "flatten",
    "view": "reshape",
    "array": "stack",
    "psi": "digamma",
    "gammaln": "lgamma",
    "ndtr": "normal_cdf",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "equal": "eq",
    "not_equal": "ne",
    "bitwise_invert": "bitwise_not",
    "invert": "bitwise_not",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "clip": "clamp",
    "arctan2": "atan2",
    "remainder": "mod",
    "fix": "trunc",
    "rint": "round",
    "around": "round",
    "radians": "deg2rad",
    "degrees": "rad2deg",
    "sgn": "sign",
    "swish": "silu",
}

UNCHANGED = (
    "positive",
    "float",
    "double",
    "to",
    "astype",
    "clone",
    "copy",
    "contiguous",
    "requires_grad_",
    "type",
    "asarray",
    "type_as",
    "cpu",
)
"""Calls that return the same values: their differences (dtype, memory, device) do not exist in mathematics."""

INSTEAD = {
    **linear_algebra.INSTEAD,
    "backward": "return the loss; gradlab runs backward() itself",
    "tensor": "join values with torch.stack([…]); torch.tensor([…]) cuts them off from the variables",
    "nanmean": "leave out what is no number before, and write mean",
    "nanvar": "leave out what is no number before, and write var",
    "nanstd": "leave out what is no number before, and write std",
    "group_norm": "write it out: reshape the groups to an axis of their own, and standardize along it",
    "nan_to_num": "leave it out: a point where something is not a number is refused, and named",
    "copysign": "write abs(x) * sign(y)",
    "rrelu": "it draws its slopes at random; write F.leaky_relu",
    "where": "write np.maximum, torch.relu or abs, or do without a formula: as_function(f, opaque=True)",
    "clip": "write np.minimum(np.maximum(x, low), high)",
    "clamp": "write torch.minimum(torch.maximum(x, low), high)",
    **NO_ORDER,
}


def canonical(module: str, name: str) -> str:
    """Return under which name of these tables stands what *module*, "" for a method, calls *name*."""
    own = linear_algebra.OWN.get((module, name)) or normalization.OWN.get((module, name))
    within = f"linalg_{name}" if module.endswith(".linalg") else ""
    within = ALIASES.get(within, within)
    return own or (within if within in TABLE or within in INSTEAD else ALIASES.get(name, name))


def _pair(operation: Callable[[Builder, Node, Node], Node]) -> Call:
    def call(trace: Trace, first: Any, second: Any) -> Node:
        return operation(trace.builder, trace.lift(first), trace.lift(second))

    return call


def _weighted(sign: int) -> Call:
    def call(trace: Trace, first: Any, second: Any, *, alpha: Any = 1) -> Node:
        scaled = trace.lift(second) if alpha == 1 else trace.builder.multiply(trace.lift(alpha), trace.lift(second))
        combine = trace.builder.add if sign > 0 else trace.builder.subtract
        return combine(trace.lift(first), scaled)

    return call


def _sum(
    trace: Trace, x: Any, axis: Any = None, *, dim: Any = None, keepdims: Any = False, keepdim: Any = False
) -> Node:
    return trace.builder.total(trace.lift(x), axis if dim is None else dim, bool(keepdims or keepdim))


def _mean(
    trace: Trace, x: Any, axis: Any = None, *, dim: Any = None, keepdims: Any = False, keepdim: Any = False
) -> Node:
    return trace.builder.mean(trace.lift(x), axis if dim is None else dim, bool(keepdims or keepdim))


def _inner(trace: Trace, first: Any, second: Any) -> Node:
    """np.inner: the last axes are contracted."""
    one, two = trace.lift(first), trace.lift(second)
    if not one.rank or not two.rank:
        return trace.builder.dot(one, two)
    shapes = f"{trace.builder.sizes.shape_text(one)} and {trace.builder.sizes.shape_text(two)}"
    trace.builder.sizes.unify(one.axes[-1], two.axes[-1], f"the last axes of {shapes}")
    left = [("left", place) for place in range(one.rank - 1)]
    right = [("right", place) for place in range(two.rank - 1)]
    return contraction([one, two], [[*left, "last"], [*right, "last"]], [*left, *right])


def _negative(trace: Trace, x: Any) -> Node:
    return trace.builder.negative(trace.lift(x))


def _square(trace: Trace, x: Any) -> Node:
    return Elementwise(power(Fraction(2)), (trace.lift(x),))


def _reciprocal(trace: Trace, x: Any) -> Node:
    return trace.builder.divide(trace.builder.constant(1), trace.lift(x))


def _transpose(trace: Trace, x: Any, *axes: Any) -> Node:
    node = trace.lift(x)
    if not axes or axes == (None,):
        return trace.builder.transpose(node)
    if len(axes) == 1:
        return trace.builder.transpose(node, axes[0])
    if len(axes) == 2:
        # torch.transpose(x, 0, 1) swaps two axes; numpy's x.transpose(...) names them all.
        order = list(range(node.rank))
        first, second = (axis % node.rank for axis in axes)
        order[first], order[second] = order[second], order[first]
        return trace.builder.transpose(node, order)
    return trace.builder.transpose(node, axes)


def _permute(trace: Trace, x: Any, *axes: Any) -> Node:
    return trace.builder.transpose(trace.lift(x), axes[0] if len(axes) == 1 else axes)


def last_two_swapped(node: Node) -> list[int]:
    """Return the order of axes in which the last two are swapped, as torch's ``.mT`` has it."""
    return [*range(node.rank - 2), node.rank - 1, node.rank - 2]


def _stack(trace: Trace, parts: Any, axis: int = 0, *, dim: int = 0) -> Node:
    return trace.builder.stack([trace.lift(part) for part in parts], axis or dim)


def _unsqueeze(trace: Trace, x: Any, dim: int = 0, *, axis: int | None = None) -> Node:
    node = trace.lift(x)
    return trace.builder.expand(node, (dim if axis is None else axis) % (node.rank + 1))


def _squeeze(trace: Trace, x: Any, axis: Any = None, *, dim: Any = None) -> Node:
    node = trace.lift(x)
    chosen = axis if dim is None else dim
    wanted = range(node.rank) if chosen is None else [chosen % node.rank]
    for position in sorted(wanted, reverse=True):
        if trace.builder.sizes.root(node.axes[position]) == 1:
            node = trace.builder.drop_axis(node, position)
    return node


def _einsum(trace: Trace, equation: str, *arrays: Any) -> Node:
    nodes = [trace.lift(array) for array in arrays]
    left, arrow, right = equation.replace(" ", "").partition("->")
    rows = [list(row) for row in left.split(",")]
    if "..." in equation or len(rows) != len(nodes):
        refuse(f"einsum({equation!r})", "give one letter for each axis, and no ellipsis")
    letters = [letter for row in rows for letter in row]
    output = list(right) if arrow else sorted(letter for letter in set(letters) if letters.count(letter) == 1)
    sizes: dict[str, Size] = {}
    for node, row in zip(nodes, rows, strict=True):
        if len(row) != node.rank:
            raise TraceError(
                f"einsum({equation!r}): {''.join(row)} stands for shape {trace.builder.sizes.shape_text(node)}"
            )
        for letter, size in zip(row, node.axes, strict=True):
            known = sizes.setdefault(letter, size)
            sizes[letter] = trace.builder.sizes.unify(known, size, f"einsum({equation!r}), index {letter}")
    return contraction(nodes, rows, output)


def _filled(value: int) -> Call:
    return lambda trace, x: Constant(Coefficient(Fraction(value)), trace.lift(x).axes)


def _any(trace: Trace, x: Any) -> Node:
    return trace.builder.apply(GREATER, trace.builder.total(trace.truth(x)), trace.builder.constant(0))


def _all(trace: Trace, x: Any) -> Node:
    builder = trace.builder
    failing = builder.total(builder.subtract(builder.constant(1), trace.truth(x)))
    return builder.apply(EQUAL, failing, builder.constant(0))


TABLE: dict[str, Call] = {
    "add": _weighted(1),
    "sub": _weighted(-1),
    "mul": _pair(Builder.multiply),
    "div": _pair(Builder.divide),
    "truediv": _pair(Builder.divide),
    "pow": _pair(Builder.power),
    "matmul": _pair(Builder.matmul),
    "dot": _pair(Builder.dot),
    "maximum": _pair(lambda builder, first, second: builder.apply(MAXIMUM, first, second)),
    "minimum": _pair(lambda builder, first, second: builder.apply(MINIMUM, first, second)),
    "inner": _inner,
    "vdot": lambda trace, first, second: trace.builder.total(
        trace.builder.multiply(trace.lift(first), trace.lift(second))
    ),
    "neg": _negative,
    "square": _square,
    "reciprocal": _reciprocal,
    "sum": _sum,
    "mean": _mean,
    "average": _mean,
    "transpose": _transpose,
    "t": lambda trace, x: trace.builder.transpose(trace.lift(x)),
    "permute": _permute,
    "stack": _stack,
    "unsqueeze": _unsqueeze,
    "squeeze": _squeeze,
    "einsum": _einsum,
    "ones_like": _filled(1),
    "zeros_like": _filled(0),
    "any": _any,
    "all": _all,
    "linear": linear,
    **ATTENTION,
    **CELLS,
    **DROPOUT,
    **normalization.NORMALIZATION,
    **CLASSIFICATION,
    **linear_algebra.LINEAR_ALGEBRA,
    **NORMS,
    **CONDITIONS,
    **ACTIVATIONS,
    **LOSSES,
    **CLASS_LOSSES,
    **POINTWISE,
    **SHAPING,
    **JOINING,
    **CONVOLUTIONS,
    **POOLING,
    **EXTREMES,
    **SELECTIONS,
}
