"""From a SymPy expression to an expression graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from gradlab.errors import TraceError
from gradlab.graph.algebra import split
from gradlab.graph.kinds import Constant, Linear, Variable
from gradlab.graph.nodes import Node
from gradlab.graph.operations import MAXIMUM, MINIMUM, OPERATIONS, STEP
from gradlab.graph.sizes import ONE, Axes
from gradlab.sources.builder import Builder

_RENAMED = {"Abs": "abs", "ln": "log"}


def convert(expression: Any, axes: Mapping[str, Axes], builder: Builder) -> Node:
    """Return the graph of a SymPy expression, term by term as SymPy keeps it.

    Raises TraceError naming the part that has no counterpart, such as an unevaluated integral.
    """
    import sympy

    made: dict[Any, Node] = {}
    for part in sympy.postorder_traversal(expression):
        # Limits of integrals and the like are tuples; the part that holds them is refused below.
        if part not in made and not isinstance(part, sympy.Tuple):
            below = [made[argument] for argument in _ordered(part) if argument in made]
            made[part] = _converted(sympy, part, below, axes, builder)
    return made[expression]


def _ordered(part: Any) -> Any:
    """Return the arguments in the order in which SymPy prints them."""
    return part.as_ordered_terms() if part.is_Add else part.args


def _converted(sympy: Any, part: Any, below: list[Node], axes: Mapping[str, Axes], builder: Builder) -> Node:
    if part.is_Symbol:
        return Variable(part.name, axes[part.name])
    if part.is_Rational:
        return builder.constant(Fraction(int(part.p), int(part.q)))
    if part.is_Float:
        return builder.constant(float(part))
    if part is sympy.pi or part is sympy.E:
        return Constant("pi" if part is sympy.pi else "e")
    if part.is_Add:
        # SymPy keeps x - y as x + (-1) y; its reader sees a difference.
        parts = [split(node) for node in below]
        coefficients = tuple(c if rest is not None else ONE for c, rest in parts)
        return Linear(coefficients, tuple(rest or node for node, (_, rest) in zip(below, parts, strict=True)))
    if part.is_Mul:
        return _product(part, below, builder)
    if part.is_Pow:
        return builder.power(*below)
    if isinstance(part, sympy.exp):
        return builder.apply(OPERATIONS["exp"], *below)
    if isinstance(part, sympy.Heaviside):
        return builder.apply(STEP, below[0])
    if isinstance(part, (sympy.Max, sympy.Min)):
        operation = MAXIMUM if isinstance(part, sympy.Max) else MINIMUM
        return _reduced(lambda first, second: builder.apply(operation, first, second), below)
    name = _RENAMED.get(type(part).__name__, type(part).__name__)
    operation = OPERATIONS.get(name)
    if operation is None or operation.arity != len(below):
        raise TraceError(
            f"the SymPy expression contains {part}, and {type(part).__name__} is not read; "
            "evaluate it first (.doit()), or write the function in Python"
        )
    return builder.apply(operation, *below)


def _reduced(combine: Callable[[Node, Node], Node], nodes: list[Node]) -> Node:
    result = nodes[0]
    for node in nodes[1:]:
        result = combine(result, node)
    return result


def _product(part: Any, below: list[Node], builder: Builder) -> Node:
    """Return a product; factors with negative powers go below the fraction bar."""
    above: list[Node] = []
    under: list[Node] = []
    for factor, node in zip(part.args, below, strict=True):
        exponent = factor.exp if factor.is_Pow else None
        if exponent is not None and exponent.is_Rational and exponent.is_negative:
            base = node.operands[0]
            under.append(base if exponent == -1 else builder.power(base, builder.constant(_rational(-exponent))))
        else:
            above.append(node)
    top = _reduced(builder.multiply, above) if above else builder.constant(1)
    return builder.divide(top, _reduced(builder.multiply, under)) if under else top


def _rational(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))
