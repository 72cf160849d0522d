"""A function and its gradient as explicit loops over entries: what numba compiles to machine code.

Every value is a rule that gives one entry from its indices, so that whole chains of entrywise operations are one
expression in one loop. Sums get a loop of their own, merged with the one before where both run over the same entries.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from math import prod
from typing import Any

from gradlab.errors import GradlabError
from gradlab.graph.backends import Key, Row
from gradlab.graph.emission.blocks import Block, merged
from gradlab.graph.emission.dialects import LOOPS
from gradlab.graph.emission.fragments import filled, literal, named, parsed, weight_of, write, written
from gradlab.graph.emission.lines import Names
from gradlab.graph.emission.preparing import Prepared
from gradlab.graph.emission.recording import recorded
from gradlab.graph.kinds import Let
from gradlab.graph.nodes import Node, compute, topological
from gradlab.graph.operations import DIVIDE, GENERAL_POWER, Operation
from gradlab.graph.pairing import TYPICAL, pairs
from gradlab.graph.sizes import ONE, Axes, Coefficient, Size

Indices = tuple[ast.expr, ...]


@dataclass(frozen=True)
class Entries:
    """An array by the rule for one of its entries.

    at: from indices to the entry.  weight: the operations that an entry takes.  key, inside: where and what of an
    array that is zero elsewhere, else None.  name: of an array of the loops' own, "" if it is none.
    """

    axes: Axes
    at: Callable[[Indices], ast.expr]
    weight: int = 0
    placed: tuple[Key, Entries] | None = None
    name: str = ""


def loops(ready: Prepared, function: str, names: Names, inputs: Mapping[str, str]) -> str:
    """Return the text of *function*: loops that return the value and the partial derivatives as a tuple.

    inputs: the identifier of each variable and data, in the order of the parameters.
    """
    axes = {**ready.variables, **ready.data_axes}
    writer = _LoopBackend(axes, inputs, names)
    outputs = [ready.value, *ready.partials.values()]
    made: dict[Node, Entries] = {}
    uses: Counter[Node] = Counter(outputs)
    for node in topological(outputs):
        uses.update(node.operands)
    for node in topological(outputs):
        entries = compute(node, [made[operand] for operand in node.operands], writer)  # type: ignore[arg-type]
        again = uses[node] > 1 and entries.weight > 0 and not isinstance(node, Let)
        made[node] = writer.stored(entries) if again or (entries.weight > 12 and node.rank) else entries
    results = [written(writer.result(made[output])) for output in outputs]
    lines = [
        *writer.size_lines(),
        *merged(writer.blocks, results),
        f"return {', '.join(results)}{',' * (len(results) == 1)}",
    ]
    body = "\n".join(f"    {line}" for line in lines)
    return f"def {function}({', '.join(inputs.values())}):\n{body}\n"


class _LoopBackend:
    """An arithmetic whose arrays are rules for their entries; see `gradlab.graph.backends.Backend`."""

    def __init__(self, axes: Mapping[str, Axes], inputs: Mapping[str, str], names: Names) -> None:
        self.axes = axes
        self.inputs = inputs
        self.names = names
        self.blocks: list[Block] = []
        self.sizes: dict[str, str] = {}
        self._numbers = count()
        self._returned: set[str] = set()

    # Names, sizes, stores ----------------------------------------------------------------------

    def size(self, size: Size) -> ast.expr:
        if isinstance(size, int):
            return literal(size)
        if size not in self.sizes:
            self.sizes[size] = self.names.fresh(size)
        return named(self.sizes[size])

    def size_lines(self) -> list[str]:
        lines: list[str] = []
        left = dict(self.sizes)
        for name, axes in self.axes.items():
            for place, size in enumerate(axes):
                if isinstance(size, str) and size in left:
                    lines.append(f"{left.pop(size)} = {self.inputs[name]}.shape[{place}]")
        return lines

    def _shape(self, axes: Axes) -> str:
        return written(ast.Tuple([self.size(size) for size in axes], ast.Load()))

    def _looped(self, axes: Axes) -> tuple[tuple[str, ...], Indices]:
        """Return the extents of loops over *axes*, and their indices i0, i1, …."""
        return tuple(written(self.size(size)) for size in axes), tuple(named(f"i{place}") for place in range(len(axes)))

    def array(self, name: str, axes: Axes) -> Entries:
        """Return the entries of an array that has a name."""
        own = "" if name in self.inputs.values() else name
        return Entries(axes, lambda indices: _at(named(name), indices), name=own)

    def stored(self, entries: Entries) -> Entries:
        """Return *entries* written to an array, or to a number, of their own."""
        if entries.placed is not None:
            return self._added([(ONE, entries)], entries.axes)
        name = self.names.fresh(f"part{next(self._numbers)}")
        extents, indices = self._looped(entries.axes)
        line = f"{written(_at(named(name), indices))} = {written(entries.at(indices))}"
        before = [f"{name} = np.empty({self._shape(entries.axes)})"] if entries.axes else []
        self.blocks.append(Block(extents, before, [line], stores=frozenset({name})))
        return self.array(name, entries.axes)

    def result(self, entries: Entries) -> ast.expr:
        """Return a name for what is returned: an array of its own or a number."""
        if not entries.axes:
            return write("float(_0)", entries.at(()) if entries.placed is None else self.stored(entries).at(()))
        if not entries.name or entries.name in self._returned:
            entries = self.stored(entries)
        self._returned.add(entries.name)
        return named(entries.name)

    # What every arithmetic offers --------------------------------------------------------------

    def variable(self, name: str) -> Entries:
        return self.array(self.inputs[name], self.axes[name])

    def constant(self, value: Coefficient | str, axes: Axes) -> Entries:
        number = self._number(value)
        return Entries(axes, lambda indices: number)

    def _number(self, value: Coefficient | str) -> ast.expr:
        if isinstance(value, str):
            return write(f"-np.{value[1:]}" if value.startswith("-") else f"np.{value}")
        above, below = value.parts()
        number = literal(float(above.rational / below.rational))
        for part, operator in ((above, "*"), (below, "/")):
            if part.root != 1:
                number = write(f"_0 {operator} _1 ** 0.5", number, part.root)
            for size, exponent in part.sizes:
                number = write(f"_0 {operator} _1 ** _2", number, self.size(size), exponent)
        return number

    def linear(self, coefficients: Sequence[Coefficient], arrays: Sequence[Entries]) -> Entries:
        pairs_ = list(zip(coefficients, arrays, strict=True))
        if any(array.placed is not None for array in arrays):
            return self._added(pairs_, arrays[0].axes)
        numbers = [None if c.is_one else self._number(c) for c in coefficients]

        def at(indices: Indices) -> ast.expr:
            terms = [
                array.at(indices) if number is None else write("_0 * _1", number, array.at(indices))
                for number, array in zip(numbers, arrays, strict=True)
            ]
            total = terms[0]
            for term in terms[1:]:
                total = write("_0 + _1", total, term)
            return total

        return Entries(arrays[0].axes, at, sum(array.weight + 1 for array in arrays))

    def apply(self, operation: Operation, arrays: Sequence[Entries]) -> Entries:
        if operation is DIVIDE or operation is GENERAL_POWER:
            template = parsed("_0 / _1" if operation is DIVIDE else "_0 ** _1")
        elif operation.name in LOOPS.helpers:
            template = parsed(f"{operation.name}(_0)")
        else:
            template = recorded(LOOPS, operation, len(arrays))
        heavy = any(_times(template, place) > 1 for place in range(len(arrays)))
        parts = [self.stored(array) if heavy and array.weight else array for array in arrays]
        return Entries(
            arrays[0].axes,
            lambda indices: filled(template, [part.at(indices) for part in parts]),
            weight_of(template) + sum(part.weight for part in parts),
        )

    def contract(self, arrays: Sequence[Entries], inputs: Sequence[Row], output: Row, extents: Axes) -> Entries:
        left = [(self._spread(array), tuple(row)) for array, row in zip(arrays, inputs, strict=True)]
        wanted = tuple(dict.fromkeys(output))
        present = {index for _, row in left for index in row}
        core = tuple(index for index in wanted if index in present)
        if present <= set(core):
            found = self._product(left, core, extents)
        else:
            rows = tuple(tuple(dict.fromkeys(row)) for _, row in left)
            steps = pairs(rows, core, extents) if len(left) > 2 else ()
            for step in steps[:-1]:
                second = left.pop(step.second)
                pair = [left[step.first], second]
                left[step.first] = (self._summed(pair, step.row, extents), step.row)
            found = self._summed(left, core, extents)
        axes = tuple(extents[index] for index in output)

        def at(indices: Indices) -> ast.expr:
            by_index = dict(zip(reversed(output), reversed(indices), strict=True))
            entry = found.at(tuple(by_index[index] for index in core))
            for place, index in enumerate(output):
                if by_index[index] is not indices[place]:
                    entry = write("_0 if _1 == _2 else 0.0", entry, by_index[index], indices[place])
            return entry

        return Entries(axes, at, found.weight + (len(set(output)) < len(output)))

    def _spread(self, array: Entries) -> Entries:
        return self.stored(array) if array.placed is not None else array

    def _product(self, factors: Sequence[tuple[Entries, Row]], output: Row, extents: Axes) -> Entries:
        def at(indices: Indices) -> ast.expr:
            by_index = dict(zip(output, indices, strict=True))
            entries = [array.at(tuple(by_index[index] for index in row)) for array, row in factors]
            product = entries[0]
            for entry in entries[1:]:
                product = write("_0 * _1", product, entry)
            return product

        axes = tuple(extents[index] for index in output)
        return Entries(axes, at, sum(array.weight + 1 for array, _ in factors) - 1)

    def _summed(self, factors: Sequence[tuple[Entries, Row]], output: Row, extents: Axes) -> Entries:
        """Return the product of *factors*, summed over what is not in *output*, in an array of its own."""
        everything = set(output) | {index for _, row in factors for index in row}
        ready = [
            (self.stored(array) if array.weight and set(row) < everything else array, row) for array, row in factors
        ]
        widest = max((row for _, row in ready), key=lambda row: prod(_length(extents[index]) for index in row))
        last = widest[-1] if widest else None
        summed = tuple(index for index in sorted(everything) if index not in output)
        axes = tuple(extents[index] for index in output)
        name = self.names.fresh(f"sum{next(self._numbers)}")
        if last in output and len(output) > 1:
            order = (*(index for index in output if index != last), *summed, last)
        else:
            order = (*output, *(index for index in summed if index != last), *([last] if last in summed else []))
        sizes, indices = self._looped(tuple(extents[index] for index in order))
        by_index = dict(zip(order, indices, strict=True))
        term = written(self._product(ready, order, extents).at(indices))
        target = written(_at(named(name), tuple(by_index[index] for index in output)))
        start = f"{name} = np.zeros({self._shape(axes)})" if axes else f"{name} = 0.0"
        self.blocks.append(Block(sizes, [start], [f"{target} += {term}"], sums=frozenset({name})))
        return self.array(name, axes)

    # Choosing and placing ----------------------------------------------------------------------

    def index(self, array: Entries, key: Key) -> Entries:
        array = self._spread(array)
        kept = [(size, part) for size, part in zip(array.axes, key, strict=True) if isinstance(part, slice)]
        axes = tuple(len(range(size)[part]) if isinstance(size, int) else size for size, part in kept)
        return Entries(axes, lambda indices: array.at(self._places(key, array.axes, indices)), array.weight)

    def _places(self, key: Key, axes: Axes, indices: Indices) -> Indices:
        following = iter(indices)
        return tuple(
            self._place(part, size, None if isinstance(part, int) else next(following))
            for part, size in zip(key, axes, strict=True)
        )

    def _place(self, part: int | slice, size: Size, index: ast.expr | None) -> ast.expr:
        if isinstance(part, int):
            return literal(part) if part >= 0 else write("_0 - _1", self.size(size), -part)
        assert index is not None
        if part == slice(None):
            return index
        if not isinstance(size, int):
            return write("_0 - 1 - _1", self.size(size), index)
        places = range(size)[part]
        scaled = index if places.step == 1 else write("_0 * _1", index, places.step)
        return scaled if places.start == 0 else write("_0 + _1", scaled, places.start)

    def scatter(self, array: Entries, key: Key, axes: Axes) -> Entries:
        def unwritten(indices: Indices) -> ast.expr:
            raise GradlabError("what is placed is written before it is read")

        return Entries(axes, unwritten, 1, (tuple(key), self._spread(array)))

    def _added(self, terms: Sequence[tuple[Coefficient, Entries]], axes: Axes) -> Entries:
        """Return a sum of arrays, some of them zero but for one place, in an array of its own."""
        name = self.names.fresh(f"placed{next(self._numbers)}")
        before = [f"{name} = np.zeros({self._shape(axes)})"]
        for coefficient, array in terms:
            inner = array if array.placed is None else array.placed[1]
            key = tuple(slice(None) for _ in axes) if array.placed is None else array.placed[0]
            extents, indices = self._looped(inner.axes)
            target = written(_at(named(name), self._places(key, axes, indices)))
            value = written(self.linear([coefficient], [inner]).at(indices))
            self.blocks.append(Block(extents, before, [f"{target} += {value}"], sums=frozenset({name})))
            before = []
        return self.array(name, axes)

    def stack(self, arrays: Sequence[Entries], axis: int) -> Entries:
        place = axis % (len(arrays[0].axes) + 1)
        inner = arrays[0].axes
        axes = (*inner[:place], len(arrays), *inner[place:])
        parts = [
            Entries(axes, array.at, 1, (_only(number, place, len(axes)), self._spread(array)))
            for number, array in enumerate(arrays)
        ]
        return self._added([(ONE, part) for part in parts], axes)

    # Along an axis -----------------------------------------------------------------------------

    def log_sum_exp(self, array: Entries, axis: int) -> Entries:
        total, largest, kept = self._exponentials(array, axis)
        return Entries(kept, lambda indices: write("_0 + np.log(_1)", largest.at(indices), total.at(indices)), 2)

    def softmax(self, array: Entries, axis: int) -> Entries:
        stored = self.stored(array) if array.weight or array.placed else array
        total, largest, _ = self._exponentials(stored, axis)
        place = axis % len(array.axes)

        def at(indices: Indices) -> ast.expr:
            rest = indices[:place] + indices[place + 1 :]
            return write("np.exp(_0 - _1) / _2", stored.at(indices), largest.at(rest), total.at(rest))

        return Entries(array.axes, at, 3)

    def _exponentials(self, array: Entries, axis: int) -> tuple[Entries, Entries, Axes]:
        """Return the sum of the exponentials less the largest entry, and the largest entry, along an axis."""
        stored = self.stored(array) if array.weight or array.placed else array
        place = axis % len(array.axes)
        kept = (*array.axes[:place], *array.axes[place + 1 :])
        extents, indices = self._looped((*kept, array.axes[place]))
        rest, last = indices[:-1], indices[-1]
        entry = stored.at((*rest[:place], last, *rest[place:]))
        largest, total = (self.names.fresh(f"{word}{next(self._numbers)}") for word in ("largest", "total"))
        top, sum_ = (_at(named(name), rest) for name in (largest, total))
        started = f"np.full({self._shape(kept)}, -np.inf)" if kept else "-np.inf"
        zero = f"np.zeros({self._shape(kept)})" if kept else "0.0"
        line = f"{written(top)} = max({written(top)}, {written(entry)})"
        self.blocks.append(Block(extents, [f"{largest} = {started}"], [line], sums=frozenset({largest})))
        line = f"{written(sum_)} += np.exp({written(entry)} - {written(top)})"
        self.blocks.append(Block(extents, [f"{total} = {zero}"], [line], sums=frozenset({total})))
        return self.array(total, kept), self.array(largest, kept), kept

    def one_hot(self, array: Entries, size: Size) -> Entries:
        def at(indices: Indices) -> ast.expr:
            return write("1.0 if _0 == _1 else 0.0", array.at(indices[:-1]), indices[-1])

        return Entries((*array.axes, size), at, 1)

    def gather(self, array: Entries, indices: Sequence[Entries], rank: int, axis: int, index_rank: int) -> Entries:
        array = self._spread(array)
        count_ = len(indices)
        own = indices[0].axes

        def at(places: Indices) -> ast.expr:
            chosen = places[axis : axis + index_rank]
            numbers = tuple(write("int(_0)", index.at(chosen)) for index in indices)
            return array.at((*places[:axis], *numbers, *places[axis + index_rank :]))

        return Entries((*array.axes[:axis], *own, *array.axes[axis + count_ :]), at, array.weight + 1)

    def positions(self, size: Size) -> Entries:
        return Entries((size,), lambda indices: write("float(_0)", indices[0]), 1)

    def frozen(self, array: Entries) -> Entries:
        return array

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        raise GradlabError(f'{name.replace("_", " ")} is not written as loops; compile for "numpy" or "torch"')


def _at(array: ast.expr, indices: Indices) -> ast.expr:
    if not indices:
        return array
    key = indices[0] if len(indices) == 1 else ast.Tuple(list(indices), ast.Load())
    return ast.Subscript(array, key, ast.Load())


def _times(template: ast.expr, place: int) -> int:
    return sum(isinstance(part, ast.Name) and part.id == f"_{place}" for part in ast.walk(template))


def _only(number: int, place: int, rank: int) -> Key:
    return tuple(number if axis == place else slice(None) for axis in range(rank))


def _length(size: Size) -> int:
    return size if isinstance(size, int) else TYPICAL
