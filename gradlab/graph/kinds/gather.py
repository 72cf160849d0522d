"""Entries chosen by arrays of positions, and the adjoint: entries added up at such positions.

The positions are whole numbers, data or computed from data; the same one may occur many times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.nodes import Node, Pull, compute, pullback, renamed, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Gather(Node):
    """The entries of the operand at the positions that *indices* name: ``E[c]``, ``X[:, c]``, ``A[i, j]``.

    operands: the array, and one index for each of the axes from *axis* on; all indices have the same axes, which
    stand in the place of the chosen ones. Negative positions count from the end.
    """

    __slots__ = ("axis",)

    def __init__(self, operands: tuple[Node, ...], axis: int = 0) -> None:
        self.operands = operands
        self.axis: int = axis
        array, first, *_ = operands
        self.axes: Axes = (*array.axes[:axis], *first.axes, *array.axes[axis + len(operands) - 1 :])

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Gather(operands, self.axis)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        if any(lead[1:]):
            return super().batched(operands, lead, batch)
        return Gather(operands, self.axis + len(batch))


class ScatterAdd(Node):
    """Zeros of the given axes, to which the operand's entries are added at the positions that *indices* name."""

    __slots__ = ("axis",)

    def __init__(self, operands: tuple[Node, ...], axis: int, axes: Axes) -> None:
        self.operands = operands
        self.axis: int = axis
        self.axes = axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return ScatterAdd(operands, self.axis, renamed(self.axes, sizes))

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        if any(lead[1:]):
            return super().batched(operands, lead, batch)
        return ScatterAdd(operands, self.axis + len(batch), (*batch, *self.axes))


_CHOOSING = rule("choosing", "each entry receives the deltas of all its copies, added up")
_ADDING = rule("adding at positions", "each entry receives the delta where it was added")


@pullback.register
def _(node: Gather, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    array, *indices = node.operands
    # A position cannot change a little: the indices receive nothing.
    nothing: list[Pull | None] = [None] * len(indices)
    if not wanted[0]:
        return [None, *nothing]
    pulled = algebra.linear_in(delta, lambda part: ScatterAdd((part, *indices), node.axis, array.axes))
    return [Pull(_CHOOSING, None, pulled), *nothing]


@pullback.register
def _(node: ScatterAdd, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    _, *indices = node.operands
    nothing: list[Pull | None] = [None] * len(indices)
    if not wanted[0]:
        return [None, *nothing]
    pulled = algebra.linear_in(delta, lambda part: Gather((part, *indices), node.axis))
    return [Pull(_ADDING, None, pulled), *nothing]


@compute.register
def _(node: Gather, arguments: Sequence[Any], backend: Any) -> Any:
    array, first, *_ = node.operands
    return backend.gather(arguments[0], arguments[1:], array.rank, node.axis, first.rank)


@compute.register
def _(node: ScatterAdd, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.scatter_add(arguments[0], arguments[1:], node.axes, node.axis, node.operands[1].rank)


# Printing ----------------------------------------------------------------------------------------


@show.register
def _(node: Gather, printer: Printer) -> Shown:
    from gradlab.graph.kinds.let import Let
    from gradlab.graph.kinds.variable import Variable

    array, *indices = node.operands
    # A_{c,:} are the rows that c names; A_c would be one component.
    if array.rank > len(indices) and isinstance(array, (Variable, Let)):
        marks = [":"] * array.rank
        marks[node.axis : node.axis + len(indices)] = [show(index, printer).written for index in indices]
        return show_component(array, printer, tuple(marks))
    with printer.indices(node.rank) as names:
        component = show_component(node, printer, names)
        return printer.components(component, names) if names else component


@show_component.register
def _(node: Gather, printer: Printer, indices: tuple[str, ...]) -> Shown:
    array, first, *_ = node.operands
    end = node.axis + first.rank
    chosen = [show_component(index, printer, indices[node.axis : end]).written for index in node.operands[1:]]
    return show_component(array, printer, (*indices[: node.axis], *chosen, *indices[end:]))


@show.register
def _(node: ScatterAdd, printer: Printer) -> Shown:
    from gradlab.graph.kinds.constant import Constant

    array, first, *others = node.operands
    if first.rank == 1 and not others and array.rank <= 2 and not isinstance(array, Constant):
        # Σ_i [c_i = k] δ_i is a product with the matrix whose rows are zeros with a single 1.
        hot, delta = printer.call("onehot", [show(first, printer)]), show(array, printer)
        return printer.product([printer.transposed(hot), delta] if node.axis == 0 else [delta, hot])
    with printer.indices(node.rank) as names:
        return printer.components(show_component(node, printer, names), names)


@show_component.register
def _(node: ScatterAdd, printer: Printer, indices: tuple[str, ...]) -> Shown:
    array, first, *_ = node.operands
    end = node.axis + len(node.operands) - 1
    with printer.indices(first.rank) as bound:
        conditions = [
            Shown(f"[{show_component(index, printer, bound).written}={place}]")
            for index, place in zip(node.operands[1:], indices[node.axis : end], strict=True)
        ]
        body = show_component(array, printer, (*indices[: node.axis], *bound, *indices[end:]))
        product = printer.product([*conditions, body] if body.written != "1" else conditions)
        return printer.summation(bound, product) if bound else product
