"""Proving that two expressions are equal: by rational arithmetic, else enclosed at points in every range."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from gradlab.graph import algebra
from gradlab.graph.kinds import Contraction
from gradlab.graph.nodes import Node, topological
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
    found = enclosed_equal(before, after)
    if found is Evidence.UNPROVED:
        left = _without_common_factors(before, after)
        return prove_equal(*left) if left is not None else found
    return found


def _without_common_factors(before: Node, after: Node) -> tuple[Node, Node] | None:
    """Return two products without the factors of both, None where they have none: what is left need not be tried there.

    [min(x, 1/x) < 2] holds everywhere; that no point lies on its other side is no matter if it stands on both sides.
    """
    if not all(isinstance(side, Contraction) and not side.extents for side in (before, after)):
        return None
    common = Counter(before.operands) & Counter(after.operands)
    if not common:
        return None
    sides = [list((Counter(side.operands) - common).elements()) for side in (before, after)]
    first, second = (algebra.contract(side, [()] * len(side), (), ()) for side in sides)
    return first, second


def enclosed_equal(before: Node, after: Node) -> Evidence:
    """Return what enclosures at several points say of the equality of two expressions."""
    try:
        return tried(
            topological([before, after]), lambda values, sizes: compared(*enclosed([before, after], values, sizes))
        )
    except TypeError:  # a derivative through an operation that has no slope by definition
        return Evidence.UNPROVED
