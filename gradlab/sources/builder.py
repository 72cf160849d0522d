"""Building graphs the way NumPy computes: broadcasting, axes, matrix products; sizes found as they are used.

Every axis starts with a size symbol of its own; operations that need two sizes to be equal unify them. So
two axes that merely happen to have the same length stay apart, and ``1/n`` stays ``1/n``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from gradlab.errors import DomainError, ShapeError, TraceError, UnknownShape
from gradlab.graph.algebra import split
from gradlab.graph.kinds import Constant, Elementwise, Index, Linear, Norm, Stack, Variable
from gradlab.graph.kinds.contraction import Contraction, contraction
from gradlab.graph.kinds.index import WHOLE, Range, selected_axes
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.operations import DIVIDE, EXP, GENERAL_POWER, SQRT, Operation, power
from gradlab.graph.sizes import ONE, ZERO, Axes, Coefficient, Size
from gradlab.graph.writes import chosen, replaced
from gradlab.sources.sizing import SizeTable

LARGEST_EXPONENT = 10_000
"""Constant exponents beyond this overflow for every base but 1, and make exact arithmetic hang."""


class NeedsAxes(Exception):
    """A variable of undeclared shape was used as an array.

    wanted: for each such variable the axes to try next.
    """

    def __init__(self, wanted: Mapping[str, Axes]) -> None:
        super().__init__(f"axes needed: {dict(wanted)}")
        self.wanted: dict[str, Axes] = dict(wanted)


class Builder:
    """Makes nodes from nodes.

    undeclared: variables whose shape nobody has stated; using one as an array raises `NeedsAxes`.
    sizes: what is known of the sizes so far.
    """

    def __init__(self, undeclared: frozenset[str] = frozenset()) -> None:
        self.undeclared = undeclared
        self.sizes: SizeTable = SizeTable()

    # Leaves ----------------------------------------------------------------------------------

    def constant(self, value: int | float | Fraction) -> Node:
        """Return an exact number; raises DomainError for inf and nan."""
        try:
            return Constant(Coefficient.of(value), ())
        except (OverflowError, ValueError) as error:
            raise DomainError(f"{value} is not a finite number") from error

    # Arithmetic ------------------------------------------------------------------------------

    def linear(self, signs: Sequence[int], nodes: Sequence[Node], said: str) -> Node:
        """Return the sum of *nodes* with *signs* 1 or -1."""
        aligned = self.broadcast(nodes, said)
        return Linear(tuple(ONE if sign > 0 else -ONE for sign in signs), tuple(aligned))

    def add(self, first: Node, second: Node) -> Node:
        """Return the sum; of two truth values it would be another thing in NumPy and torch: their "or"."""
        if all(isinstance(node, Elementwise) and node.operation.truth for node in (first, second)):
            raise TraceError("the sum of two comparisons is their 'or'; write a.float() + b.float() to count them")
        return self.linear((1, 1), (first, second), "cannot add")

    def subtract(self, first: Node, second: Node) -> Node:
        return self.linear((1, -1), (first, second), "cannot subtract")

    def negative(self, node: Node) -> Node:
        return Linear((-ONE,), (node,))

    def multiply(self, first: Node, second: Node) -> Node:
        """Return the product; a number in front becomes a coefficient."""
        for coefficient, other in ((first, second), (second, first)):
            if (
                isinstance(coefficient, Constant)
                and isinstance(coefficient.value, Coefficient)
                and not coefficient.axes
            ):
                return Linear((coefficient.value,), (other,))
        slim, rows, sizes = self._aligned((first, second), "cannot multiply")
        present = {label for row in rows for label in row}
        output = [label if label in present else (label, size) for label, size in enumerate(sizes)]
        return contraction(slim, rows, output)

    def divide(self, first: Node, second: Node) -> Node:
        """Return the quotient; a number below becomes a coefficient."""
        if isinstance(second, Constant) and isinstance(second.value, Coefficient) and not second.axes:
            if second.value.is_zero:
                raise DomainError("division by the number 0")
            return Linear((second.value.inverse(),), (first,))
        return Elementwise(DIVIDE, tuple(self.broadcast((first, second), "cannot divide")))

    def power(self, base: Node, exponent: Node) -> Node:
        """Return a power; e^u is the exponential, a constant exponent has its own rule."""
        given, rest = split(exponent)
        if rest is None and given.is_rational and (isinstance(exponent, Constant) or not exponent.axes):
            value = given.rational
            raised = _power_of_size(base, value)
            if raised is not None:
                return raised
            if abs(value) > LARGEST_EXPONENT:
                raise DomainError(f"the exponent {float(value):.6g} is too large; the limit is {LARGEST_EXPONENT:,}")
            # ‖x‖² is the sum of the squares: it has a derivative at 0 too.
            return base.squares if isinstance(base, Norm) and value == 2 else Elementwise(power(value), (base,))
        if isinstance(base, Constant) and base.value == "e":
            return Elementwise(EXP, (exponent,))
        return Elementwise(GENERAL_POWER, tuple(self.broadcast((base, exponent), "cannot raise to a power")))

    def apply(self, operation: Operation, *operands: Node) -> Node:
        """Return *operation* entry by entry."""
        root = _power_of_size(operands[0], Fraction(1, 2)) if operation is SQRT else None
        if root is not None:
            return root
        return Elementwise(operation, tuple(self.broadcast(operands, f"cannot apply {operation.name}")))

    # Broadcasting ----------------------------------------------------------------------------

    def _aligned(self, nodes: Sequence[Node], said: str) -> tuple[list[Node], list[list[int]], list[Size]]:
        """Return the nodes without stretched axes, the result's axes that each has, and the result's sizes.

        Axes are aligned at the right, as NumPy does.
        """
        rank = max(node.rank for node in nodes)
        shapes = " and ".join(self.sizes.shape_text(node) for node in nodes)
        sizes: list[Size] = [1] * rank
        for node in nodes:
            for place, size in enumerate(node.axes, rank - node.rank):
                if self.sizes.root(size) != 1:
                    known = sizes[place]
                    sizes[place] = size if known == 1 else self.sizes.unify(known, size, f"{said} shapes {shapes}")
        slim: list[Node] = []
        rows: list[list[int]] = []
        for node in nodes:
            offset = rank - node.rank
            kept = [p for p, size in enumerate(node.axes, offset) if self.sizes.root(size) != 1 or sizes[p] == 1]
            for place in reversed(range(node.rank)):
                if place + offset not in kept:
                    node = self.drop_axis(node, place)
            slim.append(node)
            rows.append(kept)
        return slim, rows, sizes

    def drop_axis(self, node: Node, position: int) -> Node:
        """Return *node* without an axis of length 1; an axis that was only added is taken back."""
        taken = self.taken_back(node, position)
        return (
            taken if taken is not None else Index(node, tuple(0 if p == position else WHOLE for p in range(node.rank)))
        )

    def taken_back(self, node: Node, position: int) -> Node | None:
        """Return *node* as it was before an axis of length 1 was added, None where it was not added."""
        if isinstance(node, Constant):
            return Constant(node.value, node.axes[:position] + node.axes[position + 1 :])
        if isinstance(node, (Linear, Elementwise)):
            parts = [self.taken_back(part, position) for part in node.operands]
            return node.rebuilt(tuple(part for part in parts if part is not None), {}) if all(parts) else None
        if not isinstance(node, Contraction):
            return None
        index = node.output[position]
        if any(index in row for row in node.inputs):
            return self._taken_back_inside(node, position)
        labels = [*node.output[:position], *node.output[position + 1 :]]
        if len(node.operands) == 1 and tuple(labels) == node.inputs[0]:
            return node.operands[0]
        present = {label for row in node.inputs for label in row}
        output = [label if label in present else (label, node.extents[label]) for label in labels]
        return contraction(node.operands, node.inputs, output)

    def _taken_back_inside(self, node: Contraction, position: int) -> Node | None:
        """Return a product without an axis of length 1 that was added to each factor that has it."""
        index = node.output[position]
        operands = [
            self.taken_back(operand, row.index(index)) if index in row else operand
            for operand, row in zip(node.operands, node.inputs, strict=True)
        ]
        if node.output.count(index) > 1 or any(row.count(index) > 1 for row in node.inputs):
            return None
        rows = [[label for label in row if label != index] for row in node.inputs]
        labels = [label for label in node.output if label != index]
        present = {label for row in rows for label in row}
        output = [label if label in present else (label, node.extents[label]) for label in labels]
        kept = [operand for operand in operands if operand is not None]
        return contraction(kept, rows, output) if len(kept) == len(operands) else None

    def broadcast(self, nodes: Sequence[Node], said: str) -> list[Node]:
        """Return *nodes* stretched to one common shape."""
        if all(node.rank == 0 for node in nodes):
            return list(nodes)
        slim, rows, sizes = self._aligned(nodes, said)
        return [_stretched(node, row, sizes) for node, row in zip(slim, rows, strict=True)]

    # Reductions, products, selections ----------------------------------------------------------

    def total(self, node: Node, axis: Any = None, keepdims: bool = False) -> Node:
        """Return the sum over *axis*: None for all, a number, or several."""
        axes = self.chosen_axes(node, axis, "sum")
        kept: list[Any] = [
            (("kept", position), 1) if position in axes else position
            for position in range(node.rank)
            if keepdims or position not in axes
        ]
        return contraction([node], [list(range(node.rank))], kept)

    def mean(self, node: Node, axis: Any = None, keepdims: bool = False) -> Node:
        """Return the mean over *axis*: the sum times 1 over the size."""
        axes = self.chosen_axes(node, axis, "mean")
        coefficient = ONE
        for position in axes:
            coefficient = coefficient * Coefficient.of_size(self.sizes.root(node.axes[position]), -1)
        return Linear((coefficient,), (self.total(node, axis, keepdims),))

    def chosen_axes(self, node: Node, axis: Any, said: str) -> set[int]:
        """Return the positions that *axis* names: None for all, a number, or several."""
        if node.rank == 0:
            self.need_axes(node, ("n",))
        if axis is None:
            return set(range(node.rank))
        given = axis if isinstance(axis, (tuple, list)) else (axis,)
        if not given:
            raise ShapeError(f"the {said} over no axes is all of them in torch and none in NumPy; name the axes")
        found: set[int] = set()
        for one in given:
            if not isinstance(one, int) or not -node.rank <= one < node.rank:
                raise ShapeError(f"cannot take the {said} over axis {one} of shape {self.sizes.shape_text(node)}")
            found.add(one % node.rank)
        return found

    def need_axes(self, node: Node, axes: Axes) -> None:
        """Raise NeedsAxes for the undeclared variables behind *node*, if there are any."""
        behind = [part for part in topological([node]) if isinstance(part, Variable)]
        wanted = {part.name: axes for part in behind if part.name in self.undeclared and part.rank == 0}
        if wanted:
            raise NeedsAxes(wanted)

    def matmul(self, first: Node, second: Node) -> Node:
        """Return ``first @ second`` as NumPy defines it for one, two and more axes."""
        for node in (first, second):
            if node.rank == 0:
                self._unknown_product((first, second))
        said = f"cannot multiply shapes {self.sizes.shape_text(first)} @ {self.sizes.shape_text(second)}"
        inner_first, inner_second = first.axes[-1], second.axes[-2 if second.rank > 1 else -1]
        self.sizes.unify(inner_first, inner_second, said)
        batch_first, batch_second = first.rank - 2, second.rank - 2
        left: list[Any] = [*range(-batch_first, 0), "row", "inner"] if first.rank > 1 else ["inner"]
        right: list[Any] = [*range(-batch_second, 0), "inner", "column"] if second.rank > 1 else ["inner"]
        shared = min(batch_first, batch_second)
        for position in range(1, shared + 1):
            self.sizes.unify(first.axes[batch_first - position], second.axes[batch_second - position], said)
        output: list[Any] = [*range(-max(batch_first, batch_second, 0), 0)]
        output += ["row"] * (first.rank > 1) + ["column"] * (second.rank > 1)
        return contraction([first, second], [left, right], output)

    def _unknown_product(self, nodes: Sequence[Node]) -> None:
        unknown = sorted(
            {part.name for node in nodes for part in topological([node]) if isinstance(part, Variable)}
            & self.undeclared
        )
        if unknown:
            left = nodes[0].rank == 0 and len(unknown) > 1
            shapes = ['("n", "d")', '("d",)'] if left else ['("d",)']
            values = ["[[1, 2], [3, 4]]", "[1, 2]"] if left else ["[1, 2]"]
            stated, given = (
                ", ".join(f'"{name}": {example}' for name, example in zip(unknown, examples, strict=False))
                for examples in (shapes, values)
            )
            said = f"{unknown[0]} has" if len(unknown) == 1 else f"{' and '.join(unknown)} have"
            raise UnknownShape(
                f"a matrix product does not tell how many axes {said}; state it, as_function(f, shapes={{{stated}}}), "
                f"or give a point that shows it, derive(f, at={{{given}}}); on the command line --shape {unknown[-1]}=d"
            )
        raise ShapeError("a matrix product needs arrays; for numbers write *")

    def dot(self, first: Node, second: Node) -> Node:
        """Return ``np.dot``: the product for a number, else the matrix product."""
        if first.rank == 0 and second.rank == 0:
            self.need_axes(first, ("n",))
            self.need_axes(second, ("n",))
        if first.rank == 0 or second.rank == 0:
            if first.rank + second.rank:
                self.need_axes(first if first.rank == 0 else second, ("n",))
            return self.multiply(first, second)
        if second.rank > 2 and first.rank > 1:
            raise TraceError("np.dot of more than two axes is not read; write @")
        return self.matmul(first, second)

    def transpose(self, node: Node, order: Sequence[int] | None = None) -> Node:
        """Return *node* with its axes in another order, reversed if none is given."""
        order = [position % node.rank for position in order] if order is not None else list(range(node.rank))[::-1]
        if sorted(order) != list(range(node.rank)):
            raise ShapeError(f"cannot put the axes of shape {self.sizes.shape_text(node)} in the order {tuple(order)}")
        if order == list(range(node.rank)):
            return node
        return contraction([node], [list(range(node.rank))], order)

    def expand(self, node: Node, position: int) -> Node:
        """Return *node* with a new axis of length 1 at *position*."""
        labels: list[Any] = list(range(node.rank))
        return contraction([node], [labels], [*labels[:position], ("new", 1), *labels[position:]])

    def stack(self, nodes: Sequence[Node], axis: int = 0) -> Node:
        """Return *nodes* side by side along a new axis."""
        if not nodes:
            raise ShapeError("nothing to stack")
        aligned = self.broadcast(nodes, "cannot stack")
        return Stack(tuple(aligned), axis % (aligned[0].rank + 1))

    def index(self, node: Node, key: Any) -> Node:
        """Return ``node[key]`` for positions, slices, ``...`` and None."""
        keys, selection = self._selection(node, key)
        result = node if all(part == WHOLE for part in selection) else chosen(self.pinned(node), selection)
        position = 0
        for part in keys:
            if part is None:
                result = self.expand(result, position)
            if not isinstance(part, int):
                position += 1
        return result

    def replace(self, node: Node, key: Any, value: Node) -> Node:
        """Return *node* after ``node[key] = value``, for positions, slices and ``...``."""
        keys, selection = self._selection(node, key)
        if None in keys:
            raise TraceError("assigning to entries with a new axis is not read; leave None out of the index")
        node = self.pinned(node)
        said = f"cannot assign to entries [{_spoken(keys)}] of shape {self.sizes.shape_text(node)}"
        return replaced(node, selection, self.fitted(value, selected_axes(node.axes, tuple(selection)), said))

    def fitted(self, node: Node, axes: Axes, said: str) -> Node:
        """Return *node* stretched to these *axes*, as an assignment does; raises ShapeError, which *said* begins."""
        said = f"{said} a value of shape {self.sizes.shape_text(node)}"
        while node.rank > len(axes) and self.sizes.root(node.axes[0]) == 1:
            node = self.drop_axis(node, 0)
        if node.rank > len(axes):
            raise ShapeError(said)
        for own, size in zip(reversed(node.axes), reversed(axes), strict=False):
            if self.sizes.root(own) != 1:
                self.sizes.unify(size, own, said)
        return self.broadcast([Constant(ZERO, axes), node], said)[1] if node.axes != axes else node

    def _selection(self, node: Node, key: Any) -> tuple[list[Any], list[int | Range]]:
        """Return the parts of *key*, and what they choose on each axis of *node*."""
        keys = [_position(part) for part in (key if isinstance(key, tuple) else (key,))]
        if node.rank == 0 and any(part is not None and part is not Ellipsis for part in keys):
            first = keys[0]
            self.need_axes(node, ("n",))
            raise ShapeError(f"cannot index a single number with [{first}]")
        given = sum(part is not None and part is not Ellipsis for part in keys)
        if given > node.rank:
            raise ShapeError(f"{given} indices for shape {self.sizes.shape_text(node)}")
        if any(part is Ellipsis for part in keys):
            place = next(place for place, part in enumerate(keys) if part is Ellipsis)
            keys[place : place + 1] = [slice(None)] * (node.rank - given)
        else:
            keys += [slice(None)] * (node.rank - given)
        selection: list[int | Range] = []
        for part in keys:
            if part is not None:
                selection.append(self._part(part, node, len(selection)))
        return keys, selection

    def _part(self, part: Any, node: Node, position: int) -> int | Range:
        axis = node.axes[position]
        if isinstance(part, bool) or not (isinstance(part, slice) or hasattr(part, "__index__")):
            raise TraceError(f"indexing with {type(part).__name__} is not read; write whole numbers or slices")
        if not isinstance(part, slice):
            place = part.__index__()
            length = self.sizes.number(axis)
            if length is not None and not -length <= place < length:
                raise ShapeError(f"position {place} is outside an axis of length {length}")
            return place
        bounds = tuple(None if bound is None else bound.__index__() for bound in (part.start, part.stop, part.step))
        if bounds != WHOLE:
            self.sizes.pin(axis)
        return bounds  # type: ignore[return-value]  # three entries, as slices have

    def pinned(self, node: Node) -> Node:
        """Return *node* with the sizes that are now known as numbers."""
        known = {size: self.sizes.root(size) for size in node.axes if isinstance(size, str)}
        numbers = {size: root for size, root in known.items() if isinstance(root, int)}
        return rebuild([node], numbers)[0] if numbers else node


def _power_of_size(node: Node, exponent: Fraction) -> Node | None:
    """Return √k, 1/√k, n² … of a size as an exact number, None for anything else."""
    if not isinstance(node, Constant) or node.axes or isinstance(node.value, str) or not node.value.sizes:
        return None
    root = node.value if exponent.denominator == 1 else node.value.square_root()
    times = exponent if exponent.denominator == 1 else 2 * exponent
    if root is None or times.denominator != 1 or abs(times) > 8:
        return None
    result = ONE
    for _ in range(abs(int(times))):
        result = result * (root if times > 0 else root.inverse())
    return Constant(result)


def _stretched(node: Node, row: list[int], sizes: list[Size]) -> Node:
    if len(row) == len(sizes):
        return node
    if isinstance(node, Constant):
        return Constant(node.value, tuple(sizes))
    wide = [place if place in row else (place, size) for place, size in enumerate(sizes)]
    return contraction([node], [row], wide)


def _position(part: Any) -> Any:
    """Return whole numbers of any kind as Python's own; everything else as it is."""
    return (
        part.__index__()
        if hasattr(part, "__index__") and not isinstance(part, bool) and part.__class__.__name__ != "bool_"
        else part
    )


def _spoken(keys: Sequence[Any]) -> str:
    def part(key: Any) -> str:
        if not isinstance(key, slice):
            return str(key)
        bounds = ":".join("" if bound is None else str(bound) for bound in (key.start, key.stop))
        return bounds + (f":{key.step}" if key.step is not None else "")

    return ", ".join(map(part, keys))
