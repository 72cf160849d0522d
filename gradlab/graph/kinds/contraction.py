"""Einstein's summation: products, sums, means, matrix products, transposes, broadcasts, all one kind.

Each operand's axes carry indices; indices that the output lacks are summed, indices that only the output
has are broadcast, an index repeated in one operand takes its diagonal. Indices are small numbers of this
node alone, numbered by first appearance, so that no index of another node can ever be captured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.matrix_form import matrix_form
from gradlab.graph.nodes import Node, Pull, compute, pullback, renamed, show, show_component
from gradlab.graph.rules import Rule, rule
from gradlab.graph.sizes import Axes, Size
from gradlab.graph.writing import Printer, Shown

Indices = tuple[int, ...]


class Contraction(Node):
    """``out[output] = sum over the other indices of the product of operands[inputs]``.

    extents: the size of every index, by its number.
    A matrix product is ``Contraction((A, B), ((0, 1), (1, 2)), (0, 2), ("n", "d", "k"))``.
    """

    __slots__ = ("extents", "inputs", "output")

    def __init__(self, operands: tuple[Node, ...], inputs: tuple[Indices, ...], output: Indices, extents: Axes) -> None:
        self.operands = operands
        self.inputs: tuple[Indices, ...] = inputs
        self.output: Indices = output
        self.extents: Axes = extents
        self.axes: Axes = tuple(extents[index] for index in output)

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Contraction(operands, self.inputs, self.output, renamed(self.extents, sizes))

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        from gradlab.graph import algebra

        first = tuple(range(len(self.extents), len(self.extents) + len(batch)))
        rows = [first + row if flagged else row for row, flagged in zip(self.inputs, lead, strict=True)]
        return algebra.contract(operands, rows, first + self.output, self.extents + batch)

    @property
    def summed(self) -> tuple[int, ...]:
        """The indices that are summed over."""
        present = {index for indices in self.inputs for index in indices}
        return tuple(sorted(present - set(self.output)))

    @property
    def is_transpose(self) -> bool:
        """Whether this only swaps the last two axes of one array."""
        row = self.inputs[0] if len(self.operands) == 1 else ()
        swapped = (*row[:-2], *row[:-3:-1])
        return len(row) > 1 and len(set(row)) == len(row) and self.output == swapped


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


_SUM = rule("sum over an index", "d(sum_i u_i) / du_i = 1")
_BROADCAST = rule("broadcast", "what was copied receives the sum of the deltas")
_TRANSPOSE = rule("transpose", "the delta is transposed back")
_DOT = rule("dot product", "d(u^T v) = v^T du + u^T dv")
_PRODUCT = (
    rule("product rule, first factor", "d(u v) = v du + u dv"),
    rule("product rule, second factor", "d(u v) = v du + u dv"),
)
_MATRIX_PRODUCT = (
    rule("matrix product, left factor", "Y = A B: δ_A = δ_Y B^T"),
    rule("matrix product, right factor", "Y = A B: δ_B = A^T δ_Y"),
)


def _of_each_factor(name: str, formula: str) -> tuple[Rule, ...]:
    """State a rule once for each of the first factors, and once for all behind them."""
    places = ("factor 1", "factor 2", "factor 3", "later factor")
    return tuple(rule(f"{name}, {place}", formula) for place in places)


_LONG_PRODUCT = _of_each_factor("product rule", "d(u v w) = v w du + u w dv + u v dw")
_CONTRACTION = _of_each_factor("contraction", "the delta is contracted with the other factors")


@pullback.register
def _(node: Contraction, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    pulls: list[Pull | None] = []
    for place, want in enumerate(wanted):
        if not want:
            pulls.append(None)
            continue
        others = [other for other in range(len(node.operands)) if other != place]
        pulled = algebra.contract(
            [delta, *(node.operands[other] for other in others)],
            [node.output, *(node.inputs[other] for other in others)],
            node.inputs[place],
            node.extents,
        )
        row = node.inputs[place]
        plain = len(others) == 1 and not node.summed and row == tuple(index for index in node.output if index in row)
        local = node.operands[others[0]] if plain else None
        pulls.append(Pull(_rule(node, place), local, pulled))
    return pulls


def _rule(node: Contraction, place: int) -> Rule:
    """Return the rule by the name that a textbook gives to this case of it."""
    summed = node.summed
    if len(node.operands) == 1:
        if summed:
            return _SUM
        if len(node.output) > len(node.inputs[0]):
            return _BROADCAST
        return _TRANSPOSE
    if not summed:
        return _LONG_PRODUCT[min(place, len(_LONG_PRODUCT) - 1)] if len(node.operands) > 2 else _PRODUCT[place]
    if len(node.operands) == 2 and all(len(indices) == 1 for indices in node.inputs):
        return _DOT
    if len(node.operands) == 2 and len(summed) == 1 and max(map(len, node.inputs)) == 2:
        return _MATRIX_PRODUCT[place]
    return _CONTRACTION[min(place, len(_CONTRACTION) - 1)]


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
    factors = list(zip(node.operands, node.inputs, strict=True))
    picked = _picked(node)
    if picked is not None:
        place, index, classes, row = picked
        names[index] = show_component(classes, printer, tuple(names[other] for other in row)).written
        del factors[place]
    # A sum of one term, as over the only channel of an image, is that term.
    names.update((index, "0") for index in node.summed if node.extents[index] == 1 and index not in names)
    summed = tuple(index for index in node.summed if index not in names)
    with printer.indices(len(summed)) as bound:
        names.update(zip(summed, bound, strict=True))
        shown = [show_component(operand, printer, tuple(names[index] for index in row)) for operand, row in factors]
        body = _product(printer, [*equal, *shown])
        for operand, row in factors:
            # sum_k w_k x_{i+k}: it runs over the axis of w, unless it counts from 1.
            if isinstance(operand, (Let, Variable)):
                for index in row:
                    if printer.limits.get(names[index], ("0", ""))[0] == "0":
                        printer.limits.pop(names[index], None)
        return printer.summation(bound, body) if summed else body


def _picked(node: Contraction) -> tuple[int, int, Node, Indices] | None:
    """Return what picks one entry out of a sum: Σ_k [y_i = k] Z_ik is Z_{i y_i}.

    The place of the one-hot factor, the index that it picks, the class numbers, and their indices.
    """
    from gradlab.graph.kinds.one_hot import OneHot

    for place, (operand, row) in enumerate(zip(node.operands, node.inputs, strict=True)):
        if not isinstance(operand, OneHot) or row[-1] in node.output:
            continue
        others = [other for position, other in enumerate(node.inputs) if position != place]
        if sum(other.count(row[-1]) for other in others) == 1 and set(row[:-1]) <= set(node.output):
            return place, row[-1], operand.operands[0], row[:-1]
    return None


def _product(printer: Printer, factors: list[Shown]) -> Shown:
    plain = [factor for factor in factors if factor.written != "1"]
    return printer.product(plain) if plain else Shown("1")


# Printing as matrices --------------------------------------------------------------------------------


@show.register
def _(node: Contraction, printer: Printer) -> Shown:
    scalars = [operand for operand, row in zip(node.operands, node.inputs, strict=True) if not row]
    arrays = [(operand, row) for operand, row in zip(node.operands, node.inputs, strict=True) if row]
    factors = [show(scalar, printer) for scalar in scalars]
    body = matrix_form(printer, arrays, node.output, node.extents)
    if body is None:
        with printer.indices(len(node.output)) as indices:
            component = show_component(node, printer, indices)
            return printer.components(component, indices) if indices else component
    return _product(printer, [*factors, body])
