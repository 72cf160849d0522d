"""Where a value stops being a finite number, and why: the first operation at fault and its inputs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gradlab.graph import bounds, evaluation, printing
from gradlab.graph.backends import NumpyBackend
from gradlab.graph.conditions import said
from gradlab.graph.kinds import Elementwise, Variable
from gradlab.graph.nodes import Node, fault, switches, topological
from gradlab.graph.point import brief
from gradlab.graph.styles import TextPrinter


def first_not_finite(
    outputs: Sequence[Node], values: Mapping[str, Any], sizes: Mapping[str, int], variables: Sequence[str]
) -> str | None:
    """Return in words which operation makes an output no finite number at this point, or None if all are finite.

    An infinity on the way that vanishes again is right: a masked score of -∞ has weight 0.
    variables: the names to speak of; data bound to the function are left out.

    >>> from gradlab.graph.operations import LOG
    >>> import numpy as np
    >>> log = Elementwise(LOG, (Variable("x"),))
    >>> first_not_finite([log], {"x": np.float64(-1)}, {}, ["x"])
    'log(x) is not a number at x = -1 (it needs x > 0)'
    """
    import numpy as np

    ordered = topological(outputs)
    with np.errstate(all="ignore"):
        found = evaluation.evaluate_all(ordered, NumpyBackend(values, sizes))
    for node in ordered:
        why = fault(node, [found[operand] for operand in node.operands], found[node], printing.text)
        if why:
            return why + _place(node, values, variables)
    bad = next((output for output in outputs if not np.all(np.isfinite(found[output]))), None)
    return _said(_at_fault(bad, found), found, values, variables) if bad is not None else None


def _at_fault(bad: Node, found: Mapping[Node, Any]) -> Node:
    """Return the first operation on the way to *bad* that turns finite numbers into infinite ones, or any into nan."""
    import numpy as np

    for node in topological([bad]):
        below = [found[operand] for operand in node.operands]
        infinite = np.any(np.isinf(found[node])) and all(np.all(np.isfinite(value)) for value in below)
        undefined = np.any(np.isnan(found[node])) and not any(np.any(np.isnan(value)) for value in below)
        if below and (infinite or undefined):
            return node
    return bad


def at_switches(
    outputs: Sequence[Node],
    values: Mapping[str, Any],
    sizes: Mapping[str, int],
    variables: Collection[str] | None = None,
) -> list[str]:
    """Return in words the operations that are at a kink or jump of theirs at this point, such as abs at 0.

    There the rule's derivative is a convention, and f may or may not have one.
    variables: what can move; a comparison of data alone stays as it is. All names if not given.

    >>> from gradlab.graph.operations import ABS
    >>> import numpy as np
    >>> at_switches([Elementwise(ABS, (Variable("x"),))], {"x": np.float64(0)}, {})
    ['|x| has a kink where x = 0']
    """
    import numpy as np

    found: list[str] = []
    for node in topological(outputs):
        for switch in switches(node):
            behind = {part.name for part in topological([switch]) if isinstance(part, Variable)}
            if variables is not None and not behind & set(variables):
                continue
            (value,) = bounds.with_bounds([switch], values, sizes)
            if np.any(np.abs(value.value) <= value.error):
                found.append(f"{printing.text(node)} has a kink where {printing.text(switch)} = 0")
    return found


def _said(node: Node, found: Mapping[Node, Any], values: Mapping[str, Any], variables: Sequence[str]) -> str:
    import numpy as np

    what = "overflows" if np.any(np.isinf(found[node])) and not _has_pole(node) else "is not a number"
    if np.any(np.isinf(found[node])) and _has_pole(node):
        what = "is infinite"
    needs = ""
    if isinstance(node, Elementwise) and node.operation.domain and what != "overflows":
        needed = said(node.operation.domain, node.operands)
        needs = f" (it needs {' and '.join(condition.written(TextPrinter) for condition in needed)})"
    return f"{printing.text(node)} {what}{_place(node, values, variables)}{needs}"


def _place(node: Node, values: Mapping[str, Any], variables: Sequence[str]) -> str:
    import numpy as np

    behind = {part.name for part in topological([node]) if isinstance(part, Variable)}
    place = ", ".join(f"{name} = {brief(np.asarray(values[name]))}" for name in variables if name in behind)
    return f" at {place}" if place else ""


def _has_pole(node: Node) -> bool:
    return isinstance(node, Elementwise) and bool(node.operation.domain)
