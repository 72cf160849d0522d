"""Standardizing: less the mean, over the standard deviation; layer, batch and instance normalisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from gradlab.graph.conditions import Condition, positive
from gradlab.graph.kinds.elementwise import Elementwise
from gradlab.graph.kinds.variance import Variance, along_shown, centred, count, kept_axes, mean_square
from gradlab.graph.nodes import Node, Pull, compute, conditions_of, pullback, show, show_component
from gradlab.graph.operations import DIVIDE, SQRT
from gradlab.graph.rules import rule
from gradlab.graph.sizes import ONE, Axes, Coefficient, Size
from gradlab.graph.writing import Printer, Shown

USUAL = Fraction(1e-5)
"""The ε of torch's layers, which is not written."""


class Standardize(Node):
    """``(u - mean(u)) / √(var(u) + epsilon)``, mean and variance over the axes *along*."""

    __slots__ = ("along", "epsilon")

    def __init__(self, operand: Node, along: tuple[int, ...], epsilon: Fraction) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.along: tuple[int, ...] = along
        self.epsilon: Fraction = epsilon
        self.axes: Axes = operand.axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Standardize(operands[0], self.along, self.epsilon)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Standardize(operands[0], tuple(axis + len(batch) for axis in self.along), self.epsilon)


_STANDARDIZING = rule(
    "standardizing",
    "û = (u - ū)/s, s = √(var(u) + ε): δ_u = 1/s (δ - mean(δ) - û mean(δ ⊙ û))",
    "var(u) + ε > 0",
)


@pullback.register
def _(node: Standardize, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    whole, kept = tuple(range(node.rank)), kept_axes(node.rank, node.along)

    def mean(part: Node) -> Node:
        total = algebra.contract([part], [whole], kept, node.axes)
        return algebra.scale(count(node.axes, node.along, -1), total)

    deviation = Elementwise(SQRT, (_shifted(node),))
    shared = algebra.contract([mean(delta)], [kept], whole, node.axes)
    parallel = algebra.contract([mean(algebra.product(delta, output)), output], [kept, whole], whole, node.axes)
    inner = algebra.add(delta, algebra.negative(shared), algebra.negative(parallel))
    pulled = algebra.contract([algebra.reciprocal(deviation), inner], [kept, whole], whole, node.axes)
    return [Pull(_STANDARDIZING, None, pulled)]


def _shifted(node: Standardize) -> Node:
    """Return var(u) + ε."""
    from gradlab.graph import algebra

    variance = Variance(node.operands[0], node.along)
    return algebra.add(variance, algebra.number(node.epsilon, variance.axes))


@conditions_of.register
def _(node: Standardize) -> tuple[Condition, ...]:
    return positive(_shifted(node))


@compute.register
def _(node: Standardize, arguments: Sequence[Any], backend: Any) -> Any:
    difference = centred(backend, arguments[0], node.axes, node.along)
    variance = mean_square(backend, difference, node.axes, node.along)
    whole, kept = tuple(range(node.rank)), kept_axes(node.rank, node.along)
    kept_sizes = tuple(node.axes[axis] for axis in kept)
    epsilon = backend.constant(Coefficient(node.epsilon), kept_sizes)
    deviation = backend.apply(SQRT, [backend.linear([ONE, ONE], [variance, epsilon])])
    return backend.apply(DIVIDE, [difference, backend.contract([deviation], [kept], whole, node.axes)])


@show.register
def _(node: Standardize, printer: Printer) -> Shown:
    rank = node.rank
    names = {tuple(range(first, rank)): "layernorm" for first in range(rank)}
    # Over all axes but the second, or over the rows of a table, is what batch normalisation does.
    if rank > 1:
        names[(0, *range(2, rank))] = "batchnorm"
    name = names.get(node.along, "standardize")
    inside = [show(node.operands[0], printer)]
    if name == "standardize" or (name == "layernorm" and len(node.along) > 1):
        inside += along_shown(node.operands[0], node.along) or [Shown("axis=all")]
    if node.epsilon != USUAL:
        inside.append(Shown(f"{printer.name('epsilon').written}={printer.number(Coefficient(node.epsilon)).written}"))
    return printer.call(name, inside)


@show_component.register
def _(node: Standardize, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return printer.components(show(node, printer), indices)
