"""Assertions about the gradient of a function: of values that are claimed, and of gradlab's routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gradlab.comparison import Comparison, Verdict, compare
from gradlab.comparison.verdicts import RANKED, ROUNDING, judge
from gradlab.errors import GradientNotConfirmed, PointError
from gradlab.graph.bounded import MARGIN
from gradlab.misuse import explains_misuse
from gradlab.testing.wording import restless, told

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@explains_misuse
def assert_gradient(
    f: Any, at: Any, claimed: Any, *, wrt: str | Sequence[str] | None = None, kinks: bool = False
) -> Comparison:
    """Return the comparison that confirms *claimed* as the gradient of *f*; raise where it is not confirmed.

    f: anything `gradlab.as_function` takes, with a scalar value.
    at: a mapping from variable to number or array, or the bare value of the only variable.
    claimed: a mapping from variable to values of its shape, the bare values of the only variable, or a function of
    the variables in order that returns either.
    wrt: the variables that are claimed; all by default, and then *claimed* has to give them all.
    kinks: take a value between the slopes on the two sides of a kink; without it a kink is not confirmed.

    There is no tolerance. A component is confirmed where it lies within the bound of its reference: the exact gradient
    where f has a formula, else finite differences with their own error. A claim in float32 is judged by float32.
    What ``backward()`` makes of f is no part of it, except where nothing else decides.

    Raises GradientNotConfirmed, an AssertionError, where a component differs, is at a kink or is undecided: the
    message says which, and for what is undecided what would decide it. PointError where the point does not fit or
    *claimed* leaves a variable out, ShapeError for a claimed value of another shape.

    >>> comparison = assert_gradient("x**2 + y", {"x": 3, "y": 1}, {"x": 6, "y": 1})
    >>> assert_gradient("x**2", 3, 7)
    Traceback (most recent call last):
    gradlab.errors.GradientNotConfirmed: gradient of f(x) not confirmed at x = 3
    Mismatched components: 1 / 1 (100%)
    Worst: x, 1 apart, 1e+14 times the bound 9.8e-15
     ACTUAL (claimed):   7.0
     DESIRED (symbolic): 6.0
    """
    if claimed is None:
        raise TypeError("claimed is None; give the gradient, or use assert_gradients_agree(f, at) to check f's own")
    comparison = _on_the_claim(compare(f, at, wrt=wrt, claimed=claimed))
    _all_claimed(comparison)
    return _confirmed(comparison, ("claimed",), kinks)


@explains_misuse
def assert_gradients_agree(
    f: Any, at: Any, *, wrt: str | Sequence[str] | None = None, kinks: bool = False
) -> Comparison:
    """Return the comparison of gradlab's routes to the gradient of *f*; raise unless they agree on every component.

    f, at, wrt: as for `assert_gradient`.  kinks: let the routes choose their values between the slopes of a kink.
    The routes are the formula, finite differences, and ``backward()`` through f itself. One that cannot be taken, as
    the formula of a simulator, is left out; the notes of the comparison say so. Two are needed.

    Raises GradientNotConfirmed as `assert_gradient` does, and where ``backward()`` loses its digits.

    >>> assert_gradients_agree("x*sin(x)", 2).verdict
    <Verdict.AGREE: 'agree'>
    >>> assert_gradients_agree("abs(x)", 0, kinks=True).verdict
    <Verdict.KINK: 'kink'>
    """
    return _confirmed(compare(f, at, wrt=wrt), ("symbolic", "autodiff"), kinks)


def _on_the_claim(comparison: Comparison) -> Comparison:
    """Return the comparison without torch's route, which only has a say on components that nothing else decides."""
    import numpy as np

    evidence, judgement = comparison.evidence, comparison.judgement
    without = {name: value for name, value in evidence.values.items() if name != "autodiff"}
    if len(without) == len(evidence.values):
        return comparison
    alone = replace(evidence, values=without, unstable={})
    judged = judge(alone)
    left_open = judged.ranks == RANKED.index(Verdict.UNDECIDED)
    # Without a formula, torch is the claim's witness; where it contradicts the claim, it proves nothing against it.
    witnessed = left_open & (judgement.ranks == RANKED.index(Verdict.AGREE))
    ranks = np.where(witnessed, judgement.ranks, judged.ranks)
    others = {name: gradient for name, gradient in comparison.gradients.items() if name != "autodiff"}
    return replace(comparison, gradients=others, evidence=alone, judgement=replace(judged, ranks=ranks))


def _all_claimed(comparison: Comparison) -> None:
    claimed = comparison.gradients["claimed"].partials
    missing = [name for name in comparison.wrt if name not in claimed]
    if missing:
        one = next(iter(claimed), comparison.wrt[0])
        raise PointError(
            f"nothing is claimed for {', '.join(missing)}, which would pass unseen; "
            f"to check the others alone write wrt={[*claimed] or [one]!r}"
        )


def _confirmed(comparison: Comparison, routes: tuple[str, ...], kinks: bool) -> Comparison:
    failed = failing(comparison, routes, kinks)
    if not failed.any():
        return comparison
    raise GradientNotConfirmed("\n".join([told(comparison, failed, kinks), *restless(comparison)]))


def failing(comparison: Comparison, routes: tuple[str, ...], kinks: bool) -> NDArray[np.bool_]:
    """Return which components are not confirmed: all that do not agree, but for *kinks* of which they may be.

    routes: those whose value at a kink has to be a subgradient.
    """
    ranks = comparison.judgement.ranks
    passed = ranks == RANKED.index(Verdict.AGREE)
    if kinks:
        passed |= (ranks == RANKED.index(Verdict.KINK)) & _subgradients(comparison, routes)
    return ~passed


def _subgradients(comparison: Comparison, routes: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return where each of the *routes* has a value between the slopes on the two sides."""
    import numpy as np

    evidence = comparison.evidence
    within = np.ones(evidence.error.size, dtype=bool)
    for route in (route for route in routes if route in evidence.values):
        between = evidence.excess(route) <= 1
        # An operation of f is at its kink, and f is smooth all the same, as relu(x) - relu(-x): the slope is measured.
        value, measured = evidence.values[route], evidence.values.get("numeric", evidence.values[route])
        near = np.abs(value - measured) <= evidence.error + MARGIN * ROUNDING * np.abs(measured)
        within &= np.where(evidence.kinks, between, near)
    return within
