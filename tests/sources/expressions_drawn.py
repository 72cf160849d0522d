"""Formulas drawn at random and written three ways: for Python, as students type, and in LaTeX.

What Python makes of the first is computed here by a walk over its own syntax tree, so that nothing of gradlab's takes
part: whole numbers and fractions exactly, everything else as complex numbers.
"""

from __future__ import annotations

import ast
import cmath
import operator
from fractions import Fraction
from random import Random
from typing import Any

from gradlab.sources.syntax import Binary, Call, Name, Number, Tree, Unary, fold

VALUES: dict[str, Any] = {"x": Fraction(3, 4), "y": Fraction(-7, 5), "n": Fraction(2), "e": cmath.e, "pi": cmath.pi}
FUNCTIONS = {"sin": cmath.sin, "cos": cmath.cos, "exp": cmath.exp, "log": cmath.log, "sqrt": cmath.sqrt, "abs": abs}
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

SUM, PRODUCT, POWER, ATOM = range(4)


class Unsuitable(Exception):
    """Something that the two arithmetics do not share, such as a division by zero."""


def power(base: Any, exponent: Any) -> Any:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1:
        if abs(exponent) > 60 or max(abs(base.numerator), base.denominator) > 10**40:
            raise Unsuitable
        return base ** int(exponent)
    # e^u and exp(u) are the same number, also where u is so large that sin(e^u) shows the last digit.
    return cmath.exp(number(exponent)) if base == cmath.e else number(base) ** number(exponent)


def number(value: Any) -> complex:
    return complex(float(value)) if isinstance(value, Fraction) else complex(value)


