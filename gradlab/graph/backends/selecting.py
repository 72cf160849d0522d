"""What the arithmetics share in choosing by position: whole numbers, gathering, adding back, the largest of many.

Positions are NumPy arrays of whole numbers in every arithmetic; they may have leading axes of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from gradlab.errors import DomainError


def flat_positions(indices: Sequence[Any], lengths: Sequence[int]) -> Any:
    """Return one whole number for each choice: its place in the chosen axes, laid out as one.

    indices: for each of these axes its positions, as floats; negative ones count from the end.
    Raises DomainError for what is no position.
    """
    import numpy

    flat: Any = 0
    for index, length in zip(indices, lengths, strict=True):
        places = _whole(index, length)
        flat = flat * length + numpy.where(places < 0, places + length, places)
    return numpy.asarray(flat)


def _whole(index: Any, length: int) -> Any:
    import numpy

    index = numpy.asarray(index)
    no_number = index != numpy.rint(index)
    if no_number.any():
        said = f"{index[no_number].flat[0]:.6g} is no position"
        raise DomainError(f"{said}: positions are whole numbers, and nothing is differentiated with respect to them")
    outside = ~((index >= -length) & (index < length))
    if outside.any():
        raise DomainError(f"position {index[outside].flat[0]:.0f} is outside an axis of length {length}")
    return index.astype(numpy.int64)


def gathered(module: Any, array: Any, flat: Any, rank: int, axis: int, count: int, index_rank: int) -> Any:
    """Return the entries of *array* at the places *flat* of *count* axes from *axis* on.

    rank, index_rank: the axes of the array and of the positions that are not leading ones.
    """
    lead, own = array.ndim - rank, flat.ndim - index_rank
    before, shape = lead + axis, tuple(array.shape)
    rest = shape[before + count :]
    merged = array.reshape((*shape[:before], prod(shape[before : before + count]), *rest))
    if not own:
        taken = merged[(slice(None),) * before + (flat.reshape(-1),)]
        return taken.reshape(shape[:before] + flat.shape + rest)
    batch, rows = _rows(flat, own, shape[:lead], merged.shape[before])
    merged = module.broadcast_to(merged, batch + tuple(merged.shape[lead:]))
    moved = module.moveaxis(merged, len(batch) + axis, len(batch))
    taken = moved.reshape((prod(moved.shape[: len(batch) + 1]), *moved.shape[len(batch) + 1 :]))[rows]
    taken = taken.reshape((*batch, prod(flat.shape[own:]), *moved.shape[len(batch) + 1 :]))
    taken = module.moveaxis(taken, len(batch), len(batch) + axis)
    return taken.reshape(batch + shape[lead:before] + flat.shape[own:] + rest)


Adding = Callable[[tuple[int, ...], int, Any, Any], Any]
"""(shape, axis, places, values) -> zeros of this shape with the values added at these places of one axis."""


def added(
    module: Any, array: Any, flat: Any, axes: tuple[int, ...], axis: int, count: int, index_rank: int, add: Adding
) -> Any:
    """Return zeros of *axes* with the entries of *array* added at the places *flat*: the adjoint of `gathered`."""
    kept = len(axes) - count
    lead, own = array.ndim - kept - index_rank, flat.ndim - index_rank
    before, shape, chosen = lead + axis, tuple(array.shape), prod(axes[axis : axis + count])
    rest = axes[axis + count :]
    merged = array.reshape((*shape[:before], prod(shape[before : before + index_rank]), *rest))
    if not own:
        result = add((*shape[:before], chosen, *rest), before, flat.reshape(-1), merged)
        return result.reshape(shape[:lead] + axes)
    batch, rows = _rows(flat, own, shape[:lead], chosen)
    merged = module.broadcast_to(merged, batch + tuple(merged.shape[lead:]))
    moved = module.moveaxis(merged, len(batch) + axis, len(batch))
    others = tuple(moved.shape[len(batch) + 1 :])
    values = moved.reshape((rows.shape[0], *others))
    result = add((prod(batch) * chosen, *others), 0, rows, values).reshape((*batch, chosen, *others))
    return module.moveaxis(result, len(batch), len(batch) + axis).reshape(batch + axes)


def _rows(flat: Any, own: int, lead: tuple[int, ...], length: int) -> tuple[tuple[int, ...], Any]:
    """Return the common leading axes, and the places as rows of everything laid out below each other."""
    import numpy

    batch = numpy.broadcast_shapes(lead, flat.shape[:own])
    wide = numpy.broadcast_to(flat, batch + flat.shape[own:]).reshape((prod(batch), -1))
    return batch, (wide + length * numpy.arange(prod(batch))[:, None]).reshape(-1)


def chosen_lengths(array: Any, rank: int, axis: int, count: int) -> tuple[int, ...]:
    """Return the lengths of *count* axes from *axis* on, leading axes not counted."""
    start = array.ndim - rank + axis
    return tuple(array.shape[start : start + count])


def cumulated(numpy: Any, array: Any, axis: int, reverse: bool) -> Any:
    """Return the sums up to each entry, or from each on."""
    if not reverse:
        return numpy.cumsum(array, axis=axis)
    return numpy.flip(numpy.cumsum(numpy.flip(array, axis), axis=axis), axis)


# The largest of many -----------------------------------------------------------------------------


def laid_out(module: Any, array: Any, axes: Sequence[int]) -> tuple[Any, Callable[[Any], Any]]:
    """Return *array* with *axes*, counted from the end, as one last axis, and what puts them back."""
    count = len(axes)
    ends = tuple(range(-count, 0))
    moved = module.moveaxis(array, tuple(axes), ends)
    shape = tuple(moved.shape)
    if not prod(shape[-count:]):
        raise DomainError("the largest or smallest of no entries")

    def back(flat: Any) -> Any:
        return module.moveaxis(flat.reshape(shape), ends, tuple(axes))

    return moved.reshape((*shape[:-count], prod(shape[-count:]))), back


def largest_balls(numpy: Any, array: Any, axes: Sequence[int], largest: bool) -> Any:
    """Return balls that enclose the largest or the smallest entry."""
    flat, _ = laid_out(numpy, array, axes)
    larger = numpy.frompyfunc((lambda u, v: u.max(v)) if largest else (lambda u, v: u.min(v)), 2, 1)
    return larger.reduce(flat, axis=-1)


def winning_balls(flint: Any, numpy: Any, array: Any, axes: Sequence[int], largest: bool, shared: bool) -> Any:
    """Return 1 for the largest entry, 0 for the others; [0, 1] where the balls do not tell."""
    flat, back = laid_out(numpy, array, axes)
    result = numpy.empty(flat.shape, dtype=object)
    for row in numpy.ndindex(flat.shape[:-1]):
        result[row] = _winning(flint, list(flat[row]), largest, shared)
    return back(result)


def _winning(flint: Any, balls: list[Any], largest: bool, shared: bool) -> list[Any]:
    def beats(first: Any, second: Any) -> bool:
        return bool(first > second if largest else first < second)

    # Whoever surely loses to one that may be the largest is out.
    top = balls[0]
    for ball in balls[1:]:
        top = top.max(ball) if largest else top.min(ball)
    standing = [place for place, ball in enumerate(balls) if not beats(top, ball)]
    equal = all(balls[place].is_exact() and balls[place] == balls[standing[0]] for place in standing)
    share = flint.arb(1) / len(standing) if equal or len(standing) == 1 else flint.arb(0.5, 0.5)
    winners = standing if shared or not equal else standing[:1]
    share = share if shared or not equal else flint.arb(1)
    return [share if place in winners else flint.arb(0) for place in range(len(balls))]
