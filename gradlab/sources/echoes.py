"""A tree written out as mathematics, so that its writer sees how it was read; nothing is simplified."""

from __future__ import annotations

import re
from dataclasses import replace

from gradlab.graph.styles import LatexPrinter
from gradlab.graph.writing import Level, Printer, Shown
from gradlab.sources.characters import normal_spelling
from gradlab.sources.syntax import Binary, Call, Entry, Name, Number, Tree, Unary, Vector, fold

_SIGNS = {
    "greater": ">",
    "greater_equal": "≥",
    "less": "<",
    "less_equal": "≤",
    "equal": "=",
    "not_equal": "≠",
}
_DECIMAL = re.compile(r"[0-9]*\.[0-9]*(?:[eE][+\-−]?[0-9]+)?|[0-9]+[eE][+\-−]?[0-9]+")
_SLOPE = re.compile(r"([d∂δ])(.+?) ?/ ?[d∂δ](.+)$")


def echo(tree: Tree, source: str, style: type[Printer]) -> str:
    """Return *tree*, which was read from *source*, as written in *style*.

    >>> from gradlab.graph.styles import TextPrinter
    >>> from gradlab.sources.text import parse
    >>> echo(parse("sin^2 2x/2"), "sin^2 2x/2", TextPrinter)
    'sin(2 x)²/2'
    """
    printer = style()
    return fold(tree, lambda node, below: _shown(node, below, source, printer)).written


def _shown(node: Tree, below: tuple[Shown, ...], source: str, printer: Printer) -> Shown:
    match node:
        case Number():
            return _number(node, source, printer)
        case Name():
            return _name(node.name, printer)
        case Unary():
            return below[0] if node.operator == "+" else printer.sum([(True, below[0])])
        case Binary():
            return _binary(node, below[0], below[1], printer)
        case Call():
            return _call(node, below, printer)
        case Vector():
            return _vector(node, below, printer)
        case Entry():
            return printer.name(node.array.name, tuple(index.name for index in node.indices))


def _number(node: Number, source: str, printer: Printer) -> Shown:
    """Return a number as it was written: 0.50 stays 0.50."""
    decimal = _DECIMAL.search(source[slice(*node.span)])
    if decimal is not None:
        written = decimal[0].lower().replace("−", "-").rstrip(".")
        return printer.decimal(f"0{written}" if written[0] == "." else written)
    above, below = (printer.integer(part) for part in node.value.as_integer_ratio())
    return above if node.value.denominator == 1 else _fraction(above, below, printer)


def _name(name: str, printer: Printer) -> Shown:
    """Return a name, or a derivative that is one."""
    slope = _SLOPE.match(name)
    if slope is None:
        return printer.name(normal_spelling(name) if isinstance(printer, LatexPrinter) else name)
    sign, (above, below) = slope[1], (printer.name(part).written for part in (slope[2], slope[3]))
    if not isinstance(printer, LatexPrinter):
        return Shown(f"{sign}{above}/{sign}{below}", Level.PRODUCT)
    mark = {"d": "d", "∂": r"\partial ", "δ": r"\delta "}[sign]
    return Shown(rf"\frac{{{mark}{above}}}{{{mark}{below}}}", Level.PRODUCT)


def _binary(node: Binary, left: Shown, right: Shown, printer: Printer) -> Shown:
    match node.operator:
        case "+" | "-":
            return printer.sum([(False, left), (node.operator == "-", right)])
        case "/":
            return _fraction(left, right, printer)
        case "^" | "^⊙":
            return printer.power(left, right, elementwise=node.operator == "^⊙")
        case "⊙":
            return printer.hadamard([left, right])
        case _:
            return _product(node, left, right, printer)


def _fraction(above: Shown, below: Shown, printer: Printer) -> Shown:
    shown = replace(printer.fraction(above, below), fraction=None)
    # On one line a fraction is a factor only in a bracket: (1/2) x is not 1/(2 x).
    return shown if isinstance(printer, LatexPrinter) else replace(shown, level=Level.HADAMARD)


def _product(node: Binary, left: Shown, right: Shown, printer: Printer) -> Shown:
    first = node.left
    while isinstance(first, Binary) and first.operator == "*":
        first = first.left
    if isinstance(first, Unary) and first.operator == "-" and left.written.startswith("-"):
        # -2 x is a product of -2 on paper too.
        return Shown(f"-{printer.product([Shown(left.written[1:], Level.PRODUCT), right]).written}", Level.SUM)
    return printer.product([left, right])


def _call(node: Call, below: tuple[Shown, ...], printer: Printer) -> Shown:
    function = node.function
    if function in _SIGNS:
        return printer.relation(below, [_SIGNS[function]])
    if function.startswith("logical_"):
        return printer.logical(function.removeprefix("logical_"), below)
    match function, below:
        case "abs", (inside,):
            return printer.absolute(inside)
        case "sqrt", (inside,):
            return printer.radical(inside)
        case "norm", (inside,):
            return printer.norm(inside, frobenius=False)
        case "transpose", (inside,):
            return printer.transposed(inside)
        case "exp", (exponent,):
            return printer.exponential(exponent)
        case "root", (inside, degree) if isinstance(printer, LatexPrinter):
            return Shown(rf"\sqrt[{degree.written}]{{{inside.written}}}")
        case "log", (inside, base) if isinstance(printer, LatexPrinter):
            return Shown(rf"\log_{{{base.written}}}\left({inside.written}\right)")
        case "where", (holds, first, second):
            is_bracket = (first.written, second.written) == ("1", "0")
            return holds if is_bracket else printer.cases(first, holds, second)
        case "sum", (body, index, *limits):
            ends = (limits[0].written, limits[1].written) if limits else None
            return replace(printer.sum_sign({index.written: ends}, body), open=True)
        case _:
            return printer.call(function, below)


def _vector(node: Vector, below: tuple[Shown, ...], printer: Printer) -> Shown:
    if isinstance(printer, LatexPrinter):
        rows = r" \\ ".join(_row(entry, shown) for entry, shown in zip(node.entries, below, strict=True))
        return Shown(rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}")
    return printer.listing(below)


def _row(entry: Tree, shown: Shown) -> str:
    """Return a row of a matrix without the sign of the column that it would be alone."""
    if not isinstance(entry, Vector):
        return shown.written
    inside = shown.written.removeprefix(r"\begin{bmatrix} ").removesuffix(r" \end{bmatrix}")
    return inside.replace(r" \\ ", " & ")
