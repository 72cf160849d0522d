"""What the activations of torch.nn.functional mean, in the terms of the graph."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from gradlab.errors import ShapeError
from gradlab.graph.kinds import Constant, Softmax
from gradlab.graph.nodes import Node
from gradlab.graph.operations import (
    FAMILIES,
    GELU,
    HARDTANH,
    LEAKY_RELU,
    OPERATIONS,
    SELU,
    SIGMOID,
    SILU,
    SOFTPLUS,
    SOFTSIGN,
    SQRT,
    TANH,
)
from gradlab.sources.classification import chosen_axis
from gradlab.sources.conditions import clamped, where
from gradlab.sources.frames import refuse

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


def plain_number(value: Any, what: str) -> Fraction:
    """Return a number that the code must give as one, exactly."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Fraction)):
        refuse(f"{what} that is not a plain number", "write it as a number such as 0.1")
    return Fraction(value)


def _plain(operation: Any) -> Callable[..., Node]:
    return lambda trace, input, inplace=False: trace.builder.apply(operation, trace.lift(input))


def _of_family(name: str, option: str, default: float) -> Callable[..., Node]:
    """Return the call of a function of one number, which torch calls *option*."""

    def call(trace: Trace, input: Any, *given: Any, inplace: bool = False, **options: Any) -> Node:
        if len(given) > 1 or set(options) - {option}:
            raise TypeError(f"{name} takes an array and {option}")
        number = plain_number(given[0] if given else options.get(option, default), f"{option} of {name}")
        if number <= 0:
            refuse(f"{name} with {option}={number}", "give a positive number")
        return trace.builder.apply(FAMILIES[name](number), trace.lift(input))

    return call


def _leaky_relu(trace: Trace, input: Any, negative_slope: Any = 0.01, inplace: bool = False) -> Node:
    slope = trace.builder.constant(plain_number(negative_slope, "negative_slope"))
    return trace.builder.apply(LEAKY_RELU, trace.lift(input), slope)


def _prelu(trace: Trace, input: Any, weight: Any) -> Node:
    """One slope for all, or one for each channel, which is the second axis."""
    x, slope = trace.lift(input), trace.lift(weight)
    if slope.rank != 1 or x.rank == 0:
        shape = trace.builder.sizes.shape_text
        raise ShapeError(f"prelu of shape {shape(x)} needs weights of shape (1,) or one for each channel")
    if trace.builder.sizes.root(slope.axes[0]) == 1:
        slope = trace.builder.drop_axis(slope, 0)
    elif x.rank == 1:
        raise ShapeError("prelu of one axis takes one weight: shape (1,)")
    for _ in range(x.rank - 2 if slope.rank else 0):
        slope = trace.builder.expand(slope, slope.rank)
    return trace.builder.apply(LEAKY_RELU, x, slope)


def _gelu(trace: Trace, input: Any, approximate: str = "none") -> Node:
    x = trace.lift(input)
    if approximate == "none":
        return trace.builder.apply(GELU, x)
    if approximate != "tanh":
        refuse(f"gelu with approximate={approximate!r}", "write 'none' or 'tanh'")
    return _gelu_by_tanh(trace, x)


def _gelu_by_tanh(trace: Trace, x: Node) -> Node:
    """x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))) (Hendrycks & Gimpel 2016)."""
    builder = trace.builder
    root = builder.apply(SQRT, builder.divide(builder.constant(2), Constant("pi")))
    cube = builder.power(x, builder.constant(3))
    inside = builder.multiply(root, builder.add(x, builder.multiply(builder.constant(0.044715), cube)))
    bracket = builder.add(builder.constant(1), builder.apply(TANH, inside))
    return builder.multiply(builder.constant(Fraction(1, 2)), builder.multiply(x, bracket))


def _mish(trace: Trace, input: Any, inplace: bool = False) -> Node:
    x, builder = trace.lift(input), trace.builder
    return builder.multiply(x, builder.apply(TANH, builder.apply(SOFTPLUS, x)))


def _softplus(trace: Trace, input: Any, beta: Any = 1, threshold: Any = 20) -> Node:
    """ln(1 + e^(β x)) / β; torch turns linear where β x is above its threshold, by 2e-9 at 20."""
    rate = plain_number(beta, "beta of softplus")
    if plain_number(threshold, "threshold of softplus") < 20 or rate <= 0:
        refuse("softplus with a threshold below 20", "leave the threshold out, and give a positive beta")
    x, builder = trace.lift(input), trace.builder
    if rate == 1:
        return builder.apply(SOFTPLUS, x)
    raised = builder.apply(SOFTPLUS, builder.multiply(builder.constant(rate), x))
    return builder.multiply(builder.constant(1 / rate), raised)


