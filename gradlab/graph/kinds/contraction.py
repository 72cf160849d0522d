"""Einstein's summation: products, sums, means, matrix products, transposes, broadcasts, all one kind.

Each operand's axes carry indices; indices that the output lacks are summed, indices that only the output
has are broadcast, an index repeated in one operand takes its diagonal. Indices are small numbers of this
node alone, numbered by first appearance, so that no index of another node can ever be captured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from gradlab.graph.nodes import Node, Pull, compute, pullback, renamed, show, show_component
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Level, Printer, Shown

Indices = tuple[int, ...]


class Contraction(Node):
    """``out[output] = sum over the other indices of the product of operands[inputs]``.

    extents: the size of every index, by its number.
    A matrix product is ``Contraction((A, B), ((0, 1), (1, 2)), (0, 2), ("n", "d", "k"))``.
    """

    __slots__ = ("extents", "inputs", "output")

    def __init__(self, operands: tuple[Node, ...], inputs: tuple[Indices, ...], output: Indices, extents: Axes) -> None:
        self.operands = operands
        self.inputs = inputs
        self.output = output
        self.extents = extents
        self.axes = tuple(extents[index] for index in output)

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Contraction(operands, self.inputs, self.output, renamed(self.extents, sizes))

    @property
    def summed(self) -> tuple[int, ...]:
        """The indices that are summed over."""
        present = {index for indices in self.inputs for index in indices}
        return tuple(sorted(present - set(self.output)))


def contraction(operands: Sequence[Node], inputs: Sequence[Sequence[Any]], output: Sequence[Any]) -> Contraction:
    """Return a contraction whose indices are named by any hashable labels, numbered here.

    Broadcast labels (in *output* only) come as ``(label, size)`` pairs.
    """
    numbers: dict[Any, int] = {}
    extents: list[Size] = []
    for operand, labels in zip(operands, inputs, strict=True):
        for label, size in zip(labels, operand.axes, strict=True):
            if label not in numbers:
                numbers[label] = len(numbers)
                extents.append(size)
    numbered: list[int] = []
    for label in output:
        if label not in numbers:
            _, size = label
            numbers[label] = len(numbers)
            extents.append(size)
        numbered.append(numbers[label])
    rows = tuple(tuple(numbers[label] for label in labels) for labels in inputs)
    return Contraction(tuple(operands), rows, tuple(numbered), tuple(extents))


# The rule ----------------------------------------------------------------------------------------


@pullback.register
def _(node: Contraction, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    pulls: list[Pull | None] = []
    for place, want in enumerate(wanted):
        if not want:
            pulls.append(None)
            continue
        others = [other for other in range(len(node.operands)) if other != place]
        rule, because = _rule(node, place)
        pulled = algebra.contract(
            [delta, *(node.operands[other] for other in others)],
            [node.output, *(node.inputs[other] for other in others)],
            node.inputs[place],
            node.extents,
        )
        local = node.operands[others[0]] if len(others) == 1 and not node.summed else None
        pulls.append(Pull(rule, because, local, pulled))
    return pulls


def _rule(node: Contraction, place: int) -> tuple[str, str]:
    """Return the name a textbook gives to this case of the rule, and its formula."""
    summed = node.summed
    if len(node.operands) == 1:
        if summed:
            return "sum over an index", "d(sum_i u_i) / du_i = 1"
        if len(node.output) > len(node.inputs[0]):
            return "broadcast", "what was copied receives the sum of the deltas"
        return "transpose", "the delta is transposed back"
    if not summed:
        if len(node.operands) > 2:
            return f"product rule, factor {place + 1}", "d(u v w) = v w du + u w dv + u v dw"
        return f"product rule, {'first' if place == 0 else 'second'} factor", "d(u v) = v du + u dv"
    if len(node.operands) == 2 and all(len(indices) == 1 for indices in node.inputs):
        return "dot product", "d(u^T v) = v^T du + u^T dv"
    if len(node.operands) == 2 and len(summed) == 1 and max(map(len, node.inputs)) == 2:
        side = "left" if place == 0 else "right"
        formula = "Y = A B: δ_A = δ_Y B^T" if place == 0 else "Y = A B: δ_B = A^T δ_Y"
        return f"matrix product, {side} factor", formula
    return f"contraction, factor {place + 1}", "the delta is contracted with the other factors"


@compute.register
def _(node: Contraction, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.contract(arguments, node.inputs, node.output, node.extents)


# Printing by components ----------------------------------------------------------------------------


@show_component.register
def _(node: Contraction, printer: Printer, indices: tuple[str, ...]) -> Shown:
    from gradlab.graph.kinds.let import Let
    from gradlab.graph.kinds.variable import Variable

    names: dict[int, str] = {}
    equal: list[Shown] = []
    for index, name in zip(node.output, indices, strict=True):
        if index in names:
            equal.append(Shown(f"[{names[index]}={name}]"))
        else:
            names[index] = name
    # A sum of one term, as over the only channel of an image, is that term.
    names.update((index, "0") for index in node.summed if node.extents[index] == 1)
    summed = [index for index in node.summed if node.extents[index] != 1]
    with printer.indices(len(summed)) as bound:
        names.update(zip(summed, bound, strict=True))
        factors = [
            show_component(operand, printer, tuple(names[index] for index in row))
            for operand, row in zip(node.operands, node.inputs, strict=True)
        ]
        body = _product(printer, [*equal, *factors])
        for operand, row in zip(node.operands, node.inputs, strict=True):
            if isinstance(operand, (Let, Variable)):  # sum_k w_k x_{i+k}: it runs over the axis of w
                for index in row:
                    printer.limits.pop(names[index], None)
        return printer.summation(bound, body) if summed else body


def _product(printer: Printer, factors: list[Shown]) -> Shown:
    plain = [factor for factor in factors if factor.written != "1"]
    return printer.product(plain) if plain else Shown("1")


# Printing as matrices --------------------------------------------------------------------------------


@show.register
def _(node: Contraction, printer: Printer) -> Shown:
    scalars = [operand for operand, row in zip(node.operands, node.inputs, strict=True) if not row]
    arrays = [(operand, row) for operand, row in zip(node.operands, node.inputs, strict=True) if row]
    factors = [show(scalar, printer) for scalar in scalars]
    body = _matrix_form(printer, arrays, node.output)
    if body is None:
        with printer.indices(len(node.output)) as indices:
            component = show_component(node, printer, indices)
            return printer.components(component, indices) if indices else component
    return _product(printer, [*factors, body])


def _matrix_form(printer: Printer, arrays: list[tuple[Node, Indices]], output: Indices) -> Shown | None:
    """Return the product of *arrays* in matrix notation, or None where there is none."""
    from gradlab.graph.kinds.windows import Overlapped, Windows

    if any(isinstance(operand, (Windows, Overlapped)) for operand, _ in arrays):
        return None
    if len(output) > 2 or any(len(row) > 2 or len(set(row)) < len(row) for row in (*(r for _, r in arrays), output)):
        return None
    if not arrays:
        return Shown("1")
    present = {index for _, row in arrays for index in row}
    if all(set(row) == present for _, row in arrays) and len(arrays) > 1:
        return _same_axes(printer, arrays, output, present)
    if len(arrays) == 1:
        return _single(printer, *arrays[0], output)
    scaled = _scaled(printer, arrays, output)
    if scaled is not None:
        return scaled
    return _chain(printer, arrays, output)


def _same_axes(
    printer: Printer, arrays: list[tuple[Node, Indices]], output: Indices, present: set[int]
) -> Shown | None:
    order = tuple(sorted(present)) if set(output) != present else output
    factors = [_turned(printer, operand, row, order) for operand, row in arrays]
    if set(output) == present:
        return printer.hadamard(factors)
    if not output and len(order) == 1 and len(factors) == 2:
        return printer.product([printer.transposed(factors[0]), factors[1]])
    return None


def _scaled(printer: Printer, arrays: list[tuple[Node, Indices]], output: Indices) -> Shown | None:
    """Return diag(v) A or A diag(v): a matrix whose rows or columns are scaled by a vector."""
    if len(arrays) != 2 or len(output) != 2:
        return None
    (one, first), (two, second) = arrays
    if len(first) == 2:
        (one, first), (two, second) = (two, second), (one, first)
    if len(first) != 1 or set(second) != set(output):
        return None
    matrix = _turned(printer, two, second, output)
    diagonal = printer.call("diag", [show(one, printer)])
    return printer.product([diagonal, matrix] if first[0] == output[0] else [matrix, diagonal])


def _turned(printer: Printer, operand: Node, row: Indices, order: Indices) -> Shown:
    shown = show(operand, printer)
    return shown if row == order else printer.transposed(shown)


def _single(printer: Printer, operand: Node, row: Indices, output: Indices) -> Shown | None:
    shown = show(operand, printer)
    if row == output:
        return shown
    ones = printer.name("1")
    kept = [index for index in output if index in row]
    if len(row) == 2 and len(output) == 2:
        return printer.transposed(shown) if set(row) == set(output) else None
    if not output:
        return _total(printer, operand, shown)
    if len(row) == 2 and len(output) == 1:
        left = shown if output[0] == row[0] else printer.transposed(shown)
        return printer.product([left, ones]) if kept else None
    if len(row) == 1 and len(output) == 2 and len(kept) == 1:
        if output[0] == row[0]:
            return printer.product([shown, printer.transposed(ones)])
        return printer.product([ones, printer.transposed(shown)])
    return None


def _total(printer: Printer, operand: Node, shown: Shown) -> Shown | None:
    """Return the sum of all entries; of squares, as a norm."""
    from gradlab.graph.kinds.elementwise import Elementwise
    from gradlab.graph.kinds.index import Index, inward
    from gradlab.graph.operations import power

    operand = inward(operand) if isinstance(operand, Index) else operand
    if isinstance(operand, Elementwise) and operand.operation is power(Fraction(2)):
        return printer.norm_squared(show(operand.operands[0], printer))
    if operand.rank == 1 and shown.level >= Level.POWER:
        return printer.product([printer.transposed(printer.name("1")), shown])
    return None


def _chain(printer: Printer, arrays: list[tuple[Node, Indices]], output: Indices) -> Shown | None:
    """Return A B^T v … by walking from index to index; None where the factors do not form one chain."""
    remaining = list(arrays)
    if len(output) == 2 or (len(output) == 1 and any(output[0] in row for _, row in arrays)):
        current: int | None = output[0]
        factors: list[Shown] = []
    elif not output:
        first = next((item for item in remaining if len(item[1]) == 1), None)
        if first is None:
            return None
        remaining.remove(first)
        factors = [printer.transposed(show(first[0], printer))]
        current = first[1][0]
    else:
        return None
    while remaining:
        following = [item for item in remaining if current in item[1]]
        if len(following) != 1:
            # An outer product u v^T: two vectors that share no index.
            if current is None and len(remaining) == 1 and remaining[0][1] == output[1:]:
                return printer.product([*factors, printer.transposed(show(remaining[0][0], printer))])
            return None
        operand, row = following[0]
        remaining.remove(following[0])
        shown = show(operand, printer)
        if len(row) == 1:
            factors.append(shown)
            current = None
        elif row[0] == current:
            factors.append(shown)
            current = row[1]
        else:
            factors.append(printer.transposed(shown))
            current = row[0]
    if current != (output[1] if len(output) == 2 else None):
        return None
    return printer.product(factors)
