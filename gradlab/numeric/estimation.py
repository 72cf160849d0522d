"""`estimate`: the gradient by finite differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from gradlab.errors import DomainError, NotScalarError
from gradlab.graph import Function, Gradient, Point
from gradlab.graph.domain import first_not_finite
from gradlab.graph.gradient import component_name
from gradlab.graph.guards import frozen_names
from gradlab.graph.point import brief
from gradlab.graph.precision import DOUBLE, DTYPES, precision_of, rounded_to
from gradlab.misuse import explains_misuse
from gradlab.numeric import lines
from gradlab.numeric.complex_step import complex_step
from gradlab.numeric.ladder import ladder
from gradlab.numeric.lines import Lines
from gradlab.numeric.measured import Measured
from gradlab.numeric.probing import Probe
from gradlab.numeric.simple import central, forward, richardson
from gradlab.sources import at_point

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

METHODS: Mapping[str, Callable[[Lines], Measured]] = {
    "forward": forward,
    "central": central,
    "complex": complex_step,
    "richardson": richardson,
    "ladder": ladder,
}
"""By name: what turns lines through the point into their slopes."""


@explains_misuse
def estimate(f: Any, at: Any, *, wrt: str | Sequence[str] | None = None, method: str = "ladder") -> Gradient:
    """Return the gradient of *f* at a point by finite differences, with a bound on its error.

    f: anything `gradlab.as_function` takes, with a scalar value.
    at: a mapping from variable to number or array, or the bare value of the only variable.
    wrt: the variables to differentiate with respect to; all by default.
    method: how, each with an estimate of its own error:
      "ladder" (the default), central differences at two dozen steps from |x|/4 downwards, extrapolated; its bound
      held on all but 1 of 40,000 components of random functions, and is 9 times the error in the median;
      "forward", ``(f(x + h) - f(x)) / h`` at one step of about |x| 2^-26, and "central", at one of |x| 2^-17;
      "richardson", central differences at eight steps, extrapolated;
      "complex", ``Im f(x + ih) / h``, exact but for rounding where f is analytic, and refused where it is not.

    Partials, errors, `Gradient.steps` and `Gradient.evaluations` have the shape of their variable; partials and errors
    are in units of f per unit of it. All points of a variable are evaluated at once, in chunks that fit a processor's
    cache; code without a formula is called once for all points where torch's vmap or NumPy's broadcasting allow it,
    and else point by point. The ladder takes sums apart into terms and linear maps off the front (docs/decisions).
    A point in float32, float16 or bfloat16 is evaluated in that arithmetic, and the bound is for it.

    No method that calls f can see what its rounding hides: a slope lost behind a large number (1 + x^9 at 1e-3), or
    an oscillation smaller than the rounding error of f. Large numbers that cancel (x + 1e16 - 1e16) are seen in the
    formula, and without one taken for f.

    At a kink `slopes` holds the slope on each side, the value is their mean, and the error spans them.
    Where slopes approach their limit slowly (x^1.1 at 0) the error covers the rest, and a note says so; where they
    grow without bound, however slowly (x^x at 0), `slopes` is infinite.
    A component for which no step gave anything is NaN, with an infinite error and a note. Notes also name what a
    function should not do: change its answers (the bounds take that in), change its input, raise, return integers.

    Raises PointError where the point does not fit or *wrt* names no variable, DomainError where f is not finite at
    the point, NotAnalyticError for a complex step where there is none, NotScalarError where f is no single number,
    GradlabError where code and its traced formula disagree or the code raises at the point, and ValueError for an
    unknown method.

    >>> gradient = estimate("x**2 + y", at={"x": 3, "y": 1})
    >>> round(float(gradient["x"]), 12), bool(gradient.error["x"] < 1e-12)
    (6.0, True)
    >>> estimate("abs(x)", at=0).slopes["x"]
    array([-1.,  1.])
    """
    check_method(method)
    function, point = at_point(f, at)
    names = function.chosen(wrt)
    probe = probing(function, point, precision_of([at]))
    if probe.shape and prod(probe.shape) != 1:
        raise not_scalar(probe)
    check_finite(probe)
    return gradient_of(probe, names, method)


def check_method(method: str) -> None:
    """Raise ValueError, naming those there are, for an unknown method."""
    if method not in METHODS:
        raise ValueError(f"no method named {method!r}; choose from {', '.join(map(repr, METHODS))}")


def probing(function: Function, point: Point, bits: int) -> Probe:
    """Return the probe of a function in the arithmetic of its point; its point rounded to that."""
    if bits < DOUBLE:
        point = Point({name: rounded_to(bits, array) for name, array in point.items()})
    return Probe(function, point, bits)


def check_finite(probe: Probe) -> None:
    """Raise DomainError, naming variables and values, where f is not finite at the point."""
    import numpy as np

    if np.isfinite(probe.centre).all():
        return
    f, point = probe.f, probe.point
    said = None
    if f.output is not None:
        said = first_not_finite([f.output], {**f.data, **point}, f.sizes(point), list(f.variables))
    value = float(probe.centre[0]) if probe.centre.size == 1 else brief(probe.centre.reshape(probe.shape))
    raise DomainError(said or f"{f.signature} is {value} at {point!r}")


def not_scalar(probe: Probe) -> NotScalarError:
    """Return the error for a function whose value is no single number."""
    return NotScalarError(
        f"{probe.f.signature} has {prod(probe.shape)} values, in the shape {probe.shape}; a gradient belongs to a "
        f"function with one. Make one number of them, such as their sum or their mean, or take one of them, such as "
        f"{probe.f.name}(…)[0]"
    )


def remarks(probe: Probe, found: Mapping[str, Measured], entries: Mapping[str, NDArray[np.int_]]) -> list[str]:
    """Return in words what the methods and the code of f have to say.

    entries: per variable, the entry of the flattened variable that each line moves.
    """
    import numpy as np

    notes: list[str] = []
    for name, measured in found.items():
        array = probe.point[name]
        for text, where in measured.said.items():
            places = np.unique(entries[name][where])
            if places.size:
                first = component_name(name, tuple(int(i) for i in np.unravel_index(places[0], array.shape)))
                more = f" and {places.size - 1} more" if places.size > 1 else ""
                notes.append(f"at {first} = {array.reshape(-1)[places[0]]:.6g}{more}: {text}")
        nothing = int(np.isnan(measured.value).sum())
        if nothing:
            of = f"{nothing} of {measured.value.size} components of " if measured.value.size > 1 else ""
            notes.append(f"no step gave a slope for {of}{name}")
    if probe.spent.lost:
        notes.append(f"{probe.spent.lost} of {probe.spent.calls} points gave no finite value")
    if probe.f.output is None:
        notes += probe.caller.said.values()
    elif probe.held is not probe.f:
        said = ", ".join(frozen_names(probe.f.formula))
        notes.append(f"what the code detaches ({said}) was held at its value at the point, as backward() holds it")
    if probe.bits < DOUBLE:
        notes.append(f"computed in {DTYPES[probe.bits]}, as the point is given")
    return notes


def gradient_of(probe: Probe, names: Sequence[str], method: str) -> Gradient:
    """Return the gradient of a probe whose value is one finite number."""
    import numpy as np

    found: dict[str, Measured] = {}
    moved: dict[str, NDArray[np.int_]] = {}
    partials, error, slopes, steps, tried = {}, {}, {}, {}, {}
    for name in names:
        chosen = lines.of_number(probe, name, apart=method == "ladder")
        measured = found[name] = METHODS[method](chosen)
        moved[name] = chosen.entries
        # What no term of f holds does not move it at all.
        partials[name] = chosen.placed(measured.value, 0.0)
        error[name] = chosen.placed(measured.error, 0.0)
        steps[name] = chosen.placed(measured.step, np.nan)
        tried[name] = chosen.placed(measured.tried, 0.0)
        kinks = measured.slopes if measured.slopes is not None else np.full((measured.value.size, 2), np.nan)
        slopes[name] = chosen.placed(kinks, np.nan)
    any_kink = any(measured.slopes is not None for measured in found.values())
    return Gradient(
        probe.point,
        float(probe.centre[0]),
        partials,
        "numeric",
        error,
        slopes if any_kink else None,
        tuple(remarks(probe, found, moved)),
        probe.bits,
        steps=steps,
        evaluations=tried,
        calls=probe.spent.calls,
    )


__all__ = ["METHODS", "estimate"]
