"""The chain rule on paper: the product of factors, each factor, the product recombined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlab.graph import names, printing
from gradlab.graph.nodes import Node, show, topological
from gradlab.graph.point import brief
from gradlab.graph.styles import LatexPrinter, TextPrinter
from gradlab.graph.writing import Level, Printer
from gradlab.symbolic.presentation import Equation, name_of
from gradlab.symbolic.views import aligned, rows_of

if TYPE_CHECKING:
    from gradlab.symbolic.chain import Chain, ChainAt, Link


def text(chain: Chain, numbers: ChainAt | None) -> str:
    """Return the chain as plain text."""
    rows = [f"{_partial(chain.function.name, chain.wrt, TextPrinter)} = {_rule(chain, TextPrinter)}"]
    rows += [f"  {row}" for row in rows_of(_factors(chain, TextPrinter))]
    rows += rows_of([_recombined(chain, TextPrinter)]) if chain.paths else []
    return "\n".join(rows + (_numbers(numbers) if numbers is not None else []))


def latex(chain: Chain) -> str:
    """Return the chain as an aligned block."""
    rule = Equation(_partial(chain.function.name, chain.wrt, LatexPrinter), (_rule(chain, LatexPrinter),))
    return aligned([rule, *_factors(chain, LatexPrinter), *([_recombined(chain, LatexPrinter)] if chain.paths else [])])


def as_dict(chain: Chain, numbers: ChainAt | None) -> dict[str, Any]:
    """Return the chain as plain data."""
    factors = {
        _partial(link.outer, link.inner, TextPrinter): _written(link.jacobian, TextPrinter) for link in chain.links
    }
    found: dict[str, Any] = {
        "wrt": chain.wrt,
        "rule": _rule(chain, TextPrinter),
        "factors": factors,
        "recombined": _written(chain.recombined, TextPrinter),
    }
    if numbers is not None:
        values = dict(zip(factors, numbers.factors.values(), strict=True))
        found |= {"at": dict(numbers.at), "values": values, "total": numbers.total}
    return found


def _partial(
    outer: str, inner: str, style: type[Printer], above: tuple[str, ...] = (), below: tuple[str, ...] = ()
) -> str:
    top, bottom = name_of(outer, style, above), name_of(inner, style, below)
    return rf"\frac{{\partial {top}}}{{\partial {bottom}}}" if style is LatexPrinter else f"∂{top}/∂{bottom}"


def _rule(chain: Chain, style: type[Printer]) -> str:
    dot = r" \cdot " if style is LatexPrinter else " · "
    products = [dot.join(_partial(link.outer, link.inner, style) for link in path) for path in chain.paths]
    return " + ".join(products) if products else "0"


def _factors(chain: Chain, style: type[Printer]) -> list[Equation]:
    """Return each factor; one between arrays in index form, and below it what flows back through it."""
    found: list[Equation] = []
    for link in chain.links:
        if link.is_number:
            found.append(Equation(_partial(link.outer, link.inner, style), (_written(link.jacobian, style),)))
            continue
        whole, indices = printing.written(link.jacobian, style, form="index")
        rank = link.jacobian.rank - _rank_of_inner(link)
        left = _partial(link.outer, link.inner, style, indices[:rank], indices[rank:])
        found.append(Equation(left, (whole,)))
        found.append(_flow(chain, link, style))
    return found


def _rank_of_inner(link: Link) -> int:
    return link.flowing.rank


def _flow(chain: Chain, link: Link, style: type[Printer]) -> Equation:
    """Return what the inner value receives, as backpropagation writes it."""
    last = link.inner == chain.wrt
    several = sum(other.inner == link.inner for other in chain.links) > 1
    left = _partial(chain.function.name, link.inner, style) if last else name_of(f"delta_{link.inner}", style)
    first = link.outer == chain.function.name
    flowing = link.jacobian if first else link.flowing
    sign = r"\leftarrow " if style is LatexPrinter else "← "
    return Equation(left, ((sign if several else "") + _written(flowing, style),))


def _recombined(chain: Chain, style: type[Printer]) -> Equation:
    left = _partial(chain.function.name, chain.wrt, style)
    final = _written(chain.recombined, style)
    if chain.product is None:
        return Equation(left, (final,))
    dot = r" \cdot " if style is LatexPrinter else " · "
    products = [dot.join(_closed(link.jacobian, style) for link in path) for path in chain.paths]
    return Equation(left, tuple(dict.fromkeys((" + ".join(products) or "0", final))))


def _closed(node: Node, style: type[Printer]) -> str:
    """Return a factor, in brackets where a dot beside it would tear it apart."""
    printer = style(reserved=names.used_in(node))
    return printer.wrap(show(node, printer), Level.PRODUCT)


def _written(node: Node, style: type[Printer]) -> str:
    form = "matrix" if any(part.rank > 1 for part in topological([node])) else "index"
    return printing.written(node, style, form=form)[0]


def _numbers(numbers: ChainAt) -> list[str]:
    chain = numbers.chain
    place = ", ".join(f"{name} = {brief(array)}" for name, array in numbers.at.items())
    rows = [f"at {place}:"]
    for link, value in numbers.factors.items():
        rows.append(f"  {_partial(link.outer, link.inner, TextPrinter)} = {brief(value)}")
    if chain.product is not None:
        products = [" · ".join(brief(numbers.factors[link]) for link in path) for path in chain.paths]
        rows.append(f"{_partial(chain.function.name, chain.wrt, TextPrinter)} = {' + '.join(products)}")
    rows.append(f"{_partial(chain.function.name, chain.wrt, TextPrinter)} = {brief(numbers.total)}")
    return rows
