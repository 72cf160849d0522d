"""`compare`: every route to the gradient at one point, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gradlab.autodiff import backward
from gradlab.comparison import rounding
from gradlab.comparison.claims import from_caller, judged_in
from gradlab.comparison.record import Comparison
from gradlab.comparison.stability import exact_all_the_same, lost_digits
from gradlab.comparison.verdicts import OWN, Evidence, Verdict, judge
from gradlab.errors import DomainError, GradlabError, NoFormulaError, NotScalarError, PointError
from gradlab.graph import Function, Gradient, Point, bounds
from gradlab.graph.domain import at_switches
from gradlab.graph.function import recording
from gradlab.graph.guards import at_edge, conditions
from gradlab.graph.precision import DOUBLE, DTYPES, precision_of
from gradlab.misuse import explains_misuse
from gradlab.numeric import estimate
from gradlab.sources import at_point
from gradlab.symbolic import Derivation, derive

if TYPE_CHECKING:
    from gradlab.graph.point import Array


@recording()
@explains_misuse
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

    Nothing is decided by a tolerance. Where there is a formula the routes are measured against the exact gradient in
    ball arithmetic: the numeric one may be off by its own error bound, any other by what rounding in its own dtype
    may do, and the verdict is decided. Without a formula they are measured against the numeric one.
    A point of float32 tensors or arrays has torch compute in float32, and values in float32 are judged by that.

    *agree*: all within their bounds.  *differ*: one is not; `Comparison.cause` says which operation or simple mistake
    explains it.  *kink*: the slopes on the two sides differ; a claimed value outside them makes it *differ*.
    *unstable*: the gradient is known, but torch loses it, because f as it is written overflows or loses its digits;
    the reason names the stable form.  *undecided*: f or its gradient is not finite there, only one route could be
    taken, or without a formula the bound is too large to tell; the reason says what would decide. The worst component
    decides.

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
    bits = precision_of([at])
    found = _taken(function, point, names, own, bits)
    found.working = min([bits, *(gradient.precision for gradient in found.gradients.values())])
    for name, given in others.items():
        found.gradients[name] = judged_in(from_caller(function, point, names, name, given), found.working)
    evidence = _evidence(found, point, names)
    judgement = judge(evidence)
    if found.derivation is not None and (judgement.any(Verdict.DIFFER) or evidence.kinks.any()):
        evidence = _with_switches(found, evidence, function, point)
        judgement = judge(evidence)
    if found.derivation is not None:
        hidden = _hidden(found, function, point, names, evidence)
        if hidden is not None:
            evidence = replace(evidence, hidden=hidden)
            judgement = judge(evidence)
    if found.derivation is None and judgement.any(Verdict.DIFFER):
        found.notes += _two_functions(found.gradients)
    found.notes += [f"the formula is that for {condition}" for condition in conditions(function.guards)]
    found.notes += at_edge(function, point)
    # What is the reason already is not said again.
    notes = tuple(note for note in found.notes if found.domain is None or found.domain not in note)
    return Comparison(
        function, point, names, found.gradients, evidence, judgement, found.domain, found.derivation, notes
    )


def _two_functions(gradients: Mapping[str, Gradient]) -> list[str]:
    """Say that f itself is not the same number in NumPy and in torch, as with x.var(), where no formula settles it."""
    values = [gradients[route].value for route in ("numeric", "autodiff") if route in gradients]
    if len(values) < 2 or abs(values[0] - values[1]) <= ALIKE * max(map(abs, values)):
        return []
    return [
        f"f itself is {values[0]:.6g} for numeric, which calls it with NumPy's arrays, and {values[1]:.6g} for "
        "autodiff, which calls it with torch's tensors: the code means different things there"
    ]


ALIKE = 1e-6
"""Relative distance of two values of f up to which nothing is said about it; float32 comes nearer than that."""


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

    derivation: behind the exact gradient; None without one.
    working: the fewest bits of the point and of gradlab's own routes.
    domain: why f or its gradient is not finite in float64, if so.
    """

    gradients: dict[str, Gradient] = field(default_factory=dict)
    derivation: Derivation | None = None
    working: int = DOUBLE
    domain: str | None = None
    notes: list[str] = field(default_factory=list)