def _logsigmoid(trace: Trace, x: Any) -> Node:
    """ln σ(x) = -ln(1 + e^(-x)): no logarithm of a number that has underflowed."""
    builder = trace.builder
    return builder.negative(builder.apply(SOFTPLUS, builder.negative(trace.lift(x))))


def _hardtanh(trace: Trace, input: Any, min_val: Any = -1.0, max_val: Any = 1.0, inplace: bool = False) -> Node:
    bounds = (trace.builder.constant(plain_number(value, "a bound of hardtanh")) for value in (min_val, max_val))
    return trace.builder.apply(HARDTANH, trace.lift(input), *bounds)


def _relu6(trace: Trace, input: Any, inplace: bool = False) -> Node:
    return _hardtanh(trace, input, 0, 6)


def _hardsigmoid(trace: Trace, input: Any, inplace: bool = False) -> Node:
    builder = trace.builder
    held = builder.apply(
        HARDTANH, builder.add(trace.lift(input), builder.constant(3)), builder.constant(0), builder.constant(6)
    )
    return builder.multiply(builder.constant(Fraction(1, 6)), held)


def _hardswish(trace: Trace, input: Any, inplace: bool = False) -> Node:
    return trace.builder.multiply(trace.lift(input), _hardsigmoid(trace, input))


def _softshrink(trace: Trace, input: Any, lambd: Any = 0.5) -> Node:
    """What is left of x beyond the bounds ±λ."""
    bound = plain_number(lambd, "lambd of softshrink")
    return trace.builder.subtract(trace.lift(input), clamped(trace, input, -bound, bound))


def _tanhshrink(trace: Trace, input: Any) -> Node:
    x = trace.lift(input)
    return trace.builder.subtract(x, trace.builder.apply(TANH, x))


def _threshold(trace: Trace, input: Any, threshold: Any, value: Any, inplace: bool = False) -> Node:
    bound = trace.builder.constant(plain_number(threshold, "the threshold"))
    above = trace.builder.apply(OPERATIONS["greater"], trace.lift(input), bound)
    return where(trace, trace.wrap(above), input, value)


def _glu(trace: Trace, input: Any, dim: int = -1) -> Node:
    """The first half times the sigmoid of the second."""
    x, builder = trace.lift(input), trace.builder
    axis = chosen_axis(trace, x, None, dim, "glu")
    length = builder.sizes.pin(x.axes[axis])
    if length % 2:
        raise ShapeError(f"glu halves an axis, and axis {axis} has the odd length {length}")
    before = (slice(None),) * axis
    first = builder.index(x, (*before, slice(None, length // 2)))
    second = builder.index(x, (*before, slice(length // 2, None)))
    return builder.multiply(first, builder.apply(SIGMOID, second))


def _softmin(trace: Trace, x: Any, dim: Any = None, _stacklevel: int = 3) -> Node:
    node = trace.builder.negative(trace.lift(x))
    return Softmax(node, chosen_axis(trace, node, None, dim, "softmin"))


ACTIVATIONS: dict[str, Callable[..., Node]] = {
    "relu": _plain(OPERATIONS["relu"]),
    "relu6": _relu6,
    "leaky_relu": _leaky_relu,
    "prelu": _prelu,
    "elu": _of_family("elu", "alpha", 1.0),
    "celu": _of_family("celu", "alpha", 1.0),
    "selu": _plain(SELU),
    "gelu": _gelu,
    "silu": _plain(SILU),
    "mish": _mish,
    "glu": _glu,
    "softplus": _softplus,
    "logsigmoid": _logsigmoid,
    "log_sigmoid": _logsigmoid,
    "softsign": _plain(SOFTSIGN),
    "hardtanh": _hardtanh,
    "hardsigmoid": _hardsigmoid,
    "hardswish": _hardswish,
    "softshrink": _softshrink,
    "hardshrink": _of_family("hardshrink", "lambd", 0.5),
    "tanhshrink": _tanhshrink,
    "threshold": _threshold,
    "softmin": _softmin,
}
