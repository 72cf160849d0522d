"""Entries that are chosen by the values of others: one-hot factors, the largest of many."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase

from gradlab.graph.kinds import Cumulative, Extremum, Gather, OneHot, Positions, ScatterAdd, Winners
from gradlab.graph.sizes import Axes, Size
from gradlab.symbolic.notation.fragments import (
    ATOM,
    COMPARISON,
    PRODUCT,
    Fragment,
    call,
    einsum,
    indices,
    infix,
    sizes,
    spread,
    total,
    written,
)

# Positions ---------------------------------------------------------------------------------------


@written.register
def _(node: Positions, parts: Sequence[Fragment]) -> Fragment:
    counted = call("arange", *sizes(node.axes))
    first = Fragment(str(abs(node.first)), ATOM)
    return total([("+", counted), ("+" if node.first > 0 else "-", first)]) if node.first else counted


def _one_hot(part: Fragment, axes: Axes, size: Size, wrapped: bool) -> Fragment:
    """Return the array that is 1 where *part* is the position along a new last axis of *size*, else 0."""
    whole, row, extents = indices((*axes, size), (len(axes),))
    classes = call("mod", part, str(size)) if wrapped else part
    counted = spread(call("arange", str(size)), whole[-1], whole, extents)
    return infix(spread(classes, row, whole, extents), "==", counted)


@written.register
def _(node: OneHot, parts: Sequence[Fragment]) -> Fragment:
    return _one_hot(parts[0], node.operands[0].axes, node.size, node.checked)


def _at_positions(
    node: Gather | ScatterAdd, parts: Sequence[Fragment], array: Axes
) -> tuple[list[Fragment], list[str], str, str]:
    """Return the one-hot factors with their rows, the row of the whole array and that of the chosen entries."""
    indices = node.operands[1:]
    inner = ascii_uppercase[: indices[0].rank]
    whole = ascii_lowercase[: len(array)]
    chosen = whole[node.axis : node.axis + len(indices)]
    factors = [
        _one_hot(part, index.axes, array[node.axis + place], True)
        for place, (part, index) in enumerate(zip(parts[1:], indices, strict=True))
    ]
    return factors, [f"{inner}{letter}" for letter in chosen], whole, whole.replace(chosen, inner)


@written.register
def _(node: Gather, parts: Sequence[Fragment]) -> Fragment:
    factors, rows, whole, output = _at_positions(node, parts, node.operands[0].axes)
    return einsum(f"{','.join([*rows, whole])}->{output}", *factors, parts[0])


@written.register
def _(node: ScatterAdd, parts: Sequence[Fragment]) -> Fragment:
    factors, rows, whole, inner = _at_positions(node, parts, node.axes)
    return einsum(f"{','.join([*rows, inner])}->{whole}", *factors, parts[0])


@written.register
def _(node: Cumulative, parts: Sequence[Fragment]) -> Fragment:
    whole, _, extents = indices(node.axes, ())
    letter, size = whole[node.axis], str(extents[whole[node.axis]])
    reached = infix(
        einsum("z->za", call("arange", size), size), "<=" if node.reverse else ">=",
        einsum("a->za", call("arange", size), size),
    )  # fmt: skip
    return einsum(f"z{letter},{whole}->{whole.replace(letter, 'z')}", reached, parts[0])


# Extremes ----------------------------------------------------------------------------------------


def _winners(node: Extremum | Winners, part: Fragment) -> Fragment:
    """Return 1 for the entries that no other one beats; shared among them where the node says so."""
    axes = node.operands[0].axes
    whole, kept, extents = indices(axes, node.over)
    others = "".join(letter.upper() if axis in node.over else letter for axis, letter in enumerate(whole))
    rivals = "".join(letter for letter in others if letter.isupper())
    every = whole + rivals
    lengths = {**extents, **{letter.upper(): size for letter, size in extents.items()}}
    over = tuple(axes[axis] for axis in node.over)
    places = call("arange", "*".join(sizes(over)))
    if len(over) > 1:
        places = call("reshape", places, *sizes(over))
    own_place, other_place = (spread(places, row, every, lengths) for row in (rivals.lower(), rivals))
    own, other = (spread(part, row, every, lengths) for row in (whole, others))
    beaten = _product(infix(other_place, "!=", own_place), infix(other, ">" if node.largest else "<", own))
    if not node.shared:
        beaten += " + " + _product(infix(other_place, "<", own_place), infix(other, "==", own))
    won = Fragment(f"{einsum(f'{every}->{whole}', beaten).text} == 0", COMPARISON)
    if not node.shared:
        return won
    tied = spread(einsum(f"{whole}->{kept}", won), kept, whole, extents)
    return Fragment(f"{won.within(PRODUCT)}/{tied.text}", PRODUCT)


def _product(left: Fragment, right: Fragment) -> str:
    return f"{left.within(PRODUCT)}*{right.within(PRODUCT)}"


@written.register
def _(node: Winners, parts: Sequence[Fragment]) -> Fragment:
    return _winners(node, parts[0])


@written.register
def _(node: Extremum, parts: Sequence[Fragment]) -> Fragment:
    whole, kept, _ = indices(node.operands[0].axes, node.over)
    return einsum(f"{whole},{whole}->{kept}", _winners(node, parts[0]), parts[0])
