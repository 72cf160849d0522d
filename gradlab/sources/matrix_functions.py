"""Functions of vectors and matrices that a text may call: softmax, tr, det, diag; and powers of matrices."""

from __future__ import annotations

from collections.abc import Callable

from gradlab.errors import TraceError
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.kinds.determinant import Determinant
from gradlab.graph.kinds.inverse import Inverse
from gradlab.graph.kinds.softmax import Softmax
from gradlab.graph.nodes import Node
from gradlab.sources.builder import Builder

LARGEST_POWER = 10
"""Powers of matrices are products written out."""


def inverse(builder: Builder, node: Node) -> Node:
    """Return the inverse of a square matrix."""
    return Inverse(_square(builder, node, "the inverse"))


def matrix_power(builder: Builder, node: Node, exponent: int) -> Node:
    """Return a product of equal matrices, or of their inverses."""
    if not 0 < abs(exponent) <= LARGEST_POWER:
        raise TraceError(f"a power of a matrix goes from 1 to {LARGEST_POWER}; write A ⊙ A for entry by entry")
    factor = inverse(builder, node) if exponent < 0 else _square(builder, node, "a power")
    result = factor
    for _ in range(abs(exponent) - 1):
        result = builder.matmul(result, factor)
    return result


def _softmax(builder: Builder, node: Node) -> Node:
    if node.rank == 0:
        builder.need_axes(node, ("n",))
        raise TraceError("softmax needs a vector, or a matrix, of whose rows it is taken")
    return Softmax(node, node.rank - 1)


def _trace(builder: Builder, node: Node) -> Node:
    return contraction([_square(builder, node, "tr")], [[0, 0]], [])


def _determinant(builder: Builder, node: Node) -> Node:
    return Determinant(_square(builder, node, "det"))


def _diagonal(builder: Builder, node: Node) -> Node:
    """Return the matrix with a vector on its diagonal, or the diagonal of a matrix."""
    if node.rank == 1:
        return contraction([node], [[0]], [0, 0])
    return contraction([_square(builder, node, "diag")], [[0, 0]], [0])


def _square(builder: Builder, node: Node, said: str) -> Node:
    if node.rank == 0:
        builder.need_axes(node, ("n", "m"))
    if node.rank != 2:
        raise TraceError(f"{said} needs a square matrix, not shape {builder.sizes.shape_text(node)}")
    message = f"{said} needs a square matrix, not one of shape {builder.sizes.shape_text(node)}"
    builder.sizes.unify(node.axes[0], node.axes[1], message)
    return node


MATRIX_FUNCTIONS: dict[str, Callable[..., Node]] = {
    "softmax": _softmax,
    "tr": _trace,
    "det": _determinant,
    "diag": _diagonal,
}
"""Name -> (builder, operand) -> the graph."""
