"""One function for each command: from the options to an `Outcome`. What a verb needs is imported when it is called."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradlab import files
from gradlab.commands import values
from gradlab.commands.naming import named_source
from gradlab.commands.outcomes import CODES, Outcome
from gradlab.commands.usage import Code, UsageError
from gradlab.errors import DomainError

if TYPE_CHECKING:
    from gradlab.comparison import Comparison
    from gradlab.graph import Function
    from gradlab.graph.curvature import Curvature
    from gradlab.graph.gradient import Gradient
    from gradlab.symbolic import Derivation


def derive(options: Namespace) -> Outcome:
    """The exact gradient, and its value where a point is given."""
    from gradlab.symbolic import derive

    function, point = _function_at(options, options.at, "--at")
    derivation = derive(function, _wrt(options), order=options.order)
    if options.save:
        derivation.save(options.save)
    if options.chain:
        return _chain(derivation, options.chain, point, latex=options.latex)
    depth = options.depth or ("rules" if options.steps else "result")
    view = derivation.latex if options.latex else derivation.markdown if options.markdown else derivation.text
    text = view(depth).rstrip("\n")
    results: dict[str, Any] = {**derivation.as_dict()} if options.json else {}
    if point is not None:
        try:
            gradient = derivation.at(point)
            text += f"\n\n{gradient!r}"
            results["value"] = gradient_as_dict(gradient)
            if options.order > 1:
                curvature = derivation.curvature(point)
                text += f"\n\n{curvature!r}"
                results["curvature"] = curvature_as_dict(curvature)
        except DomainError as error:  # the derivation stands, whatever the point
            results["undecided"] = str(error)
            return Outcome(f"{text}\n\nundecided: {error}", results, "undecided", Code.UNDECIDED)
    return Outcome(text, results)


def _chain(derivation: Derivation, wrt: str, point: Any, *, latex: bool) -> Outcome:
    """The chain rule for one variable, with numbers where a point is given."""
    chain = derivation.chain(wrt)
    return Outcome(chain.latex() if latex else chain.text(point), chain.as_dict(point))


def estimate(options: Namespace) -> Outcome:
    """The gradient by finite differences."""
    from gradlab.numeric import estimate

    function = _function(options)
    gradient = estimate(function, _point(options.at, "--at"), wrt=_wrt(options), method=options.method)
    outcome = _gradient(gradient)
    return replace(outcome, text=f"{outcome.text}\n{_steps(gradient)}") if options.steps else outcome


def _steps(gradient: Gradient) -> str:
    """Return the step and the evaluations of each variable's components, and the calls of all."""
    from gradlab.graph.point import brief

    assert gradient.steps is not None
    assert gradient.evaluations is not None
    evaluations = gradient.evaluations
    lines = [
        f"  ∂f/∂{name}: step {brief(steps, 3)}, evaluations {brief(evaluations[name])}"
        for name, steps in gradient.steps.items()
    ]
    return "\n".join([*lines, f"  {gradient.calls:,} calls in all"])


def backward(options: Namespace) -> Outcome:
    """The gradient by ``backward()``."""
    from gradlab.autodiff import backward

    function, point = _function(options), _point(options.at, "--at")
    cotangent = None if options.cotangent is None else values.value(options.cotangent, options.cotangent)
    if options.svg:
        from gradlab.reports.files import check

        check(Path(options.svg), ".svg")  # before the work is done
    gradient = backward(function, point, wrt=_wrt(options), dtype=options.dtype, cotangent=cotangent)
    wanted = options.table or options.graph or options.svg
    return _tabulated(gradient, options) if wanted else _gradient(gradient)


def _tabulated(gradient: Gradient, options: Namespace) -> Outcome:
    """Return the gradient with its backpropagation table, which may find that it differs from gradlab's."""
    table = gradient.table()
    parts = [repr(gradient)]
    parts += [table.text()] if options.table else []
    parts += [table.graph()] if options.graph else []
    results = {**gradient_as_dict(gradient), "table": table.as_dict()}
    if options.svg:
        files.save(Path(options.svg), table.svg())
        parts.append(f"picture: {options.svg}")
        results["picture"] = options.svg
    code = Code.DONE if table.first_disagreement is None else Code.DIFFER
    return Outcome("\n\n".join(parts), results, None if code is Code.DONE else "differ", code)


def compare(options: Namespace) -> Outcome:
    """All routes side by side, and the verdict."""
    from gradlab.comparison import compare

    if options.plot:
        from gradlab.reports import pictures
        from gradlab.reports.files import check

        check(Path(options.plot), *pictures.ENDINGS)  # before the work is done
    function, point = _function(options), _point(options.at, "--at")
    claimed = None if options.claimed is None else values.named(options.claimed, "--claimed")
    comparison = compare(function, point, wrt=_wrt(options), claimed=claimed)
    verdict = str(comparison.verdict)
    outcome = Outcome(repr(comparison), comparison.as_dict(), verdict, CODES[verdict])
    outcome = _with_errors(outcome, comparison) if options.errors else outcome
    return _with_steps(outcome, comparison, Path(options.plot)) if options.plot else outcome


def _with_errors(outcome: Outcome, comparison: Comparison) -> Outcome:
    """Return the outcome with the errors of the worst component, split by their causes."""
    splits = comparison.attributions()
    told = "\n".join(map(str, splits)) or "no error of the worst component can be split by its causes"
    errors = [split.as_dict() for split in splits]
    return replace(outcome, text=f"{outcome.text}\n\n{told}", results={**outcome.results, "errors": errors})


