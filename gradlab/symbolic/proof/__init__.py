"""Proving steps without the rules that made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlab.graph.kinds import Derivative, Frozen, Variable
from gradlab.graph.nodes import Node, rebuild, topological
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
    if not isinstance(before, Derivative):
        return prove_equal(before, after)
    if isinstance(after, Derivative) and before.wrt is after.wrt:
        found = _prove_rewritten(before.operands[0], after.operands[0], before.wrt)
        if found in (Evidence.EXACT, Evidence.CERTIFIED):
            return found
    return prove_applied(before, after)  # what differs by a constant has the same derivative


def _prove_rewritten(before: Node, after: Node, wrt: Node) -> Evidence:
    """Return how surely two expressions are equal as functions of *wrt*, which may be the name of a value.

    A value that is held constant is not that function of *wrt* which has the same value.
    """
    if any(isinstance(node, Frozen) for node in topological([before, after])):
        return Evidence.UNPROVED
    if isinstance(wrt, Variable):
        return prove_equal(before, after)
    free = Variable(f"free {wrt!r}", wrt.axes)
    return prove_equal(*rebuild([before, after], replace=lambda old, new: free if old is wrt else new))
