"""Exponentials and logarithms."""

from __future__ import annotations

from typing import Any

from gradlab.graph.nodes import Node
from gradlab.graph.operations.operation import add

EXP = add(
    "exp",
    "exponential",
    "d/du e^u = e^u",
    lambda g, u, out: [out],
    write=lambda printer, u, elementwise: printer.exponential(u[0]),
)
LOG = add("log", "natural logarithm", "d/du ln u = 1/u", lambda g, u, out: [g.reciprocal(u[0])], domain="u > 0")
LOG2 = add(
    "log2",
    "logarithm to base 2",
    "d/du log2 u = 1 / (u ln 2)",
    lambda g, u, out: [g.reciprocal(g.product(u[0], g.apply(LOG, g.number(2, u[0].axes))))],
    sympy=lambda sp, u: sp.log(u) / sp.log(2),
    ball=lambda flint, u: u.log() / flint.arb(2).log(),
    domain="u > 0",
)
LOG10 = add(
    "log10",
    "logarithm to base 10",
    "d/du log10 u = 1 / (u ln 10)",
    lambda g, u, out: [g.reciprocal(g.product(u[0], g.apply(LOG, g.number(10, u[0].axes))))],
    sympy=lambda sp, u: sp.log(u) / sp.log(10),
    ball=lambda flint, u: u.log() / flint.arb(10).log(),
    domain="u > 0",
)
LOG1P = add(
    "log1p",
    "logarithm of 1 + u",
    "d/du ln(1 + u) = 1 / (1 + u)",
    lambda g, u, out: [g.reciprocal(g.add(g.number(1, u[0].axes), u[0]))],
    sympy=lambda sp, u: sp.log(1 + u),
    domain="u > -1",
)
EXPM1 = add(
    "expm1",
    "exponential minus 1",
    "d/du (e^u - 1) = e^u",
    lambda g, u, out: [g.apply(EXP, u[0])],
    sympy=lambda sp, u: sp.exp(u) - 1,
)


def _log_add_exp_ball(flint: Any, u: Any, v: Any) -> Any:
    # The larger one in front keeps the digits of e^(-|u - v|), however large u and v are.
    return u.max(v) + (-abs(u - v)).exp().log1p()


LOGADDEXP = add(
    "logaddexp",
    "logarithm of a sum of exponentials",
    "d ln(e^u + e^v) = σ(u - v) du + σ(v - u) dv",
    lambda g, u, out: [_share(g, u[0], u[1]), _share(g, u[1], u[0])],
    arity=2,
    sympy=lambda sp, u, v: sp.log(sp.exp(u) + sp.exp(v)),
    ball=_log_add_exp_ball,
    # ln(e^u + e^v) may be near 0 where u and v are not.
    scale=lambda np, u, v: np.abs(u) + np.abs(v),
)


def _share(g: Any, own: Node, other: Node) -> Node:
    from gradlab.graph.operations.learning import SIGMOID

    return g.apply(SIGMOID, g.add(own, g.negative(other)))


def _x_log_y(np: Any, u: Any, v: Any) -> Any:
    return np.where((u == 0) & ~np.isnan(v), 0.0, u * np.log(v))


XLOGY = add(
    "xlogy",
    "product with a logarithm",
    "d(u ln v) = ln(v) du + u/v dv, and 0 ln v = 0",
    lambda g, u, out: [g.apply(LOG, u[1]), g.quotient(u[0], u[1])],
    arity=2,
    sympy=lambda sp, u, v: u * sp.log(v),
    numpy=_x_log_y,
    ball=lambda flint, u, v: flint.arb(0) if u == 0 and not v.is_nan() else u * v.log(),
    domain="v > 0",
    write=lambda printer, u, elementwise: (
        printer.hadamard([u[0], printer.call("log", [u[1]])])
        if elementwise
        else printer.product([u[0], printer.call("log", [u[1]])])
    ),
)
