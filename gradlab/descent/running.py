"""Stepping: one loop for every engine and every rule, and where it ends."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from gradlab.descent.batches import Feed
from gradlab.descent.causes import cause_of
from gradlab.descent.engines import Chunk, Engine
from gradlab.descent.history import Layout
from gradlab.descent.optimizers import Rule, State, Vector
from gradlab.descent.progress import Progress
from gradlab.descent.recording import Recorder, Records
from gradlab.descent.stopping import Condition, Here, Memory, Validation, steps_in_words
from gradlab.errors import GradlabError
from gradlab.graph.point import brief

if TYPE_CHECKING:
    from gradlab.descent.history import Integers
    from gradlab.graph.point import Array


_FIRST_CHUNK, _CHUNK, _SECONDS = 1024, 2**20, 0.2
"""For an engine that takes many steps at once: how many in the first call, how many numbers in the points of any other,
and how long one is to take: it can be interrupted only when it is done."""


@dataclass(frozen=True, eq=False)
class Pause:
    """Where a run ended, with all that it takes to go on as if it had not.

    step: how many steps were taken.  x: the flat point.  state: what the rule remembers.
    place: the epoch and the batch that come next.  memories: of the stopping conditions, before they judged this point.
    before: the gradient of the step before the last point.  dtype: that of the engine's tensors, None without torch.
    """

    step: int
    x: Array
    state: State
    place: tuple[int, int] = (0, 0)
    memories: tuple[Memory, ...] = ()
    before: Array | None = None
    dtype: Any = None


@dataclass(frozen=True, eq=False)
class Best:
    """The point with the best validation metric: its step, the values of the variables, and the metric."""

    step: int
    point: Mapping[str, Array]
    metric: float


@dataclass(frozen=True, eq=False)
class Run:
    """What stepping found.

    points, gradients: shape (points, components).  losses: one for each point.
    ended: "steps", "epochs", "flat", "not finite" or the kind of a stopping condition.
    stopped: the same in words, with the numbers.
    steps: the step of each point, all of them if it is not given.  places: shape (points, 2), epoch and batch.
    cosines: between the gradient at each point and the one of the step before.
    """

    points: Array
    losses: Array
    gradients: Array
    ended: str
    stopped: str
    steps: Integers | None = None
    places: Integers | None = None
    cosines: Array | None = None
    pause: Pause | None = None
    best: Best | None = None
    validations: Sequence[tuple[int, float]] = ()


@dataclass(frozen=True, eq=False)
class Plan:
    """How far a run is to go, and what is kept of it.

    last: the number of the last step; None where the epochs say when it is over.
    keep: how many points to keep.  begin: where another run paused.
    """

    layout: Layout
    last: int | None
    keep: int
    conditions: Sequence[Condition] = ()
    feed: Feed | None = None
    progress: Progress | None = None
    begin: Pause | None = None
    settles: bool = True
    began: float = field(default_factory=time.perf_counter)


def run(engine: Engine, rule: Rule, plan: Plan) -> Run:
    """Step until something stops it.

    This loop is to cost what the same loop written by hand costs: nothing is converted, measured or checked in
    it that can wait. A loss that is not finite ends it; a gradient that is not is found afterwards.
    Raises what the engine raises at the start; later the same error ends the run.
    """
    import numpy as np

    walk = _Walk(engine, rule, plan)
    chunk = engine.chunks(rule) if engine.chunks is not None and plan.feed is None else None
    # inf and nan are looked for and reported, with the point before them: no warning is needed.
    with np.errstate(all="ignore"):
        try:
            walk.in_chunks(chunk) if chunk is not None else walk.step_by_step()
        except KeyboardInterrupt:
            if not walk.taken:
                raise
            walk.ended, walk.said = "interrupted", "interrupted"
        finally:
            if plan.progress is not None:
                plan.progress.close()
    return walk.finished()


class _Walk:
    """A run on its way."""

    def __init__(self, engine: Engine, rule: Rule, plan: Plan) -> None:
        begin = plan.begin
        self.engine, self.rule, self.plan = engine, rule, plan
        self.first = 0 if begin is None else begin.step
        before = None if begin is None else begin.before
        self.recorder = Recorder(engine.stacked, plan.keep, self.first, before)
        self.x: Vector = engine.start if begin is None else engine.vector(begin.x)
        self.state: State = rule.initial(self.x) if begin is None else engine.revived(begin.state)
        fits = begin is not None and len(begin.memories) == len(plan.conditions)
        self.memories = [
            begin.memories[place] if begin is not None and fits else condition.initial()
            for place, condition in enumerate(plan.conditions)
        ]
        self._remembered = tuple(self.memories)
        self.step = self.first
        self.taken = 0
        self.ended, self.said = "steps", ""
        self.best: Best | None = None
        self.validations: list[tuple[int, float]] = []

    # One by one ----------------------------------------------------------------------------------------

    def step_by_step(self) -> None:
        engine, plan, recorder, feed = self.engine, self.plan, self.recorder, self.plan.feed
        evaluate, advance, add = engine.evaluate, self.rule.step, recorder.add
        first, last, conditions, progress = self.first, plan.last, plan.conditions, plan.progress
        settles = plan.settles and feed is None
        x, state, step = self.x, self.state, self.first
        last_x, last_loss = x, nan
        try:
            while True:
                if feed is not None and not self._fed(feed, final=step == last):
                    self.ended, last = "epochs", step
                try:
                    loss, gradient = evaluate(x)
                except (GradlabError, ArithmeticError) as error:
                    if step == first:
                        raise
                    self._not_finite(step, f"step {step:,} led where f has no value: {error}")
                    break
                if not isfinite(loss) and step > 0:
                    self._not_finite(step, self._led(step, x, loss))
                    break
                if loss == last_loss and settles and bool((x == last_x).all()):
                    self.ended = "flat"
                    self.said = f"step {step:,} no longer changed the point: the gradient is flat there"
                    break
                if feed is not None:
                    recorder.place(feed.epoch, feed.number)
                add(x, loss, gradient)
                self.x, self.state, self.step = x, state, step
                self.taken += 1
                if recorder.cut is not None or (conditions and self._judged(x, loss, gradient)):
                    break
                if progress is not None:
                    progress.at(step, loss)
                if step == last:
                    break
                last_x, last_loss = x, loss
                try:
                    x, state = advance(x, gradient, state)
                except GradlabError as error:
                    if step == first:
                        raise
                    self.ended, self.said = "rule", f"no step from here, after {steps_in_words(step)}: {error}"
                    break
                step += 1
        finally:
            recorder.pack()

    def _fed(self, feed: Feed, *, final: bool) -> bool:
        """Give the engine the batch of this step; return False where the epochs are over, and the last one stays."""
        if final and feed.current is not None:
            feed.again = True
            return True
        if not feed.advance():
            return False
        self.engine.take(feed.bound(feed.current))
        return True

    def _judged(self, x: Vector, loss: float, gradient: Vector) -> bool:
        """Return whether a condition ends the run here."""
        stacked, layout, feed = self.engine.stacked, self.plan.layout, self.plan.feed
        here = Here(
            self.step,
            loss,
            lambda: layout.unpacked(stacked([x])[0]),
            lambda: stacked([gradient])[0],
            self.plan.began,
            None if feed is None else feed.epoch,
            feed is not None and feed.ends,
            0 if feed is None else feed.done,
        )
        self._remembered = tuple(self.memories)
        for place, condition in enumerate(self.plan.conditions):
            said, memory = condition.judge(here, self.memories[place])
            if isinstance(condition, Validation) and memory != self.memories[place]:
                self._validated(here, memory)
            self.memories[place] = memory
            if said and self.ended in ("steps", "epochs"):
                self.ended, self.said = condition.kind, said
        return bool(self.said)

    def _validated(self, here: Here, memory: Memory) -> None:
        best_step, best, _, measured_at, measured, _ = memory
        if measured_at == here.step:
            self.validations.append((here.step, measured))
        if best_step == here.step:
            self.best = Best(here.step, {name: array.copy() for name, array in here.point.items()}, best)

    # Many at once --------------------------------------------------------------------------------------

    def in_chunks(self, chunk: Chunk) -> None:
        """Step by an engine that takes many steps in one call, and look at them afterwards."""
        plan, last = self.plan, self.plan.last
        assert last is not None, "without batches there are no epochs"
        longest = max(16, _CHUNK // max(plan.layout.size, 1))
        size = min(longest, _FIRST_CHUNK)
        before: tuple[Array, float] | None = None
        while True:
            # The first point of a chunk is the last of the one before, where x and state are known.
            again = before is not None
            began = time.perf_counter()
            points, losses, gradients, x, state = chunk(self.x, self.state, min(size + again, last - self.step + 1))
            points, losses, gradients = points[again:], losses[again:], gradients[again:]
            first, known, count = self.step + again, (self.x, self.state), len(losses)
            length = self._accepted(first, points, losses, gradients, before)
            self.recorder.extend(points[:length], losses[:length], gradients[:length])
            self.taken += length
            self.step = first + length - 1
            ended = length < count or self.ended != "steps" or self.recorder.cut is not None
            if length < count:
                *_, x, state = chunk(*known, length + again) if length + again else (None, *known)
            self.x, self.state = x, state
            if ended or self.step == last:
                return
            before = points[-1], float(losses[-1])
            if plan.progress is not None:
                plan.progress.at(self.step, before[1])
            if not plan.conditions:
                size = min(longest, max(16, int(size * _SECONDS / max(time.perf_counter() - began, 1e-9))))

    def _accepted(
        self, step: int, points: Array, losses: Array, gradients: Array, before: tuple[Array, float] | None
    ) -> int:
        """Return how many of the points belong to the run, and say why if it is not all of them."""
        import numpy as np

        length = len(losses)
        odd = ~np.isfinite(losses)
        if step == 0:
            odd[0] = False
        if odd.any():
            length = int(odd.argmax())
            self._not_finite(step + length, self._led(step + length, points[length], float(losses[length])))
        if self.plan.settles:
            earlier = points[:1] if before is None else before[0][None]
            loss_before = nan if before is None else before[1]
            same = np.concatenate([[loss_before], losses[:-1]]) == losses
            if same[:length].any():
                same &= (np.concatenate([earlier, points[:-1]]) == points).all(axis=1)
            if same[:length].any():
                length = int(same.argmax())
                self.ended = "flat"
                self.said = f"step {step + length:,} no longer changed the point: the gradient is flat there"
        if self.plan.conditions:
            for row in range(length):
                self.step = step + row
                ended, said = self.ended, self.said
                self.ended, self.said = "steps", ""
                if self._judged(points[row], float(losses[row]), gradients[row]):
                    return row + 1
                self.ended, self.said = ended, said
        return length

    # The end -------------------------------------------------------------------------------------------

    def _not_finite(self, step: int, said: str) -> None:
        self.ended, self.said = "not finite", said

    def _led(self, step: int, x: Vector, loss: float) -> str:
        row = self.engine.stacked([x])[0]
        function, given = self.engine.situation()
        values = {**given, **self.plan.layout.unpacked(row)}
        cause = cause_of(function, values, given)
        feed = self.plan.feed
        on = "" if feed is None else f" on batch {feed.number:,} of epoch {feed.epoch:,}"
        return f"step {step:,} led to {_values(self.plan.layout, row)}, where the loss{on} is {loss}{cause}"

    def finished(self) -> Run:
        """Return what was found, and say what came after the last finite point."""
        records = self.recorder.records()
        loss = float(records.losses[0])
        if not isfinite(loss):
            self.ended = "not finite"
            self.said = f"the loss is {loss} at the start, {_values(self.plan.layout, records.points[0])}"
        else:
            if self.recorder.cut is not None:
                self.ended, self.said = "not finite", self.recorder.cut[1]
            if self.ended == "not finite":
                self.said += self._last_finite(records)
        for array in (records.points, records.losses, records.gradients):
            array.setflags(write=False)  # nobody else holds them: the history need not copy them
        return Run(
            records.points,
            records.losses,
            records.gradients,
            self.ended,
            self._words(),
            records.steps,
            records.places,
            records.cosines,
            self._pause() if self.recorder.cut is None else None,
            self.best,
            self.validations,
        )

    def _words(self) -> str:
        number = self.step
        if self.ended == "steps":
            return f"took all {steps_in_words(number)}" if number != 1 else "took the one step"
        if self.ended == "epochs" and self.plan.feed is not None:
            epochs = self.plan.feed.epochs
            return (
                f"went through all examples {'once' if epochs == 1 else f'{epochs:,} times'}, {steps_in_words(number)}"
            )
        if self.ended == "interrupted":
            return f"interrupted after {steps_in_words(number)}"
        return self.said

    def _pause(self) -> Pause:
        place = (0, 0) if self.plan.feed is None else self.plan.feed.next_place
        state = tuple(self.engine.stacked([part])[0] if hasattr(part, "shape") else part for part in self.state)
        x = self.engine.stacked([self.x])[0]
        return Pause(self.step, x, state, place, self._remembered, self.recorder.before, self.engine.dtype)

    def _last_finite(self, records: Records) -> str:
        step = int(records.steps[-1])
        when = "at the start" if step == 0 else f"after step {step:,}"
        return f"; before it, {when}: {_values(self.plan.layout, records.points[-1])}, loss {records.losses[-1]:.6g}"


def _values(layout: Layout, row: Array) -> str:
    return ", ".join(f"{name} = {brief(array)}" for name, array in layout.unpacked(row).items())
