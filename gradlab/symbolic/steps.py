"""One step of a derivation: an equality, by one named rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from gradlab.graph import printing
from gradlab.graph.conditions import Condition
from gradlab.graph.differentiation import Sweep
from gradlab.graph.kinds import Derivative, Let, Linear, Variable, VectorJacobian
from gradlab.graph.kinds.linear import terms
from gradlab.graph.nodes import Node, conditions_of, topological
from gradlab.graph.sizes import ONE
from gradlab.graph.styles import LatexPrinter, TextPrinter
from gradlab.graph.tidying import tidied
from gradlab.graph.writing import Printer

if TYPE_CHECKING:
    from gradlab.symbolic.proof import Evidence


class Kind(StrEnum):
    """What a step does: it applies a rule of differentiation, or it writes the same expression in another way."""

    DIFFERENTIATION = "differentiation"
    REWRITING = "rewriting"


@dataclass(frozen=True, eq=False)
class Step:
    """``before = after``, by one named rule.

    rule: its name.  because: its formula.
    before, after: what stood there and what it equals. Either may hold derivatives that are not carried out yet:
        `gradlab.graph.kinds.Derivative`, and `VectorJacobian` where a delta flows back through an operation.
    substeps: the derivations of the derivatives that *after* leaves open, in their order.
    local: where a delta flows back, the local derivative, if the rule multiplies by one.
    """

    rule: str
    because: str
    before: Node
    after: Node
    kind: Kind = Kind.DIFFERENTIATION
    substeps: tuple[Step, ...] = ()
    local: Node | None = None

    @property
    def flow(self) -> VectorJacobian | None:
        """What flows back, where the step belongs to a reverse sweep; None in a derivation from the front."""
        return self.before if isinstance(self.before, VectorJacobian) else None

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Where the step holds: what the operation that it differentiates asks of its operands; () if everywhere.

        >>> from gradlab.graph.styles import TextPrinter
        >>> from gradlab.symbolic import derive
        >>> [condition.written(TextPrinter) for condition in derive("log(x)").steps[0].conditions]
        ['x > 0']
        """
        if self.flow is not None:
            return conditions_of(self.flow.operation)
        return conditions_of(self.before.operands[0]) if isinstance(self.before, Derivative) else ()

    @cached_property
    def evidence(self) -> Evidence:
        """How surely the step is known to be right; proved on first use, independently of the rules."""
        from gradlab.symbolic.proof import prove

        return prove(self)

    def text(self) -> str:
        """Return the step on one line.

        >>> from gradlab.symbolic import derive
        >>> print(derive("x^2").steps[0].text())
        ∂/∂x (x²) = 2 x    [power rule: d/du u^n = n u^(n-1)]
        """
        said = f"{self.rule}: {self.because}" if self.because else self.rule
        return f"{self.statement(TextPrinter)}    [{said}]"

    def latex(self) -> str:
        """Return the step's equation as LaTeX."""
        return self.statement(LatexPrinter)

    def statement(self, style: type[Printer]) -> str:
        """Return the equation that the step claims, in the given style."""
        return " = ".join(self.sides(style)) if self.flow is None else _flowing(self, self.flow, style)

    def sides(self, style: type[Printer]) -> tuple[str, str]:
        """Return both sides of the equation as they are written."""
        form = "matrix" if any(part.rank > 1 for part in topological([self.before, self.after])) else "index"
        left, right = (printing.written(side, style, form=form)[0] for side in (self.before, self.after))
        return left, right


def walk(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield every step of a tree: what a step leaves open is derived before the line that follows it."""
    for step in steps:
        yield step
        yield from walk(step.substeps)


def steps_of(swept: Sweep) -> list[Step]:
    """Return what a reverse sweep did as steps; that a name stands for its value is none."""
    return [
        Step(
            flow.pull.rule.name,
            flow.pull.rule.formula,
            VectorJacobian(flow.operation, flow.place, flow.incoming),
            flow.pull.delta,
            local=flow.pull.local,
        )
        for flow in swept.flows
        if not isinstance(flow.operation, Let)
    ]


# Where a delta flows back --------------------------------------------------------------------------


def _flowing(step: Step, flow: VectorJacobian, style: type[Printer]) -> str:
    """Return the derivative of the operation where the rule multiplies by one; elsewhere what flows back."""
    latex = style is LatexPrinter
    shown = _at_place(flow)
    nodes = [shown, flow.delta, step.after]
    form = "matrix" if any(part.rank > 1 for part in topological(nodes)) else "index"

    def written(node: Node) -> str:
        return printing.written(node, style, form=form)[0]

    def shorter(node: Node) -> str:
        return min(written(node), written(tidied(node)), key=len)

    wrt, before = written(elided(flow.operand)), written(shown)
    if step.local is not None:
        if latex:
            by = rf"\frac{{\partial}}{{\partial {_grouped(wrt)}}}"
            return rf"{by} \left({before}\right) = {shorter(step.local)}"
        return f"∂/∂{_grouped(wrt)} ({before}) = {shorter(step.local)}"
    incoming, after = shorter(flow.delta), shorter(step.after)
    if before == wrt:  # a broadcast: the same value, once for every index
        before = rf"{before}\text{{ copied}}" if latex else f"{before}, copied"
    listed = form == "index" and not printing.written(step.after, style, form=form)[1]
    if listed and flow.operand.rank:  # all entries, so no index
        wrt = printing.written(flow.operand, style, form="matrix")[0]
    if latex:
        arrow = rf"\;\longrightarrow\; \delta\left[{wrt}\right] = {after}"
        return rf"\delta\left[{before}\right] = {incoming} {arrow}"
    return f"δ[{before}] = {incoming} → δ[{wrt}] = {after}"


MOST_TERMS = 12
"""Terms of a sum that a step shows: a sum of 500 would be written out 500 times, once for each of its terms."""

_DOTS = Variable("…", ())


def elided(node: Node) -> Node:
    """Return a long sum of numbers with dots in place of all its terms but the last, anything else as it is.

    >>> from gradlab.sources import as_function
    >>> elided(as_function(" + ".join(f"{n} x^{n}" for n in range(2, 20))).formula)
    … + 19 x¹⁹
    """
    if node.axes or not isinstance(node, Linear) or len(terms(node, MOST_TERMS)) <= MOST_TERMS:
        return node
    return Linear((ONE, node.coefficients[-1]), (_DOTS, elided(node.operands[-1])))


def _at_place(flow: VectorJacobian) -> Node:
    """Return the operation through which a delta flows; of a long sum the term that it flows to, and dots."""
    node = flow.operation
    if elided(node) is node or not isinstance(node, Linear):
        return node
    front, operand = node.coefficients[flow.place], elided(flow.operand)
    if flow.place == len(node.operands) - 1:
        return Linear((ONE, front), (_DOTS, operand))
    return Linear((front, ONE), (operand, _DOTS))


def _grouped(written: str) -> str:
    return (
        written
        if all(mark.isidentifier() or mark.isdecimal() or mark in "{}\\" for mark in written)
        else f"({written})"
    )
