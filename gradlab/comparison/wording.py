"""Why a component has its verdict: one sentence, with the numbers that decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradlab.comparison.stability import cancelling, stable_form
from gradlab.comparison.tables import listed
from gradlab.comparison.verdicts import OWN, Verdict
from gradlab.graph.gradient import component_name
from gradlab.graph.precision import DOUBLE, DTYPES

if TYPE_CHECKING:
    from gradlab.comparison.record import Comparison


def reason(comparison: Comparison, place: int, verdict: Verdict, values: Mapping[str, float], bound: float) -> str:
    """Return why the component at *place* has its verdict.

    values: per route that speaks of it.  bound: of the route that is furthest away.
    """
    if verdict is Verdict.UNDECIDED:
        return _undecided(comparison, place, values, bound)
    if verdict is Verdict.UNSTABLE:
        return _unstable(comparison, place, values)
    if comparison.evidence.kinks[place]:
        return _kink(comparison, place, values)
    reference, route = comparison.evidence.reference, comparison.culprit(place)
    assert reference is not None
    assert route is not None
    if verdict is Verdict.AGREE:
        return _agree(comparison, place, values, bound)
    if route not in values or values[route] != values[route]:
        return f"{route} is not a number, but {reference} is {values[reference]:.10g}"
    told = f"{route} is {values[route]:.10g} but {reference} is {values[reference]:.10g}"
    if verdict is Verdict.KINK:
        return f"{told}; {comparison.evidence.switches[0]}, and the formula's value there is a convention"
    apart, excess = abs(values[route] - values[reference]), float(comparison.judgement.excess[place])
    return f"{told}: {apart:.3g} apart, {excess:.3g} times the bound {bound:.2g}{_in_dtype(comparison, route)}"


def _in_dtype(comparison: Comparison, route: str) -> str:
    bits = comparison.evidence.precisions[route]
    return f" in {DTYPES[bits]}" if bits < DOUBLE else ""


def _agree(comparison: Comparison, place: int, values: Mapping[str, float], bound: float) -> str:
    reference, route = comparison.evidence.reference, comparison.culprit(place)
    assert reference is not None
    assert route is not None
    if comparison.evidence.hidden[place] > 0:
        return (
            f"numeric is {values['numeric']:.6g} and {reference} {values[reference]:.6g}: evaluated as it is "
            f"written, {comparison.function.name} loses the difference to rounding"
        )
    if route not in values or values[route] != values[route]:
        others = [name for name, value in values.items() if value == value]
        return f"{listed(others)} agree; {route} has no value here"
    apart, excess = abs(values[route] - values[reference]), float(comparison.judgement.excess[place])
    if apart == 0:
        return f"{listed(values)} are equal"
    return f"{route} is {apart:.2g} from {reference}, {excess:.2g} times the bound {bound:.2g}"


def _unstable(comparison: Comparison, place: int, values: Mapping[str, float]) -> str:
    route = next(name for name, mask in comparison.evidence.unstable.items() if mask[place])
    reference = comparison.evidence.reference
    assert reference is not None
    why = comparison.domain or _loss(comparison, route)
    form = stable_form(comparison.function)
    advice = f"; write it with {form}" if form else "; no stable form of it is known to gradlab"
    return (
        f"{route} is {values[route]:.10g} but {reference} is {values[reference]:.10g}: {comparison.function.name} is "
        f"numerically unstable as written, {why}{advice}{_beside(comparison, place, values)}"
    )


def _loss(comparison: Comparison, route: str) -> str:
    """Return what loses the digits where nothing overflows."""
    assert comparison.derivation is not None
    place = cancelling(comparison.derivation, comparison.at, comparison.evidence.precisions[route])
    where = f"cancellation in {place}" if place else "rounding on the way"
    return f"{where} costs {comparison.dtypes[route]} more than half of its digits"


def _beside(comparison: Comparison, place: int, values: Mapping[str, float]) -> str:
    """Return the routes of the caller's own that have the exact gradient where torch has lost it."""
    right = [route for route in values if route not in OWN and comparison.evidence.excess(route)[place] <= 1]
    return f"; {listed(right)} {'has' if len(right) == 1 else 'have'} it right" if right else ""


def _kink(comparison: Comparison, place: int, values: Mapping[str, float]) -> str:
    left, right = float(comparison.evidence.left[place]), float(comparison.evidence.right[place])
    said = f"kink at {_here(comparison, place)}, slope {left:.6g} to the left and {right:.6g} to the right"
    within = comparison.subgradients(place)
    for is_inside, where in ((True, "between them, as a subgradient is"), (False, "not between them, no subgradient")):
        told = ", ".join(f"{route} {values[route]:.6g}" for route, inside in within.items() if inside is is_inside)
        said += f"; {where}: {told}" if told else ""
    return said


def _here(comparison: Comparison, place: int) -> str:
    variable, position = comparison.located(place)
    return f"{component_name(variable, position)} = {comparison.at[variable][position]:.6g}"


def _undecided(comparison: Comparison, place: int, values: Mapping[str, float], bound: float) -> str:
    evidence = comparison.evidence
    if comparison.domain is not None:
        return comparison.domain
    if evidence.jumps[place]:
        return (
            f"at {_here(comparison, place)} difference quotients grow without bound as the step shrinks: "
            f"{comparison.function.name} jumps or has a vertical tangent, and no gradient"
        )
    finite = [route for route, value in values.items() if abs(value) < float("inf")]
    lost = [route for route in values if route not in finite]
    if lost and len(finite) >= 1:
        told = ", ".join(f"{route} {values[route]:.10g}" for route in values)
        return f"{listed(lost)} has no finite value here, which proves nothing: {told}"
    if len(finite) < 2:
        told = f"only the {finite[0]} route has a value" if finite else "no route has a value"
        mine = [note for note in comparison.notes if note.startswith(("numeric", "no "))]
        return f"{told} here{f' ({mine[0].splitlines()[0]})' if mine else ''}; a second one would decide"
    blurred = next((route for route in values if evidence.blurred(route)[place]), None)
    if blurred is not None:
        dtype = DTYPES[evidence.precisions[blurred]]
        return (
            f"{blurred} is {values[blurred]:.7g} but {evidence.reference} is {values[str(evidence.reference)]:.7g}: "
            f"{dtype} may lose as much where terms cancel; float64 instead of {dtype} would decide, or a formula"
        )
    if evidence.reference == "symbolic":
        unknown = listed([route for route in values if route not in ("symbolic", "numeric")])
        return (
            f"what rounding may do to {unknown} has no finite bound here, so that being close confirms nothing; "
            "a point further from where the gradient ceases to exist would decide"
        )
    if "numeric" not in values:
        return "neither an exact gradient nor an error bound to measure the routes by; the numeric route would decide"
    least = min(evidence.precisions.values())
    or_longer = f", or float64 instead of {DTYPES[least]}" if least < DOUBLE else ""
    return (
        f"the routes are within the numeric bound {bound:.2g} of each other, but that is too large beside "
        f"{values['numeric']:.3g} to confirm it; a formula would decide{or_longer}"
    )
