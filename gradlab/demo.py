"""The main job from end to end, on a rollercoaster's speed: derive, compare, descend, report."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradlab import data, files
from gradlab.commands.scripts import load
from gradlab.comparison import compare
from gradlab.descent import GradientDescent, Trajectory, descend
from gradlab.errors import ReportError
from gradlab.reports import Picture, Report, report
from gradlab.reports.pictures import canvas
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive

if TYPE_CHECKING:
    from matplotlib.figure import Figure

START = (-0.57139085, -0.11943031, -1.26767105)
"""The first published row, to more digits."""

RATE, STEPS = 1e-5, 10

MOST_LOSS, MOST_PARAMETER = 2e-6, 1.1e-4
"""What may lie between our rows and the published ones: the loss relatively, a parameter absolutely.

The published descent ran in float32, and its parameters are printed with four digits.
"""

PROGRAM = """\
import torch
from gradlab import data

ride = data.load("rollercoaster")
time = torch.tensor(ride["time"], dtype=torch.float64)
speed = torch.tensor(ride["speed"], dtype=torch.float64)


def f(t, params):
    a, b, c = params
    return a*(t**2) + b*t + c


def mse(preds, targets):
    return ((preds - targets)**2).mean()


def loss(params):
    return mse(f(time, params), speed)
