"""Cholesky's factor of a symmetric positive definite matrix.

NumPy and torch read one triangle and take the matrix as symmetric; the derivative that torch gives, and that is
used in statistics, spreads over both. So the value here is the factor of the symmetric part, (S + S^T)/2: the same
for symmetric S, and what that derivative belongs to. At other S nothing is derived.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from gradlab.graph.conditions import Condition
from gradlab.graph.nodes import Node, Pull, compute, conditions_of, fault, pullback, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Coefficient, Size
from gradlab.graph.writing import Printer, Shown

SYMMETRIC = 2.0**-26
"""Up to this part of its largest entry a matrix and its transpose may differ: half of the digits."""


class Cholesky(Node):
    """The lower triangular L with positive diagonal and ``L L^T = (S + S^T)/2``."""

    __slots__ = ()

    def __init__(self, operand: Node) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.axes: Axes = operand.axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Cholesky(operands[0])

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Cholesky(operands[0])

    @property
    def extents(self) -> Axes:
        """The sizes whose product is the number of operations that it takes."""
        return (*self.axes, self.axes[-1])


_FACTOR = rule(
    "Cholesky factor",
    "S = L L^T, Φ the lower triangle with half of the diagonal, P = Φ(L^T δ_L): δ_S = 1/2 L^-T (P + P^T) L^-1",
    "S positive definite",
)


@pullback.register
def _(node: Cholesky, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    """I. Murray, Differentiation of the Cholesky decomposition (2016), arXiv:1602.07527, equation 10."""
    from gradlab.graph import algebra

    *lead, i, j, k = range(node.rank + 1)
    product = algebra.contract(
        [output, delta], [(*lead, k, i), (*lead, k, j)], (*lead, i, j), (*node.axes, node.axes[-1])
    )
    # Φ + Φ^T, Φ the lower triangle with half of the diagonal: the lower triangle mirrored.
    lower = algebra.triangle(product, 0, False)
    below = algebra.triangle(product, -1, False)
    mirrored = algebra.add(lower, algebra.transposed(below))
    turned = algebra.transposed(output)
    half = algebra.solve(turned, mirrored, False)
    whole = algebra.transposed(algebra.solve(turned, algebra.transposed(half), False))
    pulled = algebra.scale_by(Fraction(1, 2), whole)
    return [Pull(_FACTOR, None, pulled)]


@conditions_of.register
def _(node: Cholesky) -> tuple[Condition, ...]:
    return (Condition(None, node.operands[0], "positive definite"),)


@compute.register
def _(node: Cholesky, arguments: Sequence[Any], backend: Any) -> Any:
    *lead, i, j = range(node.rank)
    turned = backend.contract(arguments, [(*lead, j, i)], (*lead, i, j), node.axes)
    half = Coefficient(Fraction(1, 2))
    return backend.cholesky(backend.linear((half, half), (arguments[0], turned)))


def asymmetry(node: Cholesky, matrix: Any, name: Callable[[Node], str]) -> str:
    """Return in words that *node* is asked of a matrix that is not symmetric; "" if it is."""
    import numpy as np

    turned, operand = matrix.swapaxes(-1, -2), name(node.operands[0])
    if np.any(abs(matrix - turned) > SYMMETRIC * abs(matrix).max(axis=(-2, -1), keepdims=True, initial=0.0)):
        return f"{name(node)} needs a symmetric matrix, and {operand} is not; write ({operand} + {operand}^T)/2"
    return ""


@fault.register
def _(node: Cholesky, arguments: Sequence[Any], value: Any, name: Any) -> str:
    import numpy as np

    said = asymmetry(node, arguments[0], name)
    if said or np.all(np.isfinite(value)):
        return said
    return f"{name(node)} does not exist: {name(node.operands[0])} is not positive definite"


@show.register
def _(node: Cholesky, printer: Printer) -> Shown:
    return printer.call("chol", [show(node.operands[0], printer)])


@show_component.register
def _(node: Cholesky, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return printer.components(show(node, printer), indices)
