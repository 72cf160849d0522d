"""Arrays of numbers that are known but for a radius, and that carry their derivative with them.

A number is a power series of two terms in Arb's ball arithmetic: its value, and its derivative in the one direction
that is followed. So no derivative is looked up here: they follow from the functions.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import combinations_with_replacement, product, repeat
from math import prod
from typing import Any, NamedTuple

from flint import arb, arb_series

from gradlab.errors import ShapeError

LARGEST = 10**6
"""Numbers in one operation."""

LETTERS = "abcdefghijklmnopqrstuvw"

Number = Any


def enclosed(value: Any, slope: Any = 0) -> Number:
    """Return a number with its derivative."""
    return arb_series([value, slope], 2)


ZERO, ONE, NONE, EITHER = enclosed(0), enclosed(1), enclosed(arb.nan(), arb.nan()), enclosed(arb(0.5, 0.5))
"""NONE: no number.  EITHER: the truth of a comparison that is not decided."""


def divided(u: Number, v: Number) -> Number:
    """Return u/v, which is no number where v may be 0."""
    return NONE if v[0].contains(0) else u / v


def compared(holds: Callable[..., Any], fails: Callable[..., Any], u: Number, v: Number) -> Number:
    """Return 1 where *holds* is certain, 0 where *fails* is; neither at a tie that a small step would break."""
    if u[0] == v[0] and not (u - v)[1] == 0:  # noqa: SIM201 - a ball may be neither equal nor unequal to 0
        return EITHER
    return ONE if holds(u[0], v[0]) else ZERO if fails(u[0], v[0]) else EITHER


def decided(condition: Number, u: Number, v: Number) -> Number:
    """Return u where the condition is above 1/2, else v; what encloses both where it is not known."""
    if condition[0] > 0.5 or condition[0] <= 0.5:
        return u if condition[0] > 0.5 else v
    return enclosed(u[0].union(v[0]), u[1].union(v[1]))


def floored(u: Number) -> Number:
    """Return the whole number below u; it is no number where it jumps."""
    below = u[0].floor()
    return NONE if u[0] == below and not u[1].is_zero() else enclosed(below)


def polygamma(order: int, u: Number) -> Number:
    """Return a derivative of ψ = -(1/Γ)' / (1/Γ), from the power series of 1/Γ."""
    need(0 <= order <= 100, f"polygamma takes an order from 0 to 100, not {order}")
    series = arb_series([u[0], 1], order + 3).rgamma()
    psi, scale = -divided(series.derivative(), series), arb(order).fac()
    return enclosed(scale * psi[order], scale * (order + 1) * psi[order + 1] * u[1])


# Arrays ------------------------------------------------------------------------------------------


class Array(NamedTuple):
    """Numbers by their places, in order; a single number has the shape ()."""

    shape: tuple[int, ...]
    at: dict[tuple[int, ...], Number]


def need(condition: bool, message: str) -> None:
    """Raise ShapeError unless the condition holds."""
    if not condition:
        raise ShapeError(message)


