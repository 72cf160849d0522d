"""Stepping: one loop for every engine and every rule, and where it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from gradlab.descent.engines import Engine
from gradlab.descent.history import Layout
from gradlab.descent.optimizers import Rule, Vector
from gradlab.errors import GradlabError
from gradlab.graph.point import brief

if TYPE_CHECKING:
    from gradlab.graph.point import Array

Stop = Callable[[int, "Mapping[str, Array]", float], Any]
"""(steps taken, {variable: array}, loss) -> whether to stop there."""

_BLOCK = 1024
"""Points kept one by one before they are packed into an array: long runs then need little memory."""


@dataclass(frozen=True, eq=False)
class Run:
    """What stepping found.

    points, gradients: shape (points, components).  losses: one for each point.
    ended: "steps", "stop", "flat" or "not finite".  stopped: the same in words, with the numbers.
    """

    points: Array
    losses: Array
    gradients: Array
    ended: str
    stopped: str


def run(engine: Engine, rule: Rule, steps: int, stop: Stop | None, layout: Layout) -> Run:
    """Step until something stops it.

    This loop is to cost what the same loop written by hand costs: nothing is converted, measured or checked in
    it that can wait. A loss that is not finite ends it; a gradient that is not is found afterwards.
    Raises what the engine raises at the start; later the same error ends the run.
    """
    import numpy as np

    record = _Record(engine)
    evaluate, advance, add = engine.evaluate, rule.step, record.add
    ended, stopped = "steps", f"took all {steps:,} steps" if steps != 1 else "took the one step"
    x: Vector = engine.start
    state = rule.initial(x)
    last_x, last_loss = x, float("nan")
    # inf and nan are looked for and reported, with the point before them: no warning is needed.
    with np.errstate(all="ignore"):
        for step in range(steps + 1):
            try:
                loss, gradient = evaluate(x)
            except (GradlabError, ArithmeticError) as error:
                if step == 0:
                    raise
                ended, stopped = "not finite", f"step {step:,} led where f has no value: {error}"
                break
            if not isfinite(loss) and step > 0:
                led = _values(layout, engine.stacked([x])[0])
                ended, stopped = "not finite", f"step {step:,} led to {led}, where the loss is {loss}"
                break
            if loss == last_loss and bool((x == last_x).all()):
                ended, stopped = "flat", f"step {step:,} no longer changed the point: the gradient is flat there"
                break
            add(x, loss, gradient)
            if stop is not None and stop(step, layout.unpacked(engine.stacked([x])[0]), loss):
                ended, stopped = "stop", f"stop() said so after {_steps(step)}"
                break
            last_x, last_loss = x, loss
            if step < steps:
                x, state = advance(x, gradient, state)
    return _finite(record, ended, stopped, layout)


class _Record:
    """The history while it grows."""

    def __init__(self, engine: Engine) -> None:
        self.stacked = engine.stacked
        self.losses: list[float] = []
        self._points: list[Vector] = []
        self._gradients: list[Vector] = []
        self._packed: list[tuple[Array, Array]] = []

    def add(self, x: Vector, loss: float, gradient: Vector) -> None:
        self._points.append(x)
        self.losses.append(loss)
        self._gradients.append(gradient)
        if len(self._points) == _BLOCK:
            self._pack()

    def _pack(self) -> None:
        if self._points:
            self._packed.append((self.stacked(self._points), self.stacked(self._gradients)))
            self._points, self._gradients = [], []

    def arrays(self) -> tuple[Array, Array]:
        """Return the points and the gradients as arrays of shape (points, components)."""
        import numpy as np

        self._pack()
        points, gradients = zip(*self._packed, strict=True)
        return np.concatenate(points), np.concatenate(gradients)


def _finite(record: _Record, ended: str, stopped: str, layout: Layout) -> Run:
    """Return the run up to the last point that is finite, and say what came after it."""
    import numpy as np

    points, gradients = record.arrays()
    losses = np.array(record.losses)
    if not isfinite(losses[0]):
        return Run(
            points,
            losses,
            gradients,
            "not finite",
            f"the loss is {losses[0]} at the start, {_values(layout, points[0])}",
        )
    length = _leading(np.isfinite(points).all(axis=1).tolist())
    if length < len(points):
        ended, stopped = "not finite", f"step {length:,} led to a point that is not finite"
    sloped = _leading(np.isfinite(gradients[:length]).all(axis=1).tolist())
    if sloped < length:
        where = "at the start" if sloped == 0 else f"after step {sloped:,}"
        ended, stopped, length = "not finite", f"the gradient is not finite {where}", sloped + 1
    if ended == "not finite":
        stopped += _last_finite(layout, points[length - 1], losses[length - 1], length - 1)
    return Run(points[:length], losses[:length], gradients[:length], ended, stopped)


def _last_finite(layout: Layout, row: Array, loss: float, step: int) -> str:
    when = "at the start" if step == 0 else f"after step {step:,}"
    return f"; before it, {when}: {_values(layout, row)}, loss {loss:.6g}"


def _leading(truths: Any) -> int:
    """Return how many are true before the first that is not."""
    return truths.index(False) if False in truths else len(truths)


def _values(layout: Layout, row: Array) -> str:
    return ", ".join(f"{name} = {brief(array)}" for name, array in layout.unpacked(row).items())


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count:,} steps"
