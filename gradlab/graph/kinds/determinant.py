"""Determinants: their value, its sign, its logarithm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.conditions import Condition, nonzero, positive
from gradlab.graph.nodes import Node, Pull, compute, conditions_of, fault, pullback, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Determinant(Node):
    """``det A`` of the matrices in the last two axes."""

    __slots__ = ()

    def __init__(self, operand: Node) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.axes: Axes = operand.axes[:-2]

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Determinant(operands[0])

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Determinant(operands[0])

    @property
    def extents(self) -> Axes:
        """The sizes whose product is the number of operations that it takes."""
        return (*self.operands[0].axes, self.operands[0].axes[-1])


class DeterminantSign(Node):
    """The sign of ``det A``: 1, -1, or 0 for a singular matrix."""

    __slots__ = ()

    def __init__(self, operand: Node) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.axes: Axes = operand.axes[:-2]

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return DeterminantSign(operands[0])

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return DeterminantSign(operands[0])

    @property
    def extents(self) -> Axes:
        """The sizes whose product is the number of operations that it takes."""
        return (*self.operands[0].axes, self.operands[0].axes[-1])


class LogDeterminant(Node):
    """``log det A``, which needs a positive determinant; where *absolute*, ``log |det A|``."""

    __slots__ = ("absolute",)

    def __init__(self, operand: Node, absolute: bool) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.absolute: bool = absolute
        self.axes: Axes = operand.axes[:-2]

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return LogDeterminant(operands[0], self.absolute)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return LogDeterminant(operands[0], self.absolute)

    @property
    def extents(self) -> Axes:
        """The sizes whose product is the number of operations that it takes."""
        return (*self.operands[0].axes, self.operands[0].axes[-1])


# The rules ---------------------------------------------------------------------------------------


_DETERMINANT = rule("determinant", "d det A = det A tr(A^-1 dA)", "det A ≠ 0")
_SIGN = rule("sign of the determinant", "d sign(det A) = 0", "det A ≠ 0")
_LOGARITHM = rule("logarithm of the determinant", "d log det A = tr(A^-1 dA)", "det A > 0")
_LOGARITHM_OF_SIZE = rule("logarithm of the size of the determinant", "d log |det A| = tr(A^-1 dA)", "det A ≠ 0")


def _by_inverse(factor: Node, operand: Node) -> Node:
    """Return *factor* times A^-T."""
    from gradlab.graph import algebra

    *lead, i, j = range(operand.rank)
    return algebra.contract(
        [factor, algebra.inverse(operand)], [tuple(lead), (*lead, j, i)], (*lead, i, j), operand.axes
    )


@pullback.register
def _(node: Determinant, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    pulled = _by_inverse(algebra.product(delta, output), node.operands[0])
    return [Pull(_DETERMINANT, None, pulled)]


@pullback.register
def _(node: DeterminantSign, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    none = algebra.number(0, node.operands[0].axes)
    return [Pull(_SIGN, None, none)]


@pullback.register
def _(node: LogDeterminant, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    stated = _LOGARITHM_OF_SIZE if node.absolute else _LOGARITHM
    return [Pull(stated, None, _by_inverse(delta, node.operands[0]))]


# Where they may be used --------------------------------------------------------------------------


@conditions_of.register
def _(node: Determinant) -> tuple[Condition, ...]:
    return nonzero(node)


@conditions_of.register
def _(node: DeterminantSign) -> tuple[Condition, ...]:
    return nonzero(Determinant(node.operands[0]))


@conditions_of.register
def _(node: LogDeterminant) -> tuple[Condition, ...]:
    determinant = Determinant(node.operands[0])
    return nonzero(determinant) if node.absolute else positive(determinant)


# Evaluation ----------------------------------------------------------------------------------------


@compute.register
def _(node: Determinant, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.determinant(arguments[0])


@compute.register
def _(node: DeterminantSign, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.determinant_sign(arguments[0])


@compute.register
def _(node: LogDeterminant, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.log_determinant(arguments[0], node.absolute)


@fault.register
def _(node: LogDeterminant, arguments: Sequence[Any], value: Any, name: Any) -> str:
    import numpy as np

    if np.all(np.isfinite(value)):
        return ""
    operand = name(node.operands[0])
    if np.any(np.isnan(value)):
        return f"{name(node)} is not a number: det {operand} < 0 (slogdet gives the logarithm of its absolute value)"
    return f"{name(node)} is not finite: {operand} is singular"


# Printing ------------------------------------------------------------------------------------------


@show.register
def _(node: Determinant, printer: Printer) -> Shown:
    return printer.prefixed(("det",), show(node.operands[0], printer))


@show.register
def _(node: DeterminantSign, printer: Printer) -> Shown:
    return printer.call("sign", [printer.prefixed(("det",), show(node.operands[0], printer))])


@show.register
def _(node: LogDeterminant, printer: Printer) -> Shown:
    inside = show(node.operands[0], printer)
    if not node.absolute:
        return printer.prefixed(("log", "det"), inside)
    return printer.prefixed(("log",), printer.absolute(printer.prefixed(("det",), inside)))


def _component(node: Node, printer: Printer, indices: tuple[str, ...]) -> Shown:
    whole = show(node, printer)
    return printer.components(whole, indices) if indices else whole


@show_component.register
def _(node: Determinant, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return _component(node, printer, indices)


@show_component.register
def _(node: DeterminantSign, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return _component(node, printer, indices)


@show_component.register
def _(node: LogDeterminant, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return _component(node, printer, indices)
