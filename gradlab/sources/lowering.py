"""From a syntax tree to an expression graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from gradlab.errors import DomainError, ParseError, ShapeError, TraceError, UnknownShape
from gradlab.graph.algebra import split
from gradlab.graph.kinds import Constant, Variable
from gradlab.graph.nodes import Node
from gradlab.graph.operations import FAMILIES, HEAVISIDE, LEAKY_RELU, MAXIMUM, MINIMUM, OPERATIONS
from gradlab.graph.sizes import Axes
from gradlab.sources import sums
from gradlab.sources.builder import Builder
from gradlab.sources.composed import COMPOSED
from gradlab.sources.indices import Run, runs
from gradlab.sources.norms import euclidean
from gradlab.sources.syntax import Binary, Call, Name, Number, Tree, Unary, fold


def lower(tree: Tree, text: str, axes: Mapping[str, Axes], builder: Builder) -> Node:
    """Return the graph of *tree*, whose variables have these *axes*; errors point into *text*."""
    counted = runs(tree, text)

    def combine(node: Tree, below: tuple[Node, ...]) -> Node:
        try:
            return (
                _counting(node, below, counted[node], builder)
                if node in counted
                else _lowered(node, below, axes, builder)
            )
        except UnknownShape:
            raise
        except (ShapeError, DomainError, TraceError) as error:
            raise ParseError(str(error), text, node.span[0]) from error

    return fold(tree, combine)


def _counting(node: Tree, below: tuple[Node, ...], run: Run, builder: Builder) -> Node:
    """Return a sum over an index, or the index where it stands."""
    if isinstance(node, Name):
        return sums.counted(builder, run.first, run.count, run.level)
    return sums.summed(builder, below[0], run.count, run.level)


def _lowered(node: Tree, below: tuple[Node, ...], axes: Mapping[str, Axes], builder: Builder) -> Node:
    match node:
        case Number():
            return builder.constant(node.value)
        case Name():
            return Variable(node.name, axes[node.name]) if node.name in axes else Constant(node.name)
        case Unary():
            return below[0] if node.operator == "+" else builder.negative(below[0])
        case Binary():
            return _BINARY[node.operator](builder, *below)
        case Call():
            return _called(node.function, below, builder)


_BINARY: dict[str, Callable[[Builder, Node, Node], Node]] = {
    "+": Builder.add,
    "-": Builder.subtract,
    "*": Builder.multiply,
    "/": Builder.divide,
    "^": Builder.power,
    "@": Builder.matmul,
}


def _called(function: str, arguments: tuple[Node, ...], builder: Builder) -> Node:
    if function in _NOT_ELEMENTWISE:
        return _NOT_ELEMENTWISE[function](builder, *arguments)
    if function in ("max", "min"):
        operation = MAXIMUM if function == "max" else MINIMUM
        if len(arguments) == 1:
            raise TraceError(f"{function} compares two values: write {function}(x, y)")
        result = arguments[0]
        for argument in arguments[1:]:
            result = builder.apply(operation, result, argument)
        return result
    if function == "heaviside" and len(arguments) == 1:
        return builder.apply(HEAVISIDE, arguments[0], builder.constant(Fraction(1, 2)))
    if function == "leaky_relu" and len(arguments) == 1:
        return builder.apply(LEAKY_RELU, arguments[0], builder.constant(0.01))
    if function in FAMILIES:
        return builder.apply(FAMILIES[function](_parameter(function, arguments)), arguments[0])
    return builder.apply(OPERATIONS[function], *arguments)


def _parameter(function: str, arguments: tuple[Node, ...]) -> Fraction:
    """Return the number that picks one of a family of functions; 1 if none is given."""
    if len(arguments) == 1:
        return Fraction(1)
    given, rest = split(arguments[1])
    if rest is not None or given.sizes or given.rational <= 0:
        raise TraceError(f"the second argument of {function} is a positive number; write {function}(x, 1/2)")
    return given.rational


_NOT_ELEMENTWISE: dict[str, Callable[..., Node]] = {
    **COMPOSED,
    "sum": Builder.total,
    "mean": Builder.mean,
    "dot": Builder.dot,
    "norm": euclidean,
}
