"""Operations on matrices."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase

from gradlab.graph.kinds import Cholesky, Determinant, DeterminantSign, Inverse, LogDeterminant, Solve, Triangle
from gradlab.symbolic.notation.fragments import ATOM, SUM, Fragment, call, einsum, indices, infix, spread, written

# Matrices ----------------------------------------------------------------------------------------


@written.register
def _(node: Inverse, parts: Sequence[Fragment]) -> Fragment:
    return call("inv", *parts)


@written.register
def _(node: Solve, parts: Sequence[Fragment]) -> Fragment:
    rank = node.operands[1].rank
    letters = ascii_lowercase[: rank - (0 if node.vector else 1)]
    column = "" if node.vector else "y"
    *outer, inner = letters
    lead = "".join(outer)
    return einsum(f"{lead[node.missing :]}z{inner},{letters}{column}->{lead}z{column}", call("inv", parts[0]), parts[1])


@written.register
def _(node: Determinant, parts: Sequence[Fragment]) -> Fragment:
    return call("det", *parts)


@written.register
def _(node: DeterminantSign, parts: Sequence[Fragment]) -> Fragment:
    return call("sign", call("det", *parts))


@written.register
def _(node: LogDeterminant, parts: Sequence[Fragment]) -> Fragment:
    return call("log", call("abs", call("det", *parts)) if node.absolute else call("det", *parts))


@written.register
def _(node: Triangle, parts: Sequence[Fragment]) -> Fragment:
    whole, _, extents = indices(node.axes, ())
    row, column = (
        spread(call("arange", str(extents[letter])), letter, whole, extents) for letter in (whole[-2], whole[-1])
    )
    above = Fragment(f"{column.text} - {row.text}", SUM)
    return call("where", infix(above, ">=" if node.upper else "<=", Fragment(str(node.offset), ATOM)), parts[0], "0")


@written.register
def _(node: Cholesky, parts: Sequence[Fragment]) -> Fragment:
    # Its value is the factor of the symmetric part.
    whole, *_ = indices(node.axes, ())
    turned = einsum(f"{whole}->{whole[:-2]}{whole[-1]}{whole[-2]}", parts[0])
    return call("cholesky", f"({parts[0].within(SUM)} + {turned.text})/2")
