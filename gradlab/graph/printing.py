"""Expressions as text and as LaTeX: one walk over the graph, two styles."""

from __future__ import annotations

from collections.abc import Sequence

from gradlab.graph import names
from gradlab.graph.nodes import Node, show, show_component, topological
from gradlab.graph.sizes import ONE, Coefficient
from gradlab.graph.styles import LatexPrinter, TextPrinter
from gradlab.graph.writing import Printer, Shown


def text(node: Node, *, form: str = "auto") -> str:
    """Return *node* as plain text. form: as for `written`."""
    return written(node, TextPrinter, form=form)[0]


def latex(node: Node, *, form: str = "auto") -> str:
    """Return *node* as LaTeX. form: as for `written`."""
    return written(node, LatexPrinter, form=form)[0]


def block(rows: Sequence[str], environment: str = "aligned") -> str:
    r"""Return rows of LaTeX one below the other, so far apart that a fraction does not touch the one below it.

    >>> print(block([r"f &= x", r"&= y"]))
    \begin{aligned}
    f &= x \\[0.4em]
    &= y
    \end{aligned}
    """
    lines = " \\\\[0.4em]\n".join(rows)
    return f"\\begin{{{environment}}}\n{lines}\n\\end{{{environment}}}"


def written(node: Node, style: type[Printer], *, form: str = "auto") -> tuple[str, tuple[str, ...]]:
    """Return *node* as written in *style*, and the index letters of the component that is shown, if it is one.

    form: "matrix" (``X^T y``), "index" (``sum_i X_ij y_i``), or "auto": index form where nothing has two axes, or an
        index itself is a number in the formula.
    Named values are written by their names; `gradlab.graph.tidying.tidied` writes them out.
    """
    from gradlab.graph.kinds.index import entries
    from gradlab.graph.kinds.positions import Positions

    if form not in ("auto", "matrix", "index"):
        raise ValueError(f"form must be 'auto', 'matrix' or 'index', not {form!r}")
    if form == "auto":
        parts = topological([node])
        counts = any(isinstance(part, Positions) for part in parts)
        form = "matrix" if not counts and any(part.rank > 1 for part in parts) else "index"

    if is_unreadable(node):
        return f"… ({len(topological([node])):,} operations)", ()
    printer = style(reserved=names.used_in(node))
    listed = entries(node)
    if listed:  # a vector put together entry by entry, which no single component describes
        return printer.listing([Shown(written(entry, style, form=form)[0]) for entry in listed]).written, ()
    if form == "matrix":
        return show(node, printer).written, ()
    with printer.indices(node.rank) as indices:
        return show_component(node, printer, indices).written, indices


def condition(node: Node, style: type[Printer]) -> str:
    """Return the truth value *node* as the condition that it stands for, of one entry where it has axes: x_i > 0."""
    if is_unreadable(node):
        return written(node, style)[0]
    printer = style(reserved=names.used_in(node))
    if not node.rank and any(part.rank > 1 for part in topological([node])):
        shown = show(node, printer)
    else:
        with printer.indices(node.rank) as indices:
            shown = show_component(node, printer, indices)
    return shown.condition or shown.written


MOST_PARTS = 3_000
"""Operations, shared ones counted as often as they are written, up to which an expression is written out."""

DEEPEST = 120
"""Nested operations up to which an expression is written out: each takes four or five of Python's 1,000 frames."""


def is_unreadable(node: Node, *, named: bool = True) -> bool:
    """Return whether *node* is too large to be written out.

    named: count a named value as the one word that it is written as.
    """
    from gradlab.graph.kinds import Let, Linear

    parts: dict[Node, int] = {}
    depth: dict[Node, int] = {}
    for part in topological([node]):
        word = named and isinstance(part, Let) and part is not node
        parts[part] = 1 if word else 1 + sum(parts[operand] for operand in part.operands)
        # A long sum leans to the left and is written flat.
        flat = [isinstance(part, Linear) and len(part.operands) > 1 and c.is_one for c in _coefficients(part)]
        own = 2 if isinstance(part, Linear) else 1
        below = [depth[operand] + (0 if level else own) for operand, level in zip(part.operands, flat, strict=True)]
        depth[part] = 0 if word else max(below, default=0)
    return parts[node] > MOST_PARTS or depth[node] > DEEPEST


def _coefficients(node: Node) -> tuple[Coefficient, ...]:
    """Return the coefficients of a linear combination, and 1 for every operand of anything else."""
    return getattr(node, "coefficients", (ONE,) * len(node.operands))
