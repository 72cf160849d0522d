"""Proving steps without the rules that made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlab.graph.kinds import Derivative
from gradlab.symbolic.proof.equality import prove_equal
from gradlab.symbolic.proof.evidence import Evidence
from gradlab.symbolic.proof.flows import prove_flow
from gradlab.symbolic.proof.forward import prove_applied

if TYPE_CHECKING:
    from gradlab.symbolic.steps import Step

__all__ = ["Evidence", "prove", "prove_equal"]


def prove(step: Step) -> Evidence:
    """Return how surely *step* is right."""
    if step.flow is not None:
        return prove_flow(step, step.flow)
    before, after = step.before, step.after
    if isinstance(before, Derivative):
        if isinstance(after, Derivative) and before.wrt is after.wrt:
            found = prove_equal(before.operands[0], after.operands[0])
            if found is not Evidence.REFUTED:  # what differs by a constant has the same derivative
                return found
        return prove_applied(before, after)
    return prove_equal(before, after)
