"""The Euclidean norm, kept whole: its derivative at 0 is torch's, 0, and not the 0/0 of a square root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from gradlab.graph.conditions import Condition, nonzero
from gradlab.graph.kinds.elementwise import Elementwise
from gradlab.graph.nodes import Node, Pull, compute, conditions_of, pullback, show, show_component, switches
from gradlab.graph.operations import Operation
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Axes, Coefficient, Size
from gradlab.graph.writing import Printer, Shown


class Norm(Node):
    """The root of the sum of squares over *places*, axes which are dropped."""

    __slots__ = ("places",)

    def __init__(self, operand: Node, places: tuple[int, ...]) -> None:
        self.operands: tuple[Node, ...] = (operand,)
        self.places: tuple[int, ...] = places
        self.axes: Axes = tuple(operand.axes[place] for place in range(operand.rank) if place not in places)

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Norm(operands[0], self.places)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        return Norm(operands[0], tuple(place + len(batch) for place in self.places))

    @property
    def extents(self) -> Axes:
        """The sizes whose product is the number of operations that it takes."""
        return self.operands[0].axes

    @property
    def kept(self) -> tuple[int, ...]:
        """The axes of the operand that are left."""
        return tuple(place for place in range(self.operands[0].rank) if place not in self.places)

    @property
    def squares(self) -> Node:
        """The sum of the squares."""
        from gradlab.graph import algebra

        operand = self.operands[0]
        squared = algebra.raised(operand, 2)
        return algebra.contract([squared], [tuple(range(operand.rank))], self.kept, operand.axes)


def _divided(np: Any, above: Any, below: Any) -> Any:
    return np.where(below != 0, above / np.where(below != 0, below, 1), 0)


SHARE = Operation(
    name="share",
    arity=2,
    rule=rule("share of a norm", "d(u/v) = du / v - (u/v) dv / v", "v ≠ 0"),
    sympy=lambda sp, u, v: u / v,
    numpy=_divided,
    torch=lambda torch, u, v: torch.where(v != 0, u / torch.where(v != 0, v, 1), 0),
    ball=lambda flint, u, v: u / v if v != 0 else flint.arb(0) if v == 0 else u / v,
    partials=lambda g, u, out: [
        Elementwise(SHARE, (g.number(1, u[1].axes), u[1])),
        g.negative(Elementwise(SHARE, (out, u[1]))),
    ],
    write=lambda printer, u, elementwise: printer.fraction(u[0], u[1]),
)
"""u/v, and 0 where v is 0, for u no larger than v."""


_NORM = rule("norm", "d ‖u‖ / du = u / ‖u‖", "‖u‖ ≠ 0")


@pullback.register
def _(node: Norm, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    operand = node.operands[0]
    whole = tuple(range(operand.rank))
    wide = algebra.contract([output], [node.kept], whole, operand.axes)
    local = Elementwise(SHARE, (operand, wide))
    pulled = algebra.contract([delta, local], [node.kept, whole], whole, operand.axes)
    return [Pull(_NORM, local, pulled)]


@compute.register
def _(node: Norm, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.norm(arguments[0], tuple(place - node.operands[0].rank for place in node.places))


@switches.register
def _(node: Norm) -> Sequence[Node]:
    return (node.squares,)


@conditions_of.register
def _(node: Norm) -> tuple[Condition, ...]:
    return nonzero(node)


@show.register
def _(node: Norm, printer: Printer) -> Shown:
    inside = show(node.operands[0], printer)
    if not node.rank:
        return printer.norm(inside, frobenius=len(node.places) == 2)
    axes = ",".join(str(place) for place in node.places)
    return printer.call("norm", [inside, Shown(f"axis={axes}")])


@show_component.register
def _(node: Norm, printer: Printer, indices: tuple[str, ...]) -> Shown:
    if not node.rank:
        return show(node, printer)
    with printer.indices(len(node.places)) as bound:
        left, over = iter(indices), iter(bound)
        inner = tuple(next(over) if place in node.places else next(left) for place in range(node.operands[0].rank))
        square = printer.power(
            show_component(node.operands[0], printer, inner), printer.number(Coefficient(Fraction(2)))
        )
        return printer.root(printer.summation(bound, square))
