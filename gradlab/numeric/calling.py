"""The writer's own code, called at many points: what it gives, and what it does that a function should not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradlab.errors import CodeError, GradlabError
from gradlab.graph import Function, Point
from gradlab.graph.point import brief, detached
from gradlab.graph.precision import DOUBLE, DTYPES
from gradlab.graph.raising import raised, spoken

if TYPE_CHECKING:
    from gradlab.graph.point import Array

REPEATS = 8
"""Calls at the point that measure how far the answers of a function that changes them lie apart."""

TRIED = 3
"""Points at which a call for many points at once must give what single calls give."""

ALIKE = 2**6
"""So many roundings apart: sums of many points at once add in another order."""


@dataclass(frozen=True, eq=False)
class Caller:
    """The code of a function around a point.

    bits: of the numbers that it is given.
    takes: "tensors" where the code is given those of torch.
    said: what a reader should know, each once: exceptions on the way, a changed input, integers.
    """

    f: Function
    point: Point
    bits: int = DOUBLE
    said: dict[str, str] = field(default_factory=dict)
    takes: set[str] = field(default_factory=set)

    @cached_property
    def centre(self) -> Array:
        """What the code gives at the point; raises GradlabError, with the point, where it gives nothing usable."""
        import numpy as np

        value = self._given(self.point, watched=True)
        if isinstance(value, Exception):
            raise raised(self.f, value, self.point) from value
        array = np.asarray(value)
        if array.dtype == bool or np.issubdtype(array.dtype, np.integer):
            self.said["integer"] = (
                f"{self.f.name} returns integers, such as {brief(array)} at {self.point!r}: between its jumps their "
                "slope is 0; return floats if it has another"
            )
        return array.astype(np.float64)

    @cached_property
    def unrest(self) -> float:
        """The largest difference between answers at the point itself; 0 for a function that repeats its answers."""
        import numpy as np

        again = [self._array(self.point)]
        if (again[0] == self.centre).all() or not np.isfinite(self.centre).all():
            return 0.0
        again += [self._array(self.point) for _ in range(REPEATS - 1)]
        spread = float(np.ptp(np.stack([self.centre, *again]), axis=0).max())
        self.said["noise"] = (
            f"{self.f.name} changes its answer between calls: {len(again) + 1} calls at {self.point!r} lie up to "
            f"{spread:.2g} apart; the bounds take that in. Fix its seed to have better ones"
        )
        return spread

    def row(self, points: Mapping[str, Array], size: int) -> Array:
        """Return the values where some variables have other values: shape (b, size); NaN where there is none."""
        import numpy as np

        at_once = self._at_once(points, size)
        if at_once is not None:
            return at_once
        count = len(next(iter(points.values())))
        return np.stack([self._array(self._moved(points, place)).reshape(size) for place in range(count)])

    def complex_row(self, points: Mapping[str, Array], size: int) -> Array:
        """Return the values at complex points: shape (b, size); raises TypeError where the code takes none."""
        import numpy as np

        rows = []
        for place in range(len(next(iter(points.values())))):
            given = [points[name][place] if name in points else array for name, array in self.point.items()]
            try:
                value = np.asarray(detached(self._on_complex(given)))
            except Exception as error:  # whatever the code makes of complex numbers
                raise TypeError(spoken(error)) from error
            if not np.iscomplexobj(value):
                raise TypeError(f"it returns {value!r:.40}")
            rows.append(value.reshape(size))
        return np.stack(rows)

    def _on_complex(self, given: list[Any]) -> Any:
        assert self.f.code is not None
        if self.f.style != "torch":
            try:
                return self.f.code(*given)
            except (TypeError, AttributeError):
                if self.f.style == "numpy":
                    raise
        import torch

        return self.f.code(*(torch.tensor(array) for array in given))

    def _moved(self, points: Mapping[str, Array], place: int) -> Point:
        return self.point.replaced({name: values[place] for name, values in points.items()})

    def _array(self, at: Point) -> Array:
        """Return the values at a point; NaN, and a word about the first time, where the code raises."""
        import numpy as np

        value = self._given(at)
        if isinstance(value, Exception):
            where = ", ".join(f"{name} = {brief(array, 17)}" for name, array in at.items())
            self.said.setdefault("raised", f"{self.f.name} raises {spoken(value)} at {where}")
            return np.full(self.centre.shape, np.nan)
        if value.shape != self.centre.shape:
            raise GradlabError(
                f"{self.f.signature} returns the shape {value.shape} at {at!r}, and {self.centre.shape} at "
                f"{self.point!r}: return values of one shape"
            )
        return np.where(np.isfinite(value), value, np.nan)

    def _given(self, at: Point, *, watched: bool = False) -> Any:
        """Return what the code gives, as an array, or the exception that it raises."""
        import numpy as np

        f = replace(self.f, code=self._watched) if watched else self.f
        with np.errstate(all="ignore"):
            try:
                value = detached(f.run_code(at, self.bits))
            except CodeError as failed:  # a simulator may raise anything: f has no value there
                if isinstance(failed.error, MemoryError):  # it has one, which this machine cannot work out
                    raise raised(self.f, failed.error, at) from failed.error
                return failed.error
        try:
            array = np.asarray(value)
            if array.dtype == object or np.iscomplexobj(array):
                raise TypeError
            return array if array.dtype == bool or np.issubdtype(array.dtype, np.integer) else array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise GradlabError(
                f"{self.f.signature} returns {value!r:.60} at {at!r}; return a number or an array of numbers"
            ) from error

    def _watched(self, *given: Any) -> Any:
        """Call the code, and say so if it changes what it is given."""
        import numpy as np

        assert self.f.code is not None
        if any(hasattr(value, "detach") for value in given):
            self.takes.add("tensors")
        before = [np.array(detached(value)) for value in given]
        result = self.f.code(*given)
        for name, value, was in zip(self.point, given, before, strict=True):
            if not np.array_equal(detached(value), was):
                self.said["changed"] = (
                    f"{self.f.name} changes its input {name} in place at {name} = {brief(was)}; each call was given "
                    "a copy of its own. Write on a copy, or name the result anew"
                )
        return result

    def _at_once(self, points: Mapping[str, Array], size: int) -> Array | None:
        """Return all values by one call, through torch's vmap or NumPy's broadcasting, where the code allows it."""
        import numpy as np

        count = len(next(iter(points.values())))
        if count <= TRIED or self.unrest:
            return None
        try:
            with np.errstate(all="ignore"):
                found = self._vectorised(points)
            found = np.asarray(found, dtype=np.float64).reshape(count, size)
        except Exception:  # whatever stops it: then it is called point by point
            return None
        found = np.where(np.isfinite(found), found, np.nan)
        for place in np.linspace(0, count - 1, TRIED).astype(int):
            alone = self._array(self._moved(points, place)).reshape(size)
            apart = np.abs(found[place] - alone) <= ALIKE * 2.0**-self.bits * np.abs(alone)
            if not (apart | (np.isnan(found[place]) & np.isnan(alone))).all():
                return None
        return found

    def _vectorised(self, points: Mapping[str, Array]) -> Any:
        assert self.f.code is not None
        if "tensors" in self.takes:
            import torch

            kind = getattr(torch, DTYPES[self.bits])
            tensors = [torch.tensor(points.get(name, array), dtype=kind) for name, array in self.point.items()]
            dims = tuple(0 if name in points else None for name in self.point)
            return detached(torch.func.vmap(self.f.code, in_dims=dims)(*tensors))
        if self.bits < DOUBLE or any(values.ndim > 1 for values in points.values()):
            raise TypeError
        given = (points.get(name, array) for name, array in self.point.items())
        return self.f.code(*(float(array) if array.ndim == 0 else array.copy() for array in given))
