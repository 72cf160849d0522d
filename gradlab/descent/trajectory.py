"""The record of a descent: every point, loss and gradient, why it stopped and how it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from importlib import import_module
from math import isfinite
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from gradlab.descent import storage
from gradlab.descent.diagnosis import diagnose
from gradlab.descent.history import History, Layout
from gradlab.descent.optimizers import AdaGrad, Adam, AdamW, GradientDescent, Momentum, Nesterov, RMSProp, Rule
from gradlab.descent.running import Run
from gradlab.descent.schedules import Cosine, OneCycle, StepDecay, WarmUp
from gradlab.descent.signs import norms
from gradlab.descent.surroundings import Surroundings
from gradlab.errors import GradlabError
from gradlab.graph.function import Function
from gradlab.graph.point import brief

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gradlab.comparison import Comparison
    from gradlab.graph.point import Array

_KNOWN: Mapping[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(AdaGrad, Adam, AdamW, GradientDescent, Momentum, Nesterov, RMSProp),
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
    stopped: why it ended.
    rule, engine: how it stepped.  function: what it descended; None if it was loaded and only code says it.
    comparison: of the three gradients at the start; None if it was left out, or the run was loaded.
    notes: what a reader should know besides.  told: the diagnosis of a loaded run, as it was saved.
    """

    points: History
    losses: Array
    gradients: History
    stopped: str
    rule: Rule | None
    engine: str
    function: Function | None = None
    comparison: Comparison | None = None
    notes: tuple[str, ...] = ()
    told: str | None = None

    def __post_init__(self) -> None:
        import numpy as np

        losses = np.array(self.losses, dtype=np.float64)
        losses.setflags(write=False)
        object.__setattr__(self, "losses", losses)
        if not len(self.points) == len(losses) == len(self.gradients):
            raise ValueError(
                f"{len(self.points)} points, {len(losses)} losses and {len(self.gradients)} gradients: "
                "each point has one of each"
            )

    @cached_property
    def gradient_norms(self) -> Array:
        """The length of the gradient at each point, shape (points,)."""
        lengths = norms(self.gradients.rows)
        lengths.setflags(write=False)
        return lengths

    @cached_property
    def diagnosis(self) -> str:
        """How it went, on one line, the label first; found when it is first asked for."""
        if self.told is not None:
            return self.told
        run = Run(self.points.rows, self.losses, self.gradients.rows, _ended(self.stopped), self.stopped)
        return diagnose(run, self.rule, around=Surroundings(self.function, self.points.layout))

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.losses) - 1

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
        """Write the run to one file, whose name is taken as it is; `Trajectory.load` reads it."""
        words = {
            "shapes": [[name, list(shape)] for name, shape in self.variables.items()],
            "rule": _rule_in_words(self.rule),
            "engine": self.engine,
            "stopped": self.stopped,
            "diagnosis": self.diagnosis,
            "notes": [*self.notes, *self._comparison_in_words()],
            "function": _function_in_words(self.function),
        }
        arrays = {"points": self.points.rows, "losses": self.losses, "gradients": self.gradients.rows}
        storage.write(path, words, arrays)

    @classmethod
    def load(cls, path: str | PathLike[str], function: Function | None = None) -> Trajectory:
        """Return the run saved at *path*.

        Safe for files of strangers.  A function that was given as text is read back from it; one that was code
        is not in the file and can be handed in as *function*.
        Raises ValueError for a file that holds no run, or where *function* has other variables.
        """
        words, arrays = storage.read(path)
        try:
            layout = Layout({str(name): tuple(map(int, shape)) for name, shape in words["shapes"]})
            points, losses, gradients = (arrays[name] for name in ("points", "losses", "gradients"))
            if points.shape != gradients.shape or points.shape != (*losses.shape, layout.size):
                raise ValueError(f"its arrays have shapes {points.shape}, {losses.shape} and {gradients.shape}")
            rule, note = _rule_from_words(words["rule"])
            loaded = cls(
                points=History(points, layout),
                losses=losses,
                gradients=History(gradients, layout),
                stopped=str(words["stopped"]),
                rule=rule,
                engine=str(words["engine"]),
                function=_function_from_words(words["function"]),
                notes=(*map(str, words["notes"]), *note),
                told=str(words["diagnosis"]),
            )
        except (KeyError, TypeError, ValueError, GradlabError) as error:
            raise ValueError(f"{fspath(path)} is no saved trajectory: {error}") from error
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
            rows.append([f"{step}", *values, f"{self.losses[step]:.6g}", f"{self.gradient_norms[step]:.4g}"])
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


def _ended(stopped: str) -> str:
    """Return what ended a run, as `Run.ended`, from its words."""
    kinds = {"took": "steps", "stop() said": "stop", "no longer changed": "flat"}
    return next((kind for words, kind in kinds.items() if words in stopped), "not finite")


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None


def _rule_in_words(rule: Rule | None) -> dict[str, Any]:
    return _in_words(rule) if _known(rule) else {"written": repr(rule)}


def _known(record: Any) -> bool:
    """Return whether *record* is a rule or a schedule that can be read back, with all that it holds."""
    if not is_dataclass(record) or _KNOWN.get(type(record).__name__) is not type(record):
        return False
    held = (getattr(record, setting.name) for setting in fields(record))
    return all(isinstance(value, (bool, int, float)) or _known(value) for value in held)


def _in_words(record: Any) -> Any:
    if not is_dataclass(record):
        return record
    settings = {setting.name: _in_words(getattr(record, setting.name)) for setting in fields(record)}
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
