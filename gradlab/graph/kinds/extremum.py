"""The largest or smallest entry along axes, and which entry it is.

Where entries tie, the derivative is a convention: torch's ``amax`` and ``max()``, and NumPy's, give each an equal
share, torch's ``max(dim)`` gives all to the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph import names
from gradlab.graph.conditions import Condition, positive
from gradlab.graph.nodes import Node, Pull, compute, conditions_of, pullback, show, show_component, switches
from gradlab.graph.rules import rule
from gradlab.graph.sizes import ONE, Axes, Size
from gradlab.graph.writing import Printer, Shown


class Extremum(Node):
    """The largest entry along the axes *over*, which are dropped, or the smallest; numbers tie as *shared* says.

    shared: whether entries that tie get equal parts of the delta; if not, the first one gets it all.
    """

    __slots__ = ("largest", "over", "shared")

    def __init__(self, operand: Node, over: tuple[int, ...], largest: bool, shared: bool) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.over: tuple[int, ...] = over
        self.largest: bool = largest
        self.shared: bool = shared
        self.axes: Axes = _without(operand.axes, over)

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Extremum(operands[0], self.over, self.largest, self.shared)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Extremum(operands[0], _moved(self.over, batch), self.largest, self.shared)


class Winners(Node):
    """1 for the largest entry along the axes *over* (or the smallest), 0 for the others; see `Extremum`."""

    __slots__ = ("largest", "over", "shared")

    def __init__(self, operand: Node, over: tuple[int, ...], largest: bool, shared: bool) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.over: tuple[int, ...] = over
        self.largest: bool = largest
        self.shared: bool = shared
        self.axes: Axes = operand.axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Winners(operands[0], self.over, self.largest, self.shared)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Winners(operands[0], _moved(self.over, batch), self.largest, self.shared)


class Lead(Node):
    """By how much the largest entry leads the second (or the smallest); 1 where there is no second."""

    __slots__ = ("largest", "over")

    def __init__(self, operand: Node, over: tuple[int, ...], largest: bool) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.over: tuple[int, ...] = over
        self.largest: bool = largest
        self.axes: Axes = _without(operand.axes, over)

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Lead(operands[0], self.over, self.largest)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Lead(operands[0], _moved(self.over, batch), self.largest)


def _without(axes: Axes, over: tuple[int, ...]) -> Axes:
    return tuple(size for place, size in enumerate(axes) if place not in over)


def _moved(over: tuple[int, ...], batch: Axes) -> tuple[int, ...]:
    return tuple(axis + len(batch) for axis in over)


def _rows(node: Extremum | Winners | Lead) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the operand's axes, and those of them that are not chosen from."""
    whole = tuple(range(node.operands[0].rank))
    return whole, tuple(axis for axis in whole if axis not in node.over)


# The rules ---------------------------------------------------------------------------------------


_LARGEST = rule(
    "largest of many", "the largest entry receives the delta, the others nothing", "the largest entry occurs once"
)
_SMALLEST = rule(
    "smallest of many", "the smallest entry receives the delta, the others nothing", "the smallest entry occurs once"
)
_CHOICE = rule("choice", "who wins does not change with a small step", "the winner occurs once")
_LEAD = rule("lead", "d(first - second) = d first - d second", "the first and the second occur once")


