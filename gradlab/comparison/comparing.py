"""`compare`: every route to the gradient at one point, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gradlab.autodiff import backward
from gradlab.comparison.record import Comparison
from gradlab.comparison.verdicts import Evidence, Verdict, judge
from gradlab.errors import DomainError, GradlabError, NoFormulaError, NotScalarError, PointError, ShapeError
from gradlab.graph import Function, Gradient, Point, bounds
from gradlab.graph.domain import at_switches
from gradlab.graph.guards import at_edge, conditions
from gradlab.graph.point import detached
from gradlab.numeric import estimate
from gradlab.numeric.estimation import smallest_steps
from gradlab.sources import at_point
from gradlab.symbolic import derive
from gradlab.symbolic.enclosing import DOUBLE

if TYPE_CHECKING:
    from gradlab.graph.point import Array

OWN = ("symbolic", "numeric", "autodiff")
"""The routes that gradlab has itself, in the order in which they are shown."""


def compare(
    f: Any,
    at: Any,
    *,
    wrt: str | Sequence[str] | None = None,
    routes: Iterable[str] | Mapping[str, Any] | None = None,
    claimed: Any = None,
) -> Comparison:
    """Return the gradient of *f* at a point by every route, component by component, with a verdict.

    f: anything `gradlab.as_function` takes, with a scalar value.
    at: a mapping from variable to number or array, or the bare value of the only variable.
    wrt: the variables to differentiate with respect to; all by default.
    routes: which of "symbolic", "numeric" and "autodiff" to take, all by default; or a mapping from a name of your
    own to a gradient of your own, which joins them: a function of the variables in order that returns a mapping,
    an array or a number, or those values themselves.
    claimed: such a gradient, as a route named "claimed"; it may leave variables out.

    Nothing is decided by a tolerance. Where there is a formula the routes are measured against the exact gradient:
    the numeric one may be off by its own error bound, any other by 16 times what double precision cannot know of
    the exact value (the radius of ball arithmetic). Without a formula they are measured against the numeric one.

    *agree*: all within their bounds.  *differ*: one is not.  *kink*: the slopes on the two sides differ; a claimed
    value outside them makes it *differ*.  *undecided*: f or its gradient is not finite there, only one route could
    be taken, or the bound is too large to tell.  The worst component decides.

    A route that cannot be taken is left out, and `notes` says why.
    Raises PointError where the point does not fit or a claimed variable is unknown, ShapeError for a claimed value
    of another shape, NotScalarError where f is no single number, ValueError for an unknown route.

    >>> comparison = compare("x**2 + y", at={"x": 3, "y": 1})
    >>> print(comparison.verdict, "|", comparison.reason)
    agree | all 2 components agree (symbolic, numeric and autodiff), exactly
    >>> compare("x**2 + y", at={"x": 3, "y": 1}, claimed={"x": 5.0}).verdict
    <Verdict.DIFFER: 'differ'>
    """
    function, point = at_point(f, at)
    names = function.chosen(wrt)
    own, others = _chosen_routes(routes, claimed)
    found = _taken(function, point, names, own)
    for name, given in others.items():
        found.gradients[name] = _from_caller(function, point, names, name, given)
    evidence = _evidence(found, point, names)
    judgement = judge(evidence)
    if judgement.any(Verdict.DIFFER) and found.radius is not None:
        evidence = replace(evidence, switches=_switches(function, point))
        judgement = judge(evidence)
    if found.radius is not None and function.output is not None:
        hidden = _hidden(function, point, names, evidence)
        if hidden is not None:
            evidence = replace(evidence, hidden=hidden)
            judgement = judge(evidence)
    found.notes += [f"the formula is that for {condition}" for condition in conditions(function.guards)]
    found.notes += at_edge(function, point)
    # What is the reason already is not said again.
    notes = tuple(note for note in found.notes if found.domain is None or found.domain not in note)
    return Comparison(function, point, names, found.gradients, evidence, judgement, found.domain, notes)


def _chosen_routes(routes: Any, claimed: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    others: dict[str, Any] = {}
    own = OWN
    if isinstance(routes, Mapping):
        others = dict(routes)
    elif routes is not None:
        asked = (routes,) if isinstance(routes, str) else tuple(routes)
        unknown = [name for name in asked if name not in OWN]
        if unknown or not asked:
            raise ValueError(f"no route named {', '.join(map(repr, unknown)) or '…'}; gradlab has {', '.join(OWN)}")
        own = tuple(name for name in OWN if name in asked)
    if claimed is not None:
        others["claimed"] = claimed
    taken = [name for name in others if name in OWN]
    if taken:
        raise ValueError(f"{taken[0]!r} is the name of a route of gradlab's own; call yours something else")
    return own, others


@dataclass
class _Found:
    """What the routes came back with.

    radius: of the exact gradient; None without one.  coarse: per route that computes in fewer bits, its radius.
    domain: why f or its gradient is not finite, if so.
    """

    gradients: dict[str, Gradient] = field(default_factory=dict)
    radius: Mapping[str, Array] | None = None
    coarse: dict[str, Mapping[str, Array]] = field(default_factory=dict)
    domain: str | None = None
    notes: list[str] = field(default_factory=list)


def _taken(function: Function, point: Point, names: tuple[str, ...], own: tuple[str, ...]) -> _Found:
    found = _Found()
    if "symbolic" in own:
        _take(found, "symbolic", lambda: _exact(found, function, point, names))
    if "numeric" in own:
        _take(found, "numeric", lambda: estimate(function, point, wrt=names))
    if "autodiff" in own:
        _take(found, "autodiff", lambda: backward(function, point, wrt=names))
    for route, gradient in found.gradients.items():
        found.notes += [f"{route}: {note}" for note in gradient.notes]
        if gradient.precision < DOUBLE and found.radius is not None:
            found.coarse[route] = derive(function, names).radius(point, gradient.precision)
    return found


def _exact(found: _Found, function: Function, point: Point, names: tuple[str, ...]) -> Gradient:
    derivation = derive(function, names)
    gradient = derivation.at(point)
    found.radius = derivation.radius(point)
    return gradient


def _switches(function: Function, point: Point) -> tuple[str, ...]:
    values = {**function.data, **point}
    return tuple(at_switches([function.formula], values, function.sizes(point), function.variables))


def _take(found: _Found, route: str, run: Callable[[], Gradient]) -> None:
    """Add what a route gives, or say why it gives nothing."""
    try:
        found.gradients[route] = run()
    except DomainError as error:
        # The numeric route looks at f alone: what it says comes first.
        found.domain = str(error) if route == "numeric" or found.domain is None else found.domain
        found.notes.append(f"no {route} gradient: {error}")
    except NoFormulaError as error:
        found.notes.append(f"no {route} gradient: {error}")
    except (NotScalarError, PointError):
        raise
    except GradlabError as error:
        if route != "autodiff":
            raise
        found.notes.append(f"no {route} gradient: {error}")


# Gradients of the caller's own ---------------------------------------------------------------------


def _from_caller(function: Function, point: Point, names: tuple[str, ...], route: str, given: Any) -> Gradient:
    value = replace(function, code=given, output=None).run_code(point) if callable(given) else given
    partials = {name: _as_partial(route, name, entry, point) for name, entry in _by_name(route, names, value).items()}
    unknown = [name for name in partials if name not in names]
    if unknown:
        raise PointError(f"{route} names {', '.join(unknown)}; the variables compared are {', '.join(names)}")
    return Gradient(point, float("nan"), partials, route)


def _by_name(route: str, names: tuple[str, ...], value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {str(name): entry for name, entry in value.items()}
    if len(names) == 1:
        return {names[0]: value}
    if isinstance(value, (tuple, list)) and len(value) == len(names):
        return dict(zip(names, value, strict=True))
    wanted = ", ".join(f'"{name}": …' for name in names)
    raise PointError(f"{route} is {value!r:.60}; for {len(names)} variables give a mapping {{{wanted}}}")


def _as_partial(route: str, name: str, value: Any, point: Point) -> Array:
    import numpy as np

    try:
        array = np.asarray(detached(value), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise PointError(f"{route} gives {value!r:.60} for {name}, which is no number or array of numbers") from error
    if name in point and array.shape != point[name].shape:
        raise ShapeError(
            f"{route} has shape {array.shape} for {name}, and {name} has shape {point[name].shape}: "
            "a gradient has the shape of its variable"
        )
    return array


# From gradients to evidence -------------------------------------------------------------------------


def _evidence(found: _Found, point: Point, names: tuple[str, ...]) -> Evidence:
    import numpy as np

    def row(arrays: Mapping[str, Array] | None, otherwise: float) -> Array:
        kept = arrays or {}
        return np.concatenate(
            [np.ravel(kept[name]) if name in kept else np.full(point[name].size, otherwise) for name in names]
        )

    values = {route: row(gradient.partials, np.nan) for route, gradient in found.gradients.items()}
    given = {
        route: np.concatenate([np.full(point[name].size, name in gradient.partials) for name in names])
        for route, gradient in found.gradients.items()
    }
    numeric = found.gradients.get("numeric")
    symbolic = found.gradients.get("symbolic")
    slopes = numeric.slopes if numeric is not None else None
    size = sum(point[name].size for name in names)
    partials = numeric.partials.values() if numeric else ()
    largest = [np.full(part.size, np.abs(np.nan_to_num(part)).max(initial=0)) for part in partials]
    return Evidence(
        values=values,
        given=given,
        error=row(numeric.error if numeric else None, np.inf),
        left=row(slopes and {name: pair[..., 0] for name, pair in slopes.items()}, np.nan),
        right=row(slopes and {name: pair[..., 1] for name, pair in slopes.items()}, np.nan),
        radius=row(found.radius, np.inf) if symbolic is not None else None,
        coarse={route: row(radius, np.inf) for route, radius in found.coarse.items()},
        symbolic_error=row(symbolic.error if symbolic is not None else None, 0.0),
        hidden=np.zeros(size),
        scale=np.concatenate(largest) if largest else np.zeros(size),
    )


def _hidden(function: Function, point: Point, names: tuple[str, ...], evidence: Evidence) -> Array | None:
    """Return how far rounding inside f can move the numeric values, where they alone stand apart; else None.

    A running bound on the rounding error of f, over the step: for functions that lose their digits as written, such
    as (1 + x) - 1, differences of values see less than the formula does.
    """
    import numpy as np

    if "numeric" not in evidence.values or function.output is None:
        return None
    alone = ~evidence.kinks & (evidence.excess("numeric") > 1)
    if not alone.any():
        return None
    with np.errstate(all="ignore"):
        (bounded,) = bounds.with_bounds([function.output], {**function.data, **point}, function.sizes(point))
        steps = smallest_steps(function, point, names)
        step = np.concatenate([np.ravel(steps[name]) for name in names])
        return np.where(alone, np.asarray(bounded.error, dtype=float) / step, 0.0)
