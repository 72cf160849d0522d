"""An example of every rule: a function in whose derivation the rule makes a step.

Those of the elementwise operations need no entry: the operation on x, y and z. What is written here takes precedence.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from gradlab.graph import algebra
from gradlab.graph.kinds import (
    Cholesky,
    Concatenate,
    Cumulative,
    Determinant,
    DeterminantSign,
    Elementwise,
    Extremum,
    Flip,
    Gather,
    Index,
    Inverse,
    Lead,
    LogDeterminant,
    LogSumExp,
    Norm,
    OneHot,
    Overlapped,
    Positions,
    Replace,
    Reshape,
    Roll,
    Scatter,
    ScatterAdd,
    Softmax,
    Solve,
    Stack,
    Standardize,
    Triangle,
    Variable,
    Variance,
    Windows,
    Winners,
)
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.kinds.norm import SHARE
from gradlab.graph.kinds.standardize import USUAL
from gradlab.graph.nodes import Node
from gradlab.graph.operations import OPERATIONS, Operation, celu, elu, hardshrink, huber, polygamma, power
from gradlab.graph.sizes import Axes

Example = str | Node
"""A source that `gradlab.derive` reads, or the expression itself."""

_x, _y, _z, _t = (Variable(name, ()) for name in "xyzt")
_vector, _other = Variable("x", ("n",)), Variable("y", ("n",))
_two, _three, _five = Variable("x", (2,)), Variable("x", (3,)), Variable("x", (5,))
_matrix, _table, _block = Variable("X", ("n", "d")), Variable("X", (2, 3)), Variable("Y", ("d", "k"))
_square = Variable("A", ("n", "n"))
_indices = Variable("k", ("m",))


def _weighed(node: Node) -> Node:
    """Return the sum of the entries of *node*, each times a weight of its own: a number that depends on all of them."""
    letters = "ijk"[: node.rank]
    return contraction([Variable("w" if node.rank == 1 else "W", node.axes), node], [letters, letters], "")


def _copied(node: Node, axes: Axes) -> Node:
    return contraction([node], [()], [(place, size) for place, size in enumerate(axes)])


_FACTORS = [Variable(name, ("n",)) for name in "xyzt"]
_PRODUCT = _weighed(contraction(_FACTORS[:2], ["i", "i"], "i"))
_LONG_PRODUCT = _weighed(contraction(_FACTORS, ["i"] * 4, "i"))
_LONG_CONTRACTION = contraction(
    [_vector, _square, Variable("B", ("n", "n")), _other], [("i",), ("i", "j"), ("j", "k"), ("k",)], ()
)

FIRST_OF_ALL: Mapping[str, Example] = {
    "identity": "3 x",
    "constant": "x^2 + 3",
    "sum rule": "x^2 + sin(x)",
    "constant multiple": "3 sin(x)",
    "product rule": "x sin(x)",
    "product rule for many factors": "x sin(x) exp(x)",
    "quotient rule": "x / (1 + x^2)",
    "chain rule": "sin(x^2)",
    "chain rule, several inner functions": "max(x^2, x^3)",
    "sum rule over an index": contraction([Positions(5), _x], [("i",), ()], ()),
    "differentiation by cases": "where(x > 0, x^2, -x)",
    "logarithmic differentiation": "x^x",
    "exponential function to any base": "2^x",
    "named value": "(x^2 + 1) sin(x^2 + 1)",
}

REWRITING: Mapping[str, Example] = {
    "root as a power": "sqrt(x)",
    "reciprocal as a power": "1/x^2",
    "division term by term": "(x^3 + 1)/x",
    "substitution": "sin(x^2)",
    "simplification": "x sin(x^2)",
    "names written out": "(x^2 + 1) sin(x^2 + 1)",
}

SUMS_AND_PRODUCTS: Mapping[str, Example] = {
    "product rule, first factor": _PRODUCT,
    "product rule, second factor": _PRODUCT,
    **dict.fromkeys((f"product rule, {place}" for place in ("factor 1", "factor 2", "factor 3")), _LONG_PRODUCT),
    "product rule, later factor": _LONG_PRODUCT,
}

POWERS_AND_ROOTS: Mapping[str, Example] = {
    "power rule": "x^3",
    "power rule, negative exponent": "x^(-2)",
    "power rule, fractional exponent": "x^(3/2)",
    "general power rule": "x^y",
    "square root": _weighed(Elementwise(OPERATIONS["sqrt"], (_vector,))),
    "cube root": "cbrt(x)",
    "length of a pair": "hypot(x, y)",
}

CONDITIONS: Mapping[str, Example] = {
    "cases": _weighed(Elementwise(OPERATIONS["where"], (_vector, _other, Variable("z", ("n",))))),
    "comparison": Elementwise(OPERATIONS["greater"], (_x, _y)),
    "comparison with two bounds": Elementwise(OPERATIONS["within"], (_x, _y, _z)),
    "logic": Elementwise(OPERATIONS["logical_and"], (_x, _y)),
}

SUMS_OVER_AXES: Mapping[str, Example] = {
    "sum over an index": contraction([_vector], [("i",)], ()),
    "broadcast": _weighed(_copied(_x, ("n",))),
    "dot product": contraction([_vector, _other], [("i",), ("i",)], ()),
    "matrix product, left factor": _weighed(contraction([_matrix, _block], ["ij", "jk"], "ik")),
    "matrix product, right factor": _weighed(contraction([_matrix, _block], ["ij", "jk"], "ik")),
    **dict.fromkeys((f"contraction, {place}" for place in ("factor 1", "factor 2", "factor 3")), _LONG_CONTRACTION),
    "contraction, later factor": _LONG_CONTRACTION,
    "cumulative sum": _weighed(Cumulative(_vector, 0)),
    "reversed cumulative sum": _weighed(Cumulative(_vector, 0, True)),
    "log-sum-exp": LogSumExp(_vector, 0),
    "softmax": _weighed(Softmax(_vector, 0)),
    "norm": Norm(_vector, (0,)),
    "share of a norm": Elementwise(SHARE, (_x, _y)),
    "variance": Variance(_vector, (0,)),
    "standardizing": _weighed(Standardize(_vector, (0,), USUAL)),
    "largest of many": Extremum(_vector, (0,), True, True),
    "smallest of many": Extremum(_vector, (0,), False, True),
    "choice": _weighed(Winners(_vector, (0,), True, True)),
    "lead": Lead(_vector, (0,), True),
}

LINEAR_ALGEBRA: Mapping[str, Example] = {
    "transpose": _weighed(algebra.transposed(_matrix)),
    "upper triangle": _weighed(Triangle(_square, 0, True)),
    "lower triangle": _weighed(Triangle(_square, 0, False)),
    "determinant": Determinant(_square),
    "sign of the determinant": DeterminantSign(_square),
    "logarithm of the determinant": LogDeterminant(_square, False),
    "logarithm of the size of the determinant": LogDeterminant(_square, True),
    "inverse": _weighed(Inverse(_square)),
    "linear system, matrix": _weighed(Solve(_square, Variable("b", ("n",)), True)),
    "linear system, right side": _weighed(Solve(_square, Variable("b", ("n",)), True)),
    "Cholesky factor": _weighed(Cholesky(Variable("S", ("n", "n")))),
}

MOVING_ENTRIES: Mapping[str, Example] = {
    "indexing": Index(_three, (0,)),
    "placing": _weighed(Scatter(_x, (1,), (3,))),
    "choosing": _weighed(Gather((_vector, _indices))),
    "adding at positions": _weighed(ScatterAdd((Variable("x", ("m",)), _indices), 0, ("n",))),
    "class number": _weighed(OneHot(_x, 3)),
    "replaced entries": _weighed(Replace(_three, _y, (1,))),
    "replacing entries": _weighed(Replace(_three, _y, (1,))),
    "joining": _weighed(Concatenate((_two, Variable("y", (3,))), 0)),
    "stacking": _weighed(Stack((_x, _y))),
    "reshape": _weighed(Reshape(_table, (6,))),
    "reversed order": _weighed(Flip(_vector, (0,))),
    "rolling": _weighed(Roll(_five, 1, 0)),
    "windows": _weighed(Windows(_five, 0, 3)),
    "overlapping windows": _weighed(Overlapped(Variable("X", (3, 3)), 0, 5)),
}

NO_STEP: Mapping[str, str] = {"name": "a name is kept, and makes no step of its own"}
"""Rules that no derivation shows, each with the reason."""

_OPERATIONS: tuple[Operation, ...] = (
    *OPERATIONS.values(),
    power(Fraction(2)),
    elu(Fraction(1)),
    elu(Fraction(1, 2)),
    celu(Fraction(2)),
    huber(Fraction(1)),
    hardshrink(Fraction(1, 2)),
    polygamma(Fraction(1)),
)


def _elementwise() -> dict[str, Elementwise]:
    found: dict[str, Elementwise] = {}
    for operation in _OPERATIONS:
        found.setdefault(operation.rule.name, Elementwise(operation, (_x, _y, _z)[: operation.arity]))
    return found


ELEMENTWISE: Mapping[str, Elementwise] = _elementwise()
"""For the rule of each elementwise operation, the first operation that has it, on numbers."""
