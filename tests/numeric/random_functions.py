"""Random smooth functions with exact gradients, for testing that error bounds hold."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from gradlab.graph import Function, evaluation
from gradlab.graph.differentiation import sweep
from gradlab.graph.kinds import Constant, Elementwise, Index, Linear, Variable
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.nodes import topological
from gradlab.graph.operations import OPERATIONS, power
from gradlab.graph.sizes import ONE, Coefficient

SMOOTH = ("sin", "cos", "exp", "tanh", "sigmoid", "softplus", "atan", "asinh", "erf", "sinh")

_OSCILLATING = (OPERATIONS["sin"], OPERATIONS["cos"])


def number(value) -> Constant:
    return Constant(Coefficient.of(Fraction(float(value))), ())


def add(*terms):
    return Linear((ONE,) * len(terms), terms)


def times(first, second):
    return contraction([first, second], [[], []], [])


def apply(name, *operands):
    return Elementwise(OPERATIONS[name], operands)


def tree(random, leaves, depth):
    """A random expression of *leaves*."""
    if depth == 0:
        leaf = leaves[random.integers(len(leaves))]
        return leaf if random.random() < 0.6 else Linear((Coefficient.of(_constant(random)),), (leaf,))
    kind = random.integers(8)
    if kind == 0:
        return add(tree(random, leaves, depth - 1), tree(random, leaves, depth - 1))
    if kind == 1:
        return add(tree(random, leaves, depth - 1), number(_constant(random)))
    if kind in (2, 3):
        return times(tree(random, leaves, depth - 1), tree(random, leaves, depth - 1))
    if kind == 4:
        exponent = int(random.integers(2, 6))
        return Elementwise(power(Fraction(exponent)), (tree(random, leaves, depth - 1),))
    if kind == 5:  # a quotient, a root or a logarithm whose argument stays positive
        below = add(number(1), Elementwise(power(Fraction(2)), (tree(random, leaves, depth - 1),)))
        outer = random.integers(3)
        if outer == 0:
            return apply("divide", tree(random, leaves, depth - 1), below)
        return apply("sqrt" if outer == 1 else "log", below)
    name = SMOOTH[random.integers(len(SMOOTH))]
    return apply(name, tree(random, leaves, depth - 1))


def _constant(random) -> float:
    return float(random.normal() * 10.0 ** random.uniform(-3, 3))


def scalar_case(random):
    """A function of a few entries of x, at values from 1e-4 to 1e4."""
    n = int(random.integers(1, 7))
    x = Variable("x", ("n",))
    x = Variable("x", (n,))
    leaves = [Index(x, (i,)) for i in range(n)]
    terms = [tree(random, leaves, int(random.integers(1, 5))) for _ in range(int(random.integers(1, 4)))]
    f = Function("f", {"x": (n,)}, add(*terms))
    at = random.choice([-1, 1], n) * 10.0 ** random.uniform(-4, 4, n) * (random.random(n) > 0.03)
    return f, {"x": at}


def data_case(random):
    """A mean of losses over data: a linear model, an outer function, sometimes a penalty."""
    n, d = int(random.integers(3, 30)), int(random.integers(1, 8))
    w, X, y = Variable("w", ("d",)), Variable("X", ("n", "d")), Variable("y", ("n",))
    residual = Linear((ONE, -ONE), (contraction([X, w], [["n", "d"], ["d"]], ["n"]), y))
    name = SMOOTH[random.integers(len(SMOOTH))]
    kind = random.integers(3)
    if kind == 0:
        loss = Elementwise(power(Fraction(2)), (residual,))
    elif kind == 1:
        loss = Elementwise(OPERATIONS[name], (residual,))
    else:
        loss = Elementwise(power(Fraction(2)), (Elementwise(OPERATIONS[name], (residual,)),))
    total = contraction([loss], [["n"]], [])
    output = Linear((Coefficient(Fraction(1), (("n", -1),)),), (total,))
    if random.random() < 0.4:
        square = contraction([w, w], [["d"], ["d"]], [])
        output = Linear((ONE, Coefficient.of(_constant(random))), (output, square))
    scale = 10.0 ** random.uniform(-2, 2)
    data = {"X": random.normal(size=(n, d)) * scale, "y": random.normal(size=n) * scale}
    f = Function("f", {"w": ("d",)}, output, data=data, data_axes={"X": ("n", "d"), "y": ("n",)})
    return f, {"w": random.normal(size=d) * 10.0 ** random.uniform(-3, 1)}


def exact(f, at):
    """The gradient from ball arithmetic, correctly rounded; None where it or f overflows."""
    point = f.point(at)
    sizes = f.sizes(point)
    swept = sweep(f.output, list(f.nodes.values()))
    outputs = [swept.gradient(node) for node in f.nodes.values()]
    oscillating = [
        node.operands[0] for node in topological([f.output]) if getattr(node, "operation", None) in _OSCILLATING
    ]
    arguments = evaluation.with_numpy(oscillating, {**f.data, **point}, sizes)
    if any(np.abs(argument).max() > 1e3 for argument in arguments):
        return None
    logarithms = [
        node.operands[0] for node in topological([f.output]) if getattr(node, "operation", None) is OPERATIONS["log"]
    ]
    if any(
        np.abs(argument - 1).min() < 1e-3 for argument in evaluation.with_numpy(logarithms, {**f.data, **point}, sizes)
    ):
        return None
    balls = evaluation.with_balls([f.output, *outputs], {**f.data, **point}, sizes, 300)
    whole, *coarse = evaluation.with_balls([f.output, *outputs], {**f.data, **point}, sizes, 53)
    value = float(balls[0][()].mid())
    found = {
        name: np.vectorize(lambda b: float(b.mid()), otypes=[float])(array)
        for name, array in zip(f.nodes, balls[1:], strict=True)
    }
    found = {name: np.broadcast_to(array, point[name].shape) for name, array in found.items()}
    largest = max([abs(value), *(np.abs(array).max(initial=0) for array in found.values())])
    (computed,) = evaluation.with_numpy([f.output], {**f.data, **point}, sizes)
    oscillates = any(np.abs(argument).max() > 1 for argument in arguments)
    if oscillates and abs(value) > 1e9:
        return None
    fine = np.isfinite(largest) and np.isfinite(computed) and 1e-200 < largest < 1e200
    radii = {
        name: np.vectorize(lambda b: float(b.rad()), otypes=[float])(array)
        for name, array in zip(f.nodes, coarse, strict=True)
    }
    if not np.isfinite([a.sum() for a in found.values()]).all():
        return None
    return (found, radii, float(whole[()].rad()) / (abs(value) * 2.0**-53 + 1e-300)) if fine else None


def cases(random, components):
    """Yield (f, point, exact gradient) until so many components have come."""
    seen = 0
    while seen < components:
        f, at = (scalar_case if random.random() < 0.7 else data_case)(random)
        truth = exact(f, at)
        if truth is None:
            continue
        seen += sum(array.size for array in truth[0].values())
        yield f, at, truth