def arithmetic(sign: str, left: Any, right: Any) -> Any:
    if sign == "^":
        return power(left, right)
    if not (isinstance(left, Fraction) and isinstance(right, Fraction)):
        left, right = number(left), number(right)
    return {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[sign](left, right)


def called(function: str, argument: Any) -> Any:
    if function == "abs" and isinstance(argument, Fraction):
        return abs(argument)
    return FUNCTIONS[function](number(argument))


def of_python(written: str) -> Any:
    """Return what Python's own grammar makes of *written*; raises Unsuitable for more than arithmetic."""
    try:
        return _of_python(ast.parse(written, mode="eval").body)
    except (SyntaxError, ArithmeticError, ValueError, MemoryError, RecursionError) as error:
        raise Unsuitable from error


def _of_python(node: ast.AST) -> Any:
    signs = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^"}
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return Fraction(str(node.value))
        case ast.Name() if node.id in VALUES:
            return VALUES[node.id]
        case ast.UnaryOp(op=ast.USub()):
            return -_of_python(node.operand)
        case ast.UnaryOp(op=ast.UAdd()):
            return _of_python(node.operand)
        case ast.BinOp() if type(node.op) in signs:
            return arithmetic(signs[type(node.op)], _of_python(node.left), _of_python(node.right))
        case ast.Call(func=ast.Name(), args=[argument], keywords=[]) if node.func.id in FUNCTIONS:
            return called(node.func.id, _of_python(argument))
    raise Unsuitable


def of_tree(tree: Tree) -> Any:
    """Return the value of what gradlab read."""

    def value(node: Tree, below: tuple[Any, ...]) -> Any:
        match node:
            case Number():
                return node.value
            case Name():
                return VALUES[node.name]
            case Unary():
                return -below[0] if node.operator == "-" else below[0]
            case Binary() if node.operator in "+-*/^":
                return arithmetic(node.operator, *below)
            case Call() if node.function in FUNCTIONS and len(below) == 1:
                return called(node.function, below[0])
        raise Unsuitable

    try:
        return fold(tree, value)
    except (ArithmeticError, ValueError) as error:
        raise Unsuitable from error


def agree(first: Any, second: Any) -> bool:
    if isinstance(first, Fraction) and isinstance(second, Fraction):
        return first == second
    first, second = number(first), number(second)
    if cmath.isnan(first) or cmath.isinf(first):
        return not cmath.isfinite(second)
    # Sums that cancel lose digits in both; the terms are of about this size.
    return abs(first - second) <= 1e-9 * max(1.0, abs(first), abs(second))


Drawn = tuple[Any, ...]


def drawn(random: Random, depth: int) -> Drawn:
    """Return a formula of at most this *depth* as nested tuples."""
    if depth == 0 or random.random() < 0.15:
        return ("leaf", random.choice(["x", "y", "n", "x", "y", "pi", "2", "3", "10", "0.5", "7"]))
    kind = random.choice(["+", "-", "*", "*", "*", "/", "^", "neg", "call"])
    if kind == "neg":
        return ("neg", drawn(random, depth - 1))
    if kind == "call":
        return ("call", random.choice(list(FUNCTIONS)), drawn(random, depth - 1))
    if kind == "^":
        return ("^", drawn(random, depth - 1), ("leaf", random.choice(["2", "3", "n", "-1", "-2"])))
    return (kind, drawn(random, depth - 1), drawn(random, depth - 1))


def for_python(formula: Drawn) -> str:
    match formula:
        case ("leaf", written):
            return f"({written})"
        case ("neg", inside):
            return f"(-{for_python(inside)})"
        case ("call", function, inside):
            return f"{function}({for_python(inside)})"
        case (sign, left, right):
            return f"({for_python(left)} {'**' if sign == '^' else sign} {for_python(right)})"
    raise AssertionError(formula)


def as_typed(formula: Drawn, random: Random) -> str:
    """Return *formula* as somebody may type it: few brackets, products without a sign, raised digits."""
    return _typed(formula, random)[0]


def _typed(formula: Drawn, random: Random) -> tuple[str, int]:
    match formula:
        case ("leaf", written):
            if written == "0.5" and random.random() < 0.5:
                return random.choice([".5", "½"]), ATOM
            return ("π" if written == "pi" and random.random() < 0.5 else written), ATOM
        case ("neg", inside):
            return f"{random.choice('-−')}{_wrapped(inside, PRODUCT + 0.5, random)}", PRODUCT
        case ("call", "abs", inside):
            written = _typed(inside, random)[0]
            return (f"abs({written})" if "|" in written else f"|{written}|"), ATOM
        case ("call", "sqrt", inside):
            return f"√({_typed(inside, random)[0]})", POWER
        case ("call", function, inside):
            name = random.choice(["log", "ln"]) if function == "log" else function
            return f"{name}({_typed(inside, random)[0]})", ATOM
        case ("^", base, ("leaf", exponent)):
            below = _wrapped(base, ATOM, random)
            raised = exponent != "n" and below[-1] not in "⁰¹²³⁴⁵⁶⁷⁸⁹" and random.random() < 0.5
            if raised:
                return below + exponent.translate(_SUPERSCRIPTS), POWER
            return f"{below}{random.choice(['^', '**'])}{exponent}", POWER
        case ("*", left, right):
            first, second = _wrapped(left, PRODUCT, random), _wrapped(right, POWER, random)
            return first + _joint(first, second, random) + second, PRODUCT
        case ("/", left, right):
            return (
                f"{_wrapped(left, PRODUCT, random)}{random.choice(['/', ' / '])}{_wrapped(right, POWER, random)}",
                PRODUCT,
            )
        case (sign, left, right):
            space = random.choice(["", " "])
            return f"{_wrapped(left, SUM, random)}{space}{sign}{space}{_wrapped(right, PRODUCT, random)}", SUM
    raise AssertionError(formula)


def _wrapped(formula: Drawn, level: float, random: Random) -> str:
    written, own = _typed(formula, random)
    return written if own >= level and random.random() < 0.9 else f"({written})"


def _joint(left: str, right: str, random: Random) -> str:
    signs = ["*", " * ", "·", "×"]
    is_open = left.count("|") % 2 or right[0] == "|" or left[-1] == "|"
    if not (right[0].isdigit() or right[0] in ".½-−" or is_open):
        signs += [" "] * 4
        both_letters = left[-1].isalnum() and right[0].isalnum()
        if not both_letters or left[-1].isdigit():
            signs += [""] * 4
    return random.choice(signs)


def in_latex(formula: Drawn, random: Random) -> str:
    return _latex(formula, random)[0]


def _latex(formula: Drawn, random: Random) -> tuple[str, int]:
    match formula:
        case ("leaf", written):
            return (r"\pi" if written == "pi" else written), ATOM
        case ("neg", inside):
            return f"-{_latex_wrapped(inside, PRODUCT + 0.5, random)}", PRODUCT
        case ("call", "abs", inside):
            return rf"\left|{in_latex(inside, random)}\right|", ATOM
        case ("call", "sqrt", inside):
            return rf"\sqrt{{{in_latex(inside, random)}}}", ATOM
        case ("call", function, inside):
            name = random.choice(["log", "ln"]) if function == "log" else function
            return rf"\{name}\left({in_latex(inside, random)}\right)", ATOM
        case ("^", base, ("leaf", exponent)):
            return f"{_latex_wrapped(base, ATOM, random)}^{{{exponent}}}", POWER
        case ("*", left, right):
            first, second = _latex_wrapped(left, PRODUCT, random), _latex_wrapped(right, POWER, random)
            plain = right[0] != "/" and not (second[0].isdigit() or second[0] in ".-")
            joint = random.choice([r" \cdot ", r" \times ", " "] if plain else [r" \cdot ", r" \times "])
            return first + joint + second, PRODUCT
        case ("/", left, right):
            return rf"{random.choice(['', ' '])}\frac{{{in_latex(left, random)}}}{{{in_latex(right, random)}}}", ATOM
        case (sign, left, right):
            return f"{_latex_wrapped(left, SUM, random)} {sign} {_latex_wrapped(right, PRODUCT, random)}", SUM
    raise AssertionError(formula)


def _latex_wrapped(formula: Drawn, level: float, random: Random) -> str:
    written, own = _latex(formula, random)
    brackets = random.choice([("(", ")"), (r"\left(", r"\right)"), (r"\left[", r"\right]"), (r"\bigl(", r"\bigr)")])
    # A fraction is one sign, but its power needs a bracket.
    is_fraction = formula[0] == "/" and level == ATOM
    return written if own >= level and not is_fraction else brackets[0] + written + brackets[1]
