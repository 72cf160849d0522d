"""What a document says about each kind of record: one function for each, chosen by its type."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from gradlab.comparison import Comparison
from gradlab.descent import Trajectory
from gradlab.descent.explanation import HEAD, Explanation
from gradlab.descent.sweeping import RateSweep
from gradlab.graph import Function
from gradlab.graph.gradient import Gradient
from gradlab.graph.names import in_latex
from gradlab.graph.point import brief, described
from gradlab.reports.document import Block, Section
from gradlab.reports.markdown import display, fenced, mathematics, table, typed
from gradlab.reports.pictures import Picture, canvas, figure_of, words_in
from gradlab.symbolic import Derivation
from gradlab.symbolic.steps import walk

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gradlab.graph.point import Array

MOST_ROWS = 24
"""Rows of a table; a longer one loses its middle and says how much is left out."""

MOST_COLUMNS = 6
"""Components of a point that get a column of their own."""

_DOTS = r"\ldots"

_LIBRARIES: Mapping[str, frozenset[str]] = {
    "symbolic": frozenset({"numpy", "python-flint"}),
    "numeric": frozenset({"numpy"}),
    "autodiff": frozenset({"numpy", "torch"}),
}
"""What each route computes with."""

_DTYPES = {53: "float64", 24: "float32", 11: "float16", 8: "bfloat16"}
"""The floating-point numbers by their bits."""


@singledispatch
def section(record: Any) -> Section:
    """Return what a document says about *record*; raises TypeError for what it knows nothing about."""
    figure = figure_of(record)
    if figure is None:
        raise TypeError(
            "report takes what derive, estimate, backward, compare, descend, explain, sweep_rates and as_function "
            f"return, and matplotlib figures; not {type(record).__name__}: {record!r:.60}"
        )
    words = words_in(figure)
    return picture(Picture(lambda: figure, words or "a figure without titles or labels", title=_first(words)))


def _first(words: str) -> str:
    return words.partition("; ")[0] or "Figure"


@section.register
def picture(record: Picture) -> Section:
    """A picture with its caption."""
    return Section(record.title, (record,), frozenset({"matplotlib"}))


@section.register
def function(record: Function) -> Section:
    """The function as written, its formula, its variables, and why it has no formula where it has none."""
    blocks: list[Block] = [*as_written(record)]
    if record.output is not None:
        blocks.append(display(f"{_signature(record)} = {record.latex()}"))
    else:
        blocks.append(f"It has no formula, so only the numeric routes are open: {typed(str(record.no_formula))}.")
    blocks.append(_variables(record))
    blocks += _notes(record.notes)
    return Section(f"The function {record.signature}", tuple(blocks))


def as_written(record: Function) -> list[str]:
    """Return the source of a function that was written as code; text and SymPy are shown by the formula."""
    return [fenced(record.source, "python")] if record.code is not None and record.source else []


def _signature(record: Function) -> str:
    inside = ", ".join(in_latex(name) for name in record.variables)
    return rf"{in_latex(record.name)}\left({inside}\right)"


def _variables(record: Function) -> str:
    rows = [[mathematics(in_latex(name)), described(axes), "variable"] for name, axes in record.variables.items()]
    for name, values in record.data.items():
        shape = f"has shape {values.shape}" if values.ndim else f"is {brief(values)}"
        rows.append([mathematics(in_latex(name)), shape, "data"])
    return table(["name", "values", "role"], rows, left=3)


@section.register
def derivation(record: Derivation) -> Section:
    """The function, every rule on the way, and the gradient in closed form."""
    blocks = [*as_written(record.function), record.markdown("rules")]
    # The steps are proved in ball arithmetic, and the rules of elementwise operations by SymPy.
    evidence = {str(step.evidence) for step in walk(record.steps)}
    used = {"numpy", "python-flint"} | ({"sympy"} if "exact" in evidence else set())
    return Section(f"Derivation of the gradient of {record.function.signature}", tuple(blocks), frozenset(used))


@section.register
def gradient(record: Gradient) -> Section:
    """Every component of the gradient at its point, with the bound on its error where the route has one."""
    rows = []
    for name, position in record.components():
        error = record.error
        bound = "" if error is None else f"{error[name][position]:.2g}"
        rows.append([_component(name, position), f"{record.partials[name][position]:.12g}", bound])
    head = ["component", "derivative", "error at most"]
    if record.error is None:
        head, rows = head[:2], [row[:2] for row in rows]
    blocks = [f"At {point(record.at)} the function is {record.value:.12g}.", *_shortened(head, rows, left=1)]
    blocks += [*_kinks(record), *_notes(record.notes)]
    return Section(f"Gradient by the {record.route} route", tuple(blocks), libraries_of(record.route), _dtypes(record))


def _kinks(record: Gradient) -> list[str]:
    """Return a table of the slopes on both sides of each kink that the route found."""
    import numpy as np

    if record.slopes is None:
        return []
    sides = [(name, position, record.slopes[name][position]) for name, position in record.components()]
    rows = [
        [_component(name, at), *(f"{slope:.6g}" for slope in pair)]
        for name, at, pair in sides
        if np.isfinite(pair).any()
    ]
    head = ["kink in", "slope to the left", "slope to the right"]
    return _shortened(head, rows, left=1) if rows else []


@section.register
def comparison(record: Comparison) -> Section:
    """The routes side by side, component by component, with the verdict and its reason."""
    used = frozenset[str]().union(*(libraries_of(route) for route in record.gradients))
    title = f"{_count(len(record.gradients), 'route')} to one gradient: {record.verdict}"
    blocks = (f"At {point(record.at)}:", record.markdown())
    return Section(title, blocks, used, _dtypes(*record.gradients.values()))


@section.register
def trajectory(record: Trajectory) -> Section:
    """How the descent went: rule, table, diagnosis, and the pictures that suit it."""
    steps = _count(record.steps, "step")
    name = f" of {record.function.signature}" if record.function else ""
    blocks: list[Block] = [
        f"By {typed(repr(record.rule) if record.rule else 'a rule that is not known')}, "
        f"with the gradient from the {record.engine} engine, {steps} from {point(record.points[0])}."
    ]
    if record.comparison is not None:
        blocks.append(f"Before the first step the gradients were compared at the start: {record.comparison.verdict}.")
    blocks += _path(record)
    label, _, details = record.diagnosis.partition(": ")
    blocks += [f"Stopped: {typed(record.stopped)}.", f"**{typed(label.capitalize())}**: {typed(details)}."]
    blocks += [*_notes(record.notes), *_pictures(record)]
    by_torch = record.engine == "torch"
    used = libraries_of("autodiff") if by_torch else libraries_of("numeric")
    # torch steps in the dtype of the start, which the record does not keep.
    dtypes = frozenset[str]() if by_torch else frozenset({"float64"})
    return Section(f"Descent{name}", tuple(blocks), used | {"matplotlib"}, dtypes)


@section.register
def explanation(record: Explanation) -> Section:
    """Why a run went as it did: the curvature, and along each direction what a step was to do and what it did."""
    blocks: list[Block] = [f"{typed(record.diagnosis)}."]
    if record.spectrum is not None:
        blocks.append(f"Curvature at the {record.where}:")
        blocks.append("\n".join(f"- {typed(line)}" for line in record.spectrum.text().splitlines()))
    if record.directions:
        blocks.append("One step multiplies the error:")
        blocks += _shortened([*HEAD], [[typed(cell) for cell in each.cells] for each in record.directions], left=1)
        blocks.append(
            Picture(
                lambda: _drawn(record, "directions"),
                "The error along each eigenvector at each step, and dashed what its eigenvalue predicts.",
                title="Error along each direction",
            )
        )
    if record.rescaling is not None:
        blocks.append("\n".join(f"- {typed(line)}" for line in record.rescaling.text().splitlines()))
    return Section("Why it went so", (*blocks, *_notes(record.notes)), frozenset({"numpy", "matplotlib"}))


@section.register
def sweep(record: RateSweep) -> Section:
    """What each learning rate led to, and which one is suggested."""
    steps, name = _count(record.steps, "step"), type(record.rule).__name__
    rows = [
        [f"{rate:.4g}", "diverged" if record.diverged[:, place].any() else f"{record.losses[:, place].max():.6g}"]
        for place, rate in enumerate(record.rates)
    ]
    seen = f"The loss after {steps} against the learning rate, with what is suggested: {record.reason}."
    blocks: list[Block] = [
        f"{_count(len(record.rates), 'rate')} of {typed(name)}, {steps} each, from {point(record.starts[0])}.",
        *_shortened(["rate", "loss at the end"], rows),
        f"Suggested: **{typed(record.reason)}**.",
        Picture(lambda: _drawn(record, "rates"), seen, title="Loss against the learning rate"),
    ]
    return Section(f"Learning rates of {record.function.signature}", tuple(blocks), frozenset({"numpy", "matplotlib"}))


def _path(record: Trajectory) -> list[str]:
    """Return the table of the points: component by component where they fit, else the losses alone."""
    names = [
        _component(variable, position) for variable, shape in record.variables.items() for position in _positions(shape)
    ]
    shown = len(names) if len(names) <= MOST_COLUMNS else 0
    rows = [
        [f"{step}", *(f"{value:.6g}" for value in values[:shown]), f"{loss:.8g}", f"{norm:.4g}"]
        for step, (values, loss, norm) in enumerate(
            zip(record.points.rows, record.losses, record.gradient_norms, strict=True)
        )
    ]
    return _shortened(["step", *names[:shown], "loss", r"$\lVert\nabla\rVert$"], rows)


def _pictures(record: Trajectory) -> list[Picture]:
    """Return the path where it can be drawn, and the losses."""
    size = record.points.layout.size
    first, last = float(record.losses[0]), float(record.losses[-1])
    change = f"from {first:.6g} to {last:.6g} in {_count(record.steps, 'step')}"
    losses = Picture(
        lambda: _drawn(record, "losses"), f"The loss at each step of the descent: {change}.", title="Loss at each step"
    )
    if record.function is None or size not in (1, 2):
        return [losses]
    name = record.function.name
    seen = f"The curve of {name} with the points on it" if size == 1 else f"The levels of {name}, the path across them"
    ends = f"from {_plain(record.points[0])} to {_plain(record.points[-1])}"
    path = Picture(lambda: _drawn(record, "trajectory"), f"{seen}: {ends}.", title="Path of the descent")
    return [path, losses]


def _drawn(record: Trajectory | Explanation | RateSweep, kind: str) -> Figure:
    from gradlab import plots

    figure = canvas()
    getattr(plots, kind)(record, ax=figure.subplots())
    return figure


# Small parts ---------------------------------------------------------------------------------------


def libraries_of(route: str) -> frozenset[str]:
    """Return what a route computes with; for one that the caller added nothing is known."""
    return _LIBRARIES.get(route, frozenset())


def _dtypes(*gradients: Gradient) -> frozenset[str]:
    return frozenset(_DTYPES.get(record.precision, f"{record.precision} bits") for record in gradients)


def point(at: Mapping[str, Array]) -> str:
    """Return a point as Markdown: ``$x = 3$, $w = [1, 2]$``."""
    return ", ".join(_equation(name, brief(array)) for name, array in at.items())


def _equation(name: str, value: str) -> str:
    if value.startswith("array"):  # too large to be listed
        return f"{mathematics(in_latex(name))}: {value}"
    return mathematics(f"{in_latex(name)} = {value.replace('…', _DOTS)}")


def _plain(at: Mapping[str, Array]) -> str:
    return ", ".join(f"{name} = {brief(array)}" for name, array in at.items())


def _component(name: str, position: tuple[int, ...]) -> str:
    return mathematics(in_latex(name, tuple(map(str, position))))


def _positions(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    import numpy as np

    return list(np.ndindex(shape))


def _shortened(head: list[str], rows: list[list[str]], *, left: int = 0) -> list[str]:
    """Return a table; the middle of a long one is left out, and the text says how much."""
    if len(rows) <= MOST_ROWS:
        return [table(head, rows, left=left)]
    half = MOST_ROWS // 2
    shown = [*rows[:half], ["…"] * len(head), *rows[-half:]]
    return [table(head, shown, left=left), f"{len(rows) - 2 * half:,} of {len(rows):,} rows are left out."]


def _notes(notes: tuple[str, ...]) -> list[str]:
    return [f"Note: {typed(note)}." for note in notes]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
