"""Quadratics, found in the graph."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from math import inf

from gradlab.graph import Function
from gradlab.graph.kinds import (
    Concatenate,
    Contraction,
    Elementwise,
    Flip,
    Index,
    Let,
    Linear,
    Reshape,
    Roll,
    Stack,
    Variable,
)
from gradlab.graph.nodes import Node, topological
from gradlab.graph.operations import DIVIDE, Operation
from gradlab.graph.operations.powers import power

_LINEAR = (Concatenate, Flip, Index, Let, Linear, Reshape, Roll, Stack)


def is_quadratic(function: Function, variables: Collection[str]) -> bool:
    """Return whether *function* is written as a polynomial of degree 2 at most in *variables* together.

    A Hessian that is the same everywhere is not enough: 0·log(x) has one, and no value at x < 0.

    >>> from gradlab import as_function
    >>> is_quadratic(as_function("(2x - y)^2 + y"), "xy"), is_quadratic(as_function("x^2 y"), "xy")
    (True, False)
    >>> is_quadratic(as_function("x^2 y"), "x"), is_quadratic(as_function("x^2 + 0 log(x)"), "x")
    (True, False)
    """
    if function.output is None or function.guards:
        return False
    degrees: dict[Node, float] = {}
    for node in topological([function.output]):
        below = [degrees[operand] for operand in node.operands]
        degrees[node] = _degree(node, below, variables)
    return degrees[function.output] <= 2


def _degree(node: Node, below: list[float], variables: Collection[str]) -> float:
    match node:
        case Variable():
            return 1 if node.name in variables else 0
        case Contraction():
            return sum(below)
        case Elementwise() if node.operation is DIVIDE and not below[1]:
            return below[0]
        case Elementwise() if (exponent := _exponent(node.operation)) is not None:
            return exponent * below[0]
        case _ if isinstance(node, _LINEAR):
            return max(below, default=0)
        case _:
            return inf if any(below) else 0


def _exponent(operation: Operation) -> int | None:
    return next((exponent for exponent in (1, 2) if operation is power(Fraction(exponent))), None)
