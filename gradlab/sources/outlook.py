"""What values are at the point at which a function is read: they say which way ``if`` goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradlab.errors import TraceError, UnknownShape
from gradlab.graph.backends import NumpyBackend
from gradlab.graph.nodes import Node, compute
from gradlab.graph.sizes import Axes, shape_of
from gradlab.sources.sizing import SizeTable

if TYPE_CHECKING:
    from gradlab.graph.point import Array

FIRST_SIZE = 3
"""The length of the first axis of an example whose shape nobody stated; the others are longer, by one each."""


class Outlook:
    """The values of nodes at a point; without one at an example: entries in (0.1, 0.9), small sizes that differ.

    variables: the axes of each variable.  at: their values, None for the example.
    """

    def __init__(self, table: SizeTable, variables: Mapping[str, Axes], at: Mapping[str, Array] | None = None) -> None:
        self._sizes = _Sizes(table)
        for name, array in (at or {}).items():
            for size, length in zip(variables[name], array.shape, strict=False):
                if isinstance(size, str):
                    self._sizes.stated.setdefault(size, length)
        self._variables = variables
        self._at = at
        self._found: dict[Node, Any] = {}

    def value(self, node: Node, data: Mapping[str, Any]) -> Any:
        """Return the value of *node*; each node is computed once, however often the code decides."""
        import numpy as np

        with np.errstate(all="ignore"):
            backend = NumpyBackend({**data, **self.point}, self._sizes)  # type: ignore[arg-type]  # sizes are looked up
            try:
                self._compute(node, backend)
            except KeyError as error:
                raise TraceError("the code decides by entries of np.empty that it never wrote") from error
            except ValueError as error:  # two axes of the example that turned out to be one
                raise UnknownShape(
                    "the code decides by values of arrays whose shapes it does not tell; give a point, or state them: "
                    "as_function(f, shapes={…})"
                ) from error
        return self._found[node]

    def _compute(self, node: Node, backend: NumpyBackend) -> None:
        waiting = [node]
        while waiting:
            part = waiting[-1]
            pending = [operand for operand in part.operands if operand not in self._found]
            if pending and part not in self._found:
                waiting += pending
                continue
            waiting.pop()
            if part not in self._found:
                self._found[part] = compute(part, [self._found[operand] for operand in part.operands], backend)

    @property
    def point(self) -> Mapping[str, Array]:
        """The values of the variables."""
        if self._at is None:
            import numpy as np

            draw = np.random.default_rng(0)
            self._at = {
                name: draw.uniform(0.1, 0.9, shape_of(axes, self._sizes))  # type: ignore[arg-type]  # as above
                for name, axes in self._variables.items()
            }
        return self._at


class _Sizes:
    """The number behind each size symbol, one made up where nobody has said it."""

    def __init__(self, table: SizeTable) -> None:
        self.stated: dict[str, int] = {}
        self._table = table

    def __getitem__(self, size: str) -> int:
        known = self._table.number(size)
        if known is not None:
            return known
        if size in self.stated:
            return self.stated[size]
        root = self._table.root(size)
        assert isinstance(root, str)
        return self.stated.setdefault(root, FIRST_SIZE + len(self.stated))
