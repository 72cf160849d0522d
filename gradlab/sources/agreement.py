"""Whether the formula read from code gives what the code gives."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from gradlab.errors import DomainError, GradlabError, PointError
from gradlab.graph import Function, Point, bounds, evaluation, printing
from gradlab.graph.backends import NumpyBackend
from gradlab.graph.bounded import MARGIN
from gradlab.graph.guards import failing
from gradlab.graph.kinds import Cholesky
from gradlab.graph.kinds.cholesky import asymmetry
from gradlab.graph.nodes import topological
from gradlab.graph.point import sizes_of
from gradlab.graph.sizes import shape_of

if TYPE_CHECKING:
    from gradlab.graph.point import Array

NEARBY = 2.0**-10
"""How far the second point is from the first, relative to each entry: another point, mostly the same branch."""

_BITS = {"float32": 24, "float16": 11, "bfloat16": 8}
"""Significant bits of the results that code may return, where they are not the 53 of float64."""


_CHECKED: WeakSet[Function] = WeakSet()


def check_trace(f: Function, point: Point) -> None:
    """Raise GradlabError, once for a function, if its formula is not what its code computes there and nearby.

    Half of the digits must agree, beyond what rounding explains: this looks for another formula, not for rounding
    (torch's softplus, for one, drops 2e-9 above 20). Only points where both are finite count.
    """
    if f.code is None or f.output is None:
        return
    misplaced = _asymmetry(f, point)
    if misplaced:
        raise DomainError(misplaced)
    if f in _CHECKED:
        return
    for at in (point, nearby(point)):
        _check_at(f, at)
    _CHECKED.add(f)


def check_example(f: Function, decided: Mapping[str, Any]) -> None:
    """Do the same at a point of its own, for want of another; where code decides, at the one that *decided*."""
    try:
        point = f.point(decided) if f.guards else example_point(f)
    except PointError:
        point = example_point(f)
    if not _asymmetry(f, point):
        check_trace(f, point)


def example_point(f: Function) -> Point:
    """Return a point of *f*, the same in every run: entries in (0.1, 0.9), small sizes that differ."""
    import numpy as np

    known = {name: f.variables[name] for name in f.defaults}
    sizes = sizes_of({**f.data_axes, **known}, {**f.data, **f.defaults})
    for axes in f.variables.values():
        for size in axes:
            if isinstance(size, str):
                sizes.setdefault(size, 3 + len(sizes))
    draw = np.random.default_rng(0)
    arrays = {name: draw.uniform(0.1, 0.9, shape_of(axes, sizes)) for name, axes in f.variables.items()}
    if any(isinstance(node, Cholesky) for node in topological([f.formula])):
        arrays = {name: _definite(array) for name, array in arrays.items()}
    return Point({**arrays, **f.defaults})


def _definite(array: Array) -> Array:
    """Return square matrices as positive definite ones, the only ones that have a Cholesky factor."""
    import numpy as np

    square = array.ndim > 1 and array.shape[-1] == array.shape[-2]
    return (array + array.swapaxes(-1, -2)) / 2 + array.shape[-1] * np.eye(array.shape[-1]) if square else array


def _asymmetry(f: Function, at: Point) -> str:
    """Return in words that a Cholesky factor is taken of a matrix that is not symmetric: the code reads half of it."""
    assert f.output is not None
    ordered = topological([f.output])
    factors = [node for node in ordered if isinstance(node, Cholesky)]
    if not factors:
        return ""
    found = evaluation.evaluate_all(ordered, NumpyBackend({**f.data, **at}, f.sizes(at)))
    return next(filter(None, (asymmetry(node, found[node.operands[0]], printing.text) for node in factors)), "")


def _check_at(f: Function, at: Point) -> None:
    import numpy as np

    assert f.output is not None
    # Where the code goes another way, it has another formula.
    if _asymmetry(f, at) or failing(f, at) is not None:
        return
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the code's own warnings come when it is run for its own sake
        try:
            result = f.run_code(at)
        except (
            ArithmeticError,
            AssertionError,
            AttributeError,
            GradlabError,
            LookupError,
            RuntimeError,
            TypeError,
            ValueError,
        ):
            return  # outside the domain, or made for other arguments than arrays: nothing to compare
        coded = _as_float(result)
        values, sizes = {**f.data, **at}, f.sizes(at)
        (traced,) = evaluation.with_numpy([f.output], values, sizes)
        if coded is None or traced.ndim or not (np.isfinite(coded) and np.isfinite(traced)):
            return
        difference = abs(coded - float(traced))
        if difference <= 2.0 ** (-_bits(result) / 2) * max(abs(coded), abs(float(traced))):
            return
        (bounded,) = bounds.with_bounds([f.output], values, sizes)
    rounding = float(bounded.error) * 2.0 ** (53 - _bits(result))
    if difference > MARGIN * rounding:
        raise GradlabError(
            f"the formula read from the code of {f.name} gives {float(traced):.12g} at {at!r}, but the code itself "
            f"gives {coded:.12g}; something in it was not seen when it was read. "
            f"as_function({f.name}, opaque=True) uses the code as it is, without a formula"
        )


def _as_float(result: Any) -> float | None:
    import numpy as np

    from gradlab.graph.point import detached

    array = np.asarray(detached(result))
    return float(array.reshape(())) if array.size == 1 else None


def _bits(result: Any) -> int:
    name = str(getattr(result, "dtype", "float64")).removeprefix("torch.")
    return _BITS.get(name, 53)


def nearby(point: Point) -> Point:
    """Return a point about NEARBY away from another, each entry in its own direction."""
    import numpy as np

    def moved(array: Array) -> Array:
        # cos of 1, 2, 3, …: another direction for each entry, the same in every run.
        turns = np.cos(np.arange(1, array.size + 1)).reshape(array.shape)
        if array.ndim > 1 and array.shape[-1] == array.shape[-2] and np.allclose(array, array.swapaxes(-1, -2)):
            turns = turns + turns.swapaxes(-1, -2)  # symmetric stays symmetric: some functions read one half only
        return array + NEARBY * turns * np.where(array == 0, 1.0, np.abs(array))

    return Point({name: moved(array) for name, array in point.items()})
