"""The functions of machine learning: sigmoid, activations, Huber's function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from gradlab.graph.nodes import Node
from gradlab.graph.operations.clamping import CLAMP
from gradlab.graph.operations.comparisons import GREATER
from gradlab.graph.operations.exponentials import EXP
from gradlab.graph.operations.kinks import ABS
from gradlab.graph.operations.operation import OPERATIONS, Operation, add, family
from gradlab.graph.operations.special import NORMAL_CDF, NORMAL_DENSITY
from gradlab.graph.rules import Rule, rule
from gradlab.graph.sizes import Coefficient
from gradlab.graph.writing import Printer, Shown


def _sigmoid(np: Any, u: Any) -> Any:
    # exp of a positive number overflows from 710 on; -|u| never does. |u| itself would cut a complex step off.
    decayed = np.exp(np.where(u >= 0, -u, u))
    return np.where(u >= 0, 1 / (1 + decayed), decayed / (1 + decayed))


def _softplus_ball(flint: Any, u: Any) -> Any:
    # ln(1 + e^u) = u + ln(1 + e^-u): the second form keeps its digits for large u.
    return (u + (-u).exp().log1p()) if u > 0 else u.exp().log1p()


SIGMOID = add(
    "sigmoid",
    "sigmoid",
    "d/du σ(u) = σ(u) (1 - σ(u))",
    lambda g, u, out: [g.product(out, g.add(g.number(1, out.axes), g.negative(out)))],
    sympy=lambda sp, u: 1 / (1 + sp.exp(-u)),
    numpy=_sigmoid,
    ball=lambda flint, u: 1 / (1 + (-u).exp()),
)
SOFTPLUS = add(
    "softplus",
    "softplus",
    "d/du ln(1 + e^u) = σ(u)",
    lambda g, u, out: [g.apply(SIGMOID, u[0])],
    sympy=lambda sp, u: sp.log(1 + sp.exp(u)),
    numpy=lambda np, u: np.logaddexp(0, u),
    # torch.nn.functional.softplus turns linear above a threshold of 20, which costs 2e-9; logaddexp does not.
    torch=lambda torch, u: torch.logaddexp(torch.zeros_like(u), u),
    ball=_softplus_ball,
)

# Units with a slope on the left side -----------------------------------------------------------


def _is_positive(g: Any, node: Node) -> Node:
    return g.apply(GREATER, node, g.number(0, node.axes))


LEAKY_RELU = add(
    "leaky_relu",
    "rectifier with a slope",
    "d leaky(u, v) = du for u > 0, v du + u dv for u < 0",
    lambda g, u, out: [
        g.where(_is_positive(g, u[0]), g.number(1, out.axes), u[1]),
        g.where(_is_positive(g, u[0]), g.number(0, out.axes), u[0]),
    ],
    arity=2,
    sympy=lambda sp, u, v: sp.Piecewise((u, u > 0), (v * u, True)),
    numpy=lambda np, u, v: np.where(u > 0, u, v * u),
    torch=lambda torch, u, v: torch.where(u > 0, u, v * u),
    ball=lambda flint, u, v: u if u > 0 else v * u if u <= 0 else u.union(v * u),
    switches=lambda g, u: [u[0]],
    where="u ≠ 0",
)


def _exponential_unit(
    name: str, stated: Rule, scale: Fraction, below: Fraction, rate: Fraction, parameter: Fraction | None
) -> Operation:
    """Return *scale* u for positive u, else *below* (e^(*rate* u) - 1); *parameter* is written behind it if given."""
    above, steep, rate_float = float(scale), float(below), float(rate)

    def slope(g: Any, u: Sequence[Node], out: Node) -> Sequence[Node]:
        raised = g.scale_by(below * rate, g.apply(EXP, g.scale_by(rate, u[0])))
        return [g.where(_is_positive(g, u[0]), g.number(scale, out.axes), raised)]

    def exact(flint: Any, value: Fraction) -> Any:
        return flint.arb(flint.fmpq(*value.as_integer_ratio()))

    def ball(flint: Any, u: Any) -> Any:
        right = exact(flint, scale) * u
        if u > 0:
            return right
        left = exact(flint, below) * (exact(flint, rate) * u).expm1()
        return left if u <= 0 else left.union(right)

    def tensor(torch: Any, u: Any) -> Any:
        # Without the bound e^u overflows in the case that does not hold, and autograd makes 0 times inf of it.
        return torch.where(u > 0, above * u, steep * torch.expm1(rate_float * torch.clamp(u, max=0)))

    def write(printer: Printer, u: Sequence[Shown], elementwise: bool) -> Shown:
        return printer.call(name, [*u, *([printer.number(Coefficient(parameter))] if parameter is not None else [])])

    return Operation(
        name=name if parameter is None else f"{name} {parameter}",
        arity=1,
        rule=stated,
        sympy=lambda sp, u: sp.Piecewise(
            (sp.Rational(*scale.as_integer_ratio()) * u, u > 0),
            (
                sp.Rational(*below.as_integer_ratio()) * (sp.exp(sp.Rational(*rate.as_integer_ratio()) * u) - 1),
                True,
            ),
        ),
        numpy=lambda np, u: np.where(u > 0, above * u, steep * np.expm1(rate_float * np.minimum(u, 0))),
        torch=tensor,
        ball=ball,
        partials=slope,
        # Where both sides have the same slope there is no kink.
        switches=(lambda g, u: [u[0]]) if below * rate != scale else None,
        number=parameter,
        write=write,
    )


_ELU = rule("elu unit", "d/du elu(u) = 1 for u > 0, e^u for u ≤ 0")
_ELU_WITH_FACTOR = rule("elu unit with a factor", "d/du elu(u, α) = 1 for u > 0, α e^u for u < 0", "u ≠ 0")
_CELU = rule("celu unit", "d/du celu(u, α) = 1 for u > 0, e^(u/α) for u ≤ 0")
_SELU = rule("selu unit", "d/du selu(u) = λ for u > 0, λ α e^u for u < 0", "u ≠ 0")


@family
def elu(alpha: Fraction) -> Operation:
    """Return the exponential linear unit: u for u > 0, else α (e^u - 1) (Clevert et al. 2016)."""
    if alpha == 1:
        return _exponential_unit("elu", _ELU, alpha, alpha, alpha, None)
    return _exponential_unit("elu", _ELU_WITH_FACTOR, Fraction(1), alpha, Fraction(1), alpha)


@family
def celu(alpha: Fraction) -> Operation:
    """Return the unit u for u > 0, else α (e^(u/α) - 1), which has no kink (Barron 2017)."""
    return _exponential_unit("celu", _CELU, Fraction(1), alpha, 1 / alpha, None if alpha == 1 else alpha)


SELU_SCALE = Fraction(1.0507009873554804934193349852946)
SELU_ALPHA = Fraction(1.6732632423543772848170429916717)
"""Klambauer et al., *Self-Normalizing Neural Networks* (2017), as torch rounds them."""

SELU = _exponential_unit(
    "selu",
    _SELU,
    SELU_SCALE,
    SELU_SCALE * SELU_ALPHA,
    Fraction(1),
    None,
)
OPERATIONS[SELU.name] = SELU

# Smooth units ----------------------------------------------------------------------------------

GELU = add(
    "gelu",
    "Gaussian error linear unit",
    "d/du (u Φ(u)) = Φ(u) + u φ(u)",
    lambda g, u, out: [g.add(g.apply(NORMAL_CDF, u[0]), g.product(u[0], g.apply(NORMAL_DENSITY, u[0])))],
    sympy=lambda sp, u: u * NORMAL_CDF.sympy(sp, u),
    numpy=lambda np, u: u * NORMAL_CDF.numpy(np, u),
    torch=lambda torch, u: u * NORMAL_CDF.torch(torch, u),
    ball=lambda flint, u: u * NORMAL_CDF.ball(flint, u),
    roundings=14,
)


def _silu_slope(g: Any, u: Sequence[Node], out: Node) -> Sequence[Node]:
    share, one = g.apply(SIGMOID, u[0]), g.number(1, out.axes)
    return [g.product(share, g.add(one, g.product(u[0], g.add(one, g.negative(share)))))]


SILU = add(
    "silu",
    "sigmoid linear unit",
    "d/du (u σ(u)) = σ(u) (1 + u (1 - σ(u)))",
    _silu_slope,
    sympy=lambda sp, u: u / (1 + sp.exp(-u)),
    numpy=lambda np, u: u * _sigmoid(np, u),
    torch=lambda torch, u: torch.nn.functional.silu(u),
    ball=lambda flint, u: u / (1 + (-u).exp()),
    roundings=6,
)
SOFTSIGN = add(
    "softsign",
    "softsign",
    "d/du u/(1 + |u|) = 1/(1 + |u|)²",
    lambda g, u, out: [g.reciprocal(g.raised(g.add(g.number(1, out.axes), g.apply(ABS, u[0])), 2))],
    sympy=lambda sp, u: u / (1 + sp.Abs(u)),
    numpy=lambda np, u: u / (1 + np.abs(u)),
    torch=lambda torch, u: u / (1 + torch.abs(u)),
    ball=lambda flint, u: u / (1 + abs(u)),
)

# Families of a parameter -----------------------------------------------------------------------


_HUBER = rule("Huber's function", "d/du huber(u) = clamp(u, -δ, δ)")
_HARD_SHRINKAGE = rule("hard shrinkage", "d/du hardshrink(u) = 1 for |u| > λ, 0 for |u| < λ", "|u| ≠ λ")


@family
def huber(delta: Fraction) -> Operation:
    """Return Huber's function: u²/2 up to |u| = δ, then δ (|u| - δ/2), whose derivative is u held in [-δ, δ].

    >>> huber(Fraction(1)).rule.formula
    'd/du huber(u) = clamp(u, -δ, δ)'
    """
    bound = float(delta)

    def ball(flint: Any, u: Any) -> Any:
        held = flint.arb(flint.fmpq(*delta.as_integer_ratio()))
        far, near = held * (abs(u) - held / 2), u * u / 2
        return near if abs(u) <= held else far if abs(u) > held else near.union(far)

    def slope(g: Any, u: Sequence[Node], out: Node) -> Sequence[Node]:
        return [g.apply(CLAMP, u[0], g.number(-delta, out.axes), g.number(delta, out.axes))]

    def write(printer: Printer, u: Sequence[Shown], elementwise: bool) -> Shown:
        return printer.call("huber", u if delta == 1 else [*u, printer.number(Coefficient(delta))])

    return Operation(
        name=f"huber {delta}",
        arity=1,
        rule=_HUBER,
        sympy=lambda sp, u: sp.Piecewise(
            (u**2 / 2, sp.Abs(u) <= sp.Rational(*delta.as_integer_ratio())),
            (sp.Rational(*delta.as_integer_ratio()) * (sp.Abs(u) - sp.Rational(*(delta / 2).as_integer_ratio())), True),
        ),
        numpy=lambda np, u: np.where(np.abs(u) <= bound, u * u / 2, bound * (np.abs(u) - bound / 2)),
        torch=lambda torch, u: torch.where(torch.abs(u) <= bound, u * u / 2, bound * (torch.abs(u) - bound / 2)),
        ball=ball,
        partials=slope,
        number=delta,
        write=write,
    )


@family
def hardshrink(bound: Fraction) -> Operation:
    """Return the function that is u where |u| > λ, else 0."""
    limit = float(bound)

    def beyond(g: Any, u: Sequence[Node], out: Node) -> Sequence[Node]:
        return [g.apply(GREATER, g.apply(ABS, u[0]), g.number(bound, out.axes))]

    def ball(flint: Any, u: Any) -> Any:
        held = flint.arb(flint.fmpq(*bound.as_integer_ratio()))
        zero = flint.arb(0)
        return u if abs(u) > held else zero if abs(u) <= held else u.union(zero)

    return Operation(
        name=f"hardshrink {bound}",
        arity=1,
        rule=_HARD_SHRINKAGE,
        sympy=lambda sp, u: sp.Piecewise((u, sp.Abs(u) > sp.Rational(*bound.as_integer_ratio())), (0, True)),
        numpy=lambda np, u: np.where(np.abs(u) > limit, u, 0 * u),
        torch=lambda torch, u: torch.where(torch.abs(u) > limit, u, torch.zeros_like(u)),
        ball=ball,
        partials=beyond,
        switches=lambda g, u: [g.add(g.apply(ABS, u[0]), g.number(-bound, u[0].axes))],
        number=bound,
        write=lambda printer, u, elementwise: printer.call("hardshrink", [*u, printer.number(Coefficient(bound))]),
    )


FAMILIES: dict[str, Callable[[Fraction], Operation]] = {
    "elu": elu,
    "celu": celu,
    "huber": huber,
    "hardshrink": hardshrink,
}
"""Operations of one positive number, each by the name that it is written with."""
