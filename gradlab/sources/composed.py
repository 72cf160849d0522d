"""Functions that are made of others: sec u is 1/cos u, asec u is acos(1/u), the logarithm to base b is log u/log b."""

from __future__ import annotations

from collections.abc import Callable

from gradlab.errors import TraceError
from gradlab.graph.algebra import split
from gradlab.graph.kinds import Constant
from gradlab.graph.nodes import Node
from gradlab.graph.operations import CBRT, FLOOR, LOG, OPERATIONS, SQRT, polygamma
from gradlab.sources.builder import Builder

LARGEST_ORDER = 100
"""Order of a polygamma function up to which its numbers fit into a double."""


def _over(function: str) -> Callable[[Builder, Node], Node]:
    """Return 1 over an operation."""
    return lambda builder, node: builder.divide(builder.constant(1), builder.apply(OPERATIONS[function], node))


def of_reciprocal(function: str) -> Callable[[Builder, Node], Node]:
    """Return an operation of 1/u."""
    return lambda builder, node: builder.apply(OPERATIONS[function], builder.divide(builder.constant(1), node))


def _logarithm(builder: Builder, node: Node, base: Node | None = None) -> Node:
    logarithm = builder.apply(LOG, node)
    if base is None:
        return logarithm
    # The logarithm to base e is the natural one.
    natural = isinstance(base, Constant) and base.value == "e"
    return logarithm if natural else builder.divide(logarithm, builder.apply(LOG, base))


def _root(builder: Builder, node: Node, degree: Node) -> Node:
    """Return the n-th root; the cube root is that of negative numbers too."""
    given, rest = split(degree)
    if rest is not None or not given.is_rational or given.rational.denominator != 1 or given.rational < 1:
        raise TraceError("the second argument of root is a whole number; write root(x, 4), or x^(1/n)")
    named = {2: SQRT, 3: CBRT}.get(int(given.rational))
    if named is not None:
        return builder.apply(named, node)
    return builder.power(node, builder.constant(1 / given.rational))


def _polygamma(builder: Builder, order: Node, node: Node) -> Node:
    given, rest = split(order)
    whole = rest is None and given.is_rational and given.rational.denominator == 1
    if not whole or not 0 <= given.rational <= LARGEST_ORDER:
        raise TraceError(f"the first argument of polygamma is a whole number from 0 to {LARGEST_ORDER}")
    return builder.apply(polygamma(given.rational), node)


COMPOSED: dict[str, Callable[..., Node]] = {
    "cot": _over("tan"),
    "sec": _over("cos"),
    "csc": _over("sin"),
    "coth": _over("tanh"),
    "sech": _over("cosh"),
    "csch": _over("sinh"),
    "asec": of_reciprocal("acos"),
    "acsc": of_reciprocal("asin"),
    "acoth": of_reciprocal("atanh"),
    "asech": of_reciprocal("acosh"),
    "acsch": of_reciprocal("asinh"),
    "exp2": lambda builder, node: builder.power(builder.constant(2), node),
    "frac": lambda builder, node: builder.subtract(node, builder.apply(FLOOR, node)),
    "log": _logarithm,
    "root": _root,
    "polygamma": _polygamma,
}
"""Name -> (builder, operands) -> the graph."""
