"""What the arithmetics share: contractions, linear combinations, numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import e, pi, sqrt
from typing import Any

from gradlab.graph.backends.products import matrices, multiplied
from gradlab.graph.backends.protocol import Row
from gradlab.graph.sizes import Coefficient

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def contracted(module: Any, arrays: Sequence[Any], inputs: Sequence[Row], output: Row, extents: Row) -> Any:
    """Return Einstein's summation, by the functions that NumPy and torch share by name."""
    core, repeated, stretched = _shape_plan(tuple(inputs), output)
    result = _core(module, arrays, inputs, core)
    if not hasattr(result, "shape"):  # NumPy hands out the entries of object arrays bare
        result = boxed(module, result)
    if repeated:
        return _on_diagonal(module, result, core, output, extents)
    if stretched is not None:
        lead = len(result.shape) - len(core)
        batch = tuple(result.shape[:lead])
        shape = batch + tuple(extents[index] if kept else 1 for index, kept in zip(output, stretched, strict=True))
        result = module.broadcast_to(result.reshape(shape), batch + tuple(extents[index] for index in output))
    return result


def boxed(numpy: Any, value: Any) -> Any:
    """Return *value* as the only entry of an object array without axes."""
    box = numpy.empty((), dtype=object)
    box[()] = value
    return box


@lru_cache(maxsize=4096)
def _shape_plan(inputs: tuple[Row, ...], output: Row) -> tuple[Row, bool, tuple[bool, ...] | None]:
    """Return the output indices that stand in an input, whether one repeats, and which ones are no broadcasts."""
    present = {index for row in inputs for index in row}
    core = tuple(index for index in dict.fromkeys(output) if index in present)
    stretched = tuple(index in present for index in output) if core != output else None
    return core, len(set(output)) < len(output), stretched


LARGE = 100_000
"""Entries from which einsum's own planning, a tenth of a millisecond, pays: it finds matrix products."""


def _core(module: Any, arrays: Sequence[Any], inputs: Sequence[Row], output: Row) -> Any:
    """Contract to indices that all stand in the inputs: by a library call faster than einsum where one fits."""
    rows = tuple(inputs)
    if all(array.ndim == len(row) for array, row in zip(arrays, rows, strict=True)):
        how, detail = _call_plan(rows, output)
        if how == "same":
            return arrays[0]
        if how == "multiply":
            return arrays[0] * arrays[1]
        if how == "sum":
            return arrays[0].sum()
        if how == "matmul":
            first, second = detail
            return (arrays[0].T if first else arrays[0]) @ (arrays[1].T if second else arrays[1])
        if how == "tensordot":
            return module.tensordot(arrays[0], arrays[1], detail)
    elif len(arrays) == 1 and rows[0] == output:
        return arrays[0]
    plan = matrices(rows, output) if module.__name__ == "numpy" and arrays[0].dtype != object else None
    found = multiplied(module, arrays, rows, plan) if plan is not None else None
    if found is not None:
        return found
    large = module.__name__ == "numpy" and sum(array.size for array in arrays) > LARGE
    options = {"optimize": True} if large and arrays[0].dtype != object else {}
    return module.einsum(_equation(rows, output), *arrays, **options)


@lru_cache(maxsize=4096)
def _equation(inputs: tuple[Row, ...], output: Row) -> str:
    sides = ["..." + "".join(_LETTERS[index] for index in row) for row in inputs]
    return ",".join(sides) + "->..." + "".join(_LETTERS[index] for index in output)


@lru_cache(maxsize=4096)
def _call_plan(inputs: tuple[Row, ...], output: Row) -> tuple[str, Any]:
    """Return which library call contracts arrays without leading axes, and its arguments."""
    simple = all(len(set(row)) == len(row) for row in inputs)
    if len(inputs) == 1:
        if inputs[0] == output:
            return "same", None
        return ("sum", None) if simple and not output else ("einsum", None)
    if len(inputs) != 2 or not simple:
        return "einsum", None
    first, second = inputs
    if (not first and second == output) or (not second and first == output) or first == second == output:
        return "multiply", None
    shared = [index for index in first if index in second]
    kept = tuple(index for index in (*first, *second) if index not in shared)
    if not shared or kept != output or set(shared) & set(output):
        return "einsum", None
    if len(shared) == 1 and len(first) <= 2 and len(second) <= 2:
        return "matmul", (len(first) == 2 and first[0] == shared[0], len(second) == 2 and second[1] == shared[0])
    return "tensordot", ([first.index(index) for index in shared], [second.index(index) for index in shared])


def _on_diagonal(module: Any, values: Any, core: Row, output: Row, extents: Row) -> Any:
    """Return an array that holds *values* where equal indices are equal, and zeros elsewhere."""
    masks = []
    rows: list[Row] = []
    seen: dict[int, int] = {}
    fresh = max(extents and range(len(extents)), default=0) + 1
    labels: list[int] = []
    options = {"device": values.device} if module.__name__ == "torch" else {}
    for index in output:
        if index in seen:
            masks.append(module.eye(extents[index], dtype=values.dtype, **options))
            rows.append((index, fresh))
            labels.append(fresh)
            fresh += 1
        else:
            seen[index] = index
            labels.append(index)
            if index not in core and output.count(index) == 1:  # a copy for each entry
                masks.append(module.ones(extents[index], dtype=values.dtype, **options))
                rows.append((index,))
    return module.einsum(_equation((core, *rows), tuple(labels)), values, *masks)


def combined(coefficients: Sequence[Coefficient], arrays: Sequence[Any], number: Any) -> Any:
    """Return the sum of coefficient times array; *number* says what a coefficient is in this arithmetic."""
    total: Any = None
    for coefficient, array in zip(coefficients, arrays, strict=True):
        if coefficient.is_one:
            term = array
        elif coefficient.rational == -1 and coefficient.is_rational:
            if total is not None:
                total = total - array
                continue
            term = -array
        else:
            term = number(coefficient) * array
        total = term if total is None else total + term
    return total


def as_float(value: Coefficient | str, sizes: Mapping[str, int]) -> float:
    """Return the nearest float; inf where it overflows."""
    if isinstance(value, str):
        return {"pi": pi, "e": e, "-inf": float("-inf")}[value]
    rational, root = value.number(sizes)
    try:
        return float(rational) if root == 1 else float(rational) * sqrt(root)
    except OverflowError:
        return float("inf") if rational > 0 else float("-inf")


def replaced(numpy: Any, base: Any, value: Any, key: tuple[int | slice, ...]) -> Any:
    """Return a copy of *base*, with *value* at *key* of its last axes; either may have leading axes."""
    lead = base.ndim - len(key)
    kept = sum(isinstance(part, slice) for part in key)
    batch = numpy.broadcast_shapes(base.shape[:lead], value.shape[: value.ndim - kept])
    result = numpy.broadcast_to(base, batch + base.shape[lead:]).astype(numpy.result_type(base, value))
    result[(..., *key)] = value
    return result
