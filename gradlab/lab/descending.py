"""The descent as a picture, and how it went in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from math import isfinite
from typing import TYPE_CHECKING, Any

from gradlab.errors import GradlabError
from gradlab.lab.models import FIRST, LabError, arrays, named
from gradlab.lab.reading import Subject, read

if TYPE_CHECKING:
    from gradlab.descent import Trajectory

RULES: Mapping[str, str] = {
    "gradient descent": "GradientDescent",
    "momentum": "Momentum",
    "Nesterov": "Nesterov",
    "AdaGrad": "AdaGrad",
    "RMSProp": "RMSProp",
    "Adam": "Adam",
    "AdamW": "AdamW",
}
"""The optimizers that have a rate, by the words of the page."""

MOST_STEPS = 500
"""Steps of a run: a picture of more shows nothing else, and takes longer than a slider may."""

DPI = 110
"""Dots per inch of a picture: sharp at the size at which the page shows it, and 40 kB."""


@dataclass(frozen=True)
class Asked:
    """What is to be shown: a formula, the model it belongs to, and where each control stands.

    batch: examples that a step sees; 0 for all.
    """

    text: str
    model: str
    start: tuple[float, ...]
    rate: float
    rule: str = "gradient descent"
    steps: int = 50
    batch: int = 0


@dataclass(frozen=True)
class Descent:
    """A run, ready to be shown.

    picture: a PNG.  alternative: the picture in words.  label, diagnosis: how it went, in a word and in a sentence.
    ends: name, first and last value of each number.  losses: the first and the last.
    """

    picture: bytes
    alternative: str
    label: str
    diagnosis: str
    ends: tuple[tuple[str, float, float], ...]
    losses: tuple[float, float]


def run(asked: Asked) -> Trajectory:
    """Return the run that is asked for; raises DomainError where the function has no value at the start."""
    from gradlab import descent

    subject = read(asked.text, asked.model)
    if asked.rule not in RULES:
        raise LabError(f"no optimizer {asked.rule!r}; there are {', '.join(RULES)}")
    if not 0 < asked.rate < float("inf"):
        raise LabError(f"{asked.rate!r} is no rate; a rate is a positive number such as 0.1")
    rule = getattr(descent, RULES[asked.rule])(rate=asked.rate)
    options: dict[str, Any] = {"rule": rule, "steps": max(1, min(asked.steps, MOST_STEPS)), "check": False}
    function: Any = subject.function
    if asked.batch and subject.open is not None:
        given = {name: array for name, array in arrays(named(asked.model)).items() if name in subject.open.variables}
        options["batches"] = descent.Batches(given, size=asked.batch)
        function = subject.open
    return descent.descend(function, subject.point(asked.start), engine="exact", progress=False, **options)


@lru_cache(maxsize=64)
def descend(asked: Asked) -> Descent:
    """Return the run that is asked for as a picture and in words."""
    walked = run(asked)
    subject = read(asked.text, asked.model)
    diagnosis = walked.diagnosis
    first, last = walked.points.rows[0], walked.points.rows[-1]
    ends = tuple(zip(subject.labels, first.tolist(), last.tolist(), strict=True))
    return Descent(
        _picture(walked),
        f"Descent of {subject.function.signature} from {_spoken(subject.labels, first)} to "
        f"{_spoken(subject.labels, last)} in {walked.steps} steps: {diagnosis.partition(':')[0]}",
        diagnosis.partition(":")[0],
        diagnosis.partition(":")[2].strip() or diagnosis,
        ends,
        (float(walked.losses[0]), float(walked.losses[-1])),
    )


def _spoken(labels: Sequence[str], numbers: Any) -> str:
    return ", ".join(f"{label} = {number:.4g}" for label, number in zip(labels, numbers, strict=True))


@lru_cache(maxsize=256)
def largest_rate(text: str, name: str, start: tuple[float, ...]) -> float | None:
    """Return 2/λ_max at the start, from which on gradient descent on a quadratic diverges; None where there is none.

    >>> largest_rate("x^2 + 10y^2", "A parabola: x²", (1.0, 1.0))
    0.1
    """
    subject: Subject = read(text, name)
    try:
        limit = _curved(text, name).curvature(subject.point(start)).largest_rate
    except (GradlabError, ValueError, ArithmeticError):  # no second derivative there: then there is no such rate
        return None
    return limit if isfinite(limit) else None


@lru_cache(maxsize=64)
def _curved(text: str, name: str) -> Any:
    from gradlab.symbolic import derive

    subject = read(text, name)
    return derive(subject.function, list(subject.shapes), order=2)


def _picture(walked: Trajectory) -> bytes:
    """Return the picture that suits the run as a PNG: curve or contour, or losses and length of the gradient."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from gradlab import plots

    # Margins that are known: a layout that is reckoned costs as much as the picture.
    figure = Figure(figsize=(6.6, 4.4), dpi=DPI)
    scaled = walked.points.layout.size == 2  # then numbers as long as 3.802e+04 stand beside the scale of colours
    figure.subplots_adjust(left=0.13, right=0.92 if scaled else 0.97, bottom=0.12, top=0.92, hspace=0.12)
    FigureCanvasAgg(figure)
    if walked.points.layout.size <= 2:
        plots.trajectory(walked, ax=figure.subplots())
    else:
        _draw_history(walked, figure)
    held = BytesIO()
    figure.savefig(held, format="png")
    return held.getvalue()


def _draw_history(walked: Trajectory, figure: Any) -> None:
    from gradlab import plots
    from gradlab.plots.canvas import GREEN, decades

    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    plots.losses(walked, ax=above)
    above.set_xlabel("")
    norms = walked.gradient_norms
    seen = norms[norms > 0]
    below.plot(walked.step_of, norms, color=GREEN)
    if len(seen):
        decades(below, float(seen.min()), float(seen.max()))
    below.set_xlabel("step")
    below.set_ylabel("length of the gradient")
    below.spines[["top", "right"]].set_visible(False)


def first() -> tuple[Asked, Descent, float | None]:
    """Return what the page begins with, its descent and its largest rate: drawn before there is a page."""
    asked = Asked(FIRST.text, FIRST.name, read(FIRST.text, FIRST.name).start, FIRST.rate)
    return asked, descend(asked), largest_rate(asked.text, asked.model, asked.start)
