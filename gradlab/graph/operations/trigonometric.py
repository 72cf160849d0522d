"""Trigonometric and hyperbolic functions and their inverses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradlab.graph.nodes import Node
from gradlab.graph.operations.comparisons import NOT_EQUAL
from gradlab.graph.operations.kinks import RELU
from gradlab.graph.operations.operation import add
from gradlab.graph.operations.powers import SQRT

SIN = add("sin", "sine", "d/du sin u = cos u", lambda g, u, out: [g.apply(COS, u[0])])
COS = add("cos", "cosine", "d/du cos u = -sin u", lambda g, u, out: [g.negative(g.apply(SIN, u[0]))])
TAN = add(
    "tan",
    "tangent",
    "d/du tan u = 1 + tan² u",
    lambda g, u, out: [g.add(g.number(1, out.axes), g.raised(out, 2))],
    domain="cos u ≠ 0",
)
ASIN = add(
    "asin",
    "inverse sine",
    "d/du asin u = 1 / √(1 - u²)",
    lambda g, u, out: [g.reciprocal(g.apply(SQRT, g.one_minus_square(u[0])))],
    numpy=lambda np, u: np.arcsin(u),
    domain="-1 ≤ u ≤ 1",
    where="-1 < u < 1",
)
ACOS = add(
    "acos",
    "inverse cosine",
    "d/du acos u = -1 / √(1 - u²)",
    lambda g, u, out: [g.negative(g.reciprocal(g.apply(SQRT, g.one_minus_square(u[0]))))],
    numpy=lambda np, u: np.arccos(u),
    domain="-1 ≤ u ≤ 1",
    where="-1 < u < 1",
)
ATAN = add(
    "atan",
    "inverse tangent",
    "d/du atan u = 1 / (1 + u²)",
    lambda g, u, out: [g.reciprocal(g.add(g.number(1, out.axes), g.raised(u[0], 2)))],
    numpy=lambda np, u: np.arctan(u),
)
SINH = add("sinh", "hyperbolic sine", "d/du sinh u = cosh u", lambda g, u, out: [g.apply(COSH, u[0])])
COSH = add("cosh", "hyperbolic cosine", "d/du cosh u = sinh u", lambda g, u, out: [g.apply(SINH, u[0])])
TANH = add("tanh", "hyperbolic tangent", "d/du tanh u = 1 - tanh² u", lambda g, u, out: [g.one_minus_square(out)])
ASINH = add(
    "asinh",
    "inverse hyperbolic sine",
    "d/du asinh u = 1 / √(u² + 1)",
    lambda g, u, out: [g.reciprocal(g.apply(SQRT, g.add(g.raised(u[0], 2), g.number(1, out.axes))))],
    numpy=lambda np, u: np.arcsinh(u),
)
ACOSH = add(
    "acosh",
    "inverse hyperbolic cosine",
    "d/du acosh u = 1 / √(u² - 1)",
    lambda g, u, out: [g.reciprocal(g.apply(SQRT, g.add(g.raised(u[0], 2), g.number(-1, out.axes))))],
    numpy=lambda np, u: np.arccosh(u),
    domain="u ≥ 1",
    where="u > 1",
)
ATANH = add(
    "atanh",
    "inverse hyperbolic tangent",
    "d/du atanh u = 1 / (1 - u²)",
    lambda g, u, out: [g.reciprocal(g.one_minus_square(u[0]))],
    numpy=lambda np, u: np.arctanh(u),
    domain="-1 < u < 1",
)
ATAN2 = add(
    "atan2",
    "angle of a point",
    "d atan2(u, v) = (v du - u dv) / (u² + v²)",
    lambda g, u, out: [_over_square(g, u, u[1]), g.negative(_over_square(g, u, u[0]))],
    arity=2,
    numpy=lambda np, u, v: np.arctan2(u, v),
    ball=lambda flint, u, v: flint.arb.atan2(u, v),
    # The angle jumps from π to -π where u = 0 and v < 0.
    switches=lambda g, u: [g.add(g.raised(u[0], 2), g.raised(g.apply(RELU, u[1]), 2))],
    where="u ≠ 0 or v > 0",
)


def _over_square(g: Any, u: Sequence[Node], above: Node) -> Node:
    return g.quotient(above, g.add(g.raised(u[0], 2), g.raised(u[1], 2)))


def _sinc_slope(g: Any, u: Sequence[Node], out: Node) -> Sequence[Node]:
    turned = g.apply(COS, g.product(g.named_number("pi", out.axes), u[0]))
    slope = g.quotient(g.add(turned, g.negative(out)), u[0])
    return [g.where(g.apply(NOT_EQUAL, u[0], g.number(0, out.axes)), slope, g.number(0, out.axes))]


SINC = add(
    "sinc",
    "sine over its argument",
    "d/du sinc u = (cos(π u) - sinc u) / u, and 0 at u = 0",
    _sinc_slope,
    sympy=lambda sp, u: sp.Piecewise((sp.sin(sp.pi * u) / (sp.pi * u), sp.Ne(u, 0)), (1, True)),
    ball=lambda flint, u: u.sinc_pi(),
    # sin(π u) is 0 at whole numbers, but π u is rounded.
    scale=lambda np, u: np.ones_like(u),
)
