"""A product with sums as source text: `@` with transposes, `.sum`, broadcasts; einsum where none of them fits."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gradlab.graph.emission.dialects import Dialect
from gradlab.graph.emission.fragments import write
from gradlab.graph.pairing import pairs
from gradlab.graph.sizes import Axes

Row = tuple[int, ...]

_LETTERS = "ijklmnopqrstuvwxyzabcdefghABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Factor:
    """An array and the index of each of its axes."""

    tree: ast.expr
    row: Row


@dataclass(frozen=True)
class ContractionWriter:
    """Writes contractions in one dialect.

    local: gives an expression a name in the function, so that it can be written twice.
    fast: whether to broadcast instead of making an outer product, which may be a factor of more.
    """

    dialect: Dialect
    local: Callable[[ast.expr], ast.expr]
    fast: bool = False

    def contract(self, factors: Sequence[Factor], output: Row, extents: Axes) -> ast.expr:
        """Return the contraction of *factors* to the indices *output*, all of which stand in a factor, once."""
        left = list(factors)
        if len(left) > 1:
            left = [self._summed_alone(left, place, output) for place in range(len(left))]
        for step in pairs(tuple(factor.row for factor in left), output, extents):
            last = len(left) == 2
            first, second = left[step.first], left.pop(step.second)
            left[step.first] = self._pair(first, second, step.row, output if last else step.row)
        return self._turned(self._single(left[0], output), output).tree

    # One factor --------------------------------------------------------------------------------

    def _summed_alone(self, factors: list[Factor], place: int, output: Row) -> Factor:
        """Return one factor with the indices that nothing else has summed away, its diagonal taken."""
        others = {index for other, factor in enumerate(factors) if other != place for index in factor.row}
        factor = factors[place]
        row = tuple(dict.fromkeys(index for index in factor.row if index in others or index in output))
        return factor if row == factor.row else self._single(factor, row)

    def _single(self, factor: Factor, wanted: Row) -> Factor:
        """Return *factor* with the sums that leave the indices *wanted*, in the order in which they stand."""
        row = factor.row
        if len(set(row)) < len(row):
            return self._diagonal(factor, tuple(dict.fromkeys(index for index in row if index in wanted)))
        summed = [axis for axis, index in enumerate(row) if index not in wanted]
        if not summed:
            return factor
        rest = tuple(index for index in row if index in wanted)
        if not rest:
            return Factor(self._total(factor.tree, len(row)), ())
        return Factor(self.dialect.summed(factor.tree, summed, len(row)), rest)

    def _total(self, tree: ast.expr, rank: int) -> ast.expr:
        """Return the sum of all entries; of squares, as a product with itself, which needs no array of squares."""
        match tree:
            case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=2)):
                base = self.local(base)
                return self.dialect.inner(base, base, rank)
            case _:
                return self.dialect.summed(tree, None, rank)

    def _diagonal(self, factor: Factor, output: Row) -> Factor:
        if len(factor.row) == 2:
            return Factor(write("_0.trace()" if not output else "_0.diagonal()", factor.tree), output)
        return Factor(self._einsum([factor], output), output)

    def _turned(self, factor: Factor, output: Row) -> Factor:
        """Return *factor* with its axes in the order of *output*."""
        if factor.row == output:
            return factor
        if len(output) == 2:
            return Factor(_transposed(factor.tree), output)
        order = tuple(factor.row.index(index) for index in output)
        return Factor(self.dialect.permuted(factor.tree, order), output)

    # Two factors -------------------------------------------------------------------------------

    def _pair(self, first: Factor, second: Factor, row: Row, output: Row) -> Factor:
        """Return the product of two factors that keeps the indices *row*; in the order of *output* where it is easy."""
        shared = [index for index in first.row if index in second.row and index not in row]
        both = [index for index in first.row if index in second.row and index in row]
        wanted = output if set(output) == set(row) else row
        if not shared:
            return self._broadcast(first, second, wanted)
        if not both:
            return self._matrix_product(first, second, shared, wanted)
        batched = self._batched(first, second, shared, both, wanted)
        if batched is not None:
            return batched
        if set(first.row) == set(second.row):
            product = self._broadcast(first, second, first.row)
            return self._single(product, tuple(index for index in first.row if index in wanted))
        return Factor(self._einsum([first, second], wanted), wanted)

    def _broadcast(self, first: Factor, second: Factor, output: Row) -> Factor:
        """Return the product entry by entry, copies made by broadcasting."""
        if len(first.row) == len(second.row) == 1 and first.row != second.row and not self.fast:
            left, right = (first, second) if first.row[0] == output[0] else (second, first)
            return Factor(self.dialect.outer(left.tree, right.tree), output)
        if first.row and set(first.row) == set(second.row) and len(output) == 2 and first.row == second.row:
            output = first.row  # a transpose of the product, where one is needed at all
        return Factor(times(self._aligned(first, output), self._aligned(second, output)), output)

    def _aligned(self, factor: Factor, output: Row) -> ast.expr:
        order = tuple(index for index in output if index in factor.row)
        return aligned(self._turned(factor, order).tree, [output.index(index) for index in order], len(output))

    def _matrix_product(self, first: Factor, second: Factor, shared: list[int], output: Row) -> Factor:
        left = tuple(index for index in first.row if index not in shared)
        right = tuple(index for index in second.row if index not in shared)
        if len(first.row) == len(second.row) == len(shared):
            turned = self._turned(second, first.row)
            return Factor(self.dialect.inner(first.tree, turned.tree, len(shared)), ())
        if len(shared) == 1 and len(left) <= 1 and len(right) <= 1:
            turned = left and right and output == (*right, *left)
            # X.T @ delta, as it is written on paper, rather than delta @ X.
            if turned or (len(first.row) == 1 and right and second.row[0] == shared[0]):
                first, second, left, right = second, first, right, left
            tree = write("_0 @ _1", _facing(first, shared[0], last=True), _facing(second, shared[0], last=False))
            return Factor(tree, (*left, *right))
        if len(shared) == 1 and first.row[-1] == shared[0] and len(right) <= 1:
            return Factor(write("_0 @ _1", first.tree, _facing(second, shared[0], last=False)), (*left, *right))
        axes = [first.row.index(index) for index in shared], [second.row.index(index) for index in shared]
        return Factor(self.dialect.tensordot(first.tree, second.tree, *axes), (*left, *right))

    def _batched(self, first: Factor, second: Factor, shared: list[int], both: list[int], output: Row) -> Factor | None:
        """Return a product of stacks of matrices, None where the axes do not stand as `@` wants them."""
        stack = tuple(both)
        count = len(stack)
        ranks = len(first.row) == len(second.row) == count + 2
        if len(shared) != 1 or not ranks or first.row[:count] != stack or second.row[:count] != stack:
            return None
        if output == (*stack, *_others(second, shared, count), *_others(first, shared, count)):
            first, second = second, first
        left = first.tree if first.row[-1] == shared[0] else self.dialect.turned_matrices(first.tree)
        right = second.tree if second.row[-2] == shared[0] else self.dialect.turned_matrices(second.tree)
        row = (*stack, *_others(first, shared, count), *_others(second, shared, count))
        return Factor(write("_0 @ _1", left, right), row)

    def _einsum(self, factors: Sequence[Factor], output: Row) -> ast.expr:
        letters: dict[int, str] = {}
        for index in (*output, *(index for factor in factors for index in factor.row)):
            letters.setdefault(index, _LETTERS[len(letters)])
        sides = ["".join(letters[index] for index in row) for row in (*(factor.row for factor in factors), output)]
        equation = ",".join(sides[:-1]) + "->" + sides[-1]
        call = write(f"{self.dialect.module}.einsum({equation!r})")
        assert isinstance(call, ast.Call)
        return ast.Call(call.func, [*call.args, *(factor.tree for factor in factors)], [])


def times(first: ast.expr, second: ast.expr) -> ast.expr:
    """Return the product, from left to right and with 1 over something as a quotient.

    >>> from gradlab.graph.emission.fragments import written
    >>> written(times(write("a"), write("b * c"))), written(times(write("a + b"), write("1 / c")))
    ('a * b * c', '(a + b) / c')
    """
    match second:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return times(times(first, left), right)
        case ast.BinOp(left=ast.Constant(value=1), op=ast.Div(), right=right):
            return write("_0 / _1", first, right)
        case _:
            return write("_0 * _1", first, second)


def _others(factor: Factor, shared: list[int], count: int) -> Row:
    return tuple(index for index in factor.row[count:] if index not in shared)


def _facing(factor: Factor, index: int, *, last: bool) -> ast.expr:
    """Return a matrix with *index* as its last or first axis, a vector as it is."""
    if len(factor.row) < 2 or factor.row[-1 if last else 0] == index:
        return factor.tree
    return _transposed(factor.tree)


def _transposed(tree: ast.expr) -> ast.expr:
    """Return the transpose of a matrix; (A B)^T is B^T A^T."""
    match tree:
        case ast.Attribute(value=inner, attr="T"):
            return inner
        case ast.BinOp(left=left, op=ast.MatMult(), right=right):
            return write("_0 @ _1", _transposed(right), _transposed(left))
        case _:
            return write("_0.T", tree)


def aligned(tree: ast.expr, places: Sequence[int], rank: int) -> ast.expr:
    """Return an array whose axes are those at *places* of *rank*, so that broadcasting puts them there.

    >>> from gradlab.graph.emission.fragments import named, written
    >>> written(aligned(named("b"), [0], 2)), written(aligned(named("b"), [1], 2))
    ('b[:, None]', 'b')
    """
    if not places:
        return tree
    key = tuple(slice(None) if place in places else None for place in range(min(places), rank))
    if None not in key:
        return tree
    match tree:
        case ast.Call(
            func=ast.Attribute(attr="sum"), keywords=[ast.keyword(arg=option, value=ast.Constant(value=axis))]
        ):
            # What was just summed away comes back as an axis of length 1.
            if len(places) == rank - 1 and axis not in places:
                kept = ast.keyword("keepdims" if option == "axis" else "keepdim", ast.Constant(True))
                return ast.Call(tree.func, tree.args, [*tree.keywords, kept])
        case _:
            pass
    return write("_0[_1]", tree, key)
