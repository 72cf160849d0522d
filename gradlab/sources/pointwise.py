"""What the rarer elementwise functions of NumPy and torch mean, where no operation has their name."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from gradlab.graph.kinds import Constant
from gradlab.graph.nodes import Node
from gradlab.graph.operations import LOG, LOGADDEXP, SQRT, polygamma
from gradlab.sources.activations import plain_number
from gradlab.sources.frames import refuse

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


def _rsqrt(trace: Trace, x: Any) -> Node:
    return trace.builder.divide(trace.builder.constant(1), trace.builder.apply(SQRT, trace.lift(x)))


def _exp2(trace: Trace, x: Any) -> Node:
    return trace.builder.power(trace.builder.constant(2), trace.lift(x))


def _turned(numerator: int, to_radians: bool) -> Callable[..., Node]:
    """Return the change between degrees and radians: π/180 x and 180/π x."""

    def call(trace: Trace, x: Any) -> Node:
        builder, pi = trace.builder, Constant("pi")
        if to_radians:
            return builder.multiply(builder.constant(Fraction(1, numerator)), builder.multiply(pi, trace.lift(x)))
        return builder.multiply(builder.constant(numerator), builder.divide(trace.lift(x), pi))

    return call


def _log_add_exp2(trace: Trace, first: Any, second: Any) -> Node:
    """log2(2^u + 2^v) = ln(e^(u ln 2) + e^(v ln 2)) / ln 2."""
    builder = trace.builder
    log2 = builder.apply(LOG, builder.constant(2))
    scaled = (builder.multiply(log2, trace.lift(value)) for value in (first, second))
    return builder.divide(builder.apply(LOGADDEXP, *scaled), log2)


def _logit(trace: Trace, x: Any, eps: Any = None) -> Node:
    if eps is not None:
        refuse("logit with eps", "clamp the argument: torch.logit(x.clamp(eps, 1 - eps))")
    p, builder = trace.lift(x), trace.builder
    return builder.apply(LOG, builder.divide(p, builder.subtract(builder.constant(1), p)))


def _polygamma(trace: Trace, n: Any, x: Any) -> Node:
    order = plain_number(n, "the order of polygamma")
    if order < 0 or order.denominator != 1:
        refuse(f"polygamma of order {order}", "the order is a whole number from 0 on")
    return trace.builder.apply(polygamma(order), trace.lift(x))


POINTWISE: dict[str, Callable[..., Node]] = {
    "rsqrt": _rsqrt,
    "exp2": _exp2,
    "deg2rad": _turned(180, True),
    "rad2deg": _turned(180, False),
    "logaddexp2": _log_add_exp2,
    "logit": _logit,
    "polygamma": _polygamma,
}
