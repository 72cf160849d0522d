"""From a syntax tree to an expression graph."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction

from gradlab.errors import DomainError, ParseError, ShapeError, TraceError, UnknownShape
from gradlab.graph.algebra import split
from gradlab.graph.kinds import Constant, Variable
from gradlab.graph.nodes import Node
from gradlab.graph.operations import FAMILIES, HEAVISIDE, LEAKY_RELU, MAXIMUM, MINIMUM, OPERATIONS
from gradlab.graph.sizes import Axes, Coefficient, Size
from gradlab.sources import sums
from gradlab.sources.builder import Builder
from gradlab.sources.composed import COMPOSED
from gradlab.sources.indices import Run, runs
from gradlab.sources.matrix_functions import MATRIX_FUNCTIONS, matrix_power
from gradlab.sources.names import CONSTANTS
from gradlab.sources.norms import euclidean
from gradlab.sources.syntax import Binary, Call, Entry, Name, Number, Tree, Unary, Vector, children, fold, walk


def lower(
    tree: Tree,
    text: str,
    axes: Mapping[str, Axes],
    builder: Builder,
    sizes: Collection[str] = (),
    *,
    matrices: bool = False,
) -> Node:
    """Return the graph of *tree*, whose variables have these *axes*; errors point into *text*.

    sizes: names that are lengths of axes.
    matrices: whether ``*`` between arrays is the matrix product, as on paper, and not entry by entry, as in NumPy;
        a product without a sign is the matrix product in any case.
    """
    lowering = _Lowering(text, axes, builder, frozenset(sizes), matrices, runs(tree, text))
    for part in walk(tree):
        if isinstance(part, Entry):
            lowering.measure(part)
    return fold(tree, lowering.node)


@dataclass(frozen=True, eq=False)
class _Lowering:
    """One tree on its way to a graph.

    counted: what the sums and their indices run over.  rows: the vectors in it that are rows, as ``x^T`` is.
    indexed: what has the axes of indices, not those of arrays.
    ones: the numbers 1, whose transpose is a row of ones.
    lengths: over how much an index runs, where only the arrays tell.
    """

    text: str
    axes: Mapping[str, Axes]
    builder: Builder
    sizes: frozenset[str]
    matrices: bool
    counted: Mapping[Tree, Run]
    rows: set[Tree] = field(default_factory=set)
    ones: set[Tree] = field(default_factory=set)
    indexed: set[Tree] = field(default_factory=set)
    lengths: dict[Run, Size] = field(default_factory=dict)

    def node(self, tree: Tree, below: tuple[Node, ...]) -> Node:
        with self._at(tree):
            if tree in self.counted:
                return self._counting(tree, below)
            if not isinstance(tree, Entry):
                self._check_indices(tree, below)
            return self._lowered(tree, below)

    def _check_indices(self, tree: Tree, below: tuple[Node, ...]) -> None:
        """Note whether *tree* has the axes of indices, and refuse an array that has its own beside them."""
        parts = list(zip(children(tree), below, strict=True))
        if not any(part in self.indexed for part, _ in parts):
            return
        self.indexed.add(tree)
        for part, node in parts:
            if node.rank and part not in self.indexed:
                written = self.text[slice(*part.span)]
                shape = self.builder.sizes.shape_text(node)
                message = f"a sum over an index adds up numbers, and {written} has shape {shape}"
                raise TraceError(f"{message}; write its entries, as in x_i, or sum({written}) for all of them")

    def measure(self, tree: Entry) -> None:
        """Note over how much the indices of an entry run."""
        with self._at(tree):
            builder, written, name = self.builder, self.text[slice(*tree.span)], tree.array.name
            if name not in self.axes:
                raise TraceError(
                    f"in {written}, {name} is an index or a limit of this sum; call the array something else"
                )
            array = Variable(name, self.axes[name])
            if array.rank == 0:
                builder.need_axes(array, ("n", "m", "k")[: len(tree.indices)])
            if array.rank != len(tree.indices):
                shape = builder.sizes.shape_text(array)
                raise TraceError(f"{written} is an entry of {name}, which has shape {shape}")
            for index, size in zip(tree.indices, array.axes, strict=True):
                run = self.counted[index]
                if run.first not in (0, 1):
                    raise TraceError("a sum over the entries of an array runs over all of them, from 1 or from 0 on")
                length = self.lengths.get(run, run.count)
                if isinstance(run.count, str):
                    builder.sizes.declare((run.count,))
                said = f"{written} runs through {length} entries"
                self.lengths[run] = size if length is None else builder.sizes.unify(size, length, said)

    @contextmanager
    def _at(self, tree: Tree) -> Generator[None]:
        try:
            yield
        except UnknownShape:
            raise
        except (ShapeError, DomainError, TraceError) as error:
            raise ParseError(str(error), self.text, tree.span[0]) from error

    def _counting(self, tree: Tree, below: tuple[Node, ...]) -> Node:
        """Return a sum over an index, or the index where it stands."""
        run = self.counted[tree]
        self.indexed.add(tree)
        count = self.lengths.get(run, run.count)
        if count is None:
            raise TraceError("nothing in this sum has the index; write sum_i x_i with an array x, or give limits")
        if isinstance(tree, Name):
            return sums.counted(self.builder, run.first, count, run.level)
        if isinstance(run.count, str) and run not in self.lengths and run.count not in self.sizes:
            raise TraceError(f"nothing tells how much {run.count} is; put a number, or add up entries such as x_i")
        arrays = {part.array.name for part in walk(tree) if isinstance(part, Entry)}
        return sums.summed(self.builder, below[0], count, run.level, arrays)

    def _lowered(self, tree: Tree, below: tuple[Node, ...]) -> Node:
        builder = self.builder
        match tree:
            case Number():
                if tree.value == 1:
                    self.ones.add(tree)
                return builder.constant(tree.value)
            case Name():
                if tree.name in self.axes:
                    return Variable(tree.name, self.axes[tree.name])
                return Constant(tree.name if tree.name in CONSTANTS else Coefficient.of_size(tree.name))
            case Unary():
                if tree.operand in self.rows:
                    self.rows.add(tree)
                return below[0] if tree.operator == "+" else self._negative(tree.operand, below[0])
            case Binary(operator="*") if self.matrices or tree.implicit:
                return self._product(tree, *below)
            case Binary(operator="^") if below[0].rank == 2 and tree.left not in self.indexed:
                return self._power(tree, *below)
            case Binary():
                if tree.left in self.rows and (tree.right in self.rows or tree.operator in "*/"):
                    self.rows.add(tree)
                if tree.right in self.rows and tree.operator == "*" and not below[0].rank:
                    self.rows.add(tree)
                above, line = _of_lengths(below[0], tree.left), _of_lengths(below[1])
                if tree.operator == "/" and above is not None and line is not None and _is_one_number(above, line):
                    return Constant(above * line.inverse())
                return _BINARY[tree.operator](builder, *below)
            case Call(function="transpose"):
                return self._transposed(tree, below[0])
            case Call():
                return _called(tree.function, below, builder)
            case Vector():
                return builder.stack(below)
            case Entry():
                self.indexed.add(tree)
                return sums.entry(builder, below[0], [self.counted[index].level for index in tree.indices])

    def _negative(self, tree: Tree, node: Node) -> Node:
        number = _of_lengths(node) if isinstance(tree, Binary) else None
        return Constant(-number) if number is not None else self.builder.negative(node)

    def _product(self, tree: Binary, left: Node, right: Node) -> Node:
        """Return the product as on paper: of matrices and vectors the matrix product."""
        ranks = left.rank, right.rank
        row = tree.left in self.rows
        if row and ranks[0] == 0 < ranks[1]:  # 1^T y is the sum of the entries of y, 1^T X a row
            self.rows.update([tree] * (ranks[1] > 1))
            return self.builder.multiply(left, self.builder.total(right, 0))
        if 0 in ranks and (row or tree.right in self.rows):
            self.rows.add(tree)
        lengths = _of_lengths(left), _of_lengths(right)
        if lengths[0] is not None and lengths[1] is not None and (lengths[0].sizes or lengths[1].sizes):
            return Constant(lengths[0] * lengths[1])
        if tree in self.indexed:
            return self.builder.multiply(left, right)
        if 0 in ranks:
            return self.builder.multiply(left, right)
        if ranks == (1, 1):
            if not row and tree.right in self.rows:  # a column by a row is a matrix
                return self.builder.multiply(self.builder.expand(left, 1), right)
            if row and tree.right not in self.rows:
                return self.builder.matmul(left, right)
            if self.matrices:
                raise TraceError("a product of two vectors; write u^T v for a number, u ⊙ v for entry by entry")
            return self.builder.multiply(left, right)
        if row and ranks == (1, 2):
            self.rows.add(tree)
        return self.builder.matmul(left, right)

    def _power(self, tree: Binary, base: Node, exponent: Node) -> Node:
        """Return the power of a matrix: ``A^-1`` is its inverse, ``A^2`` in an answer A A, elsewhere entry by entry."""
        number = _of_lengths(exponent, tree.right)
        is_whole = number is not None and number.is_rational and number.rational.denominator == 1
        if number is not None and is_whole and (number.rational == -1 or self.matrices):
            return matrix_power(self.builder, base, int(number.rational))
        return self.builder.power(base, exponent)

    def _transposed(self, tree: Call, node: Node) -> Node:
        if node.rank == 0:
            self.builder.need_axes(node, ("n", "m"))
            if tree.arguments[0] not in self.ones:
                raise TraceError("a number has no transpose; declare T as a variable for a power")
            self.rows.add(tree)
            return node
        if node.rank == 1 and tree.arguments[0] not in self.rows:
            self.rows.add(tree)
        return self.builder.transpose(node) if node.rank > 1 else node


def _of_lengths(node: Node, tree: Tree | None = None) -> Coefficient | None:
    """Return the number that *node* is, such as 2, n or 1/n; None where it is none.

    tree: what it was written as, where a sign in front of a number counts too.
    """
    if isinstance(tree, Unary) and tree.operator == "-" and isinstance(tree.operand, Number):
        return -Coefficient.of(tree.operand.value)
    return node.value if isinstance(node, Constant) and isinstance(node.value, Coefficient) and not node.axes else None


def _is_one_number(above: Coefficient, line: Coefficient) -> bool:
    """Return whether a quotient is one number as it is written: 2/n, and 1/3, which 2/6 is not."""
    if above.sizes or line.sizes:
        return not line.is_zero
    if not (above.is_rational and line.is_rational and above.rational.denominator == 1):
        return False
    # In its lowest terms the quotient has the denominator that was written.
    return line.rational > 1 and (above.rational / line.rational).denominator == line.rational


_BINARY: dict[str, Callable[[Builder, Node, Node], Node]] = {
    "+": Builder.add,
    "-": Builder.subtract,
    "*": Builder.multiply,
    "/": Builder.divide,
    "^": Builder.power,
    "@": Builder.matmul,
    "⊙": Builder.multiply,
    "^⊙": Builder.power,
}


def _called(function: str, arguments: tuple[Node, ...], builder: Builder) -> Node:
    if function in _NOT_ELEMENTWISE:
        return _NOT_ELEMENTWISE[function](builder, *arguments)
    if function in ("max", "min"):
        operation = MAXIMUM if function == "max" else MINIMUM
        if len(arguments) == 1:
            raise TraceError(f"{function} compares two values: write {function}(x, y)")
        result = arguments[0]
        for argument in arguments[1:]:
            result = builder.apply(operation, result, argument)
        return result
    if function == "heaviside" and len(arguments) == 1:
        return builder.apply(HEAVISIDE, arguments[0], builder.constant(Fraction(1, 2)))
    if function == "leaky_relu" and len(arguments) == 1:
        return builder.apply(LEAKY_RELU, arguments[0], builder.constant(0.01))
    if function in FAMILIES:
        return builder.apply(FAMILIES[function](_parameter(function, arguments)), arguments[0])
    return builder.apply(OPERATIONS[function], *arguments)


def _parameter(function: str, arguments: tuple[Node, ...]) -> Fraction:
    """Return the number that picks one of a family of functions; 1 if none is given."""
    if len(arguments) == 1:
        return Fraction(1)
    given, rest = split(arguments[1])
    if rest is not None or given.sizes or given.rational <= 0:
        raise TraceError(f"the second argument of {function} is a positive number; write {function}(x, 1/2)")
    return given.rational


_NOT_ELEMENTWISE: dict[str, Callable[..., Node]] = {
    **COMPOSED,
    **MATRIX_FUNCTIONS,
    "sum": Builder.total,
    "mean": Builder.mean,
    "dot": Builder.dot,
    "norm": euclidean,
}
