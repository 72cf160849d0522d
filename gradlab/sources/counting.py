"""Counting 0, 1, 2, … up to a size that stays a symbol, and what can only hold whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradlab.graph import evaluation
from gradlab.graph.kinds import (
    Constant,
    Contraction,
    Cumulative,
    Elementwise,
    Extremum,
    Flip,
    Gather,
    Index,
    Let,
    Linear,
    OneHot,
    Positions,
    Roll,
    Scatter,
    ScatterAdd,
    Stack,
    Variable,
    Winners,
)
from gradlab.graph.nodes import Node, topological
from gradlab.graph.operations import ABS, MAXIMUM, MINIMUM
from gradlab.graph.sizes import Coefficient, Size
from gradlab.sources.traced import Traced

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace

_KEEPS_WHOLE = (Contraction, Cumulative, Extremum, Flip, Gather, Index, Let, Roll, Scatter, ScatterAdd, Stack)


def is_whole(trace: Trace, node: Node) -> bool:
    """Return whether *node* can only hold whole numbers: integer data, variables, and what is made of such.

    A variable is taken at its word: a value that is no whole number is found at the point.
    """
    match node:
        case OneHot() | Positions():
            return True
        case Winners():
            return not node.shared
        case Variable():
            return node.name not in trace.data or trace.data[node.name].dtype.kind in "iu"
        case Constant():
            return isinstance(node.value, Coefficient) and _is_integer(node.value)
        case Linear():
            good = all(_is_integer(coefficient) for coefficient in node.coefficients)
        case Elementwise():
            good = node.operation in (ABS, MAXIMUM, MINIMUM)
        case _:
            good = isinstance(node, _KEEPS_WHOLE)
    return good and all(is_whole(trace, operand) for operand in node.operands)


def _is_integer(value: Coefficient) -> bool:
    return value.rational.denominator == 1 and all(exponent > 0 for _, exponent in value.sizes)


def known(trace: Trace, node: Node) -> Any:
    """Return the values of *node*, or None if they depend on the variables or on sizes that nobody knows."""
    parts = topological([node])
    if any(isinstance(part, Variable) and part.name not in trace.data for part in parts):
        return None
    table = trace.builder.sizes
    symbols = {size for part in parts for size in (*part.axes, *_coefficient_sizes(part)) if isinstance(size, str)}
    numbers = {size: table.number(size) for size in symbols}
    lengths = {size: length for size, length in numbers.items() if length is not None}
    if len(lengths) < len(numbers):
        return None
    (value,) = evaluation.with_numpy([node], trace.data, lengths)
    return value


def known_positions(trace: Trace, node: Node) -> Any:
    """Return an array of whole numbers that are data as such, None for anything else."""
    if not node.rank or not is_whole(trace, node):
        return None
    value = known(trace, node)
    return None if value is None else value.astype("int64")


def _coefficient_sizes(node: Node) -> list[str]:
    coefficients: list[Coefficient] = list(getattr(node, "coefficients", ()))
    if isinstance(node, Constant) and isinstance(node.value, Coefficient):
        coefficients.append(node.value)
    return [size for coefficient in coefficients for size, _ in coefficient.sizes]


def size_of(trace: Trace, value: Any) -> Size:
    """Return a size that the code names: its symbol where it is one, such as ``x.shape[0]``, else a number."""
    symbol = _symbol(value)
    return symbol if symbol is not None else value.__index__()


def _symbol(value: Any) -> str | None:
    """Return the size symbol that a stand-in is, None if it is anything else."""
    node = value.node if isinstance(value, Traced) else None
    if not isinstance(node, Constant) or node.axes or not isinstance(node.value, Coefficient):
        return None
    sizes = node.value.sizes
    return sizes[0][0] if node.value.rational == 1 and len(sizes) == 1 and sizes[0][1] == 1 else None


class Counted:
    """``range(n)`` for a size n that is a symbol: positions without a number, until somebody goes through them."""

    def __init__(self, trace: Trace, size: str) -> None:
        self.trace = trace
        self.size = size

    def _range(self) -> range:
        return range(self.trace.builder.sizes.pin(self.size))

    def __iter__(self) -> Iterator[int]:
        return iter(self._range())

    def __len__(self) -> int:
        return len(self._range())

    def __getitem__(self, key: Any) -> Any:
        return self._range()[key]

    def __contains__(self, value: object) -> bool:
        return value in self._range()

    def __reversed__(self) -> Iterator[int]:
        return reversed(self._range())

    def __eq__(self, other: object) -> bool:
        return self._range() == (other._range() if isinstance(other, Counted) else other)

    def __hash__(self) -> int:
        return hash(self._range())


def counted_range(trace: Trace) -> Callable[..., Any]:
    """Return what code sees as ``range``: Python's own but for a single size that is a symbol."""

    def call(*bounds: Any) -> Any:
        symbol = _symbol(bounds[0]) if len(bounds) == 1 else None
        return Counted(trace, symbol) if symbol is not None else range(*bounds)

    return call


def counted(trace: Trace, bounds: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Return what ``arange`` makes of a single size that is a symbol, None of anything else."""
    # arange(0, n) is arange(n).
    wanted = bounds[1:] if len(bounds) == 2 and isinstance(bounds[0], int) and bounds[0] == 0 else bounds
    symbol = _symbol(wanted[0]) if len(wanted) == 1 else None
    return trace.wrap(Positions(symbol)) if symbol is not None and not set(options) - {"dtype", "device"} else None
