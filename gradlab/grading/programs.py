"""What a tree stands for at a point, enclosed in balls: real numbers, or complex ones by principal values.

A tree becomes a program for a stack machine once and is run at many points. Nothing of it is simplified, and every
operation takes a bounded time: what cannot be enclosed comes out as a ball that is not finite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import flint

from gradlab.sources.names import CONSTANTS
from gradlab.sources.syntax import Binary, Call, Name, Number, Tree, Unary

Ball: TypeAlias = Any
"""flint.arb or flint.acb."""

Program: TypeAlias = list[tuple[int, Any]]
"""Instructions for a stack: what to do, and with what."""

(
    PUSH_NAME,
    PUSH_NUMBER,
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    NEGATE,
    WHOLE_POWER,
    POWER,
    POWER_OF_E,
    CALL,
    CALL_TWO,
    CHOOSE,
) = range(13)

_OPERATORS = {"+": ADD, "-": SUBTRACT, "*": MULTIPLY, "/": DIVIDE}

LARGEST_WHOLE_POWER = 10**9
"""Exponents up to which a power is taken by multiplication; it takes a number of them that is logarithmic."""


class NoProgram(Exception):
    """A tree that is no elementary formula of numbers: it holds vectors, indexed data, or functions of another kind."""


def program_of(tree: Tree) -> Program:
    """Return the instructions that compute *tree*.

    Raises NoProgram where it holds something else than numbers and the functions in `FUNCTIONS_OF_ONE`.

    >>> from gradlab.sources.text import parse
    >>> run(program_of(parse("x^2 + 1/4")), {"x": flint.arb(0.5)}, REAL)
    0.500000000000000
    """
    program: Program = []
    # Parents first and right before left: backwards, the operands come before what is done with them.
    waiting: list[Tree] = [tree]
    while waiting:
        node = waiting.pop()
        kind = type(node)
        if kind is Number:
            program.append((PUSH_NUMBER, node.value))  # pyright: ignore[reportAttributeAccessIssue]
        elif kind is Name:
            program.append((PUSH_NAME, node.name))  # pyright: ignore[reportAttributeAccessIssue]
        elif isinstance(node, Binary):
            _binary(node, program, waiting)
        elif isinstance(node, Unary):
            if node.operator == "-":
                program.append((NEGATE, None))
            waiting.append(node.operand)
        elif isinstance(node, Call):
            _call(node, program, waiting)
        else:
            raise NoProgram(type(node).__name__)
    program.reverse()
    return program


def _binary(node: Binary, program: Program, waiting: list[Tree]) -> None:
    operator = _OPERATORS.get(node.operator)
    if operator is not None:
        program.append((operator, None))
    elif node.operator != "^":
        raise NoProgram(node.operator)
    else:
        base = node.left
        if isinstance(base, Name) and base.name == "e":
            program.append((POWER_OF_E, None))
            waiting += [base, node.right]
            return
        exponent = number_of(node.right)
        if exponent is not None and exponent.denominator == 1 and abs(exponent) <= LARGEST_WHOLE_POWER:
            program.append((WHOLE_POWER, int(exponent)))
            waiting.append(base)
            return
        program.append((POWER, exponent))
    waiting += [node.left, node.right]


def _call(node: Call, program: Program, waiting: list[Tree]) -> None:
    count = len(node.arguments)
    if count == 1 and node.function in FUNCTIONS_OF_ONE:
        program.append((CALL, node.function))
    elif count == 2 and node.function in FUNCTIONS_OF_TWO:
        program.append((CALL_TWO, node.function))
    elif count == 3 and node.function == "where":
        program.append((CHOOSE, None))
    else:
        raise NoProgram(node.function)
    waiting.extend(node.arguments)


def number_of(tree: Tree) -> Fraction | None:
    """Return the rational number that is written, with its sign or as a fraction of numbers; None for anything else.

    >>> from gradlab.sources.text import parse
    >>> number_of(parse("-1/2"))
    Fraction(-1, 2)
    """
    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Unary):
        inside = number_of(tree.operand) if isinstance(tree.operand, (Number, Unary, Binary)) else None
        return inside if inside is None or tree.operator == "+" else -inside
    if isinstance(tree, Binary) and tree.operator in "+-*/" and _is_short(tree):
        left, right = number_of(tree.left), number_of(tree.right)
        if left is None or right is None:
            return None
        match tree.operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case _:
                return left / right if right else None
    return None


def _is_short(tree: Binary, most: int = 8) -> bool:
    """Return whether a sum or product has few operands: longer ones are no exponents, and would be slow to look at."""
    node: Tree = tree
    for _ in range(most):
        if not isinstance(node, Binary):
            return True
        node = node.left
    return False


# Arithmetic ----------------------------------------------------------------------------------------


def _sigmoid(u: Ball) -> Ball:
    return 1 / (1 + (-u).exp())


def _softplus(u: Ball) -> Ball:
    return u.exp().log1p() if isinstance(u, flint.arb) else (1 + u.exp()).log()


def _truth(holds: bool, fails: bool) -> Ball:
    """Return 1 or 0, nan where balls are too wide to tell."""
    return flint.arb(1) if holds else flint.arb(0) if fails else flint.arb("nan")


FUNCTIONS_OF_ONE: Mapping[str, Callable[[Ball], Ball]] = {
    **{
        name: (lambda method: lambda u: getattr(u, method)())(name)
        for name in (
            *("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan"),
            *("sinh", "cosh", "tanh", "coth", "sech", "csch", "asinh", "acosh", "atanh"),
            *("erf", "erfc", "gamma", "lgamma", "digamma"),
        )
    },
    "abs": abs,
    "sign": lambda u: u.sgn(),
    "log2": lambda u: u.log() / flint.arb(2).log(),
    "log10": lambda u: u.log() / flint.arb(10).log(),
    "exp2": lambda u: (u * flint.arb(2).log()).exp(),
    "asec": lambda u: (1 / u).acos(),
    "acsc": lambda u: (1 / u).asin(),
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "silu": lambda u: u * _sigmoid(u),
    "relu": lambda u: u.max(flint.arb(0)),
    "cbrt": lambda u: u.root(3) if u > 0 else -((-u).root(3)) if u < 0 else flint.arb("nan"),
    "logical_not": lambda u: 1 - u,
    "floor": lambda u: u.floor(),
    "ceil": lambda u: u.ceil(),
}
"""Functions of one number; those that complex numbers do not have raise AttributeError or TypeError there."""

FUNCTIONS_OF_TWO: Mapping[str, Callable[[Ball, Ball], Ball]] = {
    "log": lambda u, base: u.log() / base.log(),
    "max": lambda u, v: u.max(v),
    "min": lambda u, v: u.min(v),
    "root": lambda u, degree: u ** (1 / degree),
    "hypot": lambda u, v: (u * u + v * v).sqrt(),
    "greater": lambda u, v: _truth(u > v, u <= v),
    "greater_equal": lambda u, v: _truth(u >= v, u < v),
    "less": lambda u, v: _truth(u < v, u >= v),
    "less_equal": lambda u, v: _truth(u <= v, u > v),
    "logical_and": lambda u, v: u * v,
    "logical_or": lambda u, v: u + v - u * v,
}
"""Functions of two numbers."""

KINKED = frozenset({"abs", "sign", "relu", "floor", "ceil", "max", "min", "where"})
"""Functions that change their formula somewhere: they are tried at more points, and around the numbers written."""

REAL, COMPLEX = flint.arb, flint.acb


def run(program: Program, values: Mapping[str, Ball], kind: Any) -> Ball:
    """Return a ball that holds the value of *program*, at the precision that is set; not finite where it has none.

    kind: `REAL` or `COMPLEX`, the balls to compute with; *values* are of that kind.
    """
    stack: list[Ball] = []
    push, pop = stack.append, stack.pop
    for code, what in program:
        if code == PUSH_NAME:
            push(values[what] if what in values else _constant(what, kind))
        elif code == PUSH_NUMBER:
            push(kind(what.numerator) if what.denominator == 1 else kind(what.numerator) / what.denominator)
        elif code == MULTIPLY:
            right = pop()
            stack[-1] = stack[-1] * right
        elif code == ADD:
            right = pop()
            stack[-1] = stack[-1] + right
        elif code == SUBTRACT:
            right = pop()
            stack[-1] = stack[-1] - right
        elif code == DIVIDE:
            right = pop()
            stack[-1] = stack[-1] / right
        elif code == NEGATE:
            stack[-1] = -stack[-1]
        elif code == WHOLE_POWER:
            stack[-1] = stack[-1] ** what
        elif code == CALL:
            stack[-1] = FUNCTIONS_OF_ONE[what](stack[-1])
        elif code == POWER:
            right = pop()
            stack[-1] = _power(stack[-1], right, what)
        elif code == POWER_OF_E:
            right = pop()  # e may be declared as a variable, and is one then
            stack[-1] = stack[-1] ** right if "e" in values else right.exp()
        elif code == CALL_TWO:
            right = pop()
            stack[-1] = FUNCTIONS_OF_TWO[what](stack[-1], right)
        else:
            second, first = pop(), pop()
            stack[-1] = first if stack[-1] == 1 else second if stack[-1] == 0 else flint.arb("nan")
    return stack[0]


def _power(base: Ball, exponent: Ball, written: Fraction | None) -> Ball:
    if written is not None and written.denominator == 2:
        return base.sqrt() ** written.numerator
    return base**exponent


def _constant(name: str, kind: Any) -> Ball:
    if name in CONSTANTS:
        return kind(flint.arb.pi() if name == "pi" else flint.arb.const_e())
    raise NoProgram(name)
