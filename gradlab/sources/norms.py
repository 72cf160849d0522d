"""What the norms of NumPy and torch mean.

``norm(A, 1)`` of a matrix is the sum of the absolute values of its entries in torch.norm, and the largest sum of a
column in np.linalg.norm and torch.linalg.norm.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING, Any

from gradlab.errors import ShapeError
from gradlab.graph.kinds import Norm
from gradlab.graph.nodes import Node
from gradlab.graph.operations import ABS
from gradlab.sources.builder import Builder
from gradlab.sources.frames import refuse

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace

_OF_MATRICES = {
    1: "write out the largest sum of a column, np.abs(A).sum(0).max()",
    inf: "write out the largest sum of a row, np.abs(A).sum(1).max()",
}
"""What to write instead of the norms of matrices that have no formula here, by their order."""


def euclidean(builder: Builder, node: Node, axes: Any = None, keep: bool = False) -> Node:
    """Return the Euclidean norm over *axes*: None for all, a number, or several."""
    if node.rank == 0:
        builder.need_axes(node, ("n",))
    places = _places(builder, node, axes)
    return _kept(builder, Norm(node, places), places, keep)


def _places(builder: Builder, node: Node, axes: Any) -> tuple[int, ...]:
    if axes is None:
        return tuple(range(node.rank))
    given = axes if isinstance(axes, (tuple, list)) else (axes,)
    found: set[int] = set()
    for axis in given:
        if not isinstance(axis, int) or not -node.rank <= axis < node.rank:
            raise ShapeError(f"cannot take the norm over axis {axis} of shape {builder.sizes.shape_text(node)}")
        found.add(axis % node.rank)
    if len(found) < len(given) or not given:
        raise ShapeError(f"cannot take the norm over the axes {axes!r}; name each axis once")
    return tuple(sorted(found))


def _kept(builder: Builder, node: Node, places: tuple[int, ...], keep: bool) -> Node:
    for place in places if keep else ():
        node = builder.expand(node, place)
    return node


def _of_order(trace: Trace, node: Node, order: Any, axes: Any, keep: bool) -> Node:
    """Return (Σ |x|^p)^(1/p), the entries taken as one long vector."""
    builder = trace.builder
    if node.rank == 0:
        builder.need_axes(node, ("n",))
    if order in (None, 2, "fro"):
        return euclidean(builder, node, axes, keep)
    if order in (inf, -inf):
        refuse(f"a norm of order {order}", f"it is np.abs(x).{'max' if order > 0 else 'min'}()")
    if isinstance(order, bool) or not isinstance(order, (int, float, Fraction)) or not order > 0:
        refuse(f"a norm of order {order!r}", "give a positive order, or write the sum out")
    places = _places(builder, node, axes)
    sizes = builder.apply(ABS, node)
    power = Fraction(order)
    powers = sizes if power == 1 else builder.power(sizes, builder.constant(power))
    total = builder.total(powers, places) if places else powers
    root = total if power == 1 else builder.power(total, builder.constant(1 / power))
    return _kept(builder, root, places, keep)


def _of_matrix(node: Node, order: Any, axes: Any, keep: bool, trace: Trace) -> Node:
    if order != "fro":
        instead = "it is made of singular values; leave ord out for the Frobenius norm"
        refuse(f"a norm of order {order} of a matrix", _OF_MATRICES.get(order, instead))
    return euclidean(trace.builder, node, axes, keep)


def _torch_norm(trace: Trace, input: Any, p: Any = "fro", dim: Any = None, keepdim: Any = False) -> Node:
    """torch.norm: always of the entries as one long vector."""
    return _of_order(trace, trace.lift(input), p, dim, bool(keepdim))


def _linalg_norm(
    trace: Trace,
    x: Any,
    ord: Any = None,
    axis: Any = None,
    keepdims: Any = False,
    *,
    dim: Any = None,
    keepdim: Any = False,
) -> Node:
    """np.linalg.norm and torch.linalg.norm: with an order, that of a vector, or of a matrix as a map."""
    node, keep = trace.lift(x), bool(keepdims or keepdim)
    axes = axis if dim is None else dim
    if node.rank == 0:
        trace.builder.need_axes(node, ("n",))
    if ord is None:
        return euclidean(trace.builder, node, axes, keep)
    count = node.rank if axes is None else len(axes) if isinstance(axes, (tuple, list)) else 1
    if count == 2:
        return _of_matrix(node, ord, axes, keep, trace)
    if count != 1 or ord == "fro":
        raise ShapeError(f"a norm of order {ord} of shape {trace.builder.sizes.shape_text(node)} needs its axes")
    return _of_order(trace, node, ord, axes, keep)


def _vector_norm(
    trace: Trace,
    x: Any,
    ord: Any = 2,
    dim: Any = None,
    keepdim: Any = False,
    *,
    axis: Any = None,
    keepdims: Any = False,
) -> Node:
    return _of_order(trace, trace.lift(x), ord, axis if dim is None else dim, bool(keepdims or keepdim))


def _matrix_norm(
    trace: Trace, x: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: Any = False, *, keepdims: Any = False
) -> Node:
    node = trace.lift(x)
    if node.rank == 0:
        trace.builder.need_axes(node, ("n", "m"))
    if node.rank < 2:
        raise ShapeError(f"matrix_norm needs a matrix, not shape {trace.builder.sizes.shape_text(node)}")
    return _of_matrix(node, ord, dim, bool(keepdims or keepdim), trace)


def _distance(trace: Trace, input: Any, other: Any, p: Any = 2) -> Node:
    return _of_order(trace, trace.builder.subtract(trace.lift(input), trace.lift(other)), p, None, False)


NORMS: dict[str, Callable[..., Node]] = {
    "norm": _torch_norm,
    "linalg_norm": _linalg_norm,
    "linalg_vector_norm": _vector_norm,
    "linalg_matrix_norm": _matrix_norm,
    "dist": _distance,
}
