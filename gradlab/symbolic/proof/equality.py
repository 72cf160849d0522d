"""Proving that two expressions are equal: by rational arithmetic, else enclosed at points in every range."""

from __future__ import annotations

from functools import lru_cache

from gradlab.graph.nodes import Node
from gradlab.symbolic.proof import rational
from gradlab.symbolic.proof.balls import enclosed
from gradlab.symbolic.proof.evidence import Evidence, compared
from gradlab.symbolic.proof.trials import tried

REMEMBERED = 4_096
"""Equalities whose proof is kept: the same rule on the same kind of operation is proved once."""


@lru_cache(REMEMBERED)
def prove_equal(before: Node, after: Node) -> Evidence:
    """Return how surely two expressions are equal wherever both have a value.

    >>> from gradlab.sources import as_function
    >>> prove_equal(as_function("x (x + 1)").formula, as_function("x^2 + x").formula)
    <Evidence.EXACT: 'exact'>
    >>> prove_equal(as_function("sin(x)^2").formula, as_function("1 - cos(x)^2").formula)
    <Evidence.CERTIFIED: 'certified'>
    """
    if before is after or rational.are_equal(before, after):
        return Evidence.EXACT
    return enclosed_equal(before, after)


def enclosed_equal(before: Node, after: Node) -> Evidence:
    """Return what enclosures at several points say of the equality of two expressions."""
    try:
        return tried([before], [after], lambda values, sizes: compared(*enclosed([before, after], values, sizes)))
    except TypeError:  # a derivative through an operation that has no slope by definition
        return Evidence.UNPROVED