@pullback.register
def _(node: Extremum, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    (operand,) = node.operands
    local = Winners(operand, node.over, node.largest, node.shared)
    whole, kept = _rows(node)
    pulled = algebra.contract([delta, local], [kept, whole], whole, operand.axes)
    return [Pull(_LARGEST if node.largest else _SMALLEST, local, pulled)]


@pullback.register
def _(node: Winners, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    return [Pull(_CHOICE, None, algebra.number(0, node.axes))]


@pullback.register
def _(node: Lead, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    (operand,) = node.operands
    whole, kept = _rows(node)
    first = Winners(operand, node.over, node.largest, False)
    # Without the winner the second leads: move the first behind all others.
    beyond = algebra.add(operand, algebra.scale_by(-1 if node.largest else 1, _beyond(node, operand, first)))
    second = Winners(beyond, node.over, node.largest, False)
    local = algebra.scale_by(1 if node.largest else -1, algebra.add(first, algebra.negative(second)))
    pulled = algebra.contract([delta, local], [kept, whole], whole, operand.axes)
    return [Pull(_LEAD, local, pulled)]


def _beyond(node: Lead, operand: Node, first: Winners) -> Node:
    from gradlab.graph import algebra

    whole, kept = _rows(node)
    ends = [Extremum(operand, node.over, largest, True) for largest in (True, False)]
    spread = algebra.add(ends[0], algebra.negative(ends[1]), algebra.number(1, node.axes))
    return algebra.contract([first, spread], [whole, kept], whole, operand.axes)


@switches.register
def _(node: Extremum) -> Sequence[Node]:
    return [Lead(node.operands[0], node.over, node.largest)]


@switches.register
def _(node: Winners) -> Sequence[Node]:
    return [Lead(node.operands[0], node.over, node.largest)]


# Where they may be used --------------------------------------------------------------------------


@conditions_of.register
def _(node: Extremum) -> tuple[Condition, ...]:
    return _decided(node)


@conditions_of.register
def _(node: Winners) -> tuple[Condition, ...]:
    return _decided(node)


def _decided(node: Extremum | Winners) -> tuple[Condition, ...]:
    (operand,) = node.operands
    value = Extremum(operand, node.over, node.largest, node.shared)
    leads = positive(Lead(operand, node.over, node.largest))
    return tuple(Condition(condition.expression, value, "attained once") for condition in leads)


@conditions_of.register
def _(node: Lead) -> tuple[Condition, ...]:
    return (Condition(None, node.operands[0], "without ties"),)


# Evaluation ----------------------------------------------------------------------------------------


def _ends(node: Extremum | Winners | Lead) -> tuple[int, ...]:
    return tuple(axis - node.operands[0].rank for axis in node.over)


@compute.register
def _(node: Extremum, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.extremum(arguments[0], _ends(node), node.largest, node.shared)


@compute.register
def _(node: Winners, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.winners(arguments[0], _ends(node), node.largest, node.shared)


@compute.register
def _(node: Lead, arguments: Sequence[Any], backend: Any) -> Any:
    (array,), ends, extents = arguments, _ends(node), node.operands[0].axes
    whole, kept = _rows(node)
    sign = ONE if node.largest else -ONE
    best, worst = (backend.extremum(array, ends, largest, True) for largest in (node.largest, not node.largest))
    behind = backend.linear([sign, -sign], [backend.contract([best], [kept], whole, extents), array])
    # The winner is put behind all others, so that the least distance is the second's.
    spread = backend.linear([sign, -sign, ONE], [best, worst, backend.constant(ONE, node.axes)])
    first = backend.winners(array, ends, node.largest, False)
    moved = backend.contract([first, spread], [whole, kept], whole, extents)
    return backend.extremum(backend.linear([ONE, ONE], [behind, moved]), ends, False, True)


# Printing ------------------------------------------------------------------------------------------


def _name(node: Extremum | Winners | Lead) -> str:
    return "max" if node.largest else "min"


def _call(node: Extremum | Winners | Lead, printer: Printer, name: str) -> Shown:
    inside = [show(node.operands[0], printer)]
    if len(node.over) < node.operands[0].rank:
        inside.append(Shown(f"axis={', '.join(map(str, node.over))}"))
    return printer.call(name, inside)


@show.register
def _(node: Extremum, printer: Printer) -> Shown:
    return _call(node, printer, _name(node))


@show.register
def _(node: Winners, printer: Printer) -> Shown:
    return printer.call("onehot", [_call(node, printer, f"arg{_name(node)}")])


@show.register
def _(node: Lead, printer: Printer) -> Shown:
    best, second = _call(node, printer, _name(node)), _call(node, printer, "second")
    return printer.sum([(False, best), (True, second)] if node.largest else [(False, second), (True, best)])


def _over(node: Extremum | Winners | Lead, printer: Printer, indices: tuple[str, ...], sign: str) -> Shown:
    """Return *sign* over fresh letters for the chosen axes; *indices* are those of the other axes."""
    with printer.indices(len(node.over)) as bound:
        fresh, given = iter(bound), iter(indices)
        place = tuple(next(fresh if axis in node.over else given) for axis in range(node.operands[0].rank))
        return printer.over(sign, names.joined(bound), show_component(node.operands[0], printer, place))


@show_component.register
def _(node: Extremum, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return _over(node, printer, indices, _name(node))


@show_component.register
def _(node: Winners, printer: Printer, indices: tuple[str, ...]) -> Shown:
    others = tuple(index for axis, index in enumerate(indices) if axis not in node.over)
    place = names.joined(tuple(index for axis, index in enumerate(indices) if axis in node.over))
    return Shown(f"[{place}={_over(node, printer, others, f'arg{_name(node)}').written}]")


@show_component.register
def _(node: Lead, printer: Printer, indices: tuple[str, ...]) -> Shown:
    best, second = (_over(node, printer, indices, sign) for sign in (_name(node), "second"))
    return printer.sum([(False, best), (True, second)] if node.largest else [(False, second), (True, best)])
