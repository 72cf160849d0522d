"""Many steps in one call: the derived gradient and the rule as machine code, or as calls of NumPy where numba is not.

A quadratic is known by three things: where its gradient is zero, what it is worth there, and its Hessian. They are
computed once, from the data; a step then costs the same for any number of data points. Differences from that centre
keep their digits near the minimum, which x^T H x + b^T x + c would not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from gradlab.descent.degrees import is_quadratic
from gradlab.descent.hessians import assembled
from gradlab.descent.history import Layout
from gradlab.descent.optimizers import Rule, State
from gradlab.descent.rule_formulas import Formula, formula_of
from gradlab.descent.schedules import rate_at
from gradlab.graph import Function, Point
from gradlab.graph.emission.compiling import MACHINE, LoopText, load, loop_text

if TYPE_CHECKING:
    from gradlab.graph.point import Array
    from gradlab.symbolic import Derivation

Chunk = Callable[[Any, State, int], "tuple[Array, Array, Array, Any, State]"]

_SMALL = 8
"""Components up to which a Hessian is smaller than anything else there is to do."""


@dataclass(frozen=True, eq=False)
class Quadratic:
    """f(x) = value + slope · d + d^T hessian d / 2, with d = x - centre; the slope is what rounding leaves of zero."""

    centre: Array
    value: float
    slope: Array
    hessian: Array

    def losses(self, points: Array, gradients: Array) -> Array:
        """Return f at the rows of *points*, of which the gradients are known."""
        return self.value + ((gradients + self.slope) * (points - self.centre)).sum(axis=1) / 2


class Steps:
    """The loss of one function and its gradient, compiled, and many steps by them in one call.

    layout: of the variables that move.  given: the names of data variables that change from batch to batch.
    note: what it is made of.
    """

    def __init__(self, function: Function, point: Point, layout: Layout, given: Sequence[str]) -> None:
        from gradlab.symbolic import derive

        self._layout, self._function, self._point = layout, function, point
        self._derivation = derive(function, list(layout.shapes))
        self._given: dict[str, Any] = {name: point[name] for name in given}
        self._numba = find_spec("numba") is not None
        self._gradient = self._derivation.compile("numpy")
        self._quadratic = None if given else quadratic(self._derivation, point, layout, self._at)
        by = "numba" if self._numba and not given else "NumPy"
        through = ", through the moments of a quadratic" if self._quadratic else ""
        self.note = f"compiled by {by}{through}"

    def give(self, data: Mapping[str, Any]) -> None:
        """Take other values for the data variables."""
        self._given.update(data)

    def evaluate(self, x: Array) -> tuple[float, Array]:
        """Return the loss and its gradient at *x*."""
        if self._quadratic is not None:
            import numpy as np

            gradient = self._quadratic.slope + np.dot(self._quadratic.hessian, x - self._quadratic.centre)
            return float(self._quadratic.losses(x[None], gradient[None])[0]), gradient
        return self._at(x)

    def _at(self, x: Array) -> tuple[float, Array]:
        loss, partials = self._gradient({**self._given, **self._layout.unpacked(x)})
        return float(loss), self._flat([partials[name] for name in self._layout.shapes])

    def _flat(self, partials: Sequence[Any]) -> Array:
        import numpy as np

        if len(partials) == 1:
            return np.reshape(partials[0], -1)
        return np.concatenate([np.reshape(partial, -1) for partial in partials])

    def chunks(self, rule: Rule) -> Chunk | None:
        """Return what takes many steps by *rule* in one call, None where it has to go step by step."""
        import numpy as np

        if self._numba:
            formula = formula_of(rule, rule.initial(np.zeros(1)))
            return None if formula is None else self._by_numba(rule, formula)
        return self._by_numpy(rule)

    def _by_numpy(self, rule: Rule) -> Chunk | None:
        import numpy as np

        moments = self._quadratic
        if moments is None:
            return None
        hessian, centre, slope = moments.hessian, moments.centre, moments.slope

        def chunk(x: Any, state: State, count: int) -> tuple[Array, Array, Array, Any, State]:
            points, gradients = np.empty((count, len(x))), np.empty((count, len(x)))
            take, dot = rule.step, hessian.dot
            for row, gradient in enumerate(gradients):
                if row:
                    x, state = take(x, gradients[row - 1], state)
                points[row] = x
                dot(x - centre, gradient)
                gradient += slope
            return points, moments.losses(points, gradients), gradients, x, state

        return chunk

    def _by_numba(self, rule: Rule, formula: Formula) -> Chunk:
        import numpy as np

        if self._quadratic is not None:
            moments = self._quadratic
            drive = _driven(formula, _MOMENTS, None)
            data: tuple[Any, ...] = (moments.centre, moments.value, moments.slope, moments.hessian)
        else:
            loop = loop_text(replace(self._function, output=self._derivation.output), self._derivation.partials)
            drive = _driven(formula, _call_of(loop, self._layout), loop)
            data = tuple(loop.data.values())
        settings = np.array(formula.settings, dtype=np.float64)
        rate = getattr(rule, "rate", 0.0)

        def chunk(x: Any, state: State, count: int) -> tuple[Array, Array, Array, Any, State]:
            points, gradients, losses = np.empty((count, len(x))), np.empty((count, len(x))), np.empty(count)
            x = np.array(x, dtype=np.float64)
            numbers = [part for part in state if not getattr(part, "shape", ())]
            vectors = [part for part in state if getattr(part, "shape", ())]
            first = int(numbers[0]) if numbers else 0
            rates = (
                np.full(count, rate)
                if isinstance(rate, float)
                else np.array([rate_at(rate, first + place) for place in range(count)])
            )
            remembered = np.array(numbers, dtype=np.float64)
            held = np.array(vectors).reshape(len(vectors), len(x))
            drive(x, remembered, held, rates, settings, points, losses, gradients, *data)
            return points, losses, gradients, x, _state(state, remembered, held)

        return chunk


def _state(before: State, numbers: Array, vectors: Array) -> State:
    """Return what the rule remembers, in its own order and kinds of number."""
    left, arrays = iter(numbers.tolist()), iter(vectors)
    return tuple(next(arrays) if getattr(part, "shape", ()) else type(part)(next(left)) for part in before)


def quadratic(
    derivation: Derivation, point: Point, layout: Layout, at: Callable[[Array], tuple[float, Array]]
) -> Quadratic | None:
    """Return what is known of a quadratic; None for any other function.

    at: the function and its gradient at a flat point.
    It is None, too, where the Hessian would be larger than the data.
    """
    import numpy as np

    size, data = layout.size, sum(array.size for array in derivation.function.data.values())
    if (size > _SMALL and size**2 > 2 * data) or not is_quadratic(derivation.function, layout.shapes):
        return None
    blocks = derivation.second.blocks
    values = {**derivation.function.data, **point}
    hessian = assembled(blocks, values, derivation.function.sizes(point), layout)
    if not np.isfinite(hessian).all():
        return None
    # From 0, wherever the run starts, so that one that goes on has the same centre; the second step takes the rounding
    # of the first away.
    centre = np.zeros(size)
    for _ in range(2):
        centre = centre - np.linalg.lstsq(hessian, at(centre)[1], rcond=None)[0]
    value, slope = at(centre)
    if not (np.isfinite(value) and np.isfinite(slope).all()):
        return None
    return Quadratic(centre, value, slope, hessian)


# The text of a loop over steps ------------------------------------------------------------------------

_MOMENTS = """\
        loss = value
        for i in range(size):
            total = 0.0
            for j in range(size):
                total += hessian[i, j] * (x[j] - centre[j])
            gradients[step, i] = slope[i] + total
            loss += (slope[i] + total / 2) * (x[i] - centre[i])
