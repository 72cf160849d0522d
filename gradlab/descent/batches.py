"""Examples in portions: which of them a step sees, in which order, and when they have all been seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradlab.descent.settings import count
from gradlab.graph.point import detached
from gradlab.misuse import explains_misuse

if TYPE_CHECKING:
    from gradlab.descent.history import Integers

Batch = Mapping[str, Any]
"""What one step sees: for each data variable of the function an array or a tensor."""


@explains_misuse
class Batches:
    """Arrays of examples, along their first axes, cut into portions of one size; shuffled anew in every epoch.

    arrays: one for each data variable of the function, in order; or a mapping from their names.
    size: how many examples a step sees; all of them by default, and 1 makes it stochastic gradient descent.
    seed: of the shuffling, which depends on it and on the number of the epoch alone.  shuffle: False keeps the order.
    partial: False leaves out the last, smaller portion of examples that do not fill one.
    Raises ValueError where there are no examples, or not as many in every array, and for a size below 1.

    >>> batches = Batches([1.0, 2.0, 3.0], [10.0, 20.0, 30.0], size=2, shuffle=False)
    >>> [(x.tolist(), y.tolist()) for x, y in batches]
    [([1.0, 2.0], [10.0, 20.0]), ([3.0], [30.0])]
    >>> batches
    3 examples in 2 batches of 2
    """

    seed: int
    shuffle: bool
    partial: bool

    def __init__(
        self, *arrays: Any, size: int | None = None, seed: int = 0, shuffle: bool = True, partial: bool = True
    ) -> None:
        self.names: tuple[str, ...] | None = None
        if len(arrays) == 1 and isinstance(arrays[0], Mapping):
            self.names, arrays = tuple(arrays[0]), tuple(arrays[0].values())
        self.arrays: tuple[Any, ...] = tuple(map(_examples, arrays))
        lengths = {len(array) for array in self.arrays}
        if not arrays or lengths == {0}:
            raise ValueError("there are no examples: write Batches(X, y, size=32) with arrays that have some")
        if len(lengths) > 1:
            shapes = ", ".join(str(tuple(array.shape)) for array in self.arrays)
            raise ValueError(f"arrays of shapes {shapes} do not have as many examples each, along their first axes")
        if isinstance(seed, bool) or not hasattr(seed, "__index__") or seed < 0:
            raise ValueError(f"seed={seed!r} is no seed; write a whole number from 0, such as seed=0")
        self.count: int = lengths.pop()
        self.size: int = self.count if size is None else min(count("Batches", "size", size), self.count)
        self.seed, self.shuffle, self.partial = int(seed), bool(shuffle), bool(partial)

    @property
    def per_epoch(self) -> int:
        """The number of batches in an epoch."""
        whole, rest = divmod(self.count, self.size)
        return whole + (1 if rest and self.partial else 0)

    def order(self, epoch: int) -> Integers:
        """Return the indices of the examples in the order in which the *epoch*, counted from 0, takes them."""
        import numpy as np

        return (
            np.random.default_rng((self.seed, epoch)).permutation(self.count) if self.shuffle else np.arange(self.count)
        )

    def epoch(self, number: int) -> Iterator[tuple[Any, ...]]:
        """Return the batches of one epoch, counted from 0: tuples with a part of each array."""
        order = self.order(number)
        for batch in range(self.per_epoch):
            chosen = order[batch * self.size : (batch + 1) * self.size]
            yield tuple(array[chosen] for array in self.arrays)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self.epoch(0)

    def __len__(self) -> int:
        return self.per_epoch

    def __repr__(self) -> str:
        batches = f"{self.per_epoch:,} {'batch' if self.per_epoch == 1 else 'batches'}"
        return f"{self.count:,} examples in {batches} of {self.size:,}"


def _examples(array: Any) -> Any:
    """Return *array* as NumPy has it, a tensor as it is; raises TypeError or ValueError for what has no examples."""
    import numpy as np

    if hasattr(array, "detach"):
        if not array.ndim:
            raise ValueError(f"{array!r} is one number; a batch takes its examples along the first axis")
        return array.detach()
    try:
        taken = np.asarray(detached(array))
    except ValueError as error:
        raise ValueError(f"{array!r:.60} is no array: its rows differ in length") from error
    if not np.issubdtype(taken.dtype, np.number) and taken.dtype != bool:
        raise TypeError(f"{array!r:.60} is no array of numbers; write Batches(X, y, size=32)")
    if not taken.ndim:
        raise ValueError(f"{array!r} is one number; a batch takes its examples along the first axis")
    return taken


def batches_of(given: Any, size: int | None, seed: int) -> Batches | Iterable[Any]:
    """Return what *given* means as batches: itself, or arrays cut into portions of *size*.

    Raises TypeError for what cannot be gone through, ValueError for a size given to what is in batches already.
    """
    if isinstance(given, Batches):
        if size is not None:
            raise ValueError(
                f"batch_size={size!r} beside Batches(…), which have a size: write Batches(…, size={size!r})"
            )
        return given
    arrays = list(given.values()) if isinstance(given, Mapping) else list(given) if isinstance(given, tuple) else []
    if isinstance(given, Mapping) or (arrays and not any(isinstance(part, (tuple, Mapping)) for part in arrays)):
        return (
            Batches(given, size=size, seed=seed)
            if isinstance(given, Mapping)
            else Batches(*arrays, size=size, seed=seed)
        )
    if not isinstance(given, Iterable):
        raise TypeError(
            f"batches={given!r:.60} cannot be gone through; write batches=(X, y) with batch_size=32, or what "
            "`for x, y in batches` takes"
        )
    if size is not None:
        raise ValueError(
            f"batch_size={size!r} is for arrays, batches=(X, y); {type(given).__name__} has its own batches"
        )
    return given


class Feed:
    """The batches of a run, one after the other, epoch after epoch, and where it is.

    source: Batches, or anything that can be gone through again and again.  names: of the data variables.
    epoch, number: of the current batch, both from 0; number is -1 before the first.  current: that batch.
    again: whether it is taken once more, for the last point, after which there is none.
    """

    epoch: int
    number: int

    def __init__(self, source: Batches | Iterable[Any], epochs: int | None = None) -> None:
        self.source = source
        self.epochs = epochs
        self.names: tuple[str, ...] = source.names or () if isinstance(source, Batches) else ()
        self.epoch, self.number = 0, -1
        self.current: Any = None
        self.again: bool = False
        self.once: bool = isinstance(source, Iterator)
        if self.once and epochs is not None and epochs > 1:
            raise ValueError(f"epochs={epochs} of {type(source).__name__}, {_ONCE}")
        self._coming: Iterator[Any] = self._begun()
        self._next = self._following()
        if self._next is _NONE:
            raise ValueError(f"batches={_told(source)} is empty: there is no batch to step by")

    def _begun(self) -> Iterator[Any]:
        return self.source.epoch(self.epoch) if isinstance(self.source, Batches) else iter(self.source)

    def _following(self) -> Any:
        return next(self._coming, _NONE)

    def first(self) -> Any:
        """Return the batch that comes next, without going on."""
        return self._next

    def begin_at(self, epoch: int, number: int) -> None:
        """Go on to where batch *number* of *epoch* is the next."""
        if isinstance(self.source, Batches) or (epoch, number) != (0, 0):
            self.epoch, self.number = epoch, -1
            self._coming = self._begun()
            self._next = self._following()
        for _ in range(number):
            self.number += 1
            self._next = self._following()

    def advance(self) -> bool:
        """Take the next batch; return False where the epochs are over.

        Raises ValueError where a source that can be gone through only once has run out.
        """
        if self._next is _NONE:
            if self.epochs is not None and self.epoch + 1 >= self.epochs:
                self.again = True
                return False
            if self.once:
                raise ValueError(f"batches={_told(self.source)} ran out after {self.number + 1} batches: {_ONCE}")
            self.epoch, self.number = self.epoch + 1, -1
            self._coming = self._begun()
            self._next = self._following()
            if self._next is _NONE:
                raise ValueError(f"batches={_told(self.source)} is empty in epoch {self.epoch + 1}: {_ONCE}")
        self.current, self._next = self._next, self._following()
        self.number += 1
        return True

    @property
    def ends(self) -> bool:
        """Whether the current batch is the last of its epoch, and new."""
        return self._next is _NONE and not self.again

    @property
    def done(self) -> int:
        """How many epochs lie behind the point at which the current batch is taken."""
        return self.epoch + (1 if self.again and self._next is _NONE else 0)

    @property
    def next_place(self) -> tuple[int, int]:
        """The epoch and the number of the batch that comes next, where a run that goes on begins."""
        return (self.epoch + 1, 0) if self._next is _NONE and self.number >= 0 else (self.epoch, self.number + 1)

    def bound(self, batch: Any) -> Batch:
        """Return the parts of *batch* by the names of the data variables; raises ValueError where they do not fit."""
        if isinstance(batch, Mapping):
            if set(batch) != set(self.names):
                found = ", ".join(map(str, batch)) or "nothing"
                raise ValueError(f"a batch with {found}; the data variables are {', '.join(self.names)}")
            return {name: batch[name] for name in self.names}
        parts = parts_of(batch)
        if len(parts) != len(self.names):
            raise ValueError(
                f"a batch of {len(parts)} parts for the data variables {', '.join(self.names) or '(none)'}; "
                "each gets one, in this order"
            )
        return dict(zip(self.names, parts, strict=True))


def parts_of(batch: Any) -> Sequence[Any]:
    """Return what a batch consists of: the entries of a tuple or list, else the batch alone."""
    return list(batch) if isinstance(batch, (tuple, list)) else [batch]


_NONE = object()
_ONCE = (
    "which can be gone through only once; write what can be gone through again, such as a list of batches, "
    "a DataLoader or Batches(X, y, size=32)"
)


def _told(source: Any) -> str:
    return repr(source) if isinstance(source, Batches) else f"{type(source).__name__}"