def places(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Return all places of an array, the last axis fastest."""
    need(min(shape, default=0) >= 0, f"{tuple(shape)} is no shape")
    need(prod(shape) <= LARGEST, f"{' × '.join(map(str, shape))} numbers at once are too many: at most {LARGEST}")
    return product(*map(range, shape))


def filled(shape: Sequence[int], numbers: Iterable[Number]) -> Array:
    """Return an array of as many of the *numbers* as it holds."""
    return Array(tuple(shape), dict(zip(places(shape), numbers, strict=False)))


def single(value: Any) -> Array:
    """Return an exact number as an array of no axes."""
    return Array((), {(): enclosed(value)})


def reshaped(array: Array, shape: Sequence[int]) -> Array:
    """Return the same numbers in the same order with another shape."""
    need(prod(shape) == len(array.at), f"{len(array.at)} numbers do not fill the shape {tuple(shape)}")
    return filled(shape, array.at.values())


def each(function: Callable[..., Number], *arrays: Array) -> Array:
    """Return the function of each entry; a single number goes with every array."""
    shapes = [array.shape for array in arrays]
    shape = next((one for one in shapes if one), ())
    need({*shapes} <= {(), shape}, f"the shapes {', '.join(map(str, shapes))} do not go together")
    return Array(shape, {at: function(*(one.at[at if one.shape else ()] for one in arrays)) for at in places(shape)})


def einsum(form: str, arrays: Sequence[Array], extra: Sequence[int] = ()) -> Array:
    """Return sums of products, as NumPy's function of this name; *extra*: sizes of indices of the result alone."""
    inputs, _, output = form.partition("->")
    rows, sizes = inputs.split(","), dict[str, int]()
    for row, array in zip(rows, arrays, strict=True):
        fits = len(row) == len(array.shape) and all(map(lambda k, n: sizes.setdefault(k, n) == n, row, array.shape))
        need(fits, f"einsum({form!r}) does not fit an array of the shape {array.shape}")
    new = [letter for letter in dict.fromkeys(output) if letter not in sizes]
    need(len(new) == len(extra), f"einsum({form!r}) needs {len(new)} sizes behind its arrays, not {len(extra)}")
    sizes.update(zip(new, extra, strict=True))
    total = filled([sizes[letter] for letter in output], repeat(ZERO))
    for place in places([*sizes.values()]):
        at = dict(zip(sizes, place, strict=True)).__getitem__
        factors = (array.at[*map(at, row)] for row, array in zip(rows, arrays, strict=True))
        total.at[*map(at, output)] += reduce(operator.mul, factors)
    return total


def summed(array: Array, axis: int, copied: bool = False) -> Array:
    """Return the sums along an axis, which is dropped; where *copied*, each entry of the axis is its sum."""
    whole = LETTERS[: len(array.shape)]
    kept = whole.replace(whole[axis], "")
    total = einsum(f"{whole}->{kept}", [array])
    return einsum(f"{kept}->{whole}", [total], [array.shape[axis]]) if copied else total


def selected(array: Array, parts: Sequence[int | slice]) -> tuple[list[int], list[tuple[int, ...]]]:
    """Return the shape and the places of the entries at *parts*, as between square brackets."""
    fits = [
        part.step != 0 if isinstance(part, slice) else -size <= part < size
        for part, size in zip(parts, array.shape, strict=False)
    ]
    need(all(fits) and len(parts) == len(array.shape), f"there is nothing at {[*parts]} in the shape {array.shape}")
    chosen = [range(size)[part] for part, size in zip(parts, array.shape, strict=True)]
    shape = [len(part) for part in chosen if isinstance(part, range)]
    return shape, [*product(*(part if isinstance(part, range) else [part] for part in chosen))]


def replaced(array: Array, parts: Sequence[int | slice], value: Array) -> Array:
    """Return the array with other numbers at *parts*."""
    shape, chosen = selected(array, parts)
    need([*value.shape] == shape, f"values of the shape {value.shape} do not fit the shape {tuple(shape)}")
    return Array(array.shape, {**array.at, **dict(zip(chosen, value.at.values(), strict=True))})


# Matrices ----------------------------------------------------------------------------------------

Matrix = list[list[Number]]


def determinant(rows: Matrix) -> Number:
    """Return the determinant by Laplace's expansion; lines are tried at small sizes."""
    need(len(rows) <= 6, f"a matrix of {len(rows)} rows is too large to be checked; 6 are the most")
    cofactors = (determinant([row[:j] + row[j + 1 :] for row in rows[1:]]) * (-1) ** j for j in range(len(rows)))
    return sum(map(operator.mul, rows[0], cofactors), ZERO) if rows else ONE


def inverse(rows: Matrix) -> Matrix:
    """Return the inverse by Cramer's rule."""
    size, whole = range(len(rows)), determinant(rows)
    minors = [[[row[:i] + row[i + 1 :] for row in rows[:j] + rows[j + 1 :]] for j in size] for i in size]
    return [[divided(determinant(minors[i][j]) * (-1) ** (i + j), whole) for j in size] for i in size]


def cholesky(rows: Matrix) -> Matrix:
    """Return the lower triangular L with L L^T = A, of the lower triangle of A."""
    factor = [[ZERO] * len(rows) for _ in rows]
    for i, j in combinations_with_replacement(range(len(rows)), 2):
        rest = rows[j][i] - sum(map(operator.mul, factor[j][:i], factor[i]), ZERO)
        factor[j][i] = rest.sqrt() if i == j else divided(rest, factor[i][i])
    return factor


def by_matrix(function: Callable[[Matrix], Matrix], array: Array) -> list[Number]:
    """Return the numbers of what *function* makes of each matrix in the last two axes."""
    need(len(array.shape) > 1 and array.shape[-2] == array.shape[-1], f"{array.shape} is no shape of a square matrix")
    *lead, size, _ = [*array.shape]
    found = [function([[array.at[*at, i, j] for j in range(size)] for i in range(size)]) for at in places(lead)]
    return [number for rows in found for row in rows for number in row]
