"""Where a function, as it is written, loses what its gradient still has, and which form would keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from gradlab.comparison.rounding import conditioning, knowable
from gradlab.errors import DomainError
from gradlab.graph import Function, Gradient, Point, bounds, evaluation, printing
from gradlab.graph.bounded import MARGIN
from gradlab.graph.guards import failing
from gradlab.graph.kinds import Linear
from gradlab.graph.nodes import Node, topological
from gradlab.symbolic import Derivation
from gradlab.symbolic.enclosing import DOUBLE, enclosed
from gradlab.symbolic.stable import stabilised

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.graph.point import Array

_CROSS_ENTROPY = "binary_cross_entropy_with_logits"

CALLS: Mapping[str, str] = {
    "log σ(u) = -softplus(-u)": "logsigmoid",
    "log(1 - σ(u)) = -softplus(u)": "logsigmoid(-u)",
    "log(1 + e^u) = softplus(u)": "softplus",
    "log softmax(u) = u - logsumexp(u)": "log_softmax",
    "log Σ e^u = logsumexp(u)": "logsumexp",
    "1 / (1 + e^(-u)) = σ(u)": "sigmoid",
    "e^u / (1 + e^u) = σ(u)": "sigmoid",
    "e^u / Σ e^u = softmax(u)": "softmax",
    "softmax(u - c) = softmax(u) for c constant along the axis": "softmax",
    "y log σ(u) + (1 - y) log(1 - σ(u)) = y u - softplus(u)": _CROSS_ENTROPY,
}
"""Per rewriting, what torch calls its stable side."""

_BOTH_CLASSES = {"log σ(u) = -softplus(-u)", "log(1 - σ(u)) = -softplus(u)"}
"""Together they are the binary cross-entropy, whatever stands around them."""

LONGEST = 80
"""Characters of a stable form that is written out; a longer one is told by its rules."""

SIMILAR = 1 / 16
"""An evaluation by the formula that is off by at least this part of what torch is off by explains it."""


def exact_all_the_same(derivation: Derivation, point: Point) -> tuple[Derivation, Gradient] | None:
    """Return the gradient in a stable form where f, as it is written, overflows on the way; None if there is none.

    Without a stable form the formula is evaluated in ball arithmetic, which does not overflow.
    """
    import numpy as np

    function = derivation.function
    if failing(function, point) is not None:
        return None
    output, rewritings = stabilised(function.formula)
    stable = replace(derivation, output=output, rewritings=rewritings)
    try:
        return stable, stable.at(point)
    except DomainError:
        pass
    outputs = [stable.output, *stable.partials.values()]
    (value, _), *found = enclosed(outputs, {**function.data, **point}, function.sizes(point))
    if not all(np.isfinite(array).all() for array in (value, *(array for pair in found for array in pair))):
        return None
    partials = dict(zip(stable.wrt, (part for part, _ in found), strict=True))
    error = dict(zip(stable.wrt, (radius for _, radius in found), strict=True))
    return stable, Gradient(point, float(value), partials, "symbolic", error)


def lost_digits(derivation: Derivation, gradient: Gradient, exact: Gradient) -> dict[str, NDArray[np.bool_]]:
    """Return per variable where a gradient is off for the one reason that f, as it is written, loses the digits.

    There more than half of the digits are wrong, far more than the rounding of the inputs explains, and an evaluation
    of the formula as it is written, at the same precision, may be as far off.
    """
    import numpy as np

    point, bits = exact.at, gradient.precision
    apart, suspicious = {}, {}
    with np.errstate(all="ignore"):
        for name in derivation.wrt:
            off = np.abs(gradient[name] - exact[name])
            apart[name] = np.where(np.isnan(off), np.inf, off)
            suspicious[name] = np.isfinite(exact[name]) & (apart[name] > 2.0 ** -(bits // 2) * np.abs(exact[name]))
    if not any(mask.any() for mask in suspicious.values()):
        return suspicious
    moved = conditioning(derivation, point, bits)
    reach = _reach(derivation, exact, bits)
    return {
        name: mask & (apart[name] > MARGIN * moved[name]) & ~(apart[name] > reach[name])
        for name, mask in suspicious.items()
    }


def _reach(derivation: Derivation, exact: Gradient, bits: int) -> dict[str, Array]:
    """Return how far an evaluation in so many bits of f as it is written may be off; NaN where it has no value."""
    import numpy as np

    function, point = derivation.function, exact.at
    written = replace(derivation, output=function.formula, rewritings=())
    radius = knowable(written, point, bits, bits)
    dtype = np.float64 if bits > np.finfo(np.float32).nmant + 1 else np.float32
    values, sizes = {**function.data, **point}, function.sizes(point)
    value, *found = evaluation.with_numpy([written.output, *written.partials.values()], values, sizes, dtype)
    if not np.isfinite(value):
        return {name: np.full_like(exact[name], np.nan) for name in derivation.wrt}
    reach = {}
    with np.errstate(all="ignore"):
        for name, part in zip(written.wrt, found, strict=True):
            reach[name] = np.maximum(MARGIN * radius[name], np.abs(part - exact[name]) / SIMILAR)
    return reach


def cancelling(derivation: Derivation, point: Point, bits: int) -> str:
    """Return the sum in which f as it is written, or its derivative, loses more than half of the digits; "" if none.

    >>> from gradlab.symbolic import derive
    >>> cancelling(derive("(exp(x) - 1)/x"), derive("(exp(x) - 1)/x").function.point(1e-9), 53)
    'exp(x) - 1'
    """
    import numpy as np

    function = derivation.function
    written = replace(derivation, output=function.formula, rewritings=())
    ordered = topological([written.output, *written.partials.values()])
    values = bounds.with_bounds(ordered, {**function.data, **point}, function.sizes(point))
    lost = set[Node]()
    for node, bounded in zip(ordered, values, strict=True):
        with np.errstate(all="ignore"):
            relative = np.asarray(bounded.error) * 2.0 ** (DOUBLE - bits) / np.abs(bounded.value)
        if not np.all(relative <= 2.0 ** -(bits // 2)):
            lost.add(node)
            written_out = printing.text(node)
            if isinstance(node, Linear) and not lost & {*node.operands} and len(written_out) <= LONGEST:
                return written_out
    return ""


def stable_form(function: Function) -> str:
    """Return in words the form in which f would keep its digits; "" where gradlab knows none.

    >>> from gradlab import as_function
    >>> stable_form(as_function("log(1 + exp(x))"))
    'softplus, as log(1 + e^u) = softplus(u): f = softplus(x)'
    """
    output, rewritings = stabilised(function.formula)
    if not rewritings:
        return ""
    rules = list(dict.fromkeys(rewriting.because for rewriting in reversed(rewritings)))
    call = _CROSS_ENTROPY if {*rules} >= _BOTH_CLASSES else CALLS[rules[0]]
    written = printing.text(output)
    form = f": {function.name} = {written}" if len(written) <= LONGEST else ""
    return f"{call}, as {' and '.join(rules)}{form}"
