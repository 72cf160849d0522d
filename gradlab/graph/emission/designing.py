"""A model that is linear in the entries of one vector: its columns, where they are data, become one matrix.

``a t² + b t + c`` with ``a, b, c = params`` is ``params @ D``, the rows of D being t², t and 1; what each entry of the
gradient sums is then a row of ``D @ r``. One matrix product takes less time than three products with sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradlab.graph import algebra
from gradlab.graph.kinds import Contraction, Index, Let, Linear, Scatter, Variable
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.sizes import ONE, Coefficient

if TYPE_CHECKING:
    from gradlab.graph.point import Array

Columns = Mapping[int, tuple[Coefficient, str | None]]
"""By the place in the vector: the coefficient and the name of the data, None for ones."""


class Designs:
    """The design matrices of some outputs.

    data: arrays by name, to which the matrices are added.
    """

    def __init__(self, data: dict[str, Array]) -> None:
        self.data = data
        self._made: dict[tuple[object, ...], Variable] = {}

    def used_in(self, outputs: list[Node]) -> list[Node]:
        """Return *outputs* with what is linear in the entries of a vector as a matrix product."""
        return rebuild(outputs, replace=lambda old, new: self._replaced(new)) if self._worthwhile(outputs) else outputs

    def _worthwhile(self, outputs: list[Node]) -> bool:
        return any(isinstance(node, Index) and isinstance(node.operands[0], Variable) for node in topological(outputs))

    def _replaced(self, node: Node) -> Node:
        if not isinstance(node, Linear) or node.rank != 1:
            return node
        return self._forward(node) or self._backward(node) or node

    # a t² + b t + c ------------------------------------------------------------------------------

    def _forward(self, node: Linear) -> Node | None:
        terms = _terms(node)
        chosen = [(coefficient, term, self._entry_times_data(term)) for coefficient, term in terms]
        wholes = {found[0] for _, _, found in chosen if found is not None}
        for whole in wholes:
            columns = {
                found[1]: (coefficient, found[2])
                for coefficient, _, found in chosen
                if found is not None and found[0] is whole
            }
            used = sum(found is not None and found[0] is whole for _, _, found in chosen)
            if used < len(columns) or (len(columns),) != whole.axes or len(columns) < 2:
                continue
            matrix = self._matrix(columns, node)
            if matrix is None:
                continue
            product = algebra.contract([whole, matrix], [(0,), (0, 1)], (1,), (*whole.axes, *node.axes))
            rest = [(c, term) for c, term, found in chosen if found is None or found[0] is not whole]
            return Linear((ONE, *(c for c, _ in rest)), (product, *(term for _, term in rest))) if rest else product
        return None

    # What flows back to each entry -----------------------------------------------------------------

    def _backward(self, node: Linear) -> Node | None:
        columns: dict[int, tuple[Coefficient, str | None]] = {}
        residual: Node | None = None
        (size,) = node.axes
        for coefficient, term in zip(node.coefficients, node.operands, strict=True):
            if not isinstance(term, Scatter) or not isinstance(size, int):
                return None
            place, inner = term.selection[0], _unnamed(term.operands[0])
            found = self._sum_with_data(inner)
            if not isinstance(place, int) or found is None or place % size in columns:
                return None
            own, summed, name = found
            if residual is not None and summed is not residual:
                return None
            residual = summed
            columns[place % size] = (coefficient * own, name)
        if residual is None or (len(columns),) != node.axes or len(columns) < 2:
            return None
        front = columns[0][0]
        if front.is_zero:
            return None
        scaled = {place: (own * front.inverse(), name) for place, (own, name) in columns.items()}
        matrix = self._matrix(scaled, residual)
        if matrix is None:
            return None
        product = algebra.contract([matrix, residual], [(0, 1), (1,)], (0,), (*node.axes, *residual.axes))
        return algebra.scale(front, product)

    # What they are made of -------------------------------------------------------------------------

    def _entry_times_data(self, term: Node) -> tuple[Variable, int, str | None] | None:
        """Return the vector, the place and the name of the data, None for ones, of an entry times data."""
        product = _unnamed(term)
        if not isinstance(product, Contraction) or product.summed or product.output != (0,):
            return None
        factors = sorted(zip(product.inputs, product.operands, strict=True), key=lambda factor: len(factor[0]))
        entry = _unnamed(factors[0][1])
        if factors[0][0] or not isinstance(entry, Index) or not 1 <= len(factors) <= 2:
            return None
        whole, place = entry.operands[0], entry.selection[0]
        if not isinstance(whole, Variable) or whole.name in self.data or not isinstance(place, int):
            return None
        size = whole.axes[0]
        if len(whole.axes) != 1 or not isinstance(size, int):
            return None
        name = self._data_name(factors[1][1]) if len(factors) == 2 else None
        return (whole, place % size, name) if len(factors) == 1 or name else None

    def _sum_with_data(self, node: Node) -> tuple[Coefficient, Node, str | None] | None:
        """Return the coefficient, what is summed and the name of the data it is multiplied by, None for ones."""
        coefficient, rest = algebra.split(node)
        if not isinstance(rest, Contraction) or rest.output or any(row != (0,) for row in rest.inputs):
            return None
        if len(rest.operands) == 1:
            return coefficient, rest.operands[0], None
        if len(rest.operands) != 2:
            return None
        for summed, other in (rest.operands, rest.operands[::-1]):
            name = self._data_name(other)
            if name is not None and self._data_name(summed) is None:
                return coefficient, summed, name
        return None

    def _data_name(self, node: Node) -> str | None:
        node = _unnamed(node)
        return node.name if isinstance(node, Variable) and node.name in self.data else None

    def _matrix(self, columns: Columns, like: Node) -> Variable | None:
        """Return the matrix with these rows, each as long as *like*."""
        import numpy as np

        (length,) = like.axes
        if not isinstance(length, int) or not any(name for _, name in columns.values()):
            return None
        if any(not coefficient.is_rational for coefficient, _ in columns.values()):
            return None
        rows = [columns[place] for place in sorted(columns)]
        key = (length, *((coefficient.rational, name) for coefficient, name in rows))
        if key not in self._made:
            ones = np.ones(length)
            name = f"design_{len(self._made) + 1}"
            self.data[name] = np.stack([float(c.rational) * (self.data[own] if own else ones) for c, own in rows])
            self._made[key] = Variable(name, (len(rows), length))
        return self._made[key]


def _terms(node: Linear) -> list[tuple[Coefficient, Node]]:
    """Return the terms of a sum, sums in it taken apart."""
    terms: list[tuple[Coefficient, Node]] = []
    for coefficient, operand in zip(node.coefficients, node.operands, strict=True):
        part = _unnamed(operand)
        if isinstance(part, Linear):
            terms += [(coefficient * inner, term) for inner, term in _terms(part)]
        else:
            terms.append((coefficient, operand))
    return terms


def _unnamed(node: Node) -> Node:
    while isinstance(node, Let):
        node = node.operands[0]
    return node
