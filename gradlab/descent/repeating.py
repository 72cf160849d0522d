"""Evaluating the same graphs again and again while a few variables change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradlab.graph.kinds import Variable
from gradlab.graph.nodes import Node, compute, topological

if TYPE_CHECKING:
    from gradlab.graph.point import Array


class Repeated:
    """The values of some graphs, of which all that does not depend on the changing variables is computed once.

    values: of all other variables and the data, by name.  Changing values may carry leading axes: one for each point.
    """

    def __init__(
        self, outputs: Sequence[Node], values: Mapping[str, Any], sizes: Mapping[str, int], changing: Iterable[Variable]
    ) -> None:
        import numpy as np

        from gradlab.graph.backends import NumpyBackend

        self._values: dict[str, Any] = dict(values)
        self._backend = NumpyBackend(self._values, sizes)
        self._outputs = outputs
        self._known: dict[Node, Any] = {}
        self._varying: list[Node] = []
        moving: set[Node] = set(changing)
        with np.errstate(all="ignore"):
            for node in topological(outputs):
                if node in moving or not moving.isdisjoint(node.operands):
                    moving.add(node)
                    self._varying.append(node)
                else:
                    self._known[node] = compute(node, [self._known[part] for part in node.operands], self._backend)

    def __call__(self, changed: Mapping[str, Array]) -> list[Any]:
        """Return the outputs where the changing variables have these values."""
        import numpy as np

        known = self._known
        self._values.update(changed)
        with np.errstate(all="ignore"):  # whoever asks looks for what is not finite, and knows what led there
            for node in self._varying:
                known[node] = compute(node, [known[operand] for operand in node.operands], self._backend)
        return [known[output] for output in self._outputs]
