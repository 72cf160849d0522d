"""Enclosing expressions that may hold derivatives which are not carried out, without the rules that carry them out.

A derivative is the second part of a pair (value, slope) that is carried through the operand from the front. Sums and
products have slopes by definition; an elementwise operation has the slope that SymPy finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph import evaluation
from gradlab.graph.backends import BallBackend
from gradlab.graph.kinds import Constant, Contraction, Derivative, Elementwise, Frozen, Let, Linear, Variable
from gradlab.graph.nodes import Node, compute, topological
from gradlab.graph.operations import LETTERS, WHERE, Operation
from gradlab.graph.sizes import ONE, Axes, Coefficient
from gradlab.symbolic.proof.evidence import PRECISION
from gradlab.symbolic.proof.sympy_forms import sympy_partials


def enclosed(outputs: Sequence[Node], values: Mapping[str, Any], sizes: Mapping[str, int]) -> list[Any]:
    """Return balls that enclose *outputs* at a point.

    Raises TypeError for a derivative through an operation that is neither elementwise nor a sum of products.
    """
    import flint

    ordered = topological(outputs)
    alone = all(not node.axes and not getattr(node, "extents", ()) for node in ordered)
    with flint.ctx.workprec(PRECISION):
        backend = ScalarBalls(values, sizes, PRECISION) if alone else BallBackend(values, sizes, PRECISION)
        found: dict[Node, Any] = {}
        slopes: dict[Node, dict[Node, Any]] = {}
        for node in ordered:
            if isinstance(node, Derivative):
                (operand,) = node.operands
                known = slopes.setdefault(node.wrt, {})
                found[node] = _where_finite(found[operand], _slope(operand, node.wrt, found, known, backend))
            else:
                found[node] = compute(node, [found[operand] for operand in node.operands], backend)
    return [found[output] for output in outputs]


class ScalarBalls(BallBackend):
    """Balls without arrays around them: twenty times faster where nothing has axes."""

    def variable(self, name: str) -> Any:
        return self.flint.arb(float(self.values[name]))

    def constant(self, value: Coefficient | str, axes: Axes) -> Any:
        return self._arb(value)

    def linear(self, coefficients: Sequence[Coefficient], arrays: Sequence[Any]) -> Any:
        total = self.flint.arb(0)
        for coefficient, array in zip(coefficients, arrays, strict=True):
            total += array if coefficient.is_one else self._arb(coefficient) * array
        return total

    def apply(self, operation: Operation, arrays: Sequence[Any]) -> Any:
        return operation.ball(self.flint, *arrays)

    def contract(self, arrays: Sequence[Any], inputs: Any, output: Any, extents: Axes) -> Any:
        product = arrays[0] if arrays else self.flint.arb(1)
        for array in arrays[1:]:
            product = product * array
        return product


def _slope(output: Node, wrt: Node, found: Mapping[Node, Any], slopes: dict[Node, Any], backend: BallBackend) -> Any:
    """Return the derivative of *output*; *slopes* holds those of nodes that move, and None for those that do not."""
    for node in topological([output]):
        if node not in slopes:
            slopes[node] = _filled(found[node], 1) if node is wrt else _carried(node, wrt, found, slopes, backend)
    return _filled(found[output], 0) if slopes[output] is None else slopes[output]


def _where_finite(value: Any, slope: Any) -> Any:
    """Return *slope* where there is a value, else nan: log(-x²) has no derivative, though (-2 x)/(-x²) is a number."""
    import flint
    import numpy as np

    if isinstance(value, np.ndarray):
        none: Any = flint.arb("nan")
        finite = np.frompyfunc(lambda ball: ball.is_finite(), 1, 1)(value)
        return np.where(np.asarray(finite, dtype=bool), slope, none)
    return slope if value.is_finite() else flint.arb("nan")


def _carried(node: Node, wrt: Node, found: Mapping[Node, Any], slopes: Mapping[Node, Any], backend: BallBackend) -> Any:
    below = [slopes[operand] for operand in node.operands]
    if isinstance(node, (Variable, Constant, Frozen)) or all(slope is None for slope in below):
        return None
    moving = [place for place, slope in enumerate(below) if slope is not None]
    match node:
        case Let():
            return below[0]
        case Linear():
            return backend.linear([node.coefficients[place] for place in moving], [below[place] for place in moving])
        case Contraction():
            return _total([_with_slope(node, place, below[place], found, backend) for place in moving], backend)
        case Elementwise():
            return _through(node, below, found, backend)
        case _:
            raise TypeError(f"{type(node).__name__} has no slope by definition")


def _with_slope(node: Contraction, place: int, slope: Any, found: Mapping[Node, Any], backend: BallBackend) -> Any:
    arrays = [slope if other == place else found[operand] for other, operand in enumerate(node.operands)]
    return backend.contract(arrays, node.inputs, node.output, node.extents)


def _total(parts: Sequence[Any], backend: BallBackend) -> Any:
    return backend.linear([ONE] * len(parts), parts)


def _through(node: Elementwise, below: Sequence[Any], found: Mapping[Node, Any], backend: BallBackend) -> Any:
    inputs = [found[operand] for operand in node.operands]
    if node.operation is WHERE:  # only the case that holds has a say, even where the other is no number
        zero = _filled(found[node], 0)
        return backend.apply(WHERE, [inputs[0], *(zero if slope is None else slope for slope in below[1:])])
    named = type(backend)(dict(zip(LETTERS, inputs, strict=False)), {}, PRECISION)
    named.variable = lambda name: named.values[name]  # type: ignore[method-assign]
    partials = sympy_partials(node.operation)
    wanted = [place for place, slope in enumerate(below) if slope is not None]
    rates = evaluation.evaluate([partials[place] for place in wanted], named)
    return _total([rate * below[place] for rate, place in zip(rates, wanted, strict=True)], backend)


def _filled(value: Any, number: int) -> Any:
    """Return *number* in every entry of something shaped like *value*."""
    import flint
    import numpy as np

    if isinstance(value, np.ndarray):  # one without axes too: arithmetic would take its entry out
        return np.full(value.shape, flint.arb(number), dtype=object)
    return flint.arb(number)
