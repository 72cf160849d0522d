"""The record of a descent: every point, loss and gradient, why it stopped and how it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from importlib import import_module
from math import isfinite
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from gradlab.descent import pausing, storage
from gradlab.descent.diagnosis import diagnose
from gradlab.descent.history import History, Layout, norms
from gradlab.descent.optimizers import AdaGrad, Adam, AdamW, GradientDescent, Momentum, Nesterov, RMSProp, Rule
from gradlab.descent.recording import Records, cosines_of, joined
from gradlab.descent.running import Best, Pause, Run
from gradlab.descent.schedules import Cosine, OneCycle, StepDecay, WarmUp
from gradlab.descent.searching import Armijo, ExactLineSearch
from gradlab.descent.second_order import GaussNewton, Newton
from gradlab.descent.stopping import Stopped
from gradlab.descent.surroundings import Surroundings
from gradlab.errors import StorageError
from gradlab.graph.function import Function
from gradlab.graph.point import brief

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gradlab.comparison import Comparison
    from gradlab.descent.history import Integers
    from gradlab.graph.point import Array

_KNOWN: Mapping[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(AdaGrad, Adam, AdamW, GradientDescent, Momentum, Nesterov, RMSProp),
        *(Armijo, ExactLineSearch, GaussNewton, Newton),
        *(Cosine, OneCycle, StepDecay, WarmUp),
    )
}
"""The rules and schedules that a saved run can be read back with."""

_SHOWN = (4, 2)
"""Rows of the table at the beginning and at the end of a long run."""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One descent, from the start on.

    points: {variable: array} for each point; `points.of(variable)` is all its values in one array.
    losses: shape (points,), in units of the function.  gradients: as points, the gradient at each of them.
    stopped: why it ended; its `kind` is one word, its `step` the last.
    rule, engine: how it stepped.  function: what it descended; None if it was loaded and only code says it.
    comparison: of the three gradients at the start; None if it was left out, or the run was loaded.
    notes: what a reader should know besides.
    step_of: shape (points,), the step of each point: 0, 1, 2, …, with gaps where a long run was thinned out.
    places: shape (points, 2), the epoch and the batch that loss and gradient were computed on; None without batches.
    best: the best point by a validation metric.  validations: shape (measurements, 2), the step and the metric.
    turns: the cosines, where the gradients of some steps are missing.
    pause: what it takes to go on from the end: ``descend(f, trajectory, steps=100)``.
    told: the diagnosis of a loaded run, as it was saved.
    """

    points: History
    losses: Array
    gradients: History
    stopped: Stopped
    rule: Rule | None
    engine: str
    function: Function | None = None
    comparison: Comparison | None = None
    notes: tuple[str, ...] = ()
    step_of: Integers = None  # pyright: ignore[reportAssignmentType]  # an array once it is made
    places: Integers | None = None
    turns: Array | None = None
    best: Best | None = None
    validations: Array = ()  # pyright: ignore[reportAssignmentType]  # an array once it is made
    pause: Pause | None = None
    told: str | None = None

    def __post_init__(self) -> None:
        import numpy as np

        count = len(self.points)
        given: Any = self.step_of
        steps = np.arange(count) if given is None else given
        self._hold("losses", self.losses, np.float64)
        self._hold("step_of", steps, np.int64)
        if not isinstance(self.stopped, Stopped):  # pyright: ignore[reportUnnecessaryIsInstance]  # plain words will do
            object.__setattr__(self, "stopped", Stopped(self.stopped, step=int(steps[-1])))
        self._hold("validations", np.reshape(self.validations, (-1, 2)), np.float64)
        if self.places is not None:
            self._hold("places", self.places, np.int64)
        if not count == len(self.losses) == len(self.gradients) == len(self.step_of):
            raise ValueError(
                f"{count} points, {len(self.losses)} losses and {len(self.gradients)} gradients: "
                "each point has one of each"
            )

    def _hold(self, name: str, values: Any, dtype: Any) -> None:
        """Keep *values* as an array that nobody else can write to."""
        import numpy as np

        array = np.array(values, dtype=dtype)
        array.setflags(write=False)
        object.__setattr__(self, name, array)

    @cached_property
    def gradient_norms(self) -> Array:
        """The length of the gradient at each point, shape (points,)."""
        lengths = norms(self.gradients.rows)
        lengths.setflags(write=False)
        return lengths

    @cached_property
    def diagnosis(self) -> str:
        """How it went, on one line, the label first; found when it is first asked for, by the curvature too."""
        if self.told is not None:
            return self.told
        ended, steps = self.stopped.kind, self.step_of
        run = Run(
            self.points.rows, self.losses, self.gradients.rows, ended, self.stopped, steps, self.places, self.cosines
        )
        around = Surroundings(self.function, self.points.layout)
        return diagnose(run, self.rule, around=around, stochastic=self.places is not None)

    @cached_property
    def cosines(self) -> Array:
        """Between the gradient at each point and that of the step before it, shape (points,); NaN at the first.

        Below 0 the step went too far along its own direction. A thinned history has them all the same.
        """
        import numpy as np

        cosines = cosines_of(self.gradients.rows) if self.turns is None else np.array(self.turns)
        cosines.setflags(write=False)
        return cosines

    @property
    def epoch_of(self) -> Integers | None:
        """The epoch of each point, counted from 0; None without batches."""
        return None if self.places is None else self.places[:, 0]

    @property
    def batch_of(self) -> Integers | None:
        """The batch within its epoch of each point, counted from 0; None without batches."""
        return None if self.places is None else self.places[:, 1]

    @cached_property
    def epoch_losses(self) -> Array | None:
        """The mean of the losses of each epoch's batches, as far as they were kept; None without batches."""
        import numpy as np

        if self.places is None:
            return None
        again = len(self.places) > 1 and bool((self.places[-1] == self.places[-2]).all())
        epochs, losses = (self.places[:-1, 0], self.losses[:-1]) if again else (self.places[:, 0], self.losses)
        return np.array([losses[epochs == epoch].mean() for epoch in np.unique(epochs)])

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return int(self.step_of[-1])

    @property
    def variables(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of each variable."""
        return self.points.layout.shapes

    def plot(self, ax: Axes | None = None) -> Axes:
        """Return a picture of the run; see `gradlab.plots.trajectory`."""
        # By name: plots stands a floor above and knows this record, not the other way round.
        axes: Axes = import_module("gradlab.plots").trajectory(self, ax=ax)
        return axes

    # To and from a file ----------------------------------------------------------------------------

    def save(self, path: str | PathLike[str]) -> None:
        """Write the run to one file, whose name is taken as it is; `Trajectory.load` reads it.

        Raises FileError where that cannot be done.
        """
        words: dict[str, Any] = {
            "shapes": [[name, list(shape)] for name, shape in self.variables.items()],
            "rule": _rule_in_words(self.rule),
            "engine": self.engine,
            "stopped": self.stopped,
            "diagnosis": self.diagnosis,
            "ended": [self.stopped.kind, self.stopped.step],
            "notes": [*self.notes, *self._comparison_in_words()],
            "function": _function_in_words(self.function),
        }
        arrays = {"points": self.points.rows, "losses": self.losses, "gradients": self.gradients.rows}
        arrays |= {"steps": self.step_of.astype(float), "validations": self.validations}
        if self.places is not None:
            arrays["places"] = self.places.astype(float)
        if self.turns is not None:
            arrays["turns"] = self.turns
        if self.best is not None:
            words["best"] = [self.best.step, self.best.metric]
            arrays["best"] = self.points.layout.flat(self.best.point)
        if self.pause is not None:
            more, held = pausing.in_words(self.pause)
            words["pause"] = more
            arrays |= held
        storage.write(path, words, arrays)

    @classmethod
    def load(cls, path: str | PathLike[str], function: Function | None = None) -> Trajectory:
        """Return the run saved at *path*.

        Safe for files of strangers.  A function that was given as text is read back from it; one that was code
        is not in the file and can be handed in as *function*.
        Raises StorageError, a ValueError, for a file that holds no run or a damaged one, ValueError where *function*
        has other variables, OSError where there is no file.
        """
        words, arrays = storage.read(path)
        try:
            layout = Layout({str(name): tuple(map(int, shape)) for name, shape in words["shapes"]})
            points, losses, gradients = (arrays[name] for name in ("points", "losses", "gradients"))
            if points.shape != gradients.shape or points.shape != (*losses.shape, layout.size) or not losses.size:
                raise ValueError(f"its arrays have shapes {points.shape}, {losses.shape} and {gradients.shape}")
            rule, note = _rule_from_words(words["rule"])
            loaded = cls(
                points=History(points, layout),
                losses=losses,
                gradients=History(gradients, layout),
                stopped=Stopped(str(words["stopped"]), kind=str(words["ended"][0]), step=int(words["ended"][1])),
                rule=rule,
                engine=str(words["engine"]),
                function=_function_from_words(words["function"]),
                notes=(*map(str, words["notes"]), *note),
                step_of=_whole(arrays["steps"]),
                places=_whole(arrays["places"]) if "places" in arrays else None,
                turns=arrays.get("turns"),
                best=_best(words, arrays, layout),
                validations=arrays["validations"],
                pause=pausing.from_words(words["pause"], arrays, layout.size) if "pause" in words else None,
                told=str(words["diagnosis"]),
            )
        except Exception as error:  # whatever the words of a stranger lead to
            raise StorageError(f"{fspath(path)} is no saved trajectory: {error}") from error
        return loaded if function is None else replace(loaded, function=_fitting(function, layout))

    def _comparison_in_words(self) -> list[str]:
        if self.comparison is None:
            return []
        verdict = self.comparison.verdict
        return [f"before it was saved, the gradients had been compared at the start: {verdict}"]

    def as_dict(self) -> dict[str, Any]:
        """Return the run as plain lists and strings, for JSON; what is not finite becomes None."""
        return {
            "rule": _rule_in_words(self.rule),
            "engine": self.engine,
            "steps": self.steps,
            "stopped": self.stopped,
            "diagnosis": self.diagnosis,
            "comparison": None if self.comparison is None else str(self.comparison.verdict),
            "points": [{name: array.tolist() for name, array in point.items()} for point in self.points],
            "losses": [_finite(loss) for loss in self.losses.tolist()],
            "gradient_norms": [_finite(norm) for norm in self.gradient_norms.tolist()],
            "notes": list(self.notes),
        }

    # Showing ---------------------------------------------------------------------------------------

    def _rows(self) -> list[list[str]]:
        """Return the table of the run, its middle left out where it is long."""
        first, last = _SHOWN
        count = len(self.losses)
        short = count <= first + last + 1
        rows: list[list[str]] = []
        for step in range(count) if short else [*range(first), *range(count - last, count)]:
            values = [brief(array) for array in self.points[step].values()]
            rows.append(
                [f"{self.step_of[step]}", *values, f"{self.losses[step]:.6g}", f"{self.gradient_norms[step]:.4g}"]
            )
        if not short:
            rows.insert(first, ["…"] * len(rows[0]))
        return rows

    def _title(self) -> str:
        name = self.function.signature if self.function else f"f({', '.join(self.variables)})"
        return f"descent of {name} by {self.rule}, {self.engine} gradient"

    def __repr__(self) -> str:
        table = [["step", *self.variables, "loss", "|gradient|"], *self._rows()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
        ends = [f"stopped: {self.stopped}", self.diagnosis, *(f"note: {note}" for note in self.notes)]
        return "\n".join([self._title(), *(f"  {line}" for line in lines), *ends])

    def _repr_markdown_(self) -> str:
        head = ["step", *(f"`{name}`" for name in self.variables), "loss", r"$\lVert\nabla\rVert$"]
        table = [head, ["---:"] * len(head), *self._rows()]
        lines = [f"| {' | '.join(row)} |" for row in table]
        ends = [f"Stopped: {self.stopped}.", f"**{self.diagnosis}**", *(f"Note: {note}." for note in self.notes)]
        return "\n".join([f"{self._title()}\n", *lines, "", "  \n".join(ends)])


def _whole(numbers: Array) -> Integers:
    """Return what a file holds as float64, as every array in it, as whole numbers."""
    import numpy as np

    return numbers.astype(np.int64)


def _best(words: Mapping[str, Any], arrays: Mapping[str, Array], layout: Layout) -> Best | None:
    if "best" not in words:
        return None
    step, metric = words["best"]
    return Best(int(step), layout.unpacked(arrays["best"]), float(metric))


def joined_runs(earlier: Trajectory, later: Run) -> Run:
    """Return *later*, which went on where *earlier* paused, with all that came before it."""
    import numpy as np

    first = int(later.steps[0]) if later.steps is not None else 0
    before = Records(
        earlier.step_of, earlier.points.rows, earlier.losses, earlier.gradients.rows, earlier.places, earlier.turns
    )
    before = before.chosen(np.flatnonzero(before.steps < first))
    assert later.steps is not None
    assert earlier.pause is not None
    after = Records(later.steps, later.points, later.losses, later.gradients, later.places, later.cosines)
    if before.cosines is not None or after.cosines is not None:
        before, after = before.with_cosines(None), after.with_cosines(earlier.pause.before)
    whole = joined([before, after]) if len(before.steps) else after
    measured = [(int(step), metric) for step, metric in earlier.validations.tolist() if step < first]
    return replace(
        later,
        points=whole.points,
        losses=whole.losses,
        gradients=whole.gradients,
        steps=whole.steps,
        places=whole.places,
        cosines=whole.cosines,
        best=later.best or earlier.best,
        validations=[*measured, *later.validations],
    )


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None


def _rule_in_words(rule: Rule | None) -> dict[str, Any]:
    return _in_words(rule) if _known(rule) else {"written": repr(rule)}


def _known(record: Any) -> bool:
    """Return whether *record* is a rule or a schedule that can be read back, with all that it holds."""
    if not is_dataclass(record) or _KNOWN.get(type(record).__name__) is not type(record):
        return False
    held = (getattr(record, setting.name) for setting in fields(record) if setting.repr)
    return all(isinstance(value, (bool, int, float)) or _known(value) for value in held)


def _in_words(record: Any) -> Any:
    if not is_dataclass(record):
        return record
    settings = {setting.name: _in_words(getattr(record, setting.name)) for setting in fields(record) if setting.repr}
    return {"name": type(record).__name__, **settings}


def _from_words(words: Any) -> Any:
    if not isinstance(words, Mapping):
        return words
    settings = {name: _from_words(value) for name, value in words.items() if name != "name"}
    return _KNOWN[str(words["name"])](**settings)


def _rule_from_words(words: Mapping[str, Any]) -> tuple[Rule | None, list[str]]:
    """Return the rule, and a note where it is none that gradlab knows."""
    if "written" in words:
        return None, [f"stepped by {words['written']}, which was not saved"]
    rule: Rule = _from_words(words)
    if not hasattr(rule, "step"):
        raise ValueError(f"its rule is {words!r}")
    return rule, []


def _function_in_words(function: Function | None) -> dict[str, Any] | None:
    if function is None or function.style != "text" or function.data or not function.source:
        return None
    return {"source": function.source, "name": function.name, "variables": list(function.variables)}


def _function_from_words(words: Mapping[str, Any] | None) -> Function | None:
    if words is None:
        return None
    from gradlab.sources import as_function

    return as_function(str(words["source"]), name=str(words["name"]), variables=list(words["variables"]))


def _fitting(function: Function, layout: Layout) -> Function:
    if list(function.variables) != list(layout.shapes):
        raise ValueError(
            f"the run is over {', '.join(layout.shapes)}, but {function.name} has the variables "
            f"{', '.join(function.variables)}"
        )
    return function
