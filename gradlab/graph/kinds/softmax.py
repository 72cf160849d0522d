"""Log-sum-exp and softmax along one axis: kept whole, so that they are stable for every logit.

ln Σ e^x overflows from x = 710 on if it is written out; shifted by the largest entry it never does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class LogSumExp(Node):
    """``ln Σ_j e^(u_j)`` along *axis*, which is dropped."""

    __slots__ = ("axis",)

    def __init__(self, operand: Node, axis: int) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.axis: int = axis
        self.axes: Axes = (*operand.axes[:axis], *operand.axes[axis + 1 :])

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return LogSumExp(operands[0], self.axis)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return LogSumExp(operands[0], self.axis + len(batch))


class Softmax(Node):
    """``e^(u_j) / Σ_k e^(u_k)`` along *axis*."""

    __slots__ = ("axis",)

    def __init__(self, operand: Node, axis: int) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.axis: int = axis
        self.axes: Axes = operand.axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Softmax(operands[0], self.axis)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Softmax(operands[0], self.axis + len(batch))


# The rules ---------------------------------------------------------------------------------------


_LOG_SUM_EXP = rule("log-sum-exp", "d/du_j ln Σ_k e^(u_k) = softmax(u)_j")
_SOFTMAX = rule("softmax", "s = softmax(u): δ_u = δ ⊙ s - (Σ_k δ_k s_k) s")


@pullback.register
def _(node: LogSumExp, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    operand = node.operands[0]
    local = Softmax(operand, node.axis)
    whole = tuple(range(operand.rank))
    kept = whole[: node.axis] + whole[node.axis + 1 :]
    pulled = algebra.contract([delta, local], [kept, whole], whole, operand.axes)
    return [Pull(_LOG_SUM_EXP, local, pulled)]


@pullback.register
def _(node: Softmax, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    whole = tuple(range(node.rank))
    kept = whole[: node.axis] + whole[node.axis + 1 :]
    weighted = algebra.product(delta, output)
    total = algebra.contract([weighted], [whole], kept, node.axes)
    shared = algebra.contract([total, output], [kept, whole], whole, node.axes)
    pulled = algebra.add(weighted, algebra.negative(shared))
    return [Pull(_SOFTMAX, None, pulled)]


# Evaluation ----------------------------------------------------------------------------------------


@compute.register
def _(node: LogSumExp, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.log_sum_exp(arguments[0], node.axis - node.operands[0].rank)


@compute.register
def _(node: Softmax, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.softmax(arguments[0], node.axis - node.rank)


# Printing ------------------------------------------------------------------------------------------


def _is_last(node: LogSumExp | Softmax) -> bool:
    return node.axis == node.operands[0].rank - 1


@show.register
def _(node: LogSumExp, printer: Printer) -> Shown:
    return _shown(printer, "logsumexp", node)


@show.register
def _(node: Softmax, printer: Printer) -> Shown:
    return _shown(printer, "softmax", node)


def _shown(printer: Printer, name: str, node: LogSumExp | Softmax) -> Shown:
    # Along the last axis, as everybody means it; another axis is named.
    inside = [show(node.operands[0], printer)]
    if not _is_last(node):
        inside.append(Shown(f"axis={node.axis}"))
    return printer.call(name, inside)


@show_component.register
def _(node: LogSumExp, printer: Printer, indices: tuple[str, ...]) -> Shown:
    with printer.indices(1) as (bound,):
        place = (*indices[: node.axis], bound, *indices[node.axis :])
        inside = show_component(node.operands[0], printer, place)
        return printer.call("log", [printer.summation((bound,), printer.exponential(inside))])


@show_component.register
def _(node: Softmax, printer: Printer, indices: tuple[str, ...]) -> Shown:
    above = printer.exponential(show_component(node.operands[0], printer, indices))
    with printer.indices(1) as (bound,):
        place = (*indices[: node.axis], bound, *indices[node.axis + 1 :])
        below = printer.summation((bound,), printer.exponential(show_component(node.operands[0], printer, place)))
    return printer.fraction(above, below)
