"""Where steps are tried: points in several ranges and of every size, sizes of axes that are small and different."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gradlab.graph.kinds import (
    Cholesky,
    Constant,
    Gather,
    Index,
    Lead,
    Linear,
    LogDeterminant,
    OneHot,
    Positions,
    Replace,
    Scatter,
    ScatterAdd,
    Variable,
    Winners,
)
from gradlab.graph.nodes import Node, topological
from gradlab.graph.sizes import Coefficient, Size, shape_of

POINTS = 2
"""Points at which a step must hold in each range where it is defined: a kink shows only on its other side."""

RANGES = ((0.1, 0.9), (1.1, 3.0), (-0.9, -0.1), (-3.0, 3.0), (50.0, 200.0))
"""Where points are drawn from: in (0, 1), above 1, below 0, on both sides of 0, far out."""


SMALLEST = (2, 3)
"""The smallest size in the first and in the second trial: were n always 2, 2/n would pass for 1."""


def small_sizes(nodes: Sequence[Node], smallest: int = SMALLEST[0]) -> dict[str, int]:
    """Return different small numbers for the size symbols: equal ones would hide a transposition."""
    symbols = dict.fromkeys(size for node in nodes for size in node.axes if isinstance(size, str))
    for node in nodes:
        for size in (*getattr(node, "extents", ()), *_in_numbers(node)):
            if isinstance(size, str):
                symbols[size] = None
    least = dict.fromkeys(symbols, smallest)
    for node in nodes:
        if isinstance(node, Lead):  # of two entries the second would be the last
            least.update({size: smallest + 2 for size in node.operands[0].axes if isinstance(size, str)})
        if not isinstance(node, (Index, Replace, Scatter)):
            continue
        # A position that the code names must exist, and must not be the last one by accident.
        whole = node.operands[0].axes if isinstance(node, Index) else node.axes
        for part, size in zip(node.selection, whole, strict=True):
            if isinstance(part, int) and isinstance(size, str):
                least[size] = max(least[size], abs(part) + 3)
    sizes = {symbol: least[symbol] + place for place, symbol in enumerate(symbols)}
    for index, size in _choices(nodes):
        # An axis through which positions are counted must be long enough for them.
        counts = [part.axes[0] for part in topological([index]) if isinstance(part, Positions)]
        for count in (count for count in counts if isinstance(count, str)):
            if isinstance(size, str):
                sizes[size] = max(sizes[size], sizes[count] + (size != count))
            else:
                sizes[count] = min(sizes[count], size)
    return sizes


def _in_numbers(node: Node) -> Iterator[str]:
    """Yield the sizes that stand in the numbers of a node, as in 2/n."""
    numbers = node.coefficients if isinstance(node, Linear) else (node.value,) if isinstance(node, Constant) else ()
    for number in numbers:
        if isinstance(number, Coefficient):
            yield from (size for size, _ in number.sizes)


def _choices(nodes: Sequence[Node]) -> Iterator[tuple[Node, Size]]:
    """Yield the nodes that choose positions, each with the size of the axis that it chooses from."""
    for node in nodes:
        if isinstance(node, OneHot):
            yield node.operands[0], node.size
        elif isinstance(node, (Gather, ScatterAdd)):
            whole = node.operands[0].axes if isinstance(node, Gather) else node.axes
            yield from zip(node.operands[1:], whole[node.axis :], strict=False)


def positions(nodes: Sequence[Node], sizes: Mapping[str, int]) -> dict[str, int]:
    """Return the variables that choose positions, each with the length of the axis that it chooses from."""
    found: dict[str, int] = {}
    for index, size in _choices(nodes):
        (length,) = shape_of((size,), sizes)
        behind = topological([index])
        if any(isinstance(part, Winners) for part in behind):  # argmax of anything is a position
            continue
        for part in behind:
            if isinstance(part, Variable):
                found[part.name] = min(length, found.get(part.name, length))
    return found


def points(nodes: Sequence[Node], sizes: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Yield values of the variables in *nodes*: whole numbers for those that choose positions.

    Square matrices are positive definite, though not symmetric, where something needs that.
    """
    import numpy as np

    leaves = _leaves(nodes)
    places = positions(nodes, sizes)
    definite = any(isinstance(node, (Cholesky, LogDeterminant)) for node in nodes)
    draw = np.random.default_rng(0)
    for low, high in RANGES:
        for _ in range(POINTS):
            values = {name: draw.uniform(low, high, shape_of(leaf.axes, sizes)) for name, leaf in leaves.items()}
            for name, array in values.items():
                if name in places:
                    values[name] = draw.integers(places[name], size=array.shape).astype(float)
                elif definite and array.ndim > 1 and array.shape[-1] == array.shape[-2]:
                    values[name] = array + np.abs(array).sum() * np.eye(array.shape[-1])
            yield values


def scattered(nodes: Sequence[Node], sizes: Mapping[str, int], count: int) -> dict[str, Any]:
    """Return *count* points at once, the first axis of each array: of every size, alike and not."""
    import numpy as np

    draw = np.random.default_rng(1)
    leaves, places = _leaves(nodes), positions(nodes, sizes)
    alike = draw.integers(2, size=count) > 0  # whether the variables of a point are of one size, and near each other
    shared = _of_any_size(draw, (count,))
    found: dict[str, Any] = {}
    for name, leaf in leaves.items():
        shape = (count, *shape_of(leaf.axes, sizes))
        if name in places:
            found[name] = draw.integers(places[name], size=shape).astype(float)
            continue
        ones = (1,) * (len(shape) - 1)
        near = shared.reshape(-1, *ones) * draw.uniform(0.5, 1.5, shape)
        found[name] = np.where(alike.reshape(-1, *ones), near, _of_any_size(draw, shape))
    return found


def _of_any_size(draw: Any, shape: tuple[int, ...]) -> Any:
    """Return numbers of either sign, evenly spread in (-20, 20) or by their logarithms, a few as far as 10^±12."""
    import numpy as np

    reach = draw.choice([3.0, 3.0, 3.0, 12.0], shape)
    wide = draw.choice([-1.0, 1.0], shape) * 10 ** draw.uniform(-reach, reach)
    return np.where(draw.integers(2, size=shape) > 0, wide, draw.uniform(-20, 20, shape))


def _leaves(nodes: Sequence[Node]) -> dict[str, Variable]:
    return {node.name: node for node in nodes if isinstance(node, Variable)}
