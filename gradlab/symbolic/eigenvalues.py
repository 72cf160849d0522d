"""Eigenvalues of a Hessian in closed form: 2/n σ_i(X)² for a mean of squares, numbers for one or two variables.

A symmetric matrix of two rows has the eigenvalues (a + c)/2 ± √(((a - c)/2)² + b²). Those of c A^T A + d I are
c σ_i(A)² + d, with the singular values σ_i of A; those of c diag(v) + d I are c v_i + d.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING, Any

from gradlab.errors import NoFormulaError
from gradlab.graph import algebra, evaluation, printing
from gradlab.graph.kinds import Contraction, Linear, Stack
from gradlab.graph.nodes import Node, show
from gradlab.graph.operations import SQRT
from gradlab.graph.sizes import ONE, Size, shape_of
from gradlab.graph.styles import LatexPrinter, TextPrinter
from gradlab.graph.tidying import factors, tidied
from gradlab.graph.writing import Level, Printer, Shown
from gradlab.symbolic.second_order import is_zero

if TYPE_CHECKING:
    from gradlab.graph.point import Array
    from gradlab.symbolic.derivation import Derivation


@dataclass(frozen=True, eq=False)
class Family:
    """Eigenvalues of one form: front times something of each row of *matrix*, plus shift.

    kind: "number" (shift alone), "entries" of a vector, "singular" values squared, or "matrix": its eigenvalues.
    count: how many, as a size; less: so many fewer.  copies: how often each one occurs.
    """

    kind: str
    shift: Node
    front: Node
    matrix: Node
    count: Size = 1
    less: int = 0
    copies: Size = 1

    def written(self, style: type[Printer]) -> str:
        """Return the right side of ``λ_i = …``."""
        printer = style()
        if self.kind == "number":
            return printing.written(self.shift, style)[0]
        body = self._body(printer)
        coefficient, factor = algebra.split(self.front)
        negative = coefficient.rational < 0
        if factor is not None:
            body = printer.product([show(factor, printer), body])
        terms = [(negative, printer.scaled(-coefficient if negative else coefficient, body))]
        if not is_zero(self.shift):
            below, rest = algebra.split(self.shift)
            minus = below.rational < 0
            positive = algebra.negative(self.shift) if minus else self.shift
            level = Level.SUM if isinstance(rest, Linear) and below.is_one else Level.PRODUCT
            terms.append((minus, Shown(printing.written(positive, style)[0], level)))
        return printer.sum(terms).written

    def _body(self, printer: Printer) -> Shown:
        latex = isinstance(printer, LatexPrinter)
        if self.kind == "entries":
            return Shown(printing.written(self.matrix, type(printer), form="index")[0], Level.PRODUCT)
        head = {"singular": r"\sigma_{i}" if latex else "σ_i", "matrix": r"\lambda_{i}" if latex else "λ_i"}[self.kind]
        inside = show(self.matrix, printer)
        applied = Shown(head + printer.bracketed(inside).written)
        return printer.power(applied, Shown("2")) if self.kind == "singular" else applied

    def values(self, evaluated: Mapping[Node, Array], sizes: Mapping[str, int]) -> Array:
        """Return the numbers, each as often as it occurs; *evaluated* gives the values of the nodes."""
        import numpy as np

        count = shape_of((self.count,), sizes)[0] - self.less
        own = np.zeros(count)
        if self.kind == "entries":
            own = evaluated[self.matrix]
        elif self.kind == "singular":
            found = np.linalg.svd(evaluated[self.matrix], compute_uv=False)[:count] ** 2
            own[: len(found)] = found  # beyond them A^T A is singular
        elif self.kind == "matrix":
            matrix = evaluated[self.matrix]
            own = np.linalg.eigvalsh((matrix + matrix.T) / 2)
        once = evaluated[self.front] * own + evaluated[self.shift]
        return np.repeat(once, shape_of((self.copies,), sizes)[0])


@dataclass(frozen=True, eq=False)
class Eigenvalues:
    """The eigenvalues of a Hessian in closed form."""

    derivation: Derivation
    families: tuple[Family, ...]

    def at(self, point: Any) -> Array:
        """Return their values at *point*, from the smallest to the largest, from the closed form."""
        import numpy as np

        function = self.derivation.function
        at = function.point(point)
        nodes = list(dict.fromkeys(n for family in self.families for n in (family.shift, family.front, family.matrix)))
        sizes = function.sizes(at)
        found = dict(zip(nodes, evaluation.with_numpy(nodes, {**function.data, **at}, sizes), strict=True))
        return np.sort(np.concatenate([family.values(found, sizes) for family in self.families]))

    def text(self) -> str:
        """Return one line for each form, and what its symbols mean."""
        lines = [f"{left} = {right}{_times(family)}" for left, right, family in self._equations(TextPrinter)]
        lines += [
            f"σ_i({written}): the singular values of {written}, 0 beyond their number"
            for written in dict.fromkeys(
                printing.text(family.matrix) for family in self.families if family.kind == "singular"
            )
        ]
        return "\n".join(lines)

    def latex(self) -> str:
        """Return the equations as an aligned block."""
        rows = [f"{left} &= {right}" for left, right, _ in self._equations(LatexPrinter)]
        return printing.block(rows)

    def _equations(self, style: type[Printer]) -> list[tuple[str, str, Family]]:
        letter = r"\lambda" if style is LatexPrinter else "λ"
        singles = 0
        equations: list[tuple[str, str, Family]] = []
        for family in self.families:
            if family.count == 1 and family.copies == 1:
                singles += 1
                mark = str(singles)
            else:
                mark = "i"
            below = f"_{{{mark}}}" if style is LatexPrinter else f"_{mark}"
            equations.append((letter + below, family.written(style), family))
        return equations

    def __repr__(self) -> str:
        return self.text()

    def _repr_markdown_(self) -> str:
        return f"$$\n{self.latex()}\n$$"


def _times(family: Family) -> str:
    if family.count == 1 and family.copies == 1:
        return ""
    count = f"{family.count} - {family.less}" if family.less else f"{family.count}"
    copies = f", each {family.copies} times" if family.copies != 1 else ""
    return f"    (i = 1, …, {count}{copies})"


def closed_form(derivation: Derivation) -> Eigenvalues:
    """Return the eigenvalues of the Hessian; raises NoFormulaError where they have no closed form here."""
    second = derivation.second
    blocks = {pair: tidied(block) for pair, block in second.blocks.items()}
    rows = _numbers(derivation.wrt, blocks)
    families = _of_numbers(rows) if rows else _of_blocks(derivation.wrt, blocks)
    if families is None:
        raise NoFormulaError(
            f"the eigenvalues of the Hessian of {derivation.function.name} have no closed form here; "
            "derivation.curvature(point).eigenvalues has their values at a point"
        )
    return Eigenvalues(derivation, tuple(families))


# Explicit numbers ---------------------------------------------------------------------------------


def _numbers(wrt: Sequence[str], blocks: Mapping[tuple[str, str], Node]) -> list[list[Node]]:
    """Return the matrix entry by entry, [] where it is not written so."""
    if all(not block.axes for block in blocks.values()):
        return [[blocks[v, w] for w in wrt] for v in wrt]
    if len(wrt) > 1:
        return []
    block = blocks[wrt[0], wrt[0]]
    if isinstance(block, Stack) and all(isinstance(row, Stack) for row in block.operands):
        return [list(row.operands) for row in block.operands]
    return []


def _of_numbers(rows: list[list[Node]]) -> list[Family] | None:
    """Return one family for each eigenvalue: of single rows, and of two that belong together."""
    waiting = list(range(len(rows)))
    families: list[Family] = []
    while waiting:
        place = waiting.pop(0)
        tied = [other for other in waiting if not is_zero(rows[place][other])]
        if not tied:
            families.append(_number(rows[place][place]))
            continue
        other = tied[0]
        waiting.remove(other)
        if len(tied) > 1 or any(not is_zero(rows[other][third]) for third in waiting):
            return None
        families += _pair(rows[place][place], rows[place][other], rows[other][other])
    return families


def _pair(a: Node, b: Node, c: Node) -> list[Family]:
    half = Fraction(1, 2)
    middle = tidied(algebra.scale_by(half, algebra.add(a, c)))
    apart = tidied(algebra.scale_by(half, algebra.add(a, algebra.negative(c))))
    if is_zero(apart):
        return [_number(tidied(algebra.add(middle, algebra.scale_by(sign, b)))) for sign in (-1, 1)]
    root = _root(tidied(algebra.add(algebra.product(apart, apart), algebra.product(b, b))))
    if is_zero(middle):
        return [_number(algebra.negative(root)), _number(root)]
    return [_number(_joined(middle, sign, root)) for sign in (-1, 1)]


def _joined(middle: Node, sign: int, root: Node) -> Node:
    """Return ``middle ± root``, in this order."""
    if algebra.is_constant(root):
        return algebra.add(middle, algebra.scale_by(sign, root))
    coefficient, rest = algebra.split(root)
    front, body = algebra.split(middle)
    terms = ((front, body), (coefficient if sign > 0 else -coefficient, rest))
    return Linear(*zip(*((c, n) if n is not None else (ONE, algebra.constant(c)) for c, n in terms), strict=True))


def _root(node: Node) -> Node:
    """Return the square root, of a square number in front exactly: √(4 (x² + y²)) as 2 √(x² + y²)."""
    coefficient, rest = algebra.split(node)
    above, below = (isqrt(part) for part in coefficient.rational.as_integer_ratio())
    if not coefficient.is_rational or Fraction(above, below) ** 2 != coefficient.rational:
        return algebra.apply(SQRT, node)
    front = Fraction(above, below)
    return algebra.number(front) if rest is None else algebra.scale_by(front, algebra.apply(SQRT, rest))


def _number(value: Node, count: Size = 1, less: int = 0, copies: Size = 1) -> Family:
    zero = algebra.number(0)
    return Family("number", value, zero, zero, count, less, copies)


# Matrices -----------------------------------------------------------------------------------------


def _of_blocks(wrt: Sequence[str], blocks: Mapping[tuple[str, str], Node]) -> list[Family] | None:
    """Return the families of each variable, where no two variables are coupled."""
    if any(not is_zero(blocks[v, w]) for v in wrt for w in wrt if v != w):
        return None
    families: list[Family] = []
    for name in wrt:
        found = _of_block(blocks[name, name])
        if found is None:
            return None
        families += found
    return families


def _of_block(block: Node) -> list[Family] | None:
    if not block.axes:
        return [_number(block)]
    if block.rank == 4:
        return _of_copies(block)
    return _of_matrix(block) if block.rank == 2 else None


def _of_copies(block: Node) -> list[Family] | None:
    """Return the families of a matrix that stands on the diagonal several times, as for the columns of W in X W."""
    if is_zero(block):
        return [_number(algebra.number(0), block.axes[0], copies=block.axes[1])]
    coefficient, rest = algebra.split(block)
    if not isinstance(rest, Contraction) or len(rest.operands) != 1:
        return None
    first, second = rest.output[:2], rest.output[2:]
    shared = [place for place in range(2) if first[place] == second[place]]
    if len(shared) == 2 and not rest.inputs[0]:
        value = algebra.scale(coefficient, rest.operands[0])
        return [_number(value, rest.axes[0], copies=rest.axes[1])]
    if len(shared) != 1 or rest.inputs[0] != (first[1 - shared[0]], second[1 - shared[0]]):
        return None
    copies = rest.axes[shared[0]]
    families = _of_matrix(algebra.scale(coefficient, rest.operands[0]))
    return [Family(each.kind, each.shift, each.front, each.matrix, each.count, each.less, copies) for each in families]


def _of_matrix(matrix: Node) -> list[Family]:
    """Return the families of c M + d I, with what can be said of M."""
    size = matrix.axes[0]
    shift: list[Node] = []
    others: list[Node] = []
    for term in _terms(matrix):
        multiple = _of_identity(term)
        if multiple is None:
            others.append(term)
        else:
            shift.append(multiple)
    moved = algebra.add(*shift) if shift else algebra.number(0)
    if not others or all(is_zero(term) for term in others):
        return [_number(moved, size)]
    if len(others) > 1:
        return [Family("matrix", moved, algebra.number(1), algebra.add(*others), size)]
    coefficient, rest = algebra.split(others[0])
    front, core = _factored(rest)
    front = algebra.scale(coefficient, front)
    if isinstance(core, Contraction):
        (operand, *more), (row, *_) = core.operands, core.inputs
        if not more and row == core.output[:1] == core.output[1:]:
            return [Family("entries", moved, front, operand, size)]
        if len(more) == 1 and more[0] is operand:
            if len(row) == 1 and not core.summed:
                square = algebra.contract([operand, operand], [(0,), (0,)], (), operand.axes)
                value = algebra.add(algebra.product(front, tidied(square)), moved)
                return [_number(tidied(value)), _number(moved, size, less=1)]
            if len(row) == 2 and len(core.summed) == 1 and core.inputs[0] != core.inputs[1]:
                return [Family("singular", moved, front, operand, size)]
    return [Family("matrix", moved, front, core, size)]


def _terms(node: Node) -> list[Node]:
    """Return the terms of a sum, coefficients in front multiplied in."""
    coefficient, rest = algebra.split(node)
    if not isinstance(rest, Linear):
        return [node]
    parts = zip(rest.coefficients, rest.operands, strict=True)
    return [term for own, part in parts for term in _terms(algebra.scale(coefficient * own, part))]


def _of_identity(term: Node) -> Node | None:
    """Return c where *term* is c I."""
    coefficient, rest = algebra.split(term)
    if not isinstance(rest, Contraction) or rest.output != (rest.output[0],) * 2 or any(rest.inputs):
        return None
    return algebra.scale(coefficient, algebra.contract(list(rest.operands), list(rest.inputs), (), ()))


def _factored(node: Node | None) -> tuple[Node, Node]:
    """Return the numbers that are factors of a matrix, and the rest of it: a and X^T X for (a X)^T X."""
    assert node is not None
    if not isinstance(node, Contraction):
        return algebra.number(1), node
    numbers: list[Node] = []
    arrays: list[tuple[Node, tuple[int, ...]]] = []
    for operand, row in zip(node.operands, node.inputs, strict=True):
        parts = list(factors(operand, row))
        found = [part for part, own in parts if not own]
        numbers += found
        arrays += [(part, own) for part, own in parts if own] if found else [(operand, row)]
    if not numbers:
        return algebra.number(1), node
    front = algebra.contract(numbers, [()] * len(numbers), (), ())
    return front, algebra.contract([part for part, _ in arrays], [own for _, own in arrays], node.output, node.extents)
