"""One step of a derivation: a named rule, applied once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from gradlab.graph import printing
from gradlab.graph.nodes import Node, topological
from gradlab.graph.styles import LatexPrinter, TextPrinter
from gradlab.graph.tidying import tidied
from gradlab.graph.writing import Printer

if TYPE_CHECKING:
    from gradlab.symbolic.proof import Evidence


@dataclass(frozen=True, eq=False)
class Step:
    """One rule of differentiation, applied to one operation and one of its operands.

    rule: its name.  because: its formula.
    before: the operation.  place: which operand.
    incoming: the derivative of the result with respect to the operation.
    local: the derivative of the operation with respect to the operand, where the rule multiplies by one.
    after: what the operand receives: its share of the derivative of the result.
    substeps: the steps that this one sums up.
    """

    rule: str
    because: str
    before: Node
    place: int
    incoming: Node
    local: Node | None
    after: Node
    substeps: tuple[Step, ...] = ()

    @property
    def operand(self) -> Node:
        """What the step differentiates with respect to."""
        return self.before.operands[self.place]

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
        return f"{self.statement(TextPrinter)}    [{self.rule}: {self.because}]"

    def latex(self) -> str:
        """Return the step's equation as LaTeX."""
        return self.statement(LatexPrinter)

    def statement(self, style: type[Printer]) -> str:
        """Return the equation that the step claims, in the given style.

        Where there is a local derivative: the derivative of the operation.  Elsewhere: what flows back.
        """
        latex = style is LatexPrinter
        nodes = [self.before, self.incoming, self.after]
        form = "matrix" if any(part.rank > 1 for part in topological(nodes)) else "index"

        def written(node: Node) -> str:
            return printing.written(node, style, form=form)[0]

        def shorter(node: Node) -> str:
            return min(written(node), written(tidied(node)), key=len)

        wrt, before = written(self.operand), written(self.before)
        if self.local is not None:
            if latex:
                by = rf"\frac{{\partial}}{{\partial {_grouped(wrt)}}}"
                return rf"{by} \left({before}\right) = {shorter(self.local)}"
            return f"∂/∂{_grouped(wrt)} ({before}) = {shorter(self.local)}"
        incoming, after = shorter(self.incoming), shorter(self.after)
        if before == wrt:  # a broadcast: the same value, once for every index
            before = rf"{before}\text{{ copied}}" if latex else f"{before}, copied"
        listed = form == "index" and not printing.written(self.after, style, form=form)[1]
        if listed and self.operand.rank:  # all entries, so no index
            wrt = printing.written(self.operand, style, form="matrix")[0]
        if latex:
            flow = rf"\;\longrightarrow\; \delta\left[{wrt}\right] = {after}"
            return rf"\delta\left[{before}\right] = {incoming} {flow}"
        return f"δ[{before}] = {incoming} → δ[{wrt}] = {after}"


def _grouped(written: str) -> str:
    return (
        written
        if all(mark.isidentifier() or mark.isdecimal() or mark in "{}\\" for mark in written)
        else f"({written})"
    )
