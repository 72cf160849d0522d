"""What is known before the first call: the sizes of data, and everything that depends on data alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlab.graph import algebra, evaluation
from gradlab.graph.emission.designing import Designs
from gradlab.graph.function import Function
from gradlab.graph.kinds import Contraction, Let, Linear, Variable
from gradlab.graph.nodes import Node, rebuild, renamed, topological
from gradlab.graph.point import sizes_of
from gradlab.graph.sizes import ONE, Axes

if TYPE_CHECKING:
    from gradlab.graph.point import Array


@dataclass(frozen=True, eq=False)
class Prepared:
    """A value and its partial derivatives, with data as far as they are needed."""

    value: Node
    partials: Mapping[str, Node]
    variables: Mapping[str, Axes]
    data: Mapping[str, Array]
    data_axes: Mapping[str, Axes]


def prepared(function: Function, partials: Mapping[str, Node], *, fused: bool = True) -> Prepared:
    """Return *function* and *partials* with the sizes of data as numbers and what depends on data alone computed.

    fused: whether to put columns of data together to matrices, for which one product takes the place of several.
    """
    sizes = sizes_of(function.data_axes, function.data)
    outputs = rebuild([function.formula, *partials.values()], sizes)
    variables = {name: renamed(axes, sizes) for name, axes in function.variables.items()}
    known = [node for node in _known(outputs, set(variables)) if _sized(node)]
    names = {node: f"known_{number}" for number, node in enumerate(known, 1)}
    arrays = dict(zip(names.values(), evaluation.with_numpy(known, function.data, sizes), strict=True))

    def replace(old: Node, new: Node) -> Node:
        return Variable(names[old], old.axes) if old in names else new

    outputs = rebuild(rebuild(outputs, replace=replace), replace=lambda old, new: _factored(new))
    arrays.update(function.data)
    if fused:
        outputs = Designs(arrays).used_in(outputs)
    used = {node.name: node for node in topological(outputs) if isinstance(node, Variable)}
    arrays = {name: array for name, array in arrays.items() if name in used}
    axes = {name: used[name].axes for name in arrays}
    return Prepared(outputs[0], dict(zip(partials, outputs[1:], strict=True)), variables, arrays, axes)


def _known(outputs: list[Node], variables: set[str]) -> list[Node]:
    """Return the largest expressions that contain data but no variable, and cost something."""
    ordered = topological(outputs)
    varying: set[Node] = set()
    constant: set[Node] = set()
    for node in ordered:
        if isinstance(node, Variable):
            (varying if node.name in variables else constant).add(node)
        elif any(operand in varying for operand in node.operands):
            varying.add(node)
        elif any(operand in constant for operand in node.operands):
            constant.add(node)
    wanted = {operand for node in ordered if node in varying for operand in node.operands} | set(outputs)
    return [node for node in ordered if node in constant and node in wanted and _costs(node)]


def _factored(node: Node) -> Node:
    """Return δ ⊙ s - t ⊙ s, where t is the sum of δ ⊙ s along an axis, as (δ - t) ⊙ s.

    It is what softmax passes back, and takes fewer passes over memory like this.
    """
    match node:
        case Linear(
            operands=(
                Contraction(operands=(delta, output)) as weighted,
                Contraction(operands=(Contraction(operands=(summed,)), same)) as shared,
            )
        ) if (
            node.coefficients == (ONE, -ONE)
            and summed is weighted
            and same is output
            and not weighted.summed
            and not shared.summed
            and weighted.inputs == (weighted.output, weighted.output)
            and shared.inputs[1] == shared.output
        ):
            whole = weighted.output
            kept = tuple(shared.output.index(index) for index in shared.inputs[0])
            own = algebra.contract([delta, output], [whole, whole], [whole[place] for place in kept], weighted.extents)
            stretched = algebra.contract([own], [[whole[place] for place in kept]], whole, weighted.extents)
            return algebra.product(algebra.add(delta, algebra.negative(stretched)), output)
        case _:
            return node


def _sized(node: Node) -> bool:
    """Return whether every size in *node* is a number already."""
    return all(isinstance(size, int) for part in topological([node]) for size in part.axes)


def _costs(node: Node) -> bool:
    """Return whether *node* is more than data turned round or copied, which costs nothing where it is used."""
    if isinstance(node, Let):
        return _costs(node.operands[0])
    if isinstance(node, Contraction) and len(node.operands) == 1 and not node.summed:
        return _costs(node.operands[0])
    return not isinstance(node, Variable)
