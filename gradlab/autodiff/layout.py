"""Where the boxes of a graph stand: in layers from top to bottom, few lines crossing, each box near its neighbours.

The layered drawing of Sugiyama, Tagawa & Toda (1981), for graphs of tens of boxes: a layer for each box by its longest
way from the leaves, an empty place in every layer that a line passes, order by the mean place of the neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 60
"""Times that the layers are gone through, down and up by turns; more move nothing in graphs that can be read."""


@dataclass(frozen=True)
class Layout:
    """x: the middle of each box.  layer: its layer.  ways: for each line, the middles of the places that it passes."""

    x: tuple[float, ...]
    layer: tuple[int, ...]
    ways: dict[tuple[int, int], tuple[float, ...]]


def laid_out(inputs: Sequence[Sequence[int]], widths: Sequence[float], gap: float) -> Layout:
    """Return the layout of boxes of these *widths*, each below its *inputs*, which come earlier in the order.

    gap: the least distance of two boxes side by side.
    """
    layer = _layers(inputs)
    count = len(inputs)
    layers: list[list[int]] = [[] for _ in range(max(layer) + 1)]
    for box, place in enumerate(layer):
        layers[place].append(box)
    passing: dict[tuple[int, int], list[int]] = {}
    above: list[list[int]] = [[] for _ in inputs]
    wide = list(widths)
    for box, below in enumerate(inputs):
        for operand in dict.fromkeys(below):
            chain = [operand]
            for place in range(layer[operand] + 1, layer[box]):
                layers[place].append(len(above))
                above.append([chain[-1]])
                chain.append(len(above) - 1)
                wide.append(0.0)
            above[box].append(chain[-1])
            passing[operand, box] = chain[1:]
    below_of: list[list[int]] = [[] for _ in above]
    for box, uppers in enumerate(above):
        for upper in uppers:
            below_of[upper].append(box)
    _ordered(layers, above, below_of)
    x = _spread(layers, above, below_of, wide, gap)
    left = min(x[box] - wide[box] / 2 for box in range(len(x)))
    x = [middle - left for middle in x]
    ways = {line: tuple(x[place] for place in chain) for line, chain in passing.items()}
    return Layout(tuple(x[:count]), tuple(layer), ways)


def _layers(inputs: Sequence[Sequence[int]]) -> list[int]:
    layer: list[int] = []
    for below in inputs:
        layer.append(1 + max((layer[operand] for operand in below), default=-1))
    for box in reversed(range(len(inputs))):  # leaves stand right above the first that uses them
        users = [layer[user] for user, below in enumerate(inputs) if box in below]
        if users and not inputs[box]:
            layer[box] = min(users) - 1
    return layer


def _ordered(layers: list[list[int]], above: Sequence[Sequence[int]], below: Sequence[Sequence[int]]) -> None:
    """Order each layer by the mean place of the neighbours in the layer before, down and up by turns."""
    for sweep in range(SWEEPS):
        neighbours, going = (above, layers) if sweep % 2 == 0 else (below, layers[::-1])
        for before, here in pairwise(going):
            at = {box: place for place, box in enumerate(before)}
            own = {box: place for place, box in enumerate(here)}
            here.sort(key=lambda box: _mean([at[n] for n in neighbours[box]], own[box]))


def _spread(
    layers: Sequence[Sequence[int]],
    above: Sequence[Sequence[int]],
    below: Sequence[Sequence[int]],
    widths: Sequence[float],
    gap: float,
) -> list[float]:
    """Return the middle of each box: as near to the mean of its neighbours as the order of its layer allows."""
    x = [0.0] * len(above)
    for here in layers:
        for box, middle in zip(here, _apart([0.0] * len(here), [widths[b] for b in here], gap), strict=True):
            x[box] = middle
    for sweep in range(SWEEPS):
        for here in layers if sweep % 2 == 0 else reversed(layers):
            wanted = [_mean([x[n] for n in (*above[box], *below[box])], x[box]) for box in here]
            for box, middle in zip(here, _apart(wanted, [widths[b] for b in here], gap), strict=True):
                x[box] = middle
    return x


def _apart(wanted: Sequence[float], widths: Sequence[float], gap: float) -> list[float]:
    """Return places in this order, each as near as can be to where it is *wanted*, that do not overlap.

    Least squares under an order: pool adjacent violators (Ayer et al. 1955).

    >>> _apart([0, 0], [10, 10], 5)
    [-7.5, 7.5]
    """
    offsets = [0.0]
    for left, right in pairwise(widths):
        offsets.append(offsets[-1] + (left + right) / 2 + gap)
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        mean, count = want - offset, 1
        while pools and pools[-1][0] > mean:
            before, number = pools.pop()
            mean, count = (before * number + mean * count) / (number + count), number + count
        pools.append((mean, count))
    means = [mean for mean, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _mean(places: Sequence[float], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise
