"""What the functions of linear algebra mean: those of np.linalg and torch.linalg, and the older ones of torch.

The names of np.linalg and torch.linalg stand here as ``linalg_…``: np.trace and np.linalg.trace take other axes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gradlab.errors import ShapeError
from gradlab.graph.kinds import (
    Cholesky,
    Contraction,
    Determinant,
    DeterminantSign,
    Inverse,
    Let,
    LogDeterminant,
    Solve,
    Triangle,
)
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.nodes import Node
from gradlab.sources.frames import refuse

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace

LARGEST_POWER = 16
"""Powers of a matrix up to this are written out as products."""


class SignAndLogarithm(NamedTuple):
    """What slogdet returns, under the names that NumPy and torch give to it."""

    sign: Node
    logabsdet: Node


# Matrices ------------------------------------------------------------------------------------------


def _matrix(trace: Trace, value: Any, spoken: str) -> Node:
    """Return *value* as an array of matrices."""
    node = trace.lift(value)
    if node.rank == 0:
        trace.builder.need_axes(node, ("n", "m"))
    if node.rank < 2:
        raise ShapeError(f"{spoken} needs a matrix, not an array of shape {trace.builder.sizes.shape_text(node)}")
    return node


def _square(trace: Trace, value: Any, spoken: str) -> Node:
    """Return *value* as an array of square matrices."""
    node = _matrix(trace, value, spoken)
    said = f"{spoken} needs a square matrix, not one of shape {trace.builder.sizes.shape_text(node)}"
    trace.builder.sizes.unify(node.axes[-2], node.axes[-1], said)
    return node


def _turned(trace: Trace, node: Node) -> Node:
    return trace.builder.transpose(node, [*range(node.rank - 2), node.rank - 1, node.rank - 2])


def _inverse(trace: Trace, A: Any) -> Node:
    return Inverse(_square(trace, A, "inv"))


def _determinant(trace: Trace, A: Any) -> Node:
    return Determinant(_square(trace, A, "det"))


def _log_determinant(trace: Trace, A: Any) -> Node:
    return LogDeterminant(_square(trace, A, "logdet"), False)


def _sign_and_logarithm(trace: Trace, A: Any) -> SignAndLogarithm:
    matrix = _square(trace, A, "slogdet")
    return SignAndLogarithm(DeterminantSign(matrix), LogDeterminant(matrix, True))


def _cholesky(trace: Trace, A: Any, upper: bool = False) -> Node:
    factor = Cholesky(_square(trace, A, "cholesky"))
    return _turned(trace, factor) if upper else factor


# Linear systems ------------------------------------------------------------------------------------


def _solution(trace: Trace, matrix: Node, right: Node, vector: bool, spoken: str) -> Node:
    """Return the solution of a system whose leading axes are aligned at the right."""
    builder = trace.builder
    sizes = builder.sizes
    said = f"{spoken} of shapes {sizes.shape_text(matrix)} and {sizes.shape_text(right)}"
    inner = 1 if vector else 2
    sizes.unify(matrix.axes[-1], right.axes[-inner], said)
    lead, own = matrix.axes[:-2], right.axes[: right.rank - inner]
    for first, second in zip(reversed(lead), reversed(own), strict=False):
        sizes.unify(first, second, said)
    missing = len(lead) - len(own)
    if missing > 0:
        labels: list[Any] = list(range(right.rank))
        right = contraction([right], [labels], [*(((place, "lead"), lead[place]) for place in range(missing)), *labels])
    if not vector and _is_column(trace, right):
        column = builder.drop_axis(right, right.rank - 1)
        return builder.expand(Solve(matrix, column, True), column.rank)
    return Solve(matrix, right, vector)


def _is_column(trace: Trace, node: Node) -> bool:
    """Return whether *node* is a vector that was made a matrix, as ``y[:, None]`` does."""
    added = isinstance(node, Contraction) and not any(node.output[-1] in row for row in node.inputs)
    return added and trace.builder.sizes.root(node.axes[-1]) == 1


def _solve(trace: Trace, a: Any, b: Any) -> Node:
    """np.linalg.solve: b is one vector, or else matrices."""
    matrix, right = _square(trace, a, "solve"), trace.lift(b)
    if not right.rank:
        trace.builder.need_axes(right, ("n",))
        raise ShapeError("solve needs a vector or a matrix on the right, not a number")
    return _solution(trace, matrix, right, right.rank == 1, "solve")


def _solve_torch(trace: Trace, A: Any, B: Any, *, left: bool = True) -> Node:
    """torch.linalg.solve: as NumPy's, but B may also be one vector for each matrix."""
    matrix, right = _square(trace, A, "solve"), trace.lift(B)
    if right.rank > 1 and right.rank == matrix.rank - 1:
        refuse(
            "torch.linalg.solve of many matrices and an array with one axis less",
            "its meaning depends on the sizes; write B[..., None] for one vector for each matrix",
        )
    if left:
        return _solve(trace, A, B)
    wide = _matrix(trace, B, "solve with left=False")
    return _turned(trace, _solution(trace, _turned(trace, matrix), _turned(trace, wide), False, "solve"))


