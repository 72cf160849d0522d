"""One elementwise operation on operands of the same axes: sin u, u², u / v, σ(u)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.conditions import Condition, stated, unchanged
from gradlab.graph.nodes import Node, Pull, compute, conditions_of, pullback, show, show_component, switches
from gradlab.graph.operations import DIVIDE, WHERE, Operation, write
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown


class Elementwise(Node):
    """*operation* applied entry by entry; the scalar function is ``operation.sympy``."""

    __slots__ = ("operation",)

    def __init__(self, operation: Operation, operands: tuple[Node, ...]) -> None:
        self.operation: Operation = operation
        self.operands = operands
        self.axes: Axes = operands[0].axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Elementwise(self.operation, operands)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        from gradlab.graph import algebra

        if self.operation is DIVIDE and lead == (True, False):
            # As a product, in which a diagonal matrix stays one.
            rows = tuple(range(len(batch) + self.rank))
            divisor = algebra.reciprocal(operands[1])
            return algebra.contract([operands[0], divisor], [rows, rows[len(batch) :]], rows, batch + self.axes)
        return Elementwise(self.operation, algebra.alike(operands, lead, batch))

    def scalar_function(self) -> tuple[Any, tuple[Any, ...]]:
        """Return the operation as a SymPy expression, and its input symbols."""
        import sympy

        symbols = sympy.symbols("u v w", real=True)[: self.operation.arity]
        return self.operation.sympy(sympy, *symbols), tuple(symbols)


@pullback.register
def _(node: Elementwise, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    operation = node.operation
    pulls: list[Pull | None] = []
    given = operation.flow(algebra, node.operands, delta) if operation.flow is not None else None
    for place, local in enumerate(operation.partials(algebra, node.operands, output)):
        if not wanted[place]:
            pulls.append(None)
            continue
        pulled = given[place] if given is not None else algebra.product(delta, local)
        pulls.append(Pull(operation.rule, local, pulled) if pulled is not None else None)
    return pulls


@compute.register
def _(node: Elementwise, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.apply(node.operation, arguments)


@switches.register
def _(node: Elementwise) -> Sequence[Node]:
    from gradlab.graph import algebra

    return node.operation.switches(algebra, node.operands) if node.operation.switches is not None else ()


@conditions_of.register
def _(node: Elementwise) -> tuple[Condition, ...]:
    if node.operation is WHERE:
        return unchanged(node.operands[0])
    return stated(node.operation.rule.where, node.operands, node.operation.number)


@show.register
def _(node: Elementwise, printer: Printer) -> Shown:
    operands = [show(operand, printer) for operand in node.operands]
    return write(node.operation, printer, operands, node.rank > 0)


@show_component.register
def _(node: Elementwise, printer: Printer, indices: tuple[str, ...]) -> Shown:
    operands = [show_component(operand, printer, indices) for operand in node.operands]
    return write(node.operation, printer, operands, False)
