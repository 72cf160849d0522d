"""The inverse of a matrix, and the solution of a linear system, which needs none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.conditions import Condition, nonzero
from gradlab.graph.kinds.contraction import Contraction
from gradlab.graph.kinds.determinant import Determinant
from gradlab.graph.nodes import Node, Pull, compute, conditions_of, fault, pullback, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Inverse(Node):
    """``A^-1`` of the matrices in the last two axes."""

    __slots__ = ()

    def __init__(self, operand: Node) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.axes: Axes = operand.axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Inverse(operands[0])

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Inverse(operands[0])

    @property
    def extents(self) -> Axes:
        """The sizes whose product is the number of operations that it takes."""
        return (*self.axes, self.axes[-1])


class Solve(Node):
    """``A^-1 B``, the solution X of A X = B: a vector for each B where *vector*, else a matrix.

    B may have more leading axes than A, which is then the same for all of them.
    """

    __slots__ = ("vector",)

    def __init__(self, matrix: Node, right: Node, vector: bool) -> None:
        self.operands: tuple[Node, ...] = (matrix, right)
        self.vector: bool = vector
        self.axes: Axes = right.axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Solve(*operands, self.vector)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        from gradlab.graph import algebra

        matrix, right = operands
        if not lead[0]:
            return Solve(matrix, right, self.vector)
        if not lead[1]:
            inner = tuple(range(len(batch), len(batch) + right.rank))
            right = algebra.contract([right], [inner], tuple(range(inner[-1] + 1)), (*batch, *right.axes))
        extra = right.rank - len(batch) + self.vector - (matrix.rank - len(batch))
        if extra:  # the axes that the matrix lacks stand between the new ones and its own
            wide = tuple(range(matrix.rank + extra))
            own = wide[: len(batch)] + wide[len(batch) + extra :]
            axes = (*batch, *right.axes[len(batch) : len(batch) + extra], *matrix.axes[len(batch) :])
            matrix = algebra.contract([matrix], [own], wide, axes)
        return Solve(matrix, right, self.vector)

    @property
    def extents(self) -> Axes:
        """The sizes whose product is the number of operations that it takes, at most."""
        return (*self.axes, self.axes[-1 if self.vector else -2], *((self.axes[-1],) if self.vector else ()))

    @property
    def missing(self) -> int:
        """How many leading axes of B the matrix lacks."""
        matrix, right = self.operands
        return right.rank + self.vector - matrix.rank


# The rules ---------------------------------------------------------------------------------------


_INVERSE = rule("inverse", "X = A^-1: δ_A = -X^T δ_X X^T", "det A ≠ 0")
_SYSTEM_MATRIX = rule("linear system, matrix", "A X = B: δ_A = -δ_B X^T", "det A ≠ 0")
_SYSTEM_RIGHT_SIDE = rule("linear system, right side", "A X = B: δ_B = A^-T δ_X", "det A ≠ 0")


@pullback.register
def _(node: Inverse, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    *lead, i, j, k, m = range(node.rank + 2)
    rows = [(*lead, k, i), (*lead, k, m), (*lead, j, m)]
    size = node.axes[-1]
    pulled = algebra.contract([output, delta, output], rows, (*lead, i, j), (*node.axes, size, size))
    return [Pull(_INVERSE, None, algebra.negative(pulled))]


@pullback.register
def _(node: Solve, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    matrix, right = node.operands
    received = algebra.solve(algebra.transposed(matrix), delta, node.vector)
    pulls: list[Pull | None] = [None, None]
    if wanted[0]:
        *outer, i, j, k = range(right.rank + 1 + node.vector)
        column = () if node.vector else (k,)
        kept = tuple(outer[node.missing :])
        sizes = (*right.axes[: len(outer)], *matrix.axes[-2:], right.axes[-1])
        pulled = algebra.contract(
            [received, output], [(*outer, i, *column), (*outer, j, *column)], (*kept, i, j), sizes
        )
        pulls[0] = Pull(_SYSTEM_MATRIX, None, algebra.negative(pulled))
    if wanted[1]:
        pulls[1] = Pull(_SYSTEM_RIGHT_SIDE, None, received)
    return pulls


# Where they may be used --------------------------------------------------------------------------


@conditions_of.register
def _(node: Inverse) -> tuple[Condition, ...]:
    return nonzero(Determinant(node.operands[0]))


@conditions_of.register
def _(node: Solve) -> tuple[Condition, ...]:
    return nonzero(Determinant(node.operands[0]))


# Evaluation ----------------------------------------------------------------------------------------


@compute.register
def _(node: Inverse, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.inverse(arguments[0])


@compute.register
def _(node: Solve, arguments: Sequence[Any], backend: Any) -> Any:
    matrix, right = arguments
    if node.missing:
        inner = tuple(range(node.operands[0].rank))
        ones = tuple(range(len(inner), len(inner) + node.missing))
        extents = (*node.operands[0].axes, *((1,) * node.missing))
        matrix = backend.contract([matrix], [inner], (*ones, *inner), extents)
    if not node.vector:
        return backend.solve(matrix, right)
    *lead, i = range(right_rank := node.operands[1].rank)
    as_column = backend.contract([right], [(*lead, i)], (*lead, i, right_rank), (*node.axes, 1))
    return backend.index(backend.solve(matrix, as_column), (*(slice(None),) * right_rank, 0))


@fault.register
def _(node: Inverse, arguments: Sequence[Any], value: Any, name: Any) -> str:
    return _singular(arguments[0], value, name(node.operands[0]))


@fault.register
def _(node: Solve, arguments: Sequence[Any], value: Any, name: Any) -> str:
    from gradlab.graph.backends import NumpyBackend

    return _singular(arguments[0], NumpyBackend({}, {}).inverse(arguments[0]), name(node.operands[0]))


def _singular(matrix: Any, inverse: Any, name: str) -> str:
    import numpy as np

    if matrix.size == 0:
        return ""
    # Beyond this condition number the inverse has no digit that float64 knows.
    condition = abs(matrix).sum(axis=-2).max(axis=-1) * abs(inverse).sum(axis=-2).max(axis=-1)
    limit = 2.0**53 / matrix.shape[-1]
    return "" if np.all(condition < limit) else f"{name} has no inverse: it is singular"


# Printing ------------------------------------------------------------------------------------------


def shown_inverse(node: Node, printer: Printer) -> Shown:
    """Return the inverse of *node* as it is written: ``A^-1``, or ``A^-T`` where *node* is a transpose."""
    if isinstance(node, Contraction) and node.is_transpose:
        return printer.transposed(printer.inverse(show(node.operands[0], printer)))
    return printer.inverse(show(node, printer))


@show.register
def _(node: Inverse, printer: Printer) -> Shown:
    return shown_inverse(node.operands[0], printer)


@show.register
def _(node: Solve, printer: Printer) -> Shown:
    matrix, right = shown_inverse(node.operands[0], printer), show(node.operands[1], printer)
    turned = printer.product([printer.transposed(right), printer.transposed(matrix)])
    return printer.turning(printer.product([matrix, right]), turned)


@show_component.register
def _(node: Inverse, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return printer.components(show(node, printer), indices)


@show_component.register
def _(node: Solve, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return printer.components(show(node, printer), indices)
