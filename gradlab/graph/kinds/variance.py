"""The variance along some axes, which are dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.operations import DIVIDE, power
from gradlab.graph.rules import rule
from gradlab.graph.sizes import ONE, Axes, Coefficient, Size
from gradlab.graph.writing import Printer, Shown


class Variance(Node):
    """``Σ (u - mean(u))² / (m - correction)`` over *along*, axes of m entries altogether.

    correction: what is taken from the number of entries: 0 for the variance of these, 1 for the estimate from a sample.
    """

    __slots__ = ("along", "correction")

    def __init__(self, operand: Node, along: tuple[int, ...], correction: Fraction = Fraction(0)) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.along: tuple[int, ...] = along
        self.correction: Fraction = correction
        self.axes: Axes = tuple(operand.axes[axis] for axis in kept_axes(operand.rank, along))

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Variance(operands[0], self.along, self.correction)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Variance(operands[0], tuple(axis + len(batch) for axis in self.along), self.correction)


def kept_axes(rank: int, along: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes that are not among *along*."""
    return tuple(axis for axis in range(rank) if axis not in along)


def count(axes: Axes, along: tuple[int, ...], exponent: int = 1) -> Coefficient:
    """Return the number of entries along some axes, or a power of it."""
    total = ONE
    for axis in along:
        total = total * Coefficient.of_size(axes[axis], exponent)
    return total


def centred(backend: Any, array: Any, axes: Axes, along: tuple[int, ...]) -> Any:
    """Return *array*, of these *axes*, less its mean over the axes *along*."""
    whole, kept = tuple(range(len(axes))), kept_axes(len(axes), along)
    total = backend.contract([array], [whole], kept, axes)
    mean = backend.linear([count(axes, along, -1)], [total])
    return backend.linear([ONE, -ONE], [array, backend.contract([mean], [kept], whole, axes)])


def mean_square(backend: Any, array: Any, axes: Axes, along: tuple[int, ...]) -> Any:
    """Return the mean of the squares of *array* over the axes *along*."""
    whole, kept = tuple(range(len(axes))), kept_axes(len(axes), along)
    squares = backend.apply(power(Fraction(2)), [array])
    return backend.linear([count(axes, along, -1)], [backend.contract([squares], [whole], kept, axes)])


_VARIANCE = rule("variance", "v = 1/m Σ_i (u_i - ū)²: δ_u = 2/m (u - ū) δ")


@pullback.register
def _(node: Variance, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    operand = node.operands[0]
    whole, kept = tuple(range(operand.rank)), kept_axes(operand.rank, node.along)
    entries = count(operand.axes, node.along)
    total = algebra.contract([operand], [whole], kept, operand.axes)
    mean = algebra.contract([algebra.scale(entries.inverse(), total)], [kept], whole, operand.axes)
    difference = algebra.add(operand, algebra.negative(mean))
    if node.correction:
        below = algebra.add(algebra.constant(entries), algebra.number(-node.correction))
        factors, rows = [delta, algebra.quotient(algebra.number(2), below), difference], [kept, (), whole]
    else:
        factors, rows = [algebra.scale(Coefficient(Fraction(2)) * entries.inverse(), delta), difference], [kept, whole]
    pulled = algebra.contract(factors, rows, whole, operand.axes)
    return [Pull(_VARIANCE, None, pulled)]


@compute.register
def _(node: Variance, arguments: Sequence[Any], backend: Any) -> Any:
    axes = node.operands[0].axes
    variance = mean_square(backend, centred(backend, arguments[0], axes, node.along), axes, node.along)
    if not node.correction:
        return variance
    # m / (m - correction), the m still without its number.
    entries = backend.constant(count(axes, node.along), ())
    fewer = backend.linear([ONE, -ONE], [entries, backend.constant(Coefficient(node.correction), ())])
    kept = tuple(range(node.rank))
    factor = backend.apply(DIVIDE, [entries, fewer])
    return backend.contract([factor, variance], [(), kept], kept, node.axes)


def along_shown(operand: Node, along: tuple[int, ...]) -> list[Shown]:
    """Return how the axes are named behind a function: the last one, or all, not at all."""
    if along in ((operand.rank - 1,), tuple(range(operand.rank))):
        return []
    named = str(along[0]) if len(along) == 1 else f"({', '.join(map(str, along))})"
    return [Shown(f"axis={named}")]


@show.register
def _(node: Variance, printer: Printer) -> Shown:
    operand = node.operands[0]
    # All axes of several must be told from the last one alone.
    every = [Shown("axis=all")] if operand.rank > 1 and len(node.along) == operand.rank else []
    ddof = [Shown(f"ddof={node.correction}")] if node.correction else []
    named = every or along_shown(operand, node.along)
    return printer.call("var", [show(operand, printer), *named, *ddof])


@show_component.register
def _(node: Variance, printer: Printer, indices: tuple[str, ...]) -> Shown:
    shown = show(node, printer)
    return printer.components(shown, indices) if indices else shown