"""
"""The fit of a parabola, as a person writes it with torch; the demonstration leaves it beside its report."""

_WIDTH = 78


@dataclass(frozen=True)
class Differences:
    """The largest distances between our rows and the published ones: losses relative, parameters absolute."""

    loss: float
    parameter: float

    @property
    def held(self) -> bool:
        return self.loss <= MOST_LOSS and self.parameter <= MOST_PARAMETER


@dataclass(frozen=True)
class Result:
    """What the demonstration found.

    verdicts: of each comparison.  document: where the report is.
    """

    differences: Differences
    verdicts: Mapping[str, str]
    document: Path

    @property
    def held(self) -> bool:
        """Whether everything came out as it should."""
        return self.differences.held and set(self.verdicts.values()) == {"agree"}

    def as_dict(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {
            "largest_difference": {"loss": self.differences.loss, "parameter": self.differences.parameter},
            "allowed_difference": {"loss": MOST_LOSS, "parameter": MOST_PARAMETER},
            "verdicts": dict(self.verdicts),
            "report": str(self.document),
        }


def run(folder: Path) -> Result:
    """Show the main job on stdout, write its report into *folder*, and return what was found."""
    document, program = _made(folder) / "report.md", folder / "rollercoaster.py"
    files.replace(program, PROGRAM.encode())
    loss, model = load(f"{program}:loss"), load(f"{program}:f")
    times = data.load("rollercoaster")["time"]
    print("gradlab: one function, its gradient three ways, and only then a descent")

    _heading("The function")
    _say(
        f"A rollercoaster's speed was measured at {len(times)} times, t = {times[0]:g} to {times[-1]:g}. "
        "A parabola is to be fitted to them, so its mean squared error is to become small. In torch:"
    )
    _show(PROGRAM.replace("\n\n\n", "\n\n"))

    _heading("Its gradient, derived")
    function, start = at_point(loss, list(START))
    derivation = derive(function)
    _say(
        f"gradlab read those lines and derived the gradient from them, in {len(derivation.steps)} steps. "
        "Its closed form, in the names of the code:"
    )
    _show(derivation.text())

    _heading("The gradient three ways")
    comparison = compare(function, start)
    _say("At the start of the descent: the formula's value, finite differences with a bound on their error, and torch.")
    _show(repr(comparison))

    _heading("Ten steps down")
    trajectory = descend(function, start, rule=GradientDescent(RATE), steps=STEPS)
    differences = _differences(trajectory)
    _say(f"Gradient descent at rate {RATE:g}, each row before its step, beside the rows of a published example:")
    _show(_table(trajectory))
    _say(
        f"Largest differences: loss {differences.loss:.1e} relative (at most {MOST_LOSS:.1e}), "
        f"parameters {differences.parameter:.1e} absolute (at most {MOST_PARAMETER:.1e}): "
        f"{'as published' if differences.held else 'NOT as published'}."
    )
    _say(trajectory.diagnosis[0].upper() + trajectory.diagnosis[1:] + ".")
    about_fit = _document(model, derivation, comparison, trajectory)
    about_fit.save(document)

    _heading("The report")
    _say(f"Derivation, comparison and descent with {len(about_fit.pictures)} pictures: {document}")

    _heading("Two variables")
    two = as_function("x**2 + y")
    at_two = compare(two, {"x": 3, "y": 1})
    _say('The same from text, `gradlab compare "x**2 + y" --at x=3 y=1`:')
    _show(derive(two).text())
    _show(repr(at_two))

    _heading("A vector")
    vector, at_vector = at_point(lambda x: (x**2).sum(), [3.0, 4.0, 10.0])
    squares = compare(vector, at_vector)
    value = squares.gradients["autodiff"].value
    _say(f"And from code, `lambda x: (x**2).sum()`, whose value at [3, 4, 10] is {value:g}:")
    _show(derive(vector).text())
    _show(repr(squares))

    verdicts = {"rollercoaster": comparison, "x**2 + y": at_two, "(x**2).sum()": squares}
    return Result(differences, {name: str(found.verdict) for name, found in verdicts.items()}, document)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(f"cannot make the folder {str(folder)!r}: {error.strerror}") from error
    return folder


def _differences(trajectory: Trajectory) -> Differences:
    """Return how far the first rows of *trajectory* are from the published ones."""
    published = data.load("rollercoaster_published")
    pairs = list(zip(trajectory.losses.tolist(), published["loss"], strict=False))
    ours = trajectory.points.rows.T.tolist()
    columns = [zip(mine, published[name], strict=False) for mine, name in zip(ours, "abc", strict=True)]
    return Differences(
        loss=max(abs(mine - theirs) / abs(theirs) for mine, theirs in pairs),
        parameter=max(abs(mine - theirs) for column in columns for mine, theirs in column),
    )


def _table(trajectory: Trajectory) -> str:
    """Return our rows beside the published ones."""
    published = data.load("rollercoaster_published")
    heads = f"{'a':>8}{'b':>8}{'c':>8}{'loss':>11}"
    lines = [f"{'':>4} {'ours':^35}   {'published':^35}".rstrip(), f"step {heads}   {heads}"]
    theirs = zip(*(published[name] for name in ("a", "b", "c", "loss")), strict=True)
    for step, row in enumerate(theirs):
        ours = (*trajectory.points.rows[step], trajectory.losses[step])
        lines.append(f"{step:>4} {_row(ours)}   {_row(row)}")
    return "\n".join(lines)


def _row(values: tuple[float, ...]) -> str:
    *parameters, loss = values
    return "".join(f"{value:8.4f}" for value in parameters) + f"{loss:11.3f}"


# The report ------------------------------------------------------------------------------------------


def _document(model: Callable[..., Any], derivation: Any, comparison: Any, trajectory: Trajectory) -> Report:
    from gradlab import plots

    ride = data.load("rollercoaster")

    def drawn(width: float, steps: tuple[int, ...]) -> Figure:
        figure = canvas(width, 3.2)
        axes = figure.subplots(1, len(steps), sharex=True, sharey=True, squeeze=False)[0]
        plots.fits(trajectory, model, ride["time"], ride["speed"], steps, ax=axes, names=("time", "speed"))
        return figure

    losses = [f"{loss:.6g}" for loss in trajectory.losses[:4]]
    initial = Picture(
        lambda: drawn(5.6, (0,)),
        f"The speeds and the parabola before the first step; the loss is {losses[0]}.",
        title="The initial fit",
    )
    first = Picture(
        lambda: drawn(11.0, (0, 1, 2, 3)),
        f"The speeds and the parabola at steps 0 to 3, side by side; the losses are {', '.join(losses)}.",
        title="The first four fits",
    )
    return report(derivation, comparison, initial, trajectory, first, title="A parabola for a rollercoaster's speed")


# The terminal ----------------------------------------------------------------------------------------


def _heading(title: str) -> None:
    print(f"\n\n{title}\n{'-' * len(title)}")


def _say(words: str) -> None:
    print("\n" + textwrap.fill(words, _WIDTH, break_long_words=False, break_on_hyphens=False))


def _show(block: str) -> None:
    print("\n" + textwrap.indent(block.strip("\n"), "  "))