def _is_triangular(node: Node, upper: bool) -> bool:
    """Return whether one triangle of *node* is zero, as it is of a Cholesky factor."""
    if isinstance(node, Let):
        return _is_triangular(node.operands[0], upper)
    if isinstance(node, Contraction) and node.is_transpose:
        return _is_triangular(node.operands[0], not upper)
    if isinstance(node, Triangle):
        return node.upper == upper and (node.offset >= 0 if upper else node.offset <= 0)
    return isinstance(node, Cholesky) and not upper


def _triangular(trace: Trace, node: Node, upper: bool, unit: bool = False) -> Node:
    """Return the triangle that a triangular solver reads of *node*."""
    if unit:
        ones = contraction([trace.builder.constant(1)], [[]], [(("diagonal",), node.axes[-1])] * 2)
        return trace.builder.add(Triangle(node, 1 if upper else -1, upper), ones)
    return node if _is_triangular(node, upper) else Triangle(node, 0, upper)


def _solve_triangular(
    trace: Trace, A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Node:
    matrix = _triangular(trace, _square(trace, A, "solve_triangular"), upper, unitriangular)
    right = _matrix(trace, B, "solve_triangular, on the right side,")
    if left:
        return _solution(trace, matrix, right, False, "solve_triangular")
    solved = _solution(trace, _turned(trace, matrix), _turned(trace, right), False, "solve_triangular")
    return _turned(trace, solved)


def _factor(trace: Trace, L: Any, upper: bool, spoken: str) -> tuple[Node, Node]:
    """Return the lower factor that a function is given, and its transpose."""
    given = _triangular(trace, _square(trace, L, spoken), upper)
    turned = given.operands[0] if isinstance(given, Contraction) and given.is_transpose else _turned(trace, given)
    return (turned, given) if upper else (given, turned)


def _cholesky_solve(trace: Trace, B: Any, L: Any, upper: bool = False) -> Node:
    """(L L^T)^-1 B, by two triangular systems."""
    lower, turned = _factor(trace, L, upper, "cholesky_solve")
    right = _matrix(trace, B, "cholesky_solve, on the right side,")
    return _solution(trace, turned, _solution(trace, lower, right, False, "cholesky_solve"), False, "cholesky_solve")


def _cholesky_inverse(trace: Trace, L: Any, upper: bool = False) -> Node:
    lower, turned = _factor(trace, L, upper, "cholesky_inverse")
    return Inverse(trace.builder.matmul(lower, turned))


# Diagonals and triangles -----------------------------------------------------------------------------


def _diagonal_of(trace: Trace, node: Node, offset: Any, axes: tuple[Any, Any], spoken: str) -> tuple[Node, int, int]:
    """Return *node* cut so that diagonal number *offset* is its main one, and the two axes."""
    builder = trace.builder
    for axis in axes:
        if not isinstance(axis, int) or not -node.rank <= axis < node.rank:
            raise ShapeError(f"{spoken} of shape {builder.sizes.shape_text(node)} has no axis {axis}")
    row, column = (axis % node.rank for axis in axes)
    if row == column:
        raise ShapeError(f"{spoken} needs two different axes")
    height, width = (builder.sizes.number(node.axes[place]) for place in (row, column))
    if offset == 0 and (height == width or height is None or width is None):
        builder.sizes.unify(node.axes[row], node.axes[column], f"{spoken} of shape {builder.sizes.shape_text(node)}")
        return node, row, column
    height, width = builder.sizes.pin(node.axes[row]), builder.sizes.pin(node.axes[column])
    down, right = max(-int(offset), 0), max(int(offset), 0)
    length = max(min(height - down, width - right), 0)
    key: list[Any] = [slice(None)] * node.rank
    key[row], key[column] = slice(down, down + length), slice(right, right + length)
    return builder.index(node, tuple(key)), row, column


def _trace_over(trace: Trace, value: Any, offset: Any, axes: tuple[Any, Any]) -> Node:
    node, row, column = _diagonal_of(trace, _matrix(trace, value, "trace"), offset, axes, "trace")
    labels = [row if place == column else place for place in range(node.rank)]
    return contraction([node], [labels], [place for place in range(node.rank) if place not in (row, column)])


def _trace(trace: Trace, a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Node:
    return _trace_over(trace, a, offset, (axis1, axis2))


def _linalg_trace(trace: Trace, x: Any, *, offset: Any = 0) -> Node:
    return _trace_over(trace, x, offset, (-2, -1))


def _diagonal_over(trace: Trace, value: Any, offset: Any, axes: tuple[Any, Any]) -> Node:
    node, row, column = _diagonal_of(trace, _matrix(trace, value, "diagonal"), offset, axes, "diagonal")
    labels = [row if place == column else place for place in range(node.rank)]
    return contraction([node], [labels], [*(p for p in range(node.rank) if p not in (row, column)), row])


def _diagonal(
    trace: Trace, a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1, *, dim1: Any = None, dim2: Any = None
) -> Node:
    return _diagonal_over(trace, a, offset, (axis1 if dim1 is None else dim1, axis2 if dim2 is None else dim2))


def _linalg_diagonal(trace: Trace, A: Any, *, offset: Any = 0, dim1: Any = -2, dim2: Any = -1) -> Node:
    return _diagonal_over(trace, A, offset, (dim1, dim2))


def _diagonal_matrix(trace: Trace, v: Any, offset: Any = 0, dim1: Any = -2, dim2: Any = -1) -> Node:
    """Return matrices with the last axis of *v* on their diagonal."""
    node = trace.lift(v)
    if not node.rank:
        trace.builder.need_axes(node, ("n",))
    if offset or (dim1, dim2) != (-2, -1) or not node.rank:
        refuse("a matrix with entries beside its diagonal, or on other axes", "write diag(v), and transpose or stack")
    labels = list(range(node.rank))
    return contraction([node], [labels], [*labels, labels[-1]])


def _diag(trace: Trace, v: Any, k: Any = 0, *, diagonal: Any = 0) -> Node:
    """The diagonal of a matrix, or the matrix of a diagonal."""
    node, offset = trace.lift(v), k or diagonal
    if node.rank > 2:
        raise ShapeError(f"diag needs a vector or a matrix, not shape {trace.builder.sizes.shape_text(node)}")
    return _diagonal_over(trace, v, offset, (0, 1)) if node.rank == 2 else _diagonal_matrix(trace, v, offset)


def _triangle(upper: bool) -> Callable[..., Node]:
    def call(trace: Trace, m: Any, k: Any = 0, *, diagonal: Any = 0) -> Node:
        node, offset = _matrix(trace, m, "triu" if upper else "tril"), k or diagonal
        if isinstance(offset, bool) or not hasattr(offset, "__index__"):
            refuse(f"a diagonal number {offset!r}", "give a whole number")
        return Triangle(node, offset.__index__(), upper)

    return call


# Products ------------------------------------------------------------------------------------------


def _matrix_power(trace: Trace, A: Any, n: Any) -> Node:
    node = _square(trace, A, "matrix_power")
    if isinstance(n, bool) or not hasattr(n, "__index__") or abs(n.__index__()) > LARGEST_POWER:
        refuse(f"matrix_power with exponent {n!r}", f"give a whole number up to {LARGEST_POWER}")
    exponent = n.__index__()
    if exponent == 0:
        if node.rank > 2:
            refuse("power 0 of many matrices", "leave it out")
        return contraction([trace.builder.constant(1)], [[]], [(("diagonal",), node.axes[-1])] * 2)
    base = node if exponent > 0 else Inverse(node)
    result = base
    for _ in range(abs(exponent) - 1):
        result = trace.builder.matmul(result, base)
    return result


def _multi_dot(trace: Trace, matrices: Sequence[Any]) -> Node:
    nodes = [trace.lift(matrix) for matrix in matrices]
    if len(nodes) < 2:
        raise ShapeError("multi_dot needs at least two matrices")
    result = nodes[0]
    for node in nodes[1:]:
        result = trace.builder.matmul(result, node)
    return result


def _chain_matmul(trace: Trace, *matrices: Any) -> Node:
    return _multi_dot(trace, matrices)


def _outer(trace: Trace, a: Any, b: Any) -> Node:
    first, second = trace.lift(a), trace.lift(b)
    for node in (first, second):
        if not node.rank:
            trace.builder.need_axes(node, ("n",))
        if node.rank != 1:
            refuse(f"outer of shape {trace.builder.sizes.shape_text(node)}", "give two vectors, or write einsum")
    return contraction([first, second], ["i", "j"], "ij")


def _cross(trace: Trace, a: Any, b: Any, *, dim: Any = -1, axis: Any = -1) -> Node:
    builder = trace.builder
    first, second = trace.lift(a), trace.lift(b)
    for node in (first, second):
        if not node.rank:
            builder.need_axes(node, (3,))
    last = first.rank - 1
    if not first.rank or first.rank != second.rank or not {dim, axis} <= {-1, last}:
        refuse("cross of arrays that are not of one shape, or along another axis", "put the 3 components last")
    for node in (first, second):
        if builder.sizes.number(node.axes[-1]) not in (3, None):
            raise ShapeError(f"cross needs 3 components, not shape {builder.sizes.shape_text(node)}")
        builder.sizes.unify(node.axes[-1], 3, "cross needs 3 components")

    def component(place: int) -> Node:
        one, two = (place + 1) % 3, (place + 2) % 3
        a1, a2, b1, b2 = (builder.index(node, (..., p)) for node in (first, second) for p in (one, two))
        return builder.subtract(builder.multiply(a1, b2), builder.multiply(a2, b1))

    return builder.stack([component(place) for place in range(3)], -1)


def _torch_cross(trace: Trace, input: Any, other: Any, dim: Any = None) -> Node:
    """torch.cross without dim takes the first axis of length 3."""
    if dim is None and trace.lift(input).rank > 1:
        refuse("torch.cross without dim", "write torch.linalg.cross, which takes the last axis")
    return _cross(trace, input, other, dim=-1 if dim is None else dim)


ALIASES = {
    "inverse": "linalg_inv",
    "det": "linalg_det",
    "slogdet": "linalg_slogdet",
    "cholesky": "linalg_cholesky",
    "matrix_power": "linalg_matrix_power",
    "ger": "outer",
    "linalg_outer": "outer",
    "linalg_matmul": "matmul",
    "svd": "linalg_svd",
    "qr": "linalg_qr",
    "pinverse": "linalg_pinv",
    "lu": "linalg_lu",
    "matrix_exp": "linalg_matrix_exp",
}

_EIGEN = "eigenvalues have no formula here; their sum is the trace, their product the determinant"
_STEPS = "write the steps out: inv, solve, det, slogdet and cholesky are read"

INSTEAD = {
    "linalg_lstsq": "write the normal equations: solve(A.T @ A, A.T @ b)",
    "linalg_pinv": "for a matrix of full column rank write inv(A.T @ A) @ A.T, or solve(A.T @ A, A.T @ b)",
    "linalg_svd": "the sum of the squares of the singular values is (A**2).sum()",
    "linalg_svdvals": "the sum of their squares is (A**2).sum()",
    "linalg_qr": "of A.T @ A the Cholesky factor is R, up to signs: cholesky(A.T @ A).T",
    **dict.fromkeys(("linalg_eig", "linalg_eigh", "linalg_eigvals", "linalg_eigvalsh"), _EIGEN),
    **dict.fromkeys(("linalg_inv_ex", "linalg_solve_ex", "linalg_cholesky_ex"), "write it without _ex"),
    **dict.fromkeys(("linalg_lu", "linalg_lu_factor", "linalg_lu_solve", "linalg_ldl_factor"), _STEPS),
    "linalg_cond": "write norm(A) * norm(inv(A)), the condition number in the Frobenius norm",
    "linalg_matrix_rank": "it has no derivative",
    "linalg_matrix_exp": "write the first terms of its series",
    "triangular_solve": "write torch.linalg.solve_triangular",
    "kron": "write einsum('ij,kl->ikjl', A, B), which has the same entries on four axes",
}

OWN = {
    ("torch.linalg", "solve"): "torch_linalg_solve",
    ("numpy", "cross"): "linalg_cross",
}
"""Functions that one module has under a name that means something else elsewhere."""

LINEAR_ALGEBRA: dict[str, Callable[..., Any]] = {
    "linalg_inv": _inverse,
    "linalg_det": _determinant,
    "logdet": _log_determinant,
    "linalg_slogdet": _sign_and_logarithm,
    "linalg_cholesky": _cholesky,
    "linalg_solve": _solve,
    "torch_linalg_solve": _solve_torch,
    "linalg_solve_triangular": _solve_triangular,
    "cholesky_solve": _cholesky_solve,
    "cholesky_inverse": _cholesky_inverse,
    "trace": _trace,
    "linalg_trace": _linalg_trace,
    "diagonal": _diagonal,
    "linalg_diagonal": _linalg_diagonal,
    "diag": _diag,
    "diag_embed": _diagonal_matrix,
    "tril": _triangle(False),
    "triu": _triangle(True),
    "linalg_matrix_power": _matrix_power,
    "linalg_multi_dot": _multi_dot,
    "chain_matmul": _chain_matmul,
    "outer": _outer,
    "linalg_cross": _cross,
    "cross": _torch_cross,
}
