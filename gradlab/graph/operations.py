"""The elementwise operations: one entry each, holding all that is known about it.

An entry gives the scalar function as a SymPy expression of its inputs, its local derivatives (written
through the operation's own output where that is shorter), how NumPy, torch and ball arithmetic evaluate
it, how it is written, and where it has kinks. The modules are handed in, so that naming an operation
loads none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import ModuleType
from typing import Any

from gradlab.graph.nodes import Node
from gradlab.graph.writing import Printer, Shown

Partials = Callable[[ModuleType, Sequence[Node], Node], Sequence[Node]]
"""(the module `algebra`, the operands, the output) -> one local derivative for each operand."""


@dataclass(frozen=True, eq=False)
class Operation:
    """One elementwise operation.

    rule, formula: the name and the formula of its differentiation rule, as a student reads them.
    sympy, numpy, torch, ball: the function itself, each given the module and the inputs.
    partials: its local derivatives as nodes.
    switches: expressions at whose zeros the operation may have a kink or a jump.
    domain: where it is real and differentiable, in words; empty if everywhere.
    write: how it is printed; a call of its name if not given.
    """

    name: str
    arity: int
    rule: str
    formula: str
    sympy: Callable[..., Any]
    numpy: Callable[..., Any]
    torch: Callable[..., Any]
    ball: Callable[..., Any]
    partials: Partials
    switches: Callable[[ModuleType, Sequence[Node]], Sequence[Node]] | None = None
    domain: str = ""
    write: Callable[[Printer, Sequence[Shown], bool], Shown] | None = None

    def __repr__(self) -> str:
        return f"Operation({self.name})"


OPERATIONS: dict[str, Operation] = {}


def _add(name: str, rule: str, formula: str, partials: Partials, **rest: Any) -> Operation:
    """Register an operation; the functions default to those of the same name in each module."""
    functions: dict[str, Any] = {
        "sympy": lambda sp, *u: getattr(sp, name)(*u),
        "numpy": lambda np, *u: getattr(np, name)(*u),
        "torch": lambda torch, *u: getattr(torch, name)(*u),
        "ball": lambda flint, u: getattr(u, name)(),
    }
    operation = Operation(name, rest.pop("arity", 1), rule, formula, partials=partials, **{**functions, **rest})
    OPERATIONS[name] = operation
    return operation


# Powers, quotients, roots ---------------------------------------------------------------------

_POWERS: dict[Fraction, Operation] = {}


def power(exponent: Fraction) -> Operation:
    """Return the operation that raises to the constant *exponent*.

    >>> power(Fraction(2)).rule, power(Fraction(2)) is power(Fraction(2))
    ('power rule', True)
    """
    operation = _POWERS.get(exponent)
    if operation is None:
        operation = _POWERS.setdefault(exponent, _power(exponent))
    return operation


def _power(exponent: Fraction) -> Operation:
    whole = exponent.denominator == 1
    # NumPy refuses an integer array to a negative power; a Python int exponent keeps x**2 exact and fast.
    number: int | float = int(exponent) if whole else float(exponent)

    def ball(flint: Any, u: Any) -> Any:
        return u ** int(exponent) if whole else u ** flint.arb(flint.fmpq(*exponent.as_integer_ratio()))

    def write(printer: Printer, u: Sequence[Shown], elementwise: bool) -> Shown:
        above = Shown(str(exponent)) if whole else _fraction_shown(printer, exponent)
        return printer.power(u[0], above, elementwise=elementwise)

    return Operation(
        name=f"power {exponent}",
        arity=1,
        rule="power rule",
        formula="d/du u^n = n u^(n-1)",
        sympy=lambda sp, u: u ** sp.Rational(*exponent.as_integer_ratio()),
        numpy=lambda np, u: u**number,
        torch=lambda torch, u: u**number,
        ball=ball,
        partials=lambda g, u, out: [g.scale_by(exponent, g.raised(u[0], exponent - 1))],
        domain="" if whole and exponent > 0 else "u ≠ 0" if whole else "u ≥ 0" if exponent > 0 else "u > 0",
        write=write,
    )


def _fraction_shown(printer: Printer, value: Fraction) -> Shown:
    from gradlab.graph.sizes import Coefficient

    return printer.number(Coefficient(value))


def _write_quotient(printer: Printer, u: Sequence[Shown], elementwise: bool) -> Shown:
    # 1/v stays a fraction for arrays too: there is nothing else it could mean.
    scalar_above = u[0].written == "1"
    return printer.hadamard(u, "⊘") if elementwise and not scalar_above else printer.fraction(u[0], u[1])


DIVIDE = _add(
    "divide",
    "quotient rule",
    "d(u/v) = du / v - (u/v) dv / v",
    lambda g, u, out: [g.reciprocal(u[1]), g.negative(g.quotient(out, u[1]))],
    arity=2,
    sympy=lambda sp, u, v: u / v,
    torch=lambda torch, u, v: torch.true_divide(u, v),
    ball=lambda flint, u, v: u / v,
    domain="v ≠ 0",
    write=_write_quotient,
)
GENERAL_POWER = _add(
    "general power",
    "general power rule",
    "d(u^v) = v u^(v-1) du + u^v ln(u) dv",
    lambda g, u, out: [
        g.product(u[1], g.apply(GENERAL_POWER, u[0], g.add(u[1], g.number(-1, u[1].axes)))),
        g.product(out, g.apply(LOG, u[0])),
    ],
    arity=2,
    sympy=lambda sp, u, v: u**v,
    numpy=lambda np, u, v: np.power(u, v),
    torch=lambda torch, u, v: torch.pow(u, v),
    ball=lambda flint, u, v: u**v,
    domain="u > 0",
    write=lambda printer, u, elementwise: printer.power(u[0], u[1], elementwise=elementwise),
)
SQRT = _add(
    "sqrt",
    "square root",
    "d/du √u = 1 / (2 √u)",
    lambda g, u, out: [g.reciprocal(g.scale_by(2, out))],
    domain="u ≥ 0",
    write=lambda printer, u, elementwise: printer.root(u[0]),
)

# Exponentials and logarithms -------------------------------------------------------------------

EXP = _add(
    "exp",
    "exponential",
    "d/du e^u = e^u",
    lambda g, u, out: [out],
    write=lambda printer, u, elementwise: printer.exponential(u[0]),
)
LOG = _add("log", "natural logarithm", "d/du ln u = 1/u", lambda g, u, out: [g.reciprocal(u[0])], domain="u > 0")
LOG2 = _add(
    "log2",
    "logarithm to base 2",
    "d/du log2 u = 1 / (u ln 2)",
    lambda g, u, out: [g.reciprocal(g.product(u[0], g.apply(LOG, g.number(2, u[0].axes))))],
    sympy=lambda sp, u: sp.log(u) / sp.log(2),
    ball=lambda flint, u: u.log() / flint.arb(2).log(),
    domain="u > 0",
)
LOG10 = _add(
    "log10",
    "logarithm to base 10",
    "d/du log10 u = 1 / (u ln 10)",
    lambda g, u, out: [g.reciprocal(g.product(u[0], g.apply(LOG, g.number(10, u[0].axes))))],
    sympy=lambda sp, u: sp.log(u) / sp.log(10),
    ball=lambda flint, u: u.log() / flint.arb(10).log(),
    domain="u > 0",
)
LOG1P = _add(
    "log1p",
    "logarithm of 1 + u",
    "d/du ln(1 + u) = 1 / (1 + u)",
    lambda g, u, out: [g.reciprocal(g.add(g.number(1, u[0].axes), u[0]))],
    sympy=lambda sp, u: sp.log(1 + u),
    domain="u > -1",
)
EXPM1 = _add(
    "expm1",
    "exponential minus 1",
    "d/du (e^u - 1) = e^u",
    lambda g, u, out: [g.apply(EXP, u[0])],
    sympy=lambda sp, u: sp.exp(u) - 1,
)

# Trigonometric and hyperbolic functions --------------------------------------------------------

SIN = _add("sin", "sine", "d/du sin u = cos u", lambda g, u, out: [g.apply(COS, u[0])])
COS = _add("cos", "cosine", "d/du cos u = -sin u", lambda g, u, out: [g.negative(g.apply(SIN, u[0]))])
TAN = _add(
    "tan",
    "tangent",
    "d/du tan u = 1 + tan² u",
    lambda g, u, out: [g.add(g.number(1, out.axes), g.raised(out, 2))],
    domain="cos u ≠ 0",
)
ASIN = _add(
    "asin",
    "inverse sine",
    "d/du asin u = 1 / √(1 - u²)",
    lambda g, u, out: [g.reciprocal(g.apply(SQRT, g.one_minus_square(u[0])))],
    numpy=lambda np, u: np.arcsin(u),
    domain="-1 < u < 1",
)
ACOS = _add(
    "acos",
    "inverse cosine",
    "d/du acos u = -1 / √(1 - u²)",
    lambda g, u, out: [g.negative(g.reciprocal(g.apply(SQRT, g.one_minus_square(u[0]))))],
    numpy=lambda np, u: np.arccos(u),
    domain="-1 < u < 1",
)
ATAN = _add(
    "atan",
    "inverse tangent",
    "d/du atan u = 1 / (1 + u²)",
    lambda g, u, out: [g.reciprocal(g.add(g.number(1, out.axes), g.raised(u[0], 2)))],
    numpy=lambda np, u: np.arctan(u),
)
SINH = _add("sinh", "hyperbolic sine", "d/du sinh u = cosh u", lambda g, u, out: [g.apply(COSH, u[0])])
COSH = _add("cosh", "hyperbolic cosine", "d/du cosh u = sinh u", lambda g, u, out: [g.apply(SINH, u[0])])
TANH = _add("tanh", "hyperbolic tangent", "d/du tanh u = 1 - tanh² u", lambda g, u, out: [g.one_minus_square(out)])
ASINH = _add(
    "asinh",
    "inverse hyperbolic sine",
    "d/du asinh u = 1 / √(u² + 1)",
    lambda g, u, out: [g.reciprocal(g.apply(SQRT, g.add(g.raised(u[0], 2), g.number(1, out.axes))))],
    numpy=lambda np, u: np.arcsinh(u),
)
ACOSH = _add(
    "acosh",
    "inverse hyperbolic cosine",
    "d/du acosh u = 1 / √(u² - 1)",
    lambda g, u, out: [g.reciprocal(g.apply(SQRT, g.add(g.raised(u[0], 2), g.number(-1, out.axes))))],
    numpy=lambda np, u: np.arccosh(u),
    domain="u > 1",
)
ATANH = _add(
    "atanh",
    "inverse hyperbolic tangent",
    "d/du atanh u = 1 / (1 - u²)",
    lambda g, u, out: [g.reciprocal(g.one_minus_square(u[0]))],
    numpy=lambda np, u: np.arctanh(u),
    domain="-1 < u < 1",
)

# The functions of machine learning -------------------------------------------------------------


def _sigmoid(np: Any, u: Any) -> Any:
    # exp of a positive number overflows from 710 on; -|u| never does.
    decayed = np.exp(-np.abs(u))
    return np.where(u >= 0, 1 / (1 + decayed), decayed / (1 + decayed))


def _softplus_ball(flint: Any, u: Any) -> Any:
    # ln(1 + e^u) = u + ln(1 + e^-u): the second form keeps its digits for large u.
    return (u + (-u).exp().log1p()) if u > 0 else u.exp().log1p()


SIGMOID = _add(
    "sigmoid",
    "sigmoid",
    "d/du σ(u) = σ(u) (1 - σ(u))",
    lambda g, u, out: [g.product(out, g.add(g.number(1, out.axes), g.negative(out)))],
    sympy=lambda sp, u: 1 / (1 + sp.exp(-u)),
    numpy=_sigmoid,
    ball=lambda flint, u: 1 / (1 + (-u).exp()),
)
SOFTPLUS = _add(
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


def _erf(np: Any, u: Any) -> Any:
    import math

    # NumPy has no erf and SciPy is not needed for anything else.
    return np.vectorize(math.erf, otypes=[float])(u).astype(np.result_type(u), copy=False)


ERF = _add(
    "erf",
    "error function",
    "d/du erf u = 2/√π e^(-u²)",
    lambda g, u, out: [
        g.product(
            g.reciprocal(g.apply(SQRT, g.named_number("pi", out.axes))),
            g.scale_by(2, g.apply(EXP, g.negative(g.raised(u[0], 2)))),
        )
    ],
    numpy=_erf,
)

# Functions with kinks and jumps ----------------------------------------------------------------


def _sign_ball(flint: Any, u: Any) -> Any:
    if u > 0:
        return flint.arb(1)
    if u < 0:
        return flint.arb(-1)
    return flint.arb(0) if u == 0 else flint.arb(0, 1)


def _floor_ball(flint: Any, u: Any) -> Any:
    return u.floor()


SIGN = _add(
    "sign",
    "sign",
    "d/du sign(u) = 0 for u ≠ 0",
    lambda g, u, out: [g.number(0, out.axes)],
    ball=_sign_ball,
    switches=lambda g, u: [u[0]],
    domain="u ≠ 0",
)
FLOOR = _add(
    "floor",
    "floor",
    "d/du floor(u) = 0 except at whole numbers",
    lambda g, u, out: [g.number(0, out.axes)],
    ball=_floor_ball,
    # sin(π u) would do; the distance to the nearest whole number is u - floor(u + 1/2).
    switches=lambda g, u: [g.add(u[0], g.negative(g.apply(FLOOR, g.add(u[0], g.number(Fraction(1, 2), u[0].axes)))))],
    domain="u not a whole number",
)
STEP = _add(
    "step",
    "unit step",
    "d/du step(u) = 0 for u ≠ 0",
    lambda g, u, out: [g.number(0, out.axes)],
    sympy=lambda sp, u: sp.Heaviside(u, 0),
    numpy=lambda np, u: np.heaviside(u, 0),
    torch=lambda torch, u: (u > 0).to(u.dtype),
    ball=lambda flint, u: flint.arb(1) if u > 0 else flint.arb(0) if u <= 0 else flint.arb(0.5, 0.5),
    switches=lambda g, u: [u[0]],
    domain="u ≠ 0",
)
ABS = _add(
    "abs",
    "absolute value",
    "d/du |u| = sign(u) for u ≠ 0",
    lambda g, u, out: [g.apply(SIGN, u[0])],
    sympy=lambda sp, u: sp.Abs(u),
    ball=lambda flint, u: abs(u),
    switches=lambda g, u: [u[0]],
    domain="u ≠ 0",
    write=lambda printer, u, elementwise: printer.absolute(u[0]),
)
RELU = _add(
    "relu",
    "rectifier",
    "d/du relu(u) = 1 for u > 0, 0 for u < 0",
    lambda g, u, out: [g.apply(STEP, u[0])],
    sympy=lambda sp, u: sp.Max(u, 0),
    numpy=lambda np, u: np.maximum(u, 0),
    ball=lambda flint, u: u.max(flint.arb(0)),
    switches=lambda g, u: [u[0]],
    domain="u ≠ 0",
)


def _share_of_larger(g: Any, u: Sequence[Node], sign: int) -> list[Node]:
    # (1 ± sign(u - v)) / 2: all to the larger one, half to each at a tie, as torch.maximum does.
    difference = g.apply(SIGN, g.add(u[0], g.negative(u[1])))
    one = g.number(1, u[0].axes)
    first = g.scale_by(Fraction(1, 2), g.add(one, g.scale_by(sign, difference)))
    second = g.scale_by(Fraction(1, 2), g.add(one, g.scale_by(-sign, difference)))
    return [first, second]


MAXIMUM = _add(
    "max",
    "larger of two",
    "d max(u, v) = du where u > v, dv where v > u",
    lambda g, u, out: _share_of_larger(g, u, 1),
    arity=2,
    sympy=lambda sp, u, v: sp.Max(u, v),
    numpy=lambda np, u, v: np.maximum(u, v),
    torch=lambda torch, u, v: torch.maximum(u, v),
    ball=lambda flint, u, v: u.max(v),
    switches=lambda g, u: [g.add(u[0], g.negative(u[1]))],
    domain="u ≠ v",
)
MINIMUM = _add(
    "min",
    "smaller of two",
    "d min(u, v) = du where u < v, dv where v < u",
    lambda g, u, out: _share_of_larger(g, u, -1),
    arity=2,
    sympy=lambda sp, u, v: sp.Min(u, v),
    numpy=lambda np, u, v: np.minimum(u, v),
    torch=lambda torch, u, v: torch.minimum(u, v),
    ball=lambda flint, u, v: u.min(v),
    switches=lambda g, u: [g.add(u[0], g.negative(u[1]))],
    domain="u ≠ v",
)

# Comparisons: 1 where they hold, else 0 ----------------------------------------------------------


def _compared(name: str, sign: str, sympy: Callable[..., Any], holds: Callable[[Any, Any], Any]) -> Operation:
    def ball(flint: Any, u: Any, v: Any) -> Any:
        # Balls that overlap may compare either way, unless both are exact.
        apart = u > v or u < v or (u.is_exact() and v.is_exact())
        return flint.arb(int(holds(u, v))) if apart else flint.arb(0.5, 0.5)

    return _add(
        name,
        "comparison",
        f"[u {sign} v] is 1 or 0, and its slope 0",
        lambda g, u, out: [g.number(0, out.axes), g.number(0, out.axes)],
        arity=2,
        sympy=sympy,
        numpy=lambda np, u, v: np.asarray(holds(u, v)).astype(np.result_type(u, v)),
        torch=lambda torch, u, v: holds(u, v).to(torch.result_type(u, v)),
        ball=ball,
        switches=lambda g, u: [g.add(u[0], g.negative(u[1]))],
        domain="u ≠ v",
        write=lambda printer, u, elementwise: printer.bracket(u[0], sign, u[1]),
    )


GREATER = _compared("greater", ">", lambda sp, u, v: sp.Heaviside(u - v, 0), lambda u, v: u > v)
GREATER_EQUAL = _compared("greater_equal", "≥", lambda sp, u, v: sp.Heaviside(u - v, 1), lambda u, v: u >= v)
EQUAL = _compared("equal", "=", lambda sp, u, v: 1 - sp.Abs(sp.sign(u - v)), lambda u, v: u == v)
NOT_EQUAL = _compared("not_equal", "≠", lambda sp, u, v: sp.Abs(sp.sign(u - v)), lambda u, v: u != v)


def write(operation: Operation, printer: Printer, operands: Sequence[Shown], elementwise: bool) -> Shown:
    """Return *operation* as written on *operands*."""
    if operation.write is not None:
        return operation.write(printer, operands, elementwise)
    return printer.call(operation.name, operands)
