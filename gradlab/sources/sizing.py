"""The sizes of axes while a function is read: symbols that are unified as operations need them to be equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradlab.errors import ShapeError, UnknownShape
from gradlab.graph.kinds import Let
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.sizes import Axes, Coefficient, Size

SIZE_NAMES = ("n", "m", "k", "d", "p", "q", "r", "s")
"""Names given to sizes that the writer has not named, in this order."""


class SizeTable:
    """Which sizes are known to be one, and the numbers behind them at an example point.

    numbers: per symbol, its length in the example.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._roots: dict[str, Size] = {}
        self._declared: set[str] = set()

    def declare(self, axes: Axes) -> None:
        """Take the symbols of *axes* as named by the writer: different names are then different sizes."""
        self._declared.update(size for size in axes if isinstance(size, str))

    def fresh_axes(self, name: str, shape: Sequence[int]) -> Axes:
        """Return axes with a new symbol for each axis of an example of this *shape*; 1 stays 1."""
        axes: list[Size] = []
        for position, length in enumerate(shape):
            symbol = f"{name}.{position}"
            if length != 1:
                self.numbers[symbol] = length
            axes.append(1 if length == 1 else symbol)
        return tuple(axes)

    def root(self, size: Size) -> Size:
        """Return what *size* is known to be: a number, or the symbol that stands for its class."""
        while isinstance(size, str) and size in self._roots:
            size = self._roots[size]
        return size

    def number(self, size: Size) -> int | None:
        """Return the length of *size* at the example point, or None if there is none."""
        size = self.root(size)
        return size if isinstance(size, int) else self.numbers.get(size)

    def pin(self, size: Size) -> int:
        """Fix *size* to its number at the example point, because the code used it as a number."""
        length = self.number(size)
        size = self.root(size)
        if length is None:
            name = str(size).partition(".")[0]
            raise UnknownShape(
                f"the code uses a length of {name} as a number; give a point, or state it, for example "
                f'as_function(f, shapes={{"{name}": (5,)}})'
            )
        if isinstance(size, str):
            self._roots[size] = length
        return length

    def unify(self, first: Size, second: Size, said: str) -> Size:
        """Return the one size that both are; raises ShapeError, which *said* completes, if they differ."""
        first, second = self.root(first), self.root(second)
        if first == second:
            return first
        one, two = self.number(first), self.number(second)
        both_declared = first in self._declared and second in self._declared
        if both_declared or (one is not None and two is not None and one != two):
            raise ShapeError(f"{said}: {self._size_text(first)} is not {self._size_text(second)}")
        if isinstance(second, int) or (second in self._declared and isinstance(first, str)):
            first, second = second, first
        assert isinstance(second, str)
        self._roots[second] = first
        if two is not None and isinstance(first, str):
            self.numbers.setdefault(first, two)
        return first

    def may_be_equal(self, first: Size, second: Size) -> bool:
        """Return whether nothing that is known keeps these two from being one size."""
        first, second = self.root(first), self.root(second)
        one, two = self.number(first), self.number(second)
        if first == second or (one is not None and two is not None):
            return first == second or one == two
        # A size without a number is not taken for a plain number, nor one that the writer has named for another such.
        plain = isinstance(first, int) or isinstance(second, int)
        return not plain and not (first in self._declared and second in self._declared)

    def _size_text(self, size: Size) -> str:
        length = self.number(size)
        named = isinstance(size, str) and "." not in size
        return f"{size} = {length}" if named and length is not None else str(size if length is None else length)

    def shape_text(self, node: Node) -> str:
        """Return the shape of *node* as a reader knows it."""
        inside = ", ".join(self._size_text(self.root(size)) for size in node.axes)
        return f"({inside},)" if node.rank == 1 else f"({inside})"

    def finished(self, outputs: Sequence[Node], lets: Mapping[Node, str], taken: frozenset[str]) -> list[Node]:
        """Return *outputs* with every size known by its final name, and named values marked as such.

        taken: names that sizes must not use.
        """
        # A slice is made of a value whose sizes are numbers by then: names are looked up when all sizes are final.
        plain = rebuild([*outputs, *lets], self._final_sizes(outputs, taken))
        last, names = plain[: len(outputs)], dict(zip(plain[len(outputs) :], lets.values(), strict=True))

        def named(old: Node, new: Node) -> Node:
            return Let(names[old], new) if old in names and old not in last else new

        return rebuild(last, None, named)

    def _final_sizes(self, outputs: Sequence[Node], taken: frozenset[str]) -> dict[str, Size]:
        roots: dict[Size, Size] = {}
        final: dict[str, Size] = {}
        free = [name for name in SIZE_NAMES if name not in taken and name not in self._declared]
        free += [f"n{number}" for number in range(1, 200)]
        symbols = dict.fromkeys(
            size
            for node in topological(outputs)
            for size in (*node.axes, *getattr(node, "extents", ()), *sizes_in(node))
            if isinstance(size, str)
        )
        for symbol in symbols:
            root = self.root(symbol)
            if isinstance(root, str) and "." in root and root not in roots:
                roots[root] = free.pop(0)
            final[symbol] = roots.get(root, root)
        return final


def sizes_in(node: Node) -> list[str]:
    """Return the size symbols in the numbers that *node* is written with."""
    coefficients: list[Coefficient] = list(getattr(node, "coefficients", ()))
    value = getattr(node, "value", None)
    if isinstance(value, Coefficient):
        coefficients.append(value)
    return [size for coefficient in coefficients for size, _ in coefficient.sizes]
