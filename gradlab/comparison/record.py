"""The record of a comparison: verdicts, values, and how they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradlab.comparison import attribution, causes, localisation, tables, wording
from gradlab.comparison.attribution import Attribution
from gradlab.comparison.verdicts import OWN, RANKED, Evidence, Judgement, Verdict
from gradlab.errors import GradientMismatch, GradlabError
from gradlab.graph import Function, Gradient, Point
from gradlab.graph.gradient import component_name
from gradlab.graph.precision import DTYPES

if TYPE_CHECKING:
    import numpy as np

    from gradlab.graph.point import Array
    from gradlab.symbolic import Derivation


@dataclass(frozen=True)
class ComponentVerdict:
    """What the routes say of one component.

    values: per route that speaks of it.  error: the bound of the numeric route, infinite without one.
    bound: how far the route named in *reason* may be from the reference.
    ulps: per route but those of gradlab's own numbers, how far it is from the exact value in ulps of its dtype.
    subgradients: per route, whether its value lies between the slopes of the two sides; empty but at a kink.
    """

    variable: str
    position: tuple[int, ...]
    values: Mapping[str, float]
    error: float
    bound: float
    verdict: Verdict
    reason: str
    ulps: Mapping[str, float] = field(default_factory=dict)
    subgradients: Mapping[str, bool] = field(default_factory=dict)

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
    derivation: behind the exact gradient; None without a formula.
    notes: what the routes want said, and why a route was left out.
    """

    function: Function
    at: Point
    wrt: tuple[str, ...]
    gradients: Mapping[str, Gradient]
    evidence: Evidence
    judgement: Judgement
    domain: str | None = None
    derivation: Derivation | None = None
    notes: tuple[str, ...] = ()

    @cached_property
    def verdict(self) -> Verdict:
        """The verdict on the worst component."""
        if not self.judgement.ranks.size:
            return Verdict.AGREE
        return RANKED[int(self.judgement.ranks.max())]

    @cached_property
    def dtypes(self) -> Mapping[str, str]:
        """Per route, the floating-point numbers that it computes in."""
        return {route: DTYPES[gradient.precision] for route, gradient in self.gradients.items()}

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

    @cached_property
    def cause(self) -> str:
        """Where gradients differ, what explains it: the operation of torch's at fault, or the claim's simple mistake.

        In a sentence or two; "" where nothing differs, or nothing simple explains it.
        """
        if self.verdict is not Verdict.DIFFER:
            return ""
        route, reference = self.culprit(int(self.judgement.order[0])), self.evidence.reference
        if route == "autodiff":
            return localisation.first_operation(self.gradients[route])
        if route is None or reference is None or route in OWN:
            return ""
        names = [name for name in self.wrt if name in self.gradients[route].partials]
        bound = self._by_variable(self.evidence.bound(route))
        claim = causes.Claim(
            route,
            {name: self.gradients[reference][name] for name in names},
            {name: self.gradients[route][name] for name in names},
            {name: bound[name] for name in names},
        )
        return causes.explained(claim, self.at, self.function, self.derivation)

    def attribution(self, route: str = "numeric", component: str | None = None) -> Attribution:
        """Return the error of one component by one route, split by what caused it.

        route: "numeric", split into truncation, step rounding and function rounding; any other into input rounding
            and evaluation.  component: its name, such as "w[2]"; the worst one by default.
        Raises GradlabError where there is no formula to measure by, or no value to split, and KeyError for a name
        that is none.

        >>> from gradlab import compare
        >>> split = compare("exp(x)", at=1).attribution("numeric")
        >>> sorted(split.parts)
        ['function rounding', 'step rounding', 'truncation']
        """
        place = int(self.judgement.order[0]) if component is None else self._place(component)
        variable, position = self.located(place)
        if self.derivation is None or "symbolic" not in self.gradients:
            raise GradlabError(f"{self.function.signature} has no formula: the exact value is not known")
        if route not in self.gradients or variable not in self.gradients[route].partials:
            raise GradlabError(f"no gradient of the {route} route there; the routes are {', '.join(self.gradients)}")
        gradient, exact = self.gradients[route], self.gradients["symbolic"]
        if route == "numeric":
            return attribution.of_estimate(self.function, gradient, exact, variable, position)
        return attribution.of_torch(self.derivation, gradient, exact, variable, position)

    def attributions(self, component: str | None = None) -> tuple[Attribution, ...]:
        """Return `attribution` for every route that it can be had for; the worst component by default."""
        found = []
        for route in self.gradients:
            try:
                found += [self.attribution(route, component)] if route != "symbolic" else []
            except GradlabError:  # at a kink, without a formula, or no value of this route there
                continue
        return tuple(found)

    def _place(self, component: str) -> int:
        names = [component_name(*self.located(place)) for place in range(self.judgement.ranks.size)]
        if component not in names:
            raise KeyError(f"no component {component!r}; there are {', '.join(names[:20])}")
        return names.index(component)

    def _by_variable(self, row: Any) -> dict[str, Any]:
        """Return a row of all components as arrays in the shapes of the variables."""
        found, start = {}, 0
        for name in self.wrt:
            size = self.at[name].size
            found[name] = row[start : start + size].reshape(self.at[name].shape)
            start += size
        return found

    def _speaking(self) -> str:
        """Return the routes, and of how many components one speaks that leaves some out."""
        counts = {route: int(given.sum()) for route, given in self.evidence.given.items()}
        total = self.judgement.ranks.size
        return tables.listed([r if counts[r] == total else f"{r} on {counts[r]:,} of them" for r in self.gradients])

    def check(self) -> Comparison:
        """Return this comparison; raise GradientMismatch if gradients differ.

        A kink, an unstable or an undecided component raises nothing: none says that a gradient is wrong.
        """
        if self.verdict is not Verdict.DIFFER:
            return self
        raise GradientMismatch(self._mismatch())

    def component(self, place: int) -> ComponentVerdict:
        """Return the verdict on the component at *place* in the row of all components."""
        variable, position = self.located(place)
        evidence = self.evidence
        values = {
            route: float(value[place]) for route, value in evidence.values.items() if evidence.given[route][place]
        }
        verdict = RANKED[int(self.judgement.ranks[place])]
        route = self.culprit(place)
        bound = float(evidence.bound(route)[place]) if route and evidence.reference else float("inf")
        reason = wording.reason(self, place, verdict, values, bound)
        return ComponentVerdict(
            variable,
            position,
            values,
            float(evidence.error[place]),
            bound,
            verdict,
            reason,
            {route: float(row[place]) for route, row in self.ulps.items() if row[place] == row[place]},
            self.subgradients(place),
        )

    def located(self, place: int) -> tuple[str, tuple[int, ...]]:
        """Return the variable and the position of the component at *place* in the row of all components."""
        import numpy as np

        for name in self.wrt:
            size = self.at[name].size
            if place < size:
                return name, tuple(int(index) for index in np.unravel_index(place, self.at[name].shape))
            place -= size
        raise IndexError(place)

    def culprit(self, place: int) -> str | None:
        """Return the route that is furthest from the reference; None where there is no other."""
        routes = self.judgement.routes
        return routes[int(self.judgement.culprit[place])] if routes else None

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
        route, reference = self.culprit(int(self.judgement.order[0])), self.evidence.reference
        if route and reference and route in worst.values:
            lines += [
                f" ACTUAL ({route}): {worst.values[route]!r}",
                f" DESIRED ({reference}): {worst.values.get(reference, float('nan'))!r}",
                f" BOUND: {worst.bound:.3g}",
            ]
        return "\n".join([*lines, *([self.cause] if self.cause else [])])

    # What is measured beside the verdict ---------------------------------------------------------

    @cached_property
    def ulps(self) -> Mapping[str, Array]:
        """Per route but those of gradlab's own numbers, how far each component is from the exact value, in ulps.

        In ulps of the dtype of that route, all components in one row. NaN where the route says nothing, where there is
        no formula, and where the exact value itself is not known to an ulp.
        """
        return {route: self.evidence.ulps(route) for route in self.gradients if route not in ("symbolic", "numeric")}

    def subgradients(self, place: int) -> dict[str, bool]:
        """Return per route whether its value at a kink lies between the slopes on the two sides; {} elsewhere.

        Along one component that is what makes a number a subgradient: of f where the slope rises, of -f where it falls.
        """
        evidence = self.evidence
        if not evidence.kinks[place]:
            return {}
        speaking = [route for route in evidence.values if route != "numeric" and evidence.given[route][place]]
        return {route: bool(evidence.excess(route)[place] <= 1) for route in speaking}

    # Showing -----------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return tables.text(self)

    def _repr_html_(self) -> str:
        return tables.html(self)

    def markdown(self, words: Mapping[str, str] | None = None) -> str:
        """Return the table as Markdown, with the reason below it.

        words: what its heads and verdicts are called, by the English word; as they are by default.
        """
        return tables.markdown(self, words)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data: numbers, strings, lists and dicts."""
        return {
            "function": self.function.signature,
            "at": {name: array.tolist() for name, array in self.at.items()},
            "verdict": str(self.verdict),
            "reason": self.reason,
            "cause": self.cause,
            "routes": list(self.gradients),
            "dtypes": dict(self.dtypes),
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
                    "ulps": dict(entry.ulps),
                    "subgradients": dict(entry.subgradients),
                }
                for entry in self.components
            ],
            "notes": list(self.notes),
        }

    def verdicts(self) -> Mapping[str, np.ndarray[Any, Any]]:
        """Return per variable the verdicts, as an array of its shape."""
        import numpy as np

        return self._by_variable(np.array([str(verdict) for verdict in RANKED])[self.judgement.ranks])
