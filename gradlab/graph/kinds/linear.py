"""A linear combination with exact coefficients: sums, differences, signs, constant multiples, means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradlab.graph.nodes import Node, Pull, compute, pullback, show, show_component
from gradlab.graph.rules import rule
from gradlab.graph.sizes import ONE, Axes, Coefficient, Size
from gradlab.graph.writing import Printer, Shown


class Linear(Node):
    """``c1 u1 + c2 u2 + …``; all operands have the same axes."""

    __slots__ = ("coefficients",)

    def __init__(self, coefficients: tuple[Coefficient, ...], operands: tuple[Node, ...]) -> None:
        self.coefficients: tuple[Coefficient, ...] = coefficients
        self.operands = operands
        self.axes: Axes = operands[0].axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        return Linear(tuple(coefficient.renamed(sizes) for coefficient in self.coefficients), operands)

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        from gradlab.graph import algebra

        terms = zip(self.coefficients, algebra.alike(operands, lead, batch), strict=True)
        return algebra.add(*(algebra.scale(coefficient, operand) for coefficient, operand in terms))


_MULTIPLE = rule("constant multiple", "d(c u) = c du")
_SUM = rule("sum rule", "d(u + v) = du + dv")


@pullback.register
def _(node: Linear, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    from gradlab.graph import algebra

    stated = _MULTIPLE if len(node.operands) == 1 else _SUM
    return [
        Pull(stated, algebra.constant(coefficient), algebra.scale(coefficient, delta)) if want else None
        for coefficient, want in zip(node.coefficients, wanted, strict=True)
    ]


@compute.register
def _(node: Linear, arguments: Sequence[Any], backend: Any) -> Any:
    return backend.linear(node.coefficients, arguments)


def _written(node: Linear, printer: Printer, operand: Callable[[Node], Shown]) -> Shown:
    return printer.sum(
        [
            (negative, printer.scaled(-coefficient if negative else coefficient, operand(part)))
            for coefficient, part in terms(node)
            for negative in (coefficient.rational < 0,)
        ]
    )


def terms(node: Linear, most: int | None = None) -> list[tuple[Coefficient, Node]]:
    """Return the terms with a + (b + c) taken apart, as it is written a + b + c; the graph keeps the grouping.

    most: stop where there are more than so many, the rest of them not taken apart.
    """
    terms: list[tuple[Coefficient, Node]] = []
    waiting: list[tuple[Coefficient, Node]] = [(ONE, node)]
    while waiting and (most is None or len(terms) + len(waiting) <= most):
        coefficient, part = waiting.pop()
        positive = _negated(part)
        if coefficient.is_one and isinstance(part, Linear) and (part is node or len(part.operands) > 1):
            waiting.extend(reversed(list(zip(part.coefficients, part.operands, strict=True))))
        elif positive is not None and not _is_sign(coefficient):
            # -x²/2 is half of -x²; nobody writes 1/2 (-x²).
            terms.append((-coefficient, positive))
        else:
            terms.append((coefficient, part))
    return terms + waiting


def _negated(node: Node) -> Node | None:
    """Return u where *node* is -u, else None."""
    if isinstance(node, Linear) and len(node.operands) == 1 and (-node.coefficients[0]).is_one:
        return node.operands[0]
    return None


def _is_sign(coefficient: Coefficient) -> bool:
    return coefficient.is_one or (-coefficient).is_one


@show.register
def _(node: Linear, printer: Printer) -> Shown:
    return _written(node, printer, lambda part: show(part, printer))


@show_component.register
def _(node: Linear, printer: Printer, indices: tuple[str, ...]) -> Shown:
    return _written(node, printer, lambda part: show_component(part, printer, indices))
