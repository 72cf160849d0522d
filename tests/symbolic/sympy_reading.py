"""SymPy's own reading of the corpus, and its expressions evaluated without mpmath: as Arb balls, or as torch tensors.

Nothing here goes through gradlab. Functions with jumps are written as ones whose derivative SymPy knows to be 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy as sp
from sympy.parsing.sympy_parser import convert_xor, parse_expr, standard_transformations


def flat_function(name: str) -> Any:
    """Return an unevaluated function whose derivative is 0."""
    return type(name, (sp.Function,), {"nargs": 1, "fdiff": lambda self, argindex=1: sp.Integer(0)})


Floor, Ceiling, Truncated, Rounded, Signum = map(flat_function, ["Floor", "Ceiling", "Truncated", "Rounded", "Signum"])


class Absolute(sp.Function):
    nargs = 1

    def fdiff(self, argindex: int = 1) -> Any:
        return Signum(self.args[0])


def choice(condition: Any, first: Any, second: Any) -> Any:
    return sp.Piecewise((first, condition), (second, True))


def positive(u: Any, first: Any, second: Any) -> Any:
    return sp.Piecewise((first, u > 0), (second, True))


def leaky_relu(u: Any, slope: Any = None) -> Any:
    return positive(u, u, (sp.Rational(0.01) if slope is None else slope) * u)


def huber(u: Any, width: Any = 1) -> Any:
    return sp.Piecewise((u**2 / 2, Absolute(u) <= width), (width * (Absolute(u) - width / sp.Integer(2)), True))


def selu(u: Any) -> Any:
    scale, alpha = sp.Rational(1.0507009873554804934193349852946), sp.Rational(1.6732632423543772848170429916717)
    return scale * positive(u, u, alpha * (sp.exp(u) - 1))


def written_out(body: Any, index: Any, first: int, last: int) -> Any:
    return sp.Add(*(body.subs(index, number) for number in range(int(first), int(last) + 1)))


NAMES = {name: sp.Symbol(name, real=True) for name in "abcdjkwxyz"}
FUNCTIONS: dict[str, Any] = {
    "e": sp.E,
    "abs": Absolute,
    "Abs": Absolute,
    "sign": Signum,
    "floor": Floor,
    "ceil": Ceiling,
    "trunc": Truncated,
    "round": Rounded,
    "mod": lambda u, v: u - v * Floor(u / v),
    "heaviside": lambda u: (Signum(u) + 1) / 2,
    "max": sp.Max,
    "min": sp.Min,
    "clamp": lambda u, low, high: choice(u < low, sp.sympify(low), choice(u > high, sp.sympify(high), u)),
    "where": choice,
    "sum": written_out,
    "cbrt": lambda u: Signum(u) * Absolute(u) ** sp.Rational(1, 3),
    "expm1": lambda u: sp.exp(u) - 1,
    "log1p": lambda u: sp.log(1 + u),
    "log2": lambda u: sp.log(u) / sp.log(2),
    "log10": lambda u: sp.log(u) / sp.log(10),
    "hypot": lambda u, v: sp.sqrt(u**2 + v**2),
    "logaddexp": lambda u, v: sp.log(sp.exp(u) + sp.exp(v)),
    "cot": lambda u: 1 / sp.tan(u),
    "sec": lambda u: 1 / sp.cos(u),
    "csc": lambda u: 1 / sp.sin(u),
    "coth": lambda u: 1 / sp.tanh(u),
    "sech": lambda u: 1 / sp.cosh(u),
    "csch": lambda u: 1 / sp.sinh(u),
    "asec": lambda u: sp.acos(1 / u),
    "acsc": lambda u: sp.asin(1 / u),
    "acoth": lambda u: sp.atanh(1 / u),
    "asech": lambda u: sp.acosh(1 / u),
    "acsch": lambda u: sp.asinh(1 / u),
    "lgamma": sp.loggamma,
    "digamma": lambda u: sp.polygamma(0, u),
    "sigmoid": lambda u: 1 / (1 + sp.exp(-u)),
    "softplus": lambda u: sp.log(1 + sp.exp(u)),
    "softsign": lambda u: u / (1 + Absolute(u)),
    "silu": lambda u: u / (1 + sp.exp(-u)),
    "gelu": lambda u: u * sp.erfc(-u / sp.sqrt(2)) / 2,
    "relu": lambda u: positive(u, u, sp.Integer(0)),
    "leaky_relu": leaky_relu,
    "elu": lambda u, a=1: positive(u, u, a * (sp.exp(u) - 1)),
    "celu": lambda u: positive(u, u, sp.exp(u) - 1),
    "selu": selu,
    "huber": huber,
}


def read(text: str) -> Any:
    """Return SymPy's reading of a text of the corpus; decimals are the decimals that they are written as."""
    read = parse_expr(text, {**NAMES, **FUNCTIONS}, (*standard_transformations, convert_xor))
    exact = {number: sp.Rational(str(number)) for number in sp.sympify(read).atoms(sp.Float)}
    return sp.sympify(read).xreplace(exact)


# Values ------------------------------------------------------------------------------------------

Arithmetic = Mapping[Any, Callable[..., Any]]
"""SymPy's class of a function -> the function."""


def value(expression: Any, at: Mapping[str, Any], number: Callable[[Fraction], Any], functions: Arithmetic) -> Any:
    """Return the value of *expression* at a point, in the arithmetic in which *number* makes numbers."""

    def of(part: Any) -> Any:
        if part.is_Symbol:
            return at[part.name]
        if part.is_Rational:
            return number(Fraction(int(part.p), int(part.q)))
        if part.is_Add or part.is_Mul:
            terms = [of(argument) for argument in part.args]
            return reduce(lambda u, v: u + v if part.is_Add else u * v, terms)
        if part.is_Pow and part.exp.is_Integer:
            return of(part.base) ** int(part.exp)
        if isinstance(part, sp.Piecewise):
            for result, condition in part.args:
                if holds(condition):
                    return of(result)
        if part.func in functions:
            return functions[part.func](*(of(argument) for argument in part.args))
        raise NotImplementedError(part.func)  # fails the test: this reader does not know the function

    def holds(condition: Any) -> bool:
        if condition in (True, False):
            return bool(condition)
        if isinstance(condition, (sp.And, sp.Or)):
            return (all if isinstance(condition, sp.And) else any)(holds(part) for part in condition.args)
        if isinstance(condition, sp.ITE):
            first, *others = condition.args
            return holds(others[0] if holds(first) else others[1])
        if isinstance(condition, sp.Not):
            return not holds(condition.args[0])
        difference = of(condition.lhs) - of(condition.rhs)
        return bool(
            {">": difference > 0, ">=": difference >= 0, "<": difference < 0, "<=": difference <= 0}.get(
                condition.rel_op, (difference == 0) == (condition.rel_op == "==")
            )
        )

    return of(expression)
