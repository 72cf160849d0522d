"""What the function under a run is like, beyond its gradient: for rules that ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

from gradlab.descent.degrees import is_quadratic
from gradlab.descent.engines import Engine
from gradlab.descent.hessians import assembled
from gradlab.descent.history import Layout
from gradlab.descent.squares import residuals
from gradlab.errors import GradlabError
from gradlab.graph import Function, evaluation
from gradlab.graph.nodes import Node

if TYPE_CHECKING:
    from gradlab.graph.point import Array


@dataclass(eq=False)
class Ground:
    """The function that a run descends, on the batch of the current step, asked at flat points.

    engine: where value and gradient come from.  layout: of the variables that move.
    """

    engine: Engine
    layout: Layout

    def __post_init__(self) -> None:
        self._derived: dict[tuple[str, int], Any] = {}

    def row(self, x: Any) -> Array:
        """Return one of the engine's vectors as an array."""
        return self.engine.stacked([x])[0]

    def vector(self, row: Array) -> Any:
        """Return an array as one of the engine's vectors."""
        return self.engine.vector(row)

    def value(self, x: Any) -> float:
        """Return the loss at the vector *x*."""
        return self.engine.evaluate(x)[0]

    def slope(self, x: Any, along: Array) -> float:
        """Return the derivative of the loss at the vector *x* along a direction."""
        return float(self.row(self.engine.evaluate(x)[1]) @ along)

    def hessian(self, row: Array) -> Array:
        """Return the Hessian at a point; raises NoFormulaError where the function has no formula for it."""
        function, values = self._situation(row)
        blocks = self._known("hessian", function, _second)
        return assembled(blocks, values, function.sizes(values), self.layout)

    def is_quadratic(self) -> bool:
        """Return whether the function is written as a quadratic."""
        function, _ = self.engine.situation()
        quadratic: bool = self._known("quadratic", function, is_quadratic)
        return quadratic

    def gauss_newton(self, row: Array) -> Array:
        """Return Σ_j 2 c_j J_j^T J_j at a point, with the Jacobians J_j of the residuals r_j of f = Σ_j c_j Σ r_j².

        Raises GradlabError where f is not written as a sum of squares.
        """
        import numpy as np

        function, values = self._situation(row)
        parts = self._known("jacobians", function, _jacobians)
        sizes = function.sizes(values)
        found = evaluation.with_numpy([node for _, nodes in parts for node in nodes], values, sizes)
        size = self.layout.size
        total, place = np.zeros((size, size)), 0
        for weight, _ in parts:
            columns: list[Array] = []
            for count, shape in zip(self.layout.counts, self.layout.shapes.values(), strict=True):
                array = found[place]
                entries = array.shape[: array.ndim - len(shape)]
                columns.append(np.broadcast_to(array, (*entries, *shape)).reshape(-1, count))
                place += 1
            jacobian = np.concatenate(columns, axis=1)
            rational, root = weight.number(sizes)
            total += 2 * float(rational) * sqrt(root) * jacobian.T @ jacobian
        return total

    def _situation(self, row: Array) -> tuple[Function, Mapping[str, Any]]:
        from gradlab.graph.point import as_array

        function, given = self.engine.situation()
        data = {name: as_array(name, value, finite=False) for name, value in given.items()}
        return function, {**function.data, **data, **self.layout.unpacked(row)}

    def _known(self, what: str, function: Function, derive: Any) -> Any:
        """Return what is derived once for each function, of which there is one for each shape of a batch."""
        key = (what, id(function))
        if key not in self._derived:
            self._derived[key] = (function, derive(function, list(self.layout.shapes)))  # the function keeps its id
        return self._derived[key][1]


def _second(function: Function, names: list[str]) -> Mapping[tuple[str, str], Node]:
    from gradlab.symbolic import derive

    return derive(function, names).second.blocks


def _jacobians(function: Function, names: list[str]) -> list[tuple[Any, list[Node]]]:
    found = residuals(function, frozenset(names))
    if not found:
        raise GradlabError(
            f"{function!r:.200} is not written as a sum of squares, which Gauss-Newton needs: write it as such, like "
            "((X @ w - y)**2).mean(), or take Newton()"
        )
    return [
        (weight, [function.with_output(residual).jacobian(name).formula for name in names])
        for weight, residual in found
    ]
