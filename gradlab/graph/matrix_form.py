"""Writing a contraction as a product of matrices: X^T (X w - y), u v^T, diag(s) A, tr(A B).

A product of matrices is a path: each factor shares an index with the next. Factors that share all of their indices
are an entry-by-entry product, a vector that only weights the rows or columns of others is a diagonal matrix, an
index that stands nowhere else is summed, or copied, by a vector of ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from fractions import Fraction
from itertools import count
from typing import NamedTuple

from gradlab.graph.nodes import Node, show
from gradlab.graph.sizes import Size
from gradlab.graph.writing import Level, Printer, Shown

Label = Hashable
"""An index: what matters is only whether two are the same."""


Array = tuple[Node, tuple[Label, ...]]
"""An operand with the indices of its axes."""


class Factor(NamedTuple):
    """A written array with the indices of its axes; a *symmetric* one is its own transpose."""

    shown: Shown
    row: tuple[Label, ...]
    symmetric: bool = False


MOST_FACTORS = 12
"""Factors up to which nested products are written as one."""


def matrix_form(
    printer: Printer, arrays: Sequence[Array], output: Sequence[Label], extents: Sequence[Size]
) -> Shown | None:
    """Return the contraction of *arrays* to the indices *output* in matrix notation, or None where there is none.

    extents: the size of each index, by its number.
    """
    from gradlab.graph.kinds.windows import Overlapped, Windows

    if len(output) > 2 or any(isinstance(operand, (Windows, Overlapped)) for operand, _ in arrays):
        return None
    if not arrays:
        return _identity(printer, output)
    arrays, output = _without_columns_of_one(arrays, output, extents)
    squares = _squares(printer, *arrays[0]) if len(arrays) == 1 and not output else None
    if squares is not None:
        return squares
    flat = _flattened(arrays)
    entry_by_entry = bool(output) and len(arrays) > 1 and len({frozenset(row) for _, row in arrays}) == 1
    found = _product(printer, flat, tuple(output)) if len(flat) > len(arrays) and not entry_by_entry else None
    return found or _product(printer, list(arrays), tuple(output))


def _identity(printer: Printer, output: Sequence[Label]) -> Shown | None:
    if len(output) == 2 and output[0] == output[1]:
        return printer.name("I") if "I" not in printer.reserved else None
    return Shown("1")


def _without_columns_of_one(
    arrays: Sequence[Array], output: Sequence[Label], extents: Sequence[Size]
) -> tuple[Sequence[Array], Sequence[Label]]:
    """Return the contraction without second axes of length 1: a vector and its column are written alike."""
    rows = [row for _, row in arrays]
    for label, size in enumerate(extents):
        if size == 1 and all(row.index(label) == 1 for row in (*rows, tuple(output)) if label in row):
            rows = [tuple(other for other in row if other != label) for row in rows]
            output = [other for other in output if other != label]
    return [(operand, row) for (operand, _), row in zip(arrays, rows, strict=True)], output


def _squares(printer: Printer, operand: Node, row: tuple[Label, ...]) -> Shown | None:
    """Return the sum of the squares of all entries as a norm, None for any other sum."""
    from gradlab.graph.kinds.elementwise import Elementwise
    from gradlab.graph.kinds.index import Index, inward
    from gradlab.graph.operations import power

    operand = inward(operand) if isinstance(operand, Index) else operand
    squares = isinstance(operand, Elementwise) and operand.operation is power(Fraction(2))
    if not squares or operand.rank > 2 or len(set(row)) < len(row):
        return None
    return printer.norm_squared(show(operand.operands[0], printer), frobenius=operand.rank == 2)


def _flattened(arrays: Sequence[Array]) -> list[Array]:
    """Return *arrays* with factors that are products of matrices themselves taken apart."""
    from gradlab.graph.kinds.contraction import Contraction

    fresh = count()
    flat: list[Array] = []
    waiting = list(reversed(arrays))
    while waiting:
        operand, row = waiting.pop()
        if isinstance(operand, Contraction) and _is_matrix_product(operand) and len(flat) + len(waiting) < MOST_FACTORS:
            labels: dict[int, Label] = dict(zip(operand.output, row, strict=True))
            for index in operand.summed:
                labels[index] = ("inner", next(fresh))
            inner = zip(operand.operands, operand.inputs, strict=True)
            waiting.extend(reversed([(part, tuple(labels[index] for index in places)) for part, places in inner]))
        else:
            flat.append((operand, row))
    return flat


def _is_matrix_product(node: Node) -> bool:
    """Return whether *node* is a product or a transpose of matrices, and no entry-by-entry product."""
    from gradlab.graph.kinds.contraction import Contraction

    assert isinstance(node, Contraction)
    uses = Counter(index for row in node.inputs for index in row)
    distinct = all(len(set(row)) == len(row) for row in (*node.inputs, node.output))
    return (
        distinct
        and all(
            uses[index] == (1 if index in node.output else 2) and 1 <= len(row) <= 2
            for row in node.inputs
            for index in row
        )
        and all(uses[index] for index in node.output)
        and all(node.inputs)
    )


def _product(printer: Printer, arrays: list[Array], output: tuple[Label, ...]) -> Shown | None:
    if any(len(row) > 2 for _, row in arrays):
        return None
    if len(arrays) == 1:
        special = _one_array(printer, *arrays[0], output)
        if special is not None:
            return special
    if any(len(set(row)) < len(row) for row in (*(row for _, row in arrays), output)):
        return None
    factors = _multiplied(printer, [Factor(show(operand, printer), row) for operand, row in arrays], output)
    if len(factors) == 1 and factors[0].row == output:
        return factors[0].shown
    if not output and len(factors) == 1 and not (len(arrays) == 1 and _is_written_whole(arrays[0][0])):
        return None  # a sum over all entries is easier to read as a sum
    return _joined(printer, _with_diagonals(printer, _with_ones(printer, factors, output), output), output)


def _is_written_whole(node: Node) -> bool:
    """Return whether *node* is a vector that is easier to read whole: a name, or X w - y, whose entries are sums."""
    from gradlab.graph.kinds.contraction import Contraction
    from gradlab.graph.kinds.let import Let
    from gradlab.graph.kinds.linear import Linear, terms
    from gradlab.graph.kinds.variable import Variable

    parts = [part for _, part in terms(node)] if isinstance(node, Linear) else []
    sums = any(isinstance(part, Contraction) and part.summed and _is_matrix_product(part) for part in parts)
    return node.rank == 1 and (isinstance(node, (Variable, Let)) or sums)


def _one_array(printer: Printer, operand: Node, row: tuple[Label, ...], output: tuple[Label, ...]) -> Shown | None:
    """Return what has a name of its own: a trace, a diagonal, a diagonal matrix, a transpose."""
    if len(row) == 2 and row[0] == row[1]:
        if not output:
            return printer.call("tr", [show(operand, printer)])
        return printer.call("diag", [show(operand, printer)]) if output == row[:1] else None
    if len(row) == 1 and output == row * 2:
        return printer.call("diag", [show(operand, printer)])
    return None


def _multiplied(printer: Printer, factors: list[Factor], output: tuple[Label, ...]) -> list[Factor]:
    """Return the factors, those with the same indices joined to one entry-by-entry product."""
    groups: dict[frozenset[Label], list[Factor]] = {}
    for factor in factors:
        groups.setdefault(frozenset(factor.row), []).append(factor)
    uses = Counter(label for group in groups for label in group)
    joined: list[Factor] = []
    for labels, group in groups.items():
        dot = len(group) == 2 and len(labels) == 1 and all(uses[i] == 1 and i not in output for i in labels)
        if len(group) == 1 or dot:
            joined += group
            continue
        row = group[0].row
        turned = [factor.shown if factor.row == row else printer.transposed(factor.shown) for factor in group]
        joined.append(Factor(printer.hadamard(turned), row))
    return joined


def _with_ones(printer: Printer, factors: list[Factor], output: tuple[Label, ...]) -> list[Factor]:
    """Return the factors with a vector of ones for each index that is summed alone or only copied."""
    uses = Counter(label for factor in factors for label in factor.row)
    alone = [label for label, times in uses.items() if times == 1 and label not in output]
    copied = [label for label in output if not uses[label]]
    return [*factors, *(Factor(printer.name("1"), (label,)) for label in (*alone, *copied))]


def _with_diagonals(printer: Printer, factors: list[Factor], output: tuple[Label, ...]) -> list[Factor]:
    """Return the factors with each vector that only weights the index of others as a diagonal matrix."""
    fresh = count()
    factors = list(factors)
    for place, factor in enumerate(factors):
        others = [other for other, one in enumerate(factors) if other != place and factor.row[0] in one.row]
        if len(factor.row) == 1 and len(others) + (factor.row[0] in output) == 2:
            label, other = factor.row[0], ("diagonal", next(fresh))
            factors[place] = Factor(printer.call("diag", [factor.shown]), (label, other), symmetric=True)
            last = factors[others[-1]]
            factors[others[-1]] = last._replace(row=tuple(other if own == label else own for own in last.row))
    return factors


def _joined(printer: Printer, factors: list[Factor], output: tuple[Label, ...]) -> Shown | None:
    """Return the product along the paths through *factors*: numbers first, then a matrix, a vector or u v^T."""
    uses = Counter(label for factor in factors for label in factor.row)
    if any(times != (1 if label in output else 2) for label, times in uses.items()):
        return None
    remaining = list(factors)
    turned: list[tuple[Factor, bool]] = []
    if output:
        turned, end = _path(remaining, output[0])
        if len(output) == 2 and end is None:
            column, end = _path(remaining, output[1])
            turned += [(factor, not transposed) for factor, transposed in reversed(column)]
            if end is not None:
                return None
        elif end != (output[1] if len(output) == 2 else None):
            return None
    numbers: list[Shown] = []
    while remaining:
        numbers.append(_number(printer, remaining))
    parts = _written(printer, turned)
    if parts:  # y^T A y x is a number times a vector only with brackets
        numbers = [printer.bracketed(number) if number.level < Level.POWER else number for number in numbers]
    return printer.product([*numbers, *parts])


def _path(remaining: list[Factor], start: Label) -> tuple[list[tuple[Factor, bool]], Label | None]:
    """Walk from the index *start*, taking factors out of *remaining*; return them, and where the path ends.

    Each comes with whether it is transposed.  The end is None behind a vector, else the index that nothing else has.
    """
    current: Label = start
    walked: list[tuple[Factor, bool]] = []
    while True:
        factor = next((one for one in remaining if current in one.row), None)
        if factor is None:
            return walked, current
        remaining.remove(factor)
        walked.append((factor, len(factor.row) == 2 and factor.row[0] != current))
        if len(factor.row) == 1:
            return walked, None
        current = factor.row[1] if factor.row[0] == current else factor.row[0]


def _number(printer: Printer, remaining: list[Factor]) -> Shown:
    """Take one closed path out of *remaining*: u^T A v, or the trace of a product."""
    ones = printer.name("1").written
    vectors = [factor for factor in remaining if len(factor.row) == 1]
    first = next((factor for factor in vectors if factor.shown.written == ones), (vectors or remaining)[0])
    remaining.remove(first)
    path, _ = _path(remaining, first.row[-1])
    if not vectors:
        return printer.call("tr", [printer.product(_written(printer, [(first, False), *path]))])
    if len(path) == 1 and path[0][0].shown == first.shown:
        return printer.norm_squared(first.shown, frobenius=False)
    return printer.product(_written(printer, [(first, True), *path]))


def _written(printer: Printer, path: list[tuple[Factor, bool]]) -> list[Shown]:
    return [
        printer.transposed(factor.shown) if transposed and not factor.symmetric else factor.shown
        for factor, transposed in path
    ]
