"""The history of a run while it grows: complete as long as it is short, thinned out evenly where it is long.

Points come one by one and are packed into arrays by the block. Where more come than are to be kept, every second one
is dropped, and from then on only every second one taken; the points with the lowest and the highest loss and the one
with the longest gradient are kept in any case, and so are the first and the last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from gradlab.descent.history import norms

if TYPE_CHECKING:
    from gradlab.descent.history import Integers
    from gradlab.graph.point import Array

BLOCK = 256
"""Points kept one by one before they are packed into an array."""

_LARGEST = 2**26
"""Numbers that a history holds by default: a gigabyte of points and gradients."""


def kept_by_default(size: int) -> int:
    """Return how many points of *size* components are kept unless somebody says otherwise."""
    return max(16, min(100_000, _LARGEST // max(size, 1)))


@dataclass(eq=False)
class Records:
    """Some of the points of a run: arrays with one row, or entry, for each.

    places: shape (points, 2), the epoch and the batch of each; None without batches.
    cosines: between the gradient and the one of the step before, see `cosines_of`; None where no step is missing, so
        that they can be had from the gradients.
    """

    steps: Integers
    points: Array
    losses: Array
    gradients: Array
    places: Integers | None = None
    cosines: Array | None = None

    def chosen(self, rows: Any) -> Records:
        """Return those at the indices, or in the slice, *rows*."""
        arrays = (self.steps, self.points, self.losses, self.gradients, self.places, self.cosines)
        return Records(*(None if array is None else array[rows] for array in arrays))  # type: ignore[arg-type]

    def with_cosines(self, before: Array | None) -> Records:
        """Return the same with the cosines, if they are not there; *before* is the gradient of the step before."""
        return self if self.cosines is not None else replace(self, cosines=cosines_of(self.gradients, before))


def joined(parts: Sequence[Records]) -> Records:
    """Return several records as one, in the order of their steps, each step once, as its last part has it."""
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    arrays: dict[str, Any] = {}
    for field in fields(Records):
        found = [getattr(part, field.name) for part in parts]
        arrays[field.name] = None if any(array is None for array in found) else np.concatenate(found)
    whole = Records(**arrays)
    if bool((np.diff(whole.steps) > 0).all()):
        return whole
    _, first = np.unique(whole.steps[::-1], return_index=True)
    return whole.chosen(len(whole.steps) - 1 - first)


def cosines_of(gradients: Array, before: Array | None = None) -> Array:
    """Return the cosine between each gradient and the one before it, shape (points,).

    before: what comes before the first; without it the first is NaN, as any is where one of the two is zero.
    """
    import numpy as np

    sequence = np.concatenate([gradients[:1] if before is None else before[None], gradients])
    with np.errstate(all="ignore"):
        directions = sequence / norms(sequence)[:, None]
        cosines = (directions[1:] * directions[:-1]).sum(axis=1)
    if before is None:
        cosines[:1] = np.nan
    return cosines


class Recorder:
    """Takes the points of a run, one by one or many at once.

    stacked: from the engine's vectors to the rows of an array.  keep: how many points to keep at most, but for those
    that stand out.  first: the step of the first point.  before: the gradient of the step before that.
    cut: where a point or a gradient was not finite, in words, with the step; nothing is taken after it.
    """

    def __init__(
        self, stacked: Callable[[Sequence[Any]], Array], keep: int, first: int = 0, before: Array | None = None
    ) -> None:
        self.stacked = stacked
        self.keep: int = max(keep, 2)
        self.next: int = first
        self.cut: tuple[int, str] | None = None
        self.before, self._latest = before, before
        self._first_before = before
        self._stride, self._count = 1, 0
        self._points: list[Any] = []
        self._losses: list[float] = []
        self._gradients: list[Any] = []
        self._places: list[tuple[int, int]] = []
        self._packed: list[Records] = []
        self._outstanding: dict[str, Records] = {}
        self._last: Records | None = None

    def add(self, x: Any, loss: float, gradient: Any) -> None:
        """Take one point."""
        self._points.append(x)
        self._losses.append(loss)
        self._gradients.append(gradient)
        if len(self._losses) == BLOCK:
            self.pack()

    def place(self, epoch: int, batch: int) -> None:
        """Take where the batch of the point that is added next comes from."""
        self._places.append((epoch, batch))

    def pack(self) -> None:
        """Pack what came one by one."""
        if not self._losses:
            return
        import numpy as np

        points, gradients, losses = self.stacked(self._points), self.stacked(self._gradients), np.array(self._losses)
        places = np.array(self._places) if self._places else None
        self._points, self._losses, self._gradients, self._places = [], [], [], []
        self.extend(points, losses, gradients, places)

    def extend(self, points: Array, losses: Array, gradients: Array, places: Integers | None = None) -> None:
        """Take many points at once, up to the first that is not finite."""
        import numpy as np

        length = 0 if self.cut is not None else self._finite(points, gradients)
        if not length:
            return
        steps = np.arange(self.next, self.next + length)
        whole = Records(steps, points, losses, gradients, places)
        whole = whole if length == len(losses) else replace(whole.chosen(slice(0, length)), steps=steps)
        if self._stride > 1:
            whole = whole.with_cosines(self._latest)
            self._stand_out(whole)
        self.next += length
        self.before, self._latest = (gradients[length - 2] if length > 1 else self._latest), gradients[length - 1]
        self._last = whole.chosen(slice(-1, None))
        self._packed.append(whole.chosen(_every(steps, self._stride)) if self._stride > 1 else whole)
        self._count += len(self._packed[-1].steps)
        while self._count > self.keep:
            self._thin()

    def _thin(self) -> None:
        """Keep every second point of those kept so far."""
        whole = joined(self._packed)
        if self._stride == 1:
            whole = whole.with_cosines(self._first_before)
            self._outstanding["first"] = whole.chosen(slice(0, 1))
            self._stand_out(whole)
            self._last = whole.chosen(slice(-1, None))
        self._stride *= 2
        self._packed = [whole.chosen(_every(whole.steps, self._stride))]
        self._count = len(self._packed[0].steps)

    def _finite(self, points: Array, gradients: Array) -> int:
        """Return how many points to take: those that are finite, the first whose gradient is not among them."""
        import numpy as np

        length = len(points)
        if np.isfinite(points.sum()) and np.isfinite(gradients.sum()):  # a sum hides nothing that is not finite
            return length
        length = leading(np.isfinite(points).all(axis=1))
        if length < len(points):
            step = self.next + length
            self.cut = (step, f"step {step:,} led to a point that is not finite")
        sloped = leading(np.isfinite(gradients[:length]).all(axis=1))
        if sloped < length:
            step = self.next + sloped
            where = "at the start" if step == 0 else f"after step {step:,}"
            self.cut, length = (step, f"the gradient is not finite {where}"), sloped + 1
        return length

    def _stand_out(self, whole: Records) -> None:
        """Keep the points that stand out: lowest and highest loss, longest gradient."""
        import numpy as np

        for name in ("lowest", "highest", "steepest"):
            row = int(np.argmax(_rated(name, whole)))
            best = self._outstanding.get(name)
            if best is None or _rated(name, whole.chosen(slice(row, row + 1)))[0] > _rated(name, best)[0]:
                self._outstanding[name] = whole.chosen([row])

    def records(self) -> Records:
        """Return all that was kept."""
        self.pack()
        assert self._last is not None, "a run has a point at least"
        if self._stride == 1:
            return joined(self._packed)
        return joined([*self._packed, *self._outstanding.values(), self._last])


def _rated(name: str, records: Records) -> Array:
    """Return how much each point stands out; what is not a number does not."""
    import numpy as np

    rated = norms(records.gradients) if name == "steepest" else records.losses * (-1 if name == "lowest" else 1)
    return np.where(np.isnan(rated), -np.inf, rated)


def leading(truths: Any) -> int:
    """Return how many of an array of truths are true before the first that is not."""
    return len(truths) if truths.all() else int(truths.argmin())


def _every(steps: Integers, stride: int) -> Integers:
    import numpy as np

    return np.flatnonzero(steps % stride == 0)
