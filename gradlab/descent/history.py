"""Every point of a run in one array, read back variable by variable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.graph.point import Array

    Integers = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Layout:
    """Where each variable lies in the flat vector of all of them.

    shapes: the shape of each variable, in order.

    >>> layout = Layout({"w": (2,), "b": ()})
    >>> layout.flat({"w": [1.0, 2.0], "b": 3.0}), layout.size
    (array([1., 2., 3.]), 3)
    """

    shapes: Mapping[str, tuple[int, ...]]

    @property
    def size(self) -> int:
        """The number of components of all variables together."""
        return sum(self.counts)

    @property
    def counts(self) -> list[int]:
        """The number of components of each variable."""
        return [prod(shape) for shape in self.shapes.values()]

    def flat(self, values: Mapping[str, Any]) -> Array:
        """Return the variables' values one after the other, as one float64 vector."""
        import numpy as np

        if not self.shapes:
            return np.zeros(0)
        return np.concatenate([np.asarray(values[name], dtype=np.float64).reshape(-1) for name in self.shapes])

    def unpacked(self, rows: Array) -> dict[str, Array]:
        """Return views of *rows*, shape (..., size), one for each variable: shape (..., *its shape)."""
        parts: dict[str, Array] = {}
        first = 0
        for (name, shape), count in zip(self.shapes.items(), self.counts, strict=True):
            parts[name] = rows[..., first : first + count].reshape((*rows.shape[:-1], *shape))
            first += count
        return parts


class History(Sequence["Mapping[str, Array]"]):
    """A read-only sequence of {variable: array}, backed by one array; made on demand, entry by entry.

    rows: shape (points, components), all variables of one point in one row.

    >>> history = History([[3.0], [2.4]], Layout({"x": ()}))
    >>> len(history), history[-1], history.of("x")
    (2, {'x': array(2.4)}, array([3. , 2.4]))
    """

    __slots__ = ("layout", "rows")

    def __init__(self, rows: Any, layout: Layout) -> None:
        import numpy as np

        own = isinstance(rows, np.ndarray) and not rows.flags.writeable and rows.dtype == np.float64
        self.rows: Array = rows if own else np.array(rows, dtype=np.float64)
        self.rows.setflags(write=False)
        self.layout: Layout = layout

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Array]: ...
    @overload
    def __getitem__(self, index: slice) -> History: ...
    def __getitem__(self, index: int | slice) -> Mapping[str, Array] | History:
        if isinstance(index, slice):
            return History(self.rows[index], self.layout)
        return self.layout.unpacked(self.rows[index])

    def __iter__(self) -> Iterator[Mapping[str, Array]]:
        return (self.layout.unpacked(row) for row in self.rows)

    def of(self, variable: str) -> Array:
        """Return every value of one *variable*: shape (points, *its shape)."""
        return self.layout.unpacked(self.rows)[variable]

    def __repr__(self) -> str:
        return f"{len(self)} points of {', '.join(self.layout.shapes) or 'no variables'}"


def norms(gradients: Array) -> Array:
    """Return the Euclidean length of each row, without overflow on the way.

    >>> import numpy as np
    >>> norms(np.array([[3.0, 4.0], [3e200, 4e200]]))
    array([5.e+000, 5.e+200])
    """
    import numpy as np

    with np.errstate(all="ignore"):
        squares = np.einsum("ij,ij->i", gradients, gradients)
        if bool(((squares > 1e-200) & (squares < np.inf)).all()):  # no square was rounded to nothing or beyond all
            return np.sqrt(squares)
        largest = np.abs(gradients).max(axis=1, initial=0.0)
        scaled = gradients / np.where(largest > 0, largest, 1.0)[:, None]
        return np.where(np.isfinite(largest), largest * np.sqrt((scaled**2).sum(axis=1)), largest)
