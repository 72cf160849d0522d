"""The verdict on each component, from the values of the routes and what each value cannot know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlab.comparison.records import GRAVEST, ComponentVerdict, Verdict

if TYPE_CHECKING:
    from gradlab.graph.point import Array


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the routes say, all components in one row.

    values: per route; NaN where it has none.  given: per route, whether it speaks of the component at all.
    reference: the route the others are held against, "symbolic" where there is a formula.
    allowed: per other route, the deviation from the reference that its own and the reference's errors explain.
    error: of the numeric route, NaN where there is none.  slopes: shape (n, 2), NaN where it found no kink.
    switches: operations of the formula that are at a kink of theirs.
    """

    names: Sequence[tuple[str, tuple[int, ...]]]
    values: Mapping[str, Array]
    given: Mapping[str, Array]
    reference: str
    allowed: Mapping[str, Array]
    error: Array
    slopes: Array
    switches: Sequence[str]


def judge(evidence: Evidence) -> list[ComponentVerdict]:
    """Return the verdict on every component, the worst first."""
    import numpy as np

    distances = _distances(evidence)
    far = np.max(np.stack(list(distances.values())), axis=0) if distances else np.zeros(len(evidence.names))
    found = [_component(evidence, place, distances, float(far[place])) for place in range(len(evidence.names))]
    return sorted(found, key=lambda component: (GRAVEST.index(component.verdict), -component.distance))


def _distances(evidence: Evidence) -> dict[str, Array]:
    """Return per route the deviation from the reference as a multiple of what is allowed; 0 where it is silent."""
    import numpy as np

    reference = evidence.values[evidence.reference]
    found = {}
    for route, allowed in evidence.allowed.items():
        with np.errstate(all="ignore"):
            deviation = np.abs(evidence.values[route] - reference)
            distance = np.where(deviation == 0, 0.0, deviation / allowed)
        found[route] = np.where(evidence.given[route] & np.isfinite(allowed) & ~np.isnan(distance), distance, 0.0)
    return found


def _component(evidence: Evidence, place: int, distances: Mapping[str, Array], far: float) -> ComponentVerdict:
    import numpy as np

    variable, position = evidence.names[place]
    values = {route: float(array[place]) for route, array in evidence.values.items()}
    kink = not np.isnan(evidence.slopes[place]).any()
    slopes = (float(evidence.slopes[place][0]), float(evidence.slopes[place][1])) if kink else None
    verdict, reason = _decided(evidence, place, values, slopes, {r: float(d[place]) for r, d in distances.items()})
    return ComponentVerdict(variable, position, values, float(evidence.error[place]), slopes, far, verdict, reason)


def _decided(
    evidence: Evidence,
    place: int,
    values: Mapping[str, float],
    slopes: tuple[float, float] | None,
    distances: Mapping[str, float],
) -> tuple[Verdict, str]:
    from math import isfinite, isnan

    given = [route for route in values if evidence.given[route][place]]
    if slopes is not None:
        return _at_kink(evidence, place, values, slopes, given)
    lost = [route for route in given if not isfinite(values[route])]
    if lost:
        spoken = ", ".join(f"{route} is {'not a number' if isnan(values[route]) else values[route]}" for route in lost)
        return Verdict.UNDECIDED, f"{spoken} at this point"
    if len(given) < 2:
        return (
            Verdict.UNDECIDED,
            f"only the {given[0] if given else 'no'} route has a value, and one value proves nothing",
        )
    blind = [route for route in distances if route in given and not isfinite(float(evidence.allowed[route][place]))]
    if blind:
        return Verdict.UNDECIDED, f"the bound on {evidence.reference} is infinite, so that any value of {blind[0]} fits"
    worst = max(distances, key=lambda route: distances[route])
    if distances[worst] > 1:
        return _apart(evidence, place, values, worst, distances[worst])
    if evidence.reference == "numeric" and _tells_nothing(evidence, place, values):
        error = float(evidence.error[place])
        return (
            Verdict.UNDECIDED,
            f"the error of the measured value, {error:.2g}, is larger than the values; a formula would decide",
        )
    return Verdict.AGREE, "within the bounds"


def _tells_nothing(evidence: Evidence, place: int, values: Mapping[str, float]) -> bool:
    """Return whether the measured value is nothing but error: larger than every derivative in sight."""
    import numpy as np

    others = [value for route, value in values.items() if route != "numeric"]
    largest = max(float(np.nanmax(np.abs(array))) for array in evidence.values.values())
    return any(value != 0 for value in others) and bool(evidence.error[place] > largest)


def _apart(
    evidence: Evidence, place: int, values: Mapping[str, float], route: str, distance: float
) -> tuple[Verdict, str]:
    reference = evidence.reference
    gap = abs(values[route] - values[reference])
    said = f"{route} says {values[route]:.10g} and {reference} {values[reference]:.10g}"
    if evidence.switches and (route == "numeric" or _agrees_with_numeric(evidence, place, values, route)):
        # The formula's own value is a convention here: measure before blaming anybody.
        return (
            Verdict.KINK,
            f"{said}; {evidence.switches[0]}, so the formula's value is a convention and not the slope",
        )
    bound = float(evidence.allowed[route][place])
    times = f"{distance:.3g} times" if bound > 0 else "more than"
    return Verdict.DIFFER, f"{said}: {gap:.3g} apart, {times} what their errors explain ({bound:.2g})"


def _agrees_with_numeric(evidence: Evidence, place: int, values: Mapping[str, float], route: str) -> bool:
    if "numeric" not in values:
        return False
    return abs(values[route] - values["numeric"]) <= float(evidence.error[place])


def _at_kink(
    evidence: Evidence, place: int, values: Mapping[str, float], slopes: tuple[float, float], given: Sequence[str]
) -> tuple[Verdict, str]:
    low, high = min(slopes), max(slopes)
    # Half the gap is the reported error of a kink; what is left of it bounds each slope.
    slack = max(0.0, float(evidence.error[place]) - (high - low) / 2)
    where = f"the slope is {slopes[0]:.6g} on the left and {slopes[1]:.6g} on the right"
    outside: list[str] = []
    for route in given:
        if route != "numeric" and not low - slack <= values[route] <= high + slack:
            outside.append(route)
    cause = f" ({evidence.switches[0]})" if evidence.switches else ""
    claims = [route for route in outside if route not in ("symbolic", "autodiff")]
    if claims:
        return (
            Verdict.DIFFER,
            f"{where}{cause}, and {claims[0]} says {values[claims[0]]:.10g}, which is not between them",
        )
    spoken = [
        f"{route} says {values[route]:.6g}, {'not ' if route in outside else ''}between them"
        for route in given
        if route != "numeric"
    ]
    return Verdict.KINK, "; ".join([where + cause, *spoken])
