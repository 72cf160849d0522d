"""The record of a comparison: verdicts, values, and how they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradlab.comparison import tables
from gradlab.comparison.verdicts import RANKED, Evidence, Judgement, Verdict
from gradlab.errors import GradientMismatch
from gradlab.graph import Function, Gradient, Point
from gradlab.graph.gradient import component_name

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class ComponentVerdict:
    """What the routes say of one component.

    values: per route that speaks of it.  error: the bound of the numeric route, infinite without one.
    bound: how far the route named in *reason* may be from the reference.
    """

    variable: str
    position: tuple[int, ...]
    values: Mapping[str, float]
    error: float
    bound: float
    verdict: Verdict
    reason: str

    @property
    def name(self) -> str:
        """The component as code writes it: ``w[2]``."""
        return component_name(self.variable, self.position)


@dataclass(frozen=True, eq=False)
class Comparison:
    """The gradients of one function at one point, and the verdict on them.

    function, at, wrt: what was compared, where, with respect to which variables.
    gradients: per route that could be taken.
    evidence, judgement: the same, all components in one row, and the verdict on each.
    domain: why f or its gradient has no finite value there, if so.
    notes: what the routes want said, and why a route was left out.
    """

    function: Function
    at: Point
    wrt: tuple[str, ...]
    gradients: Mapping[str, Gradient]
    evidence: Evidence
    judgement: Judgement
    domain: str | None = None
    notes: tuple[str, ...] = ()

    @cached_property
    def verdict(self) -> Verdict:
        """The verdict on the worst component."""
        if not self.judgement.ranks.size:
            return Verdict.AGREE
        return RANKED[int(self.judgement.ranks.max())]

    @cached_property
    def components(self) -> tuple[ComponentVerdict, ...]:
        """The verdict on every component, worst first."""
        return tuple(self.component(int(place)) for place in self.judgement.order)

    @cached_property
    def worst(self) -> ComponentVerdict | None:
        """The component that says most against the gradients; None if there is none."""
        order = self.judgement.order
        return self.component(int(order[0])) if order.size else None

    @cached_property
    def reason(self) -> str:
        """One sentence: the worst component, the routes, and how far apart they are in multiples of the bound."""
        worst = self.worst
        if worst is None:
            return "there are no components to compare"
        count = self.judgement.ranks.size
        if self.verdict is Verdict.AGREE and count > 1 and not self.judgement.excess.any():
            return f"all {count:,} components agree ({self._speaking()}), exactly"
        if self.verdict is Verdict.AGREE and count > 1:
            return f"all {count:,} components agree; the worst is {worst.name}: {worst.reason}"
        same = int((self.judgement.ranks == self.judgement.ranks.max()).sum())
        if same == 1 or self.verdict is Verdict.AGREE:
            return f"{worst.name}: {worst.reason}"
        return f"{same:,} of {count:,} components: {self.verdict}; the worst is {worst.name}: {worst.reason}"

    def _speaking(self) -> str:
        """Return the routes, and of how many components one speaks that leaves some out."""
        counts = {route: int(given.sum()) for route, given in self.evidence.given.items()}
        total = self.judgement.ranks.size
        return tables.listed([r if counts[r] == total else f"{r} on {counts[r]:,} of them" for r in self.gradients])

    def check(self) -> Comparison:
        """Return this comparison; raise GradientMismatch if gradients differ.

        A kink or an undecided component raises nothing: neither says that a gradient is wrong.
        """
        if self.verdict is not Verdict.DIFFER:
            return self
        raise GradientMismatch(self._mismatch())

    def component(self, place: int) -> ComponentVerdict:
        """Return the verdict on the component at *place* in the row of all components."""
        variable, position = self._located(place)
        evidence = self.evidence
        values = {
            route: float(value[place]) for route, value in evidence.values.items() if evidence.given[route][place]
        }
        verdict = RANKED[int(self.judgement.ranks[place])]
        route = self._culprit(place)
        bound = float(evidence.bound(route)[place]) if route and evidence.reference else float("inf")
        reason = self._why(place, verdict, values, bound)
        return ComponentVerdict(variable, position, values, float(evidence.error[place]), bound, verdict, reason)

    def _located(self, place: int) -> tuple[str, tuple[int, ...]]:
        import numpy as np

        for name in self.wrt:
            size = self.at[name].size
            if place < size:
                return name, tuple(int(index) for index in np.unravel_index(place, self.at[name].shape))
            place -= size
        raise IndexError(place)

    def _culprit(self, place: int) -> str | None:
        routes = self.judgement.routes
        return routes[int(self.judgement.culprit[place])] if routes else None

    # In words ----------------------------------------------------------------------------------

    def _why(self, place: int, verdict: Verdict, values: Mapping[str, float], bound: float) -> str:
        if verdict is Verdict.UNDECIDED:
            return self._why_undecided(place, values, bound)
        if self.evidence.kinks[place]:
            return self._why_kink(place, values)
        reference, route = self.evidence.reference, self._culprit(place)
        assert reference is not None
        assert route is not None
        excess = float(self.judgement.excess[place])
        if verdict is Verdict.AGREE and self.evidence.hidden[place] > 0:
            return (
                f"numeric is {values['numeric']:.6g} and {reference} {values[reference]:.6g}: evaluated as it is "
                f"written, {self.function.name} loses the difference to rounding"
            )
        if route not in values or values[route] != values[route]:
            if verdict is Verdict.AGREE:
                others = [name for name, value in values.items() if value == value]
                return f"{tables.listed(others)} agree; {route} has no value here"
            return f"{route} is not a number, but {reference} is {values[reference]:.10g}"
        apart = abs(values[route] - values[reference])
        if verdict is Verdict.AGREE and apart == 0:
            return f"{tables.listed(values)} are equal"
        if verdict is Verdict.AGREE:
            return f"{route} is {apart:.2g} from {reference}, {excess:.2g} times the bound {bound:.2g}"
        if verdict is Verdict.KINK:
            return (
                f"{route} is {values[route]:.10g} but {reference} is {values[reference]:.10g}; "
                f"{self.evidence.switches[0]}, and the formula's value there is a convention"
            )
        return (
            f"{route} is {values[route]:.10g} but {reference} is {values[reference]:.10g}: "
            f"{apart:.3g} apart, {excess:.3g} times the bound {bound:.2g}"
        )

    def _why_kink(self, place: int, values: Mapping[str, float]) -> str:
        left, right = float(self.evidence.left[place]), float(self.evidence.right[place])
        variable, position = self._located(place)
        here = f"{component_name(variable, position)} = {self.at[variable][position]:.6g}"
        inside = [r for r in values if r != "numeric" and self.evidence.excess(r)[place] <= 1]
        outside = [r for r in values if r != "numeric" and r not in inside]
        said = f"kink at {here}, slope {left:.6g} to the left and {right:.6g} to the right"
        for routes, where in ((inside, "between them"), (outside, "not between them")):
            if routes:
                told = ", ".join(f"{route} {values[route]:.6g}" for route in routes)
                said += f"; {where}: {told}"
        return said

    def _why_undecided(self, place: int, values: Mapping[str, float], bound: float) -> str:
        if self.domain is not None:
            return self.domain
        if self.evidence.jumps[place]:
            variable, position = self._located(place)
            here = f"{component_name(variable, position)} = {self.at[variable][position]:.6g}"
            return (
                f"at {here} difference quotients grow without bound as the step shrinks: "
                f"{self.function.name} jumps or has a vertical tangent, and no gradient"
            )
        finite = [route for route, value in values.items() if abs(value) < float("inf")]
        lost = [route for route in values if route not in finite]
        if lost and len(finite) >= 1:
            told = ", ".join(f"{route} {values[route]:.10g}" for route in values)
            return f"{tables.listed(lost)} has no finite value here, which proves nothing: {told}"
        if len(finite) < 2:
            told = f"only the {finite[0]} route has a value" if finite else "no route has a value"
            mine = [note for note in self.notes if note.startswith(("numeric", "no "))]
            return f"{told} here{f' ({mine[0].splitlines()[0]})' if mine else ''}"
        if self.evidence.reference != "symbolic" and "numeric" in values:
            return (
                f"the routes are within the numeric bound {bound:.2g} of each other, but that is too large beside "
                f"{values['numeric']:.3g} to confirm it; a formula would decide"
            )
        if self.evidence.reference is None or "numeric" not in values:
            return "neither an exact gradient nor an error bound to measure the routes by"
        told = ", ".join(f"{route} {value:.6g}" for route, value in values.items())
        return f"rounding swamps the derivative of {self.function.name} as it is written here: {told}"

    def _mismatch(self) -> str:
        ranks = self.judgement.ranks
        worst = self.worst
        assert worst is not None
        count = int((ranks == RANKED.index(Verdict.DIFFER)).sum())
        lines = [
            f"gradients of {self.function.signature} differ at {self.at!r}",
            f"Mismatched components: {count} / {ranks.size} ({100 * count / ranks.size:.3g}%)",
            f"Worst: {worst.name}: {worst.reason}",
        ]
        route, reference = self._culprit(int(self.judgement.order[0])), self.evidence.reference
        if route and reference and route in worst.values:
            lines += [
                f" ACTUAL ({route}): {worst.values[route]!r}",
                f" DESIRED ({reference}): {worst.values.get(reference, float('nan'))!r}",
                f" BOUND: {worst.bound:.3g}",
            ]
        return "\n".join(lines)

    # Showing -----------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return tables.text(self)

    def _repr_html_(self) -> str:
        return tables.html(self)

    def markdown(self) -> str:
        """Return the table as Markdown, with the reason below it."""
        return tables.markdown(self)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data: numbers, strings, lists and dicts."""
        return {
            "function": self.function.signature,
            "at": {name: array.tolist() for name, array in self.at.items()},
            "verdict": str(self.verdict),
            "reason": self.reason,
            "routes": list(self.gradients),
            "components": [
                {
                    "component": entry.name,
                    "variable": entry.variable,
                    "position": list(entry.position),
                    "values": dict(entry.values),
                    "error": entry.error,
                    "bound": entry.bound,
                    "verdict": str(entry.verdict),
                    "reason": entry.reason,
                }
                for entry in self.components
            ],
            "notes": list(self.notes),
        }

    def verdicts(self) -> Mapping[str, np.ndarray[Any, Any]]:
        """Return per variable the verdicts, as an array of its shape."""
        import numpy as np

        told = np.array([str(verdict) for verdict in RANKED])[self.judgement.ranks]
        found, start = {}, 0
        for name in self.wrt:
            array = self.at[name]
            found[name] = told[start : start + array.size].reshape(array.shape)
            start += array.size
        return found
