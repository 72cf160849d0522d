"""Where gradients are zero: solved by SymPy when an exercise is loaded, and checked with balls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flint

from gradlab.errors import ExerciseError, GradlabError
from gradlab.grading.programs import REAL, NoProgram, program_of, run
from gradlab.sources.answers import read
from gradlab.sources.syntax import Binary, Call, Name, Number, Tree, Unary, fold

MOST = 12
"""Solutions of one exercise."""


def zeros(slopes: Sequence[Tree], names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the real points at which all *slopes* are 0, each coordinate as text.

    Raises ExerciseError where they are not found in closed form, or where there are too many.
    """
    import sympy

    symbols = [sympy.Symbol(name, real=True) for name in names]
    known = dict(zip(names, symbols, strict=True))
    try:
        found = sympy.solve([_expression(slope, known) for slope in slopes], symbols, dict=True)
    except NotImplementedError as error:  # what SymPy raises where it knows no way to solve
        raise ExerciseError(f"the critical points have no closed form: {error}") from error
    points = [tuple(solution.get(symbol) for symbol in symbols) for solution in found]
    if any(value is None or value.free_symbols for point in points for value in point):
        raise ExerciseError("the critical points are not isolated: they form lines or surfaces")
    written = [tuple(str(value).replace("**", "^") for value in point) for point in points if _is_real(point)]
    if len(written) > MOST:
        raise ExerciseError(f"there are {len(written)} critical points; ask for at most {MOST}")
    for point in written:
        _check(slopes, names, point)
    return written


def _is_real(point: Sequence[Any]) -> bool:
    return all(value.is_real is not False for value in point)


def _expression(tree: Tree, known: dict[str, Any]) -> Any:
    import sympy

    def made(node: Tree, below: tuple[Any, ...]) -> Any:
        match node:
            case Number():
                return sympy.Rational(node.value.numerator, node.value.denominator)
            case Name():
                return known.get(node.name) or {"e": sympy.E, "pi": sympy.pi}[node.name]
            case Unary():
                return -below[0] if node.operator == "-" else below[0]
            case Binary():
                left, right = below
                return {
                    "+": lambda: left + right,
                    "-": lambda: left - right,
                    "*": lambda: left * right,
                    "/": lambda: left / right,
                    "^": lambda: left**right,
                }[node.operator]()
            case Call() if hasattr(sympy, node.function):
                return getattr(sympy, node.function)(*below)
            case _:
                raise ExerciseError(f"critical points are not found through {node!r}")

    return fold(tree, made)


def _check(slopes: Sequence[Tree], names: Sequence[str], point: tuple[str, ...]) -> None:
    before = flint.ctx.prec
    flint.ctx.prec = 256
    try:
        values = {name: run(program_of(read(text, ()).tree), {}, REAL) for name, text in zip(names, point, strict=True)}
        if all(run(program_of(slope), values, REAL).contains(0) for slope in slopes):
            return
    except (GradlabError, NoProgram) as error:  # a function of SymPy's, such as LambertW
        raise ExerciseError(
            f"the critical point {', '.join(point)} is not written with elementary functions"
        ) from error
    finally:
        flint.ctx.prec = before
    raise ExerciseError(f"the gradient is not 0 at {', '.join(point)}")