"""

_DRIVE = """\
def drive(x, numbers, vectors, rates, setting, points, losses, gradients{data}):
    size, last = len(x), len(losses) - 1
    for step in range(last + 1):
        rate = rates[step]
        for i in range(size):
            points[step, i] = x[i]
{evaluate}        losses[step] = loss
        if step == last:
            break
{shared}        for i in range(size):
            here = x[i]
            g = gradients[step, i]
{own}
{numbers}"""


def _call_of(loop: LoopText, layout: Layout) -> str:
    """Return the lines that call the core on the parts of x, and lay its partial derivatives one after the other."""
    parts: dict[str, str] = {}
    stores: list[str] = []
    first = 0
    for place, ((name, shape), count) in enumerate(zip(layout.shapes.items(), layout.counts, strict=True)):
        end = first + count
        parts[name] = f"x[{first}]" if not shape else f"x[{first}:{end}]"
        if len(shape) > 1:
            parts[name] += f".reshape({shape})"
        if not shape:
            stores.append(f"        gradients[step, {first}] = partial_{place}")
        else:
            flat = f"partial_{place}" if len(shape) == 1 else f"partial_{place}.reshape({count})"
            stores.append(f"        gradients[step, {first}:{end}] = {flat}")
        first = end
    given = [parts[name] for name in loop.ready.variables] + [f"data_{place}" for place in range(len(loop.data))]
    results = ", ".join(["loss", *(f"partial_{place}" for place in range(len(layout.shapes)))])
    return "\n".join([f"        {results} = core({', '.join(given)})", *stores]) + "\n"


def _driven(formula: Formula, evaluate: str, loop: LoopText | None) -> Callable[..., Any]:
    """Return the compiled loop over steps: by the *formula*, with the gradient that the lines *evaluate* compute."""
    names = (
        ["centre", "value", "slope", "hessian"]
        if loop is None
        else [f"data_{place}" for place in range(len(loop.data))]
    )
    shared = [f"k{place} = numbers[{place}]" for place in range(len(formula.numbers))]
    own = [f"s{place} = vectors[{place}, i]" for place in range(len(formula.vectors))]
    own += [*formula.own, f"x[i] = {formula.x}"]
    own += [f"vectors[{place}, i] = {name}" for place, name in enumerate(formula.vectors)]
    text = _DRIVE.format(
        data="".join(f", {name}" for name in names),
        evaluate=evaluate,
        shared="".join(f"        {line}\n" for line in (*shared, *formula.shared)),
        own="\n".join(f"            {line}" for line in own),
        numbers="".join(f"        numbers[{place}] = {name}\n" for place, name in enumerate(formula.numbers)),
    )
    return _machine(text, None if loop is None else (loop.core, loop.text, tuple(loop.helpers.items())))


@cache
def _machine(text: str, core: tuple[str, str, tuple[tuple[str, str], ...]] | None) -> Callable[..., Any]:
    """Return the function that *text* defines as machine code; made at its first call, in about a second.

    core: the name and the text of what it calls as ``core``, and the texts of what that calls, by name.
    """
    import math

    import numpy as np
    from numba import njit  # pyright: ignore[reportMissingImports, reportUnknownVariableType]  # an extra

    namespace: dict[str, Any] = {"np": np, "math": math}
    if core is not None:
        name, lines, helpers = core
        machine = njit(**MACHINE)
        for helper, helping in helpers:
            namespace[helper] = machine(load(helping, helper, namespace))
        namespace["core"] = machine(load(lines, name, namespace))
    return njit(error_model="numpy")(load(text, "drive", namespace))