def _taken(function: Function, point: Point, names: tuple[str, ...], own: tuple[str, ...], bits: int) -> _Found:
    """Take gradlab's own routes; a point in fewer *bits* than float64 has torch compute in those."""
    found = _Found()
    dtype = DTYPES[bits] if bits < DOUBLE else None
    if "symbolic" in own:
        _take(found, "symbolic", lambda: _exact(found, function, point, names))
    if "numeric" in own:
        _take(found, "numeric", lambda: estimate(function, point, wrt=names))
        if dtype is not None and "numeric" in found.gradients:
            found.notes.append(f"numeric: measured in float64, to see what {dtype} does to the others")
    if "autodiff" in own:
        _take(found, "autodiff", lambda: _by_torch(function, point, names, dtype))
    for route, gradient in found.gradients.items():
        found.notes += [f"{route}: {note}" for note in gradient.notes]
    return found


def _exact(found: _Found, function: Function, point: Point, names: tuple[str, ...]) -> Gradient:
    derivation = derive(function, names)
    try:
        gradient = derivation.at(point)
    except DomainError:
        rescued = exact_all_the_same(derivation, point)
        if rescued is None:
            raise
        derivation, gradient = rescued
    found.derivation = derivation
    return gradient


def _by_torch(function: Function, point: Point, names: tuple[str, ...], dtype: str | None) -> Gradient:
    if dtype is not None:
        try:
            return backward(function, point, wrt=names, dtype=dtype)
        except GradlabError:  # the code's own tensors are of another dtype
            pass
    return backward(function, point, wrt=names)


def _with_switches(found: _Found, evidence: Evidence, function: Function, point: Point) -> Evidence:
    """Return the evidence with the operations that are at a kink of theirs; where none is, there is no kink.

    What differences take for one is then a kink nearby, between their steps. An ``if`` may be a kink as well.
    """
    import numpy as np

    values = {**function.data, **point}
    switches = tuple(at_switches([function.formula], values, function.sizes(point), function.variables))
    if switches or function.guards or not evidence.kinks.any():
        return replace(evidence, switches=switches)
    nowhere = np.full_like(evidence.left, np.nan)
    found.notes.append("numeric: steps reach across a kink nearby, and see two slopes; at the point itself is none")
    return replace(evidence, left=nowhere, right=nowhere, error=np.where(evidence.kinks, np.inf, evidence.error))


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
    torch = found.gradients.get("autodiff")
    slopes = numeric.slopes if numeric is not None else None
    size = sum(point[name].size for name in names)
    partials = numeric.partials.values() if numeric else ()
    largest = [np.full(part.size, np.abs(np.nan_to_num(part)).max(initial=0)) for part in partials]
    allowed, unstable = None, {}
    if found.derivation is not None and symbolic is not None:
        radii = {route: rounding.allowed(found.derivation, g, found.working) for route, g in found.gradients.items()}
        allowed = {route: row(radius, np.inf) for route, radius in radii.items()}
        lost = lost_digits(found.derivation, torch, symbolic) if torch is not None else {}
        unstable = {"autodiff": np.concatenate([np.ravel(lost[name]) for name in names])} if lost else {}
    return Evidence(
        values=values,
        given=given,
        precisions={route: gradient.precision for route, gradient in found.gradients.items()},
        error=row(numeric.error if numeric else None, np.inf),
        left=row(slopes and {name: pair[..., 0] for name, pair in slopes.items()}, np.nan),
        right=row(slopes and {name: pair[..., 1] for name, pair in slopes.items()}, np.nan),
        allowed=allowed,
        symbolic_error=row(symbolic.error if symbolic is not None else None, 0.0),
        hidden=np.zeros(size),
        scale=np.concatenate(largest) if largest else np.zeros(size),
        unstable=unstable,
    )


def _hidden(
    found: _Found, function: Function, point: Point, names: tuple[str, ...], evidence: Evidence
) -> Array | None:
    """Return how far rounding inside f can move the numeric values, where they alone stand apart; else None.

    A running bound on the rounding error of f, over the step: for functions that lose their digits as written, such
    as (1 + x) - 1, differences of values see less than the formula does.
    """
    import numpy as np

    steps = found.gradients["numeric"].steps if "numeric" in found.gradients else None
    if steps is None or function.output is None:
        return None
    alone = ~evidence.kinks & (evidence.excess("numeric") > 1)
    if not alone.any():
        return None
    with np.errstate(all="ignore"):
        (bounded,) = bounds.with_bounds([function.output], {**function.data, **point}, function.sizes(point))
        step = np.concatenate([np.ravel(steps[name]) for name in names])
        return np.where(alone, np.asarray(bounded.error, dtype=float) / step, 0.0)