def _with_steps(outcome: Outcome, comparison: Comparison, path: Path) -> Outcome:
    """Return the outcome with the picture of error against step, for the worst component, written to *path*."""
    from gradlab import plots
    from gradlab.reports import pictures

    worst = comparison.worst
    if worst is None:
        raise UsageError(f"--plot {path}: there are no components whose error could be drawn")
    figure = pictures.canvas()
    plots.step_sizes(comparison.function, comparison.at, component=worst.name, ax=figure.subplots())
    pictures.save(figure, path)
    return replace(outcome, text=f"{outcome.text}\npicture: {path}", results={**outcome.results, "plot": str(path)})


def descend(options: Namespace) -> Outcome:
    """The descent, once the routes agree at its start."""
    from gradlab.commands import descending

    _check_picture(options)
    if options.save:
        files.check_place(Path(options.save))
    trajectory = descending.descended(options, _function, check=not options.no_check)
    text, results = repr(trajectory), dict(trajectory.as_dict())
    if options.explain:
        from gradlab.descent import explain

        explanation = explain(trajectory)
        # The explanation begins with the diagnosis, which the descent has ended with.
        text = f"{text.removesuffix(trajectory.diagnosis).rstrip()}\n\n{explanation.text()}"
        results["explanation"] = explanation.as_dict()
    if options.save:
        trajectory.save(options.save)
        text, results = f"{text}\nsaved: {options.save}", {**results, "saved": options.save}
    outcome = _with_picture(options, text, results, trajectory)
    return replace(outcome, code=descending.code_of(trajectory))


def rates(options: Namespace) -> Outcome:
    """What each learning rate leads to, and which one to take."""
    from gradlab.commands.descending import swept_rule
    from gradlab.descent import sweep_rates

    _check_picture(options)
    start, rule = _point(options.start, "--start"), swept_rule(options)
    try:
        found = sweep_rates(_function(options), start, rates=options.rates, steps=options.steps, rule=rule)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return _with_picture(options, repr(found), found.as_dict(), found)


def _check_picture(options: Namespace) -> None:
    """Raise ReportError where the picture cannot be written, before the work is done."""
    if options.plot:
        from gradlab.reports import pictures
        from gradlab.reports.files import check

        check(Path(options.plot), *pictures.ENDINGS)


def _with_picture(options: Namespace, text: str, results: Mapping[str, Any], record: Any) -> Outcome:
    """Return the outcome, with the record's picture where one is asked for."""
    if not options.plot:
        return Outcome(text, results)
    from gradlab.reports import pictures

    figure = pictures.canvas()
    record.plot(ax=figure.subplots())
    pictures.save(figure, Path(options.plot))
    return Outcome(f"{text}\npicture: {options.plot}", {**results, "plot": options.plot})


def report(options: Namespace) -> Outcome:
    """A document about the function, or about those of a lesson."""
    from gradlab.commands import documents

    return documents.report(options)


# What they share -------------------------------------------------------------------------------------


def _function(options: Namespace) -> Function:
    """Return the function that the options name."""
    from gradlab.sources import as_function

    data = None if options.data is None else values.named(options.data, "--data")
    shapes = None if options.shape is None else values.shapes(options.shape)
    try:
        return as_function(
            named_source(options),
            variables=values.words(options.variables),
            shapes=shapes,
            data=data,
            name=options.name,
        )
    except (TypeError, ValueError) as error:  # an option that does not fit the function
        if options.script:
            raise
        raise UsageError(str(error)) from error


def _function_at(options: Namespace, tokens: list[str] | None, option: str) -> tuple[Function, Any]:
    """Return the function, read for the shapes of the point where there is one, and that point."""
    function = _function(options)
    if not tokens:
        return function, None
    from gradlab.sources import at_point

    return at_point(function, values.point(tokens, option))


def _point(tokens: list[str] | None, option: str) -> Any:
    return values.point(tokens or [], option)


def _wrt(options: Namespace) -> list[str] | None:
    return values.words(options.wrt)


def _gradient(gradient: Gradient) -> Outcome:
    """Return a gradient as an outcome; one at a kink is none to rely on."""
    verdict = "kink" if has_kink(gradient) else None
    code = Code.DONE if verdict is None else CODES[verdict]
    return Outcome(repr(gradient), gradient_as_dict(gradient), verdict, code)


def has_kink(gradient: Gradient) -> bool:
    """Return whether the route found a kink at the point."""
    import numpy as np

    return gradient.slopes is not None and any(np.isfinite(pair).any() for pair in gradient.slopes.values())


def curvature_as_dict(curvature: Curvature) -> Mapping[str, Any]:
    """Return the Hessian at a point as plain data."""
    return {
        "rows": list(curvature.labels),
        "hessian": curvature.matrix,
        "error": curvature.error,
        "eigenvalues": curvature.eigenvalues,
        "definiteness": curvature.definiteness,
        "notes": list(curvature.notes),
    }


def gradient_as_dict(gradient: Gradient) -> Mapping[str, Any]:
    """Return a gradient as plain data."""
    bounds = {} if gradient.error is None else {"error": dict(gradient.error)}
    slopes = {"slopes": dict(gradient.slopes)} if gradient.slopes is not None and has_kink(gradient) else {}
    spent: dict[str, Any] = {}
    if gradient.steps is not None and gradient.evaluations is not None:
        counts = {name: array.astype(int) for name, array in gradient.evaluations.items()}
        spent = {"steps": dict(gradient.steps), "evaluations": counts, "calls": gradient.calls}
    return {
        "route": gradient.route,
        "at": dict(gradient.at),
        "value": gradient.value,
        "partials": dict(gradient.partials),
        **bounds,
        **slopes,
        **spent,
        "notes": list(gradient.notes),
    }
