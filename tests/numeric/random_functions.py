"""Random smooth functions with exact gradients, to see whether error bounds hold."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from gradlab.graph import Function, evaluation
from gradlab.graph.differentiation import sweep
from gradlab.graph.kinds import Constant, Elementwise, Index, Linear, Variable
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.nodes import Node, topological
from gradlab.graph.operations import OPERATIONS, power
from gradlab.graph.sizes import ONE, Coefficient

SMOOTH = ("sin", "cos", "exp", "tanh", "sigmoid", "softplus", "atan", "asinh", "erf", "sinh")


class Case(NamedTuple):
    """gradient: exact, rounded.  radius: what double precision cannot know of it.  rounding: of f, as written."""

    function: Function
    at: dict[str, np.ndarray]
    gradient: dict[str, np.ndarray]
    radius: dict[str, np.ndarray]
    rounding: float


def cases(random: np.random.Generator, components: int) -> Iterator[Case]:
    """Yield functions until so many components have come."""
    seen = 0
    while seen < components:
        function, at = (_of_entries if random.random() < 0.7 else _of_data)(random)
        case = _case(function, at)
        if case is not None:
            seen += sum(array.size for array in case.gradient.values())
            yield case


def _of_entries(random: np.random.Generator) -> tuple[Function, dict[str, np.ndarray]]:
    """A sum of expressions of a few entries, each from 1e-4 to 1e4, now and then 0."""
    n = int(random.integers(1, 7))
    leaves = [Index(Variable("x", (n,)), (i,)) for i in range(n)]
    terms = [_tree(random, leaves, int(random.integers(1, 5))) for _ in range(int(random.integers(1, 4)))]
    at = random.choice([-1, 1], n) * 10.0 ** random.uniform(-4, 4, n) * (random.random(n) > 0.03)
    return Function("f", {"x": (n,)}, _add(*terms)), {"x": at}


def _of_data(random: np.random.Generator) -> tuple[Function, dict[str, np.ndarray]]:
    """The mean of a loss over data, of a linear model, sometimes with a penalty."""
    n, d = int(random.integers(3, 30)), int(random.integers(1, 8))
    w, X, y = Variable("w", ("d",)), Variable("X", ("n", "d")), Variable("y", ("n",))
    residual: Node = Linear((ONE, -ONE), (contraction([X, w], [["n", "d"], ["d"]], ["n"]), y))
    kind = random.integers(3)
    if kind:
        residual = Elementwise(OPERATIONS[SMOOTH[random.integers(len(SMOOTH))]], (residual,))
    loss = residual if kind == 1 else Elementwise(power(Fraction(2)), (residual,))
    output: Node = Linear((Coefficient(Fraction(1), (("n", -1),)),), (contraction([loss], [["n"]], []),))
    if random.random() < 0.4:
        square = contraction([w, w], [["d"], ["d"]], [])
        output = Linear((ONE, Coefficient.of(_constant(random))), (output, square))
    scale = 10.0 ** random.uniform(-2, 2)
    data = {"X": random.normal(size=(n, d)) * scale, "y": random.normal(size=n) * scale}
    function = Function("f", {"w": ("d",)}, output, data=data, data_axes={"X": ("n", "d"), "y": ("n",)})
    return function, {"w": random.normal(size=d) * 10.0 ** random.uniform(-3, 1)}


def _tree(random: np.random.Generator, leaves: list[Any], depth: int) -> Node:
    if depth == 0:
        leaf = leaves[random.integers(len(leaves))]
        return leaf if random.random() < 0.6 else Linear((Coefficient.of(_constant(random)),), (leaf,))
    kind = random.integers(8)
    first = _tree(random, leaves, depth - 1)
    if kind == 0:
        return _add(first, _tree(random, leaves, depth - 1))
    if kind == 1:
        return _add(first, _number(_constant(random)))
    if kind in (2, 3):
        return contraction([first, _tree(random, leaves, depth - 1)], [[], []], [])
    if kind == 4:
        return Elementwise(power(Fraction(int(random.integers(2, 6)))), (first,))
    if kind == 5:  # a quotient, a root or a logarithm, of something positive
        positive = _add(_number(1.0), Elementwise(power(Fraction(2)), (first,)))
        outer = ("divide", "sqrt", "log")[random.integers(3)]
        operands = (_tree(random, leaves, depth - 1), positive) if outer == "divide" else (positive,)
        return Elementwise(OPERATIONS[outer], operands)
    return Elementwise(OPERATIONS[SMOOTH[random.integers(len(SMOOTH))]], (first,))


def _constant(random: np.random.Generator) -> float:
    return float(random.normal() * 10.0 ** random.uniform(-3, 3))


def _number(value: float) -> Node:
    return Constant(Coefficient.of(Fraction(value)), ())


def _add(*terms: Node) -> Node:
    return Linear((ONE,) * len(terms), terms)


def _case(function: Function, at: dict[str, np.ndarray]) -> Case | None:
    """Return the case with its exact gradient; None where no method that calls f could see its slope."""
    point = function.point(at)
    values, sizes = {**function.data, **point}, function.sizes(point)
    computed = float(evaluation.with_numpy([function.output], values, sizes)[0])
    swept = sweep(function.output, list(function.nodes.values()))
    outputs = [function.output, *(swept.gradient(node) for node in function.nodes.values())]
    if not np.isfinite(computed) or _out_of_sight(function, values, sizes, computed):
        return None
    fine, coarse = (evaluation.with_balls(outputs, values, sizes, bits) for bits in (300, 53))
    gradient = {name: _floats(array, "mid", point[name].shape) for name, array in zip(point, fine[1:], strict=True)}
    radius = {name: _floats(array, "rad", point[name].shape) for name, array in zip(point, coarse[1:], strict=True)}
    rounding = float(coarse[0][()].rad())
    entries = np.abs(np.concatenate([[computed], *(array.ravel() for array in gradient.values())]))
    exact = all(_is_exact(array) for array in fine[1:])
    told = exact and np.isfinite(entries).all() and 1e-200 < entries.max() < 1e200 and np.isfinite(rounding)
    # As written f must keep some digits itself.
    return Case(function, at, gradient, radius, rounding) if told and rounding < 1e-4 * abs(computed) else None


def _is_exact(balls: np.ndarray) -> bool:
    return all(float(ball.rad()) <= 1e-20 * abs(float(ball.mid())) for ball in balls.ravel())


def _floats(balls: np.ndarray, part: str, shape: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to(np.vectorize(lambda ball: float(getattr(ball, part)()), otypes=[float])(balls), shape)


def _out_of_sight(function: Function, values: Any, sizes: Any, computed: float) -> bool:
    """Return whether rounding hides part of the slope: a fast or a faint oscillation, log(1 + u) of a tiny u."""

    def operands(*names: str) -> list[np.ndarray]:
        wanted = [OPERATIONS[name] for name in names]
        nodes = [n.operands[0] for n in topological([function.output]) if getattr(n, "operation", None) in wanted]
        return evaluation.with_numpy(nodes, values, sizes)

    fastest = max((np.abs(array).max() for array in operands("sin", "cos")), default=0.0)
    nearest = min((np.abs(array - 1).min() for array in operands("log")), default=1.0)
    return fastest > 1e3 or (fastest > 1 and abs(computed) > 1e9) or nearest < 1e-3
