"""Building expressions that are tidy as they are made: what the differentiation rules emit.

Sources build nodes exactly as the writer wrote them; a derivative has no writer, so here coefficients move
to the front, zeros vanish, and a broadcast that is summed away again is never made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from gradlab.graph.kinds import Constant, Contraction, Elementwise, Inverse, Linear, OneHot, Solve, Triangle
from gradlab.graph.nodes import Node
from gradlab.graph.operations import DIVIDE, GENERAL_POWER, LOGICAL_NOT, OPPOSITES, WHERE, Operation, power
from gradlab.graph.sizes import ONE, Axes, Coefficient

Indices = Sequence[int]


def constant(value: Coefficient, axes: Axes = ()) -> Node:
    """Return *value* in every entry of an array of these *axes*."""
    return Constant(value, axes)


def number(value: int | Fraction, axes: Axes = ()) -> Node:
    """Return an exact number in every entry of an array of these *axes*."""
    return Constant(Coefficient(Fraction(value)), axes)


def named_number(name: str, axes: Axes = ()) -> Node:
    """Return π ("pi") or e in every entry."""
    return Constant(name, axes)


def is_constant(node: Node) -> bool:
    """Return whether *node* is one known number in every entry."""
    return isinstance(node, Constant)


def split(node: Node) -> tuple[Coefficient, Node | None]:
    """Return the coefficient in front of *node* and the rest; None where nothing but a number is left."""
    if isinstance(node, Constant) and isinstance(node.value, Coefficient):
        return node.value, None
    if isinstance(node, Linear) and len(node.operands) == 1:
        inner, rest = split(node.operands[0])
        return node.coefficients[0] * inner, rest
    return ONE, node


def scale(coefficient: Coefficient, node: Node) -> Node:
    """Return *coefficient* times *node*."""
    inner, rest = split(node)
    total = coefficient * inner
    if rest is None or total.is_zero:
        return Constant(total if not total.is_zero else Coefficient(Fraction(0)), node.axes)
    return rest if total.is_one else Linear((total,), (rest,))


def scale_by(value: int | Fraction, node: Node) -> Node:
    """Return a number times *node*."""
    return scale(Coefficient(Fraction(value)), node)


def negative(node: Node) -> Node:
    """Return minus *node*."""
    return scale_by(-1, node)


def add(*nodes: Node) -> Node:
    """Return the sum of *nodes*: equal terms together, zeros dropped."""
    collected: dict[Node | None, list[Coefficient]] = {}
    constants: list[Coefficient] = []
    for node in nodes:
        coefficient, rest = split(node)
        if rest is None:
            constants.append(coefficient)
        else:
            collected.setdefault(rest, []).append(coefficient)
    axes = nodes[0].axes
    coefficients: list[Coefficient] = []
    operands: list[Node] = []
    for rest, parts in collected.items():
        assert rest is not None
        for total in _added(parts):
            coefficients.append(total)
            operands.append(rest)
    # x² + 1 and y - 1, but 1 - u²: a number leads only where a minus would.
    leads = all(coefficient.rational < 0 for coefficient in coefficients)
    for total in _added(constants):
        positive = total.rational > 0
        place = 0 if leads and positive else len(operands)
        coefficients.insert(place, ONE if positive else -ONE)
        operands.insert(place, Constant(total if positive else -total, axes))
    if not operands:
        return number(0, axes)
    if len(operands) == 1:
        return scale(coefficients[0], operands[0])
    return _common_factor(coefficients, operands)


def _common_factor(coefficients: list[Coefficient], operands: list[Node]) -> Node:
    """Return the sum with a factor that all terms share in front: 1/n (σ(z) - y)."""
    size = coefficients[0] if coefficients[0].rational > 0 else -coefficients[0]
    if size.is_one or any(c != size and -c != size for c in coefficients):
        return Linear(tuple(coefficients), tuple(operands))
    # The positive terms first: σ(z) - y rather than -y + σ(z).
    order = sorted(range(len(operands)), key=lambda place: coefficients[place].rational < 0)
    signs = tuple(ONE if coefficients[place].rational > 0 else -ONE for place in order)
    inner = Linear(signs, tuple(operands[place] for place in order))
    return Linear((size,), (inner,))


def _added(parts: list[Coefficient]) -> list[Coefficient]:
    """Return the sum of *parts*: one term for each power of the sizes, zeros dropped."""
    if len(parts) == 1:
        return parts if parts[0].rational else []
    totals: dict[Any, Fraction] = {}
    for part in parts:
        alike = (part.sizes, part.root)
        totals[alike] = totals.get(alike, Fraction(0)) + part.rational
    return [Coefficient(rational, sizes, root) for (sizes, root), rational in totals.items() if rational]


def product(first: Node, second: Node) -> Node:
    """Return the entry-by-entry product of two nodes of the same axes; u (1/v) is u/v."""
    for one, other in ((first, second), (second, first)):
        front, rest = split(other)
        if isinstance(rest, Elementwise) and rest.operation is DIVIDE and split(rest.operands[0]) == (ONE, None):
            return scale(front, quotient(one, rest.operands[1]))
    indices = tuple(range(first.rank))
    return contract([first, second], [indices, indices], indices, first.axes)


def contract(operands: Sequence[Node], inputs: Sequence[Indices], output: Indices, extents: Axes) -> Node:
    """Return a contraction with numbers moved to the front and broadcasts, transposes and diagonals absorbed.

    operands, inputs, output, extents: as for `Contraction`; the indices may be any distinct integers.
    """
    total = ONE
    pending = [(operand, tuple(row)) for operand, row in zip(operands, inputs, strict=True)]
    kept: list[tuple[Node, tuple[int, ...]]] = []
    equal: dict[int, int] = {}
    present_before = {index for row in inputs for index in row}
    while pending:
        operand, row = pending.pop(0)
        coefficient, rest = split(operand)
        total = total * coefficient
        if rest is None:
            continue
        if isinstance(rest, Contraction) and not rest.summed and _plain(rest):
            pending[:0] = _absorbed(rest, row, equal)
            continue
        kept.append((rest, row))
    place = tuple(output)
    if equal:
        # The identity matrix, or a diagonal one, is 0 unless its indices are equal: so they are.
        kept = [(operand, tuple(_same(index, equal) for index in row)) for operand, row in kept]
        place = tuple(_same(index, equal) for index in place)
        present_before = {_same(index, equal) for index in present_before}
    while (found := _inverse_pair(kept, place)) is not None:
        pair, shared, (first, second) = found
        kept = [
            (part, tuple(first if index == second else index for index in row))
            for position, (part, row) in enumerate(kept)
            if position not in pair
        ]
        present_before = {first if index == second else index for index in present_before - {shared}}
        place = tuple(first if index == second else index for index in place)
    present_before -= _added_to_one(kept, place)
    present = {index for _, row in kept for index in row}
    # An index that was summed but now stands nowhere was a sum of equal terms: n of them.
    for index in sorted(present_before - present - set(place)):
        total = total * Coefficient.of_size(extents[index])
    repeated = len(set(place)) < len(place)
    if total.is_zero or (not kept and not repeated):
        return constant(total, tuple(extents[index] for index in place))
    if not kept:  # the identity matrix, times a number
        kept = [(number(1), ())]
    elif repeated and (len(kept) > 1 or set(kept[0][1]) - set(place) or len(set(kept[0][1])) < len(kept[0][1])):
        # A diagonal holds one array, so that whatever it meets next can absorb it.
        own = tuple(dict.fromkeys(index for index in place if index in present))
        kept = [(_numbered(kept, own, extents), own)]
    if len(kept) == 1 and kept[0][1] == place and not repeated:
        return scale(total, kept[0][0])
    return scale(total, _numbered(kept, place, extents))


def identity(axes: Axes) -> Node:
    """Return the identity: of axes *axes* twice, 1 where the two positions are equal and 0 elsewhere."""
    return contract([], [], (*range(len(axes)), *range(len(axes))), axes)


def is_identity(node: Node) -> bool:
    """Return whether *node* is the identity matrix."""
    return isinstance(node, Contraction) and node.rank == 2 and node is identity(node.axes[:1])


def copied(node: Node, batch: Axes) -> Node:
    """Return *node* once for every entry of new first axes *batch*."""
    rows = tuple(range(len(batch) + node.rank))
    return contract([node], [rows[len(batch) :]], rows, batch + node.axes)


def alike(operands: Sequence[Node], lead: Sequence[bool], batch: Axes) -> tuple[Node, ...]:
    """Return *operands*, those without the first axes *batch* (*lead* says which have them) repeated along them."""
    return tuple(
        operand if has_them else copied(operand, batch) for operand, has_them in zip(operands, lead, strict=True)
    )


def _same(index: int, equal: dict[int, int]) -> int:
    while index in equal:
        index = equal[index]
    return index


def _added_to_one(kept: list[tuple[Node, tuple[int, ...]]], output: Indices) -> set[int]:
    """Drop the factors whose entries are added up to 1, and return the indices over which they are."""
    found: set[int] = set()
    for position in reversed(range(len(kept))):
        node, row = kept[position]
        alone = row and row[-1] not in output and sum(other.count(row[-1]) for _, other in kept) == 1
        if alone and isinstance(node, OneHot) and node.checked:
            found.add(row[-1])
            del kept[position]
    return found


def _plain(node: Contraction) -> bool:
    """Return whether *node* only permutes, copies or puts on a diagonal one array, so that it can be renamed away.

    Products stay whole: taken apart, a chain of n products would cost n² operations instead of n.
    """
    return len(node.operands) == 1 and len(set(node.inputs[0])) == len(node.inputs[0])


def _inverse_pair(
    kept: list[tuple[Node, tuple[int, ...]]], output: Indices
) -> tuple[tuple[int, int], int, tuple[int, int]] | None:
    """Return the places of a matrix beside its inverse, the index summed between them, and the two that become one."""
    for place, (part, row) in enumerate(kept):
        if not isinstance(part, Inverse) or part.rank != 2:
            continue
        for other, (matrix, own) in enumerate(kept):
            if matrix is not part.operands[0]:
                continue
            for shared, meets, ends in (
                (row[1], own[0], (row[0], own[1])),
                (row[0], own[1], (own[0], row[1])),
            ):
                if shared == meets and shared not in output and sum(rows.count(shared) for _, rows in kept) == 2:
                    return (place, other), shared, ends
    return None


def _absorbed(node: Contraction, row: tuple[int, ...], equal: dict[int, int]) -> list[tuple[Node, tuple[int, ...]]]:
    """Return the operands of *node* with its indices named as in *row*; what must be *equal* is added there."""
    outer: dict[int, int] = {}
    for inner, index in zip(node.output, row, strict=True):
        if inner not in outer:
            outer[inner] = index
            continue
        first, second = _same(outer[inner], equal), _same(index, equal)
        if first != second:
            equal[max(first, second)] = min(first, second)
    return [
        (operand, tuple(outer[index] for index in inner))
        for operand, inner in zip(node.operands, node.inputs, strict=True)
    ]


def _numbered(kept: list[tuple[Node, tuple[int, ...]]], output: tuple[int, ...], extents: Axes) -> Contraction:
    numbers: dict[int, int] = {}
    for row in (*(row for _, row in kept), output):
        for index in row:
            numbers.setdefault(index, len(numbers))
    return Contraction(
        tuple(operand for operand, _ in kept),
        tuple(tuple(numbers[index] for index in row) for _, row in kept),
        tuple(numbers[index] for index in output),
        tuple(extents[index] for index in numbers),
    )


def linear_in(node: Node, make: Callable[[Node], Node]) -> Node:
    """Return what the linear operation *make* makes of *node*, its number in front moved to the front of that."""
    coefficient, rest = split(node)
    if coefficient.is_zero:
        made = make(node)
        return number(0, made.axes)
    return scale(coefficient, make(rest if rest is not None else number(1, node.axes)))


def apply(operation: Operation, *operands: Node) -> Node:
    """Return *operation* on *operands*; u^1 is u and u^0 is 1."""
    if operation is GENERAL_POWER:
        coefficient, rest = split(operands[1])
        if rest is None and coefficient.is_rational:
            return raised(operands[0], coefficient.rational)
    return Elementwise(operation, operands)


def raised(base: Node, exponent: int | Fraction) -> Node:
    """Return *base* to a constant *exponent*, a negative one as 1 over the positive power."""
    exponent = Fraction(exponent)
    if exponent == 0:
        return number(1, base.axes)
    if exponent == 1:
        return base
    if exponent < 0:
        return reciprocal(raised(base, -exponent))
    return Elementwise(power(exponent), (base,))


def reciprocal(node: Node) -> Node:
    """Return 1 over *node*."""
    return quotient(number(1, node.axes), node)


def quotient(above: Node, below: Node) -> Node:
    """Return *above* over *below*, numbers moved to the front."""
    coefficient, rest = split(below)
    if rest is None and not coefficient.is_zero:
        return scale(coefficient.inverse(), above)
    front, top = split(above)
    if rest is None or front.is_zero:
        return Elementwise(DIVIDE, (above, below))
    body = Elementwise(DIVIDE, (top if top is not None else number(1, rest.axes), rest))
    return scale(front * coefficient.inverse(), body)


def one_minus_square(node: Node) -> Node:
    """Return 1 - u²."""
    return add(number(1, node.axes), negative(raised(node, 2)))


def transposed(node: Node) -> Node:
    """Return *node* with its last two axes swapped."""
    *lead, i, j = range(node.rank)
    return contract([node], [(*lead, j, i)], (*lead, i, j), (*node.axes[:-2], node.axes[-1], node.axes[-2]))


def inverse(node: Node) -> Node:
    """Return the inverse of *node*; that of an inverse is what was inverted."""
    if isinstance(node, Inverse):
        return node.operands[0]
    if isinstance(node, Contraction) and node.is_transpose:
        return transposed(inverse(node.operands[0]))
    return Inverse(node)


def solve(matrix: Node, right: Node, vector: bool) -> Node:
    """Return the solution of a linear system, numbers moved to the front."""
    coefficient, rest = split(right)
    if coefficient.is_zero:
        return number(0, right.axes)
    if rest is not None and is_identity(rest) and not vector and matrix.rank == 2:
        return scale(coefficient, inverse(matrix))
    return scale(coefficient, Solve(matrix, rest if rest is not None else number(1, right.axes), vector))


def triangle(node: Node, offset: int, upper: bool) -> Node:
    """Return a triangle of *node*, numbers moved to the front; one that was already taken is not taken again."""
    coefficient, rest = split(node)
    if coefficient.is_zero or (isinstance(rest, Triangle) and (rest.offset, rest.upper) == (offset, upper)):
        return node
    return scale(coefficient, Triangle(rest if rest is not None else number(1, node.axes), offset, upper))


# Conditions ------------------------------------------------------------------------------------


def where(condition: Node, first: Node, second: Node) -> Node:
    """Return *first* where *condition* holds, else *second*."""
    return Elementwise(WHERE, (condition, first, second))


def negated(condition: Node) -> Node:
    """Return the condition that holds where *condition* does not: u ≤ v for u > v."""
    if isinstance(condition, Elementwise):
        if condition.operation is LOGICAL_NOT:
            return condition.operands[0]
        other = OPPOSITES.get(condition.operation)
        if other is not None:
            return Elementwise(other, condition.operands)
    return Elementwise(LOGICAL_NOT, (condition,))


def indicator(condition: Node) -> Node:
    """Return 1 where *condition* holds, else 0."""
    if isinstance(condition, Elementwise) and condition.operation.truth:
        return condition
    return where(condition, number(1, condition.axes), number(0, condition.axes))


def kept(condition: Node, node: Node) -> Node:
    """Return *node* where *condition* holds, else 0, whatever *node* is there."""
    coefficient, rest = split(node)
    if rest is None:
        return scale(coefficient, indicator(condition))
    return scale(coefficient, where(condition, rest, number(0, node.axes)))
