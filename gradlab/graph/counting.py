"""How many scalar operations an evaluation takes, as a polynomial in the sizes.

The rule: an elementwise operation is one operation for each entry. A sum of k terms is k - 1 additions for each entry,
and one multiplication for each coefficient other than 1 and -1. A product of arrays with sums is contracted two at a
time in the order in which it is evaluated: one multiplication for each combination of indices, and one addition for
each summed term after the first. Names, choosing, placing, turning and copying entries cost nothing,
and placed entries are added only where others stand already. A softmax is five
operations for each entry (largest, difference, exponential, sum, quotient), a log-sum-exp four.
Of n rows and columns, an inverse is 2 n³ operations, a determinant or Cholesky factor n³, a linear system n³ and 2 n²
more for each right side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradlab.errors import GradlabError
from gradlab.graph.backends import Key, Row
from gradlab.graph.nodes import Node, compute, topological
from gradlab.graph.operations import Operation
from gradlab.graph.pairing import pairs
from gradlab.graph.sizes import Axes, Coefficient, Size

Monomial = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Count:
    """A number of operations: a polynomial in the sizes.

    >>> n, d = Count.of(("n",)), Count.of(("d",))
    >>> n * d + n * d + n - Count.of()
    2 d n + n - 1
    >>> (n * d).at(n=20, d=3), int(Count.of((4, 5)))
    (60, 20)
    """

    terms: Mapping[Monomial, int]

    @staticmethod
    def of(axes: Axes = ()) -> Count:
        """Return the number of entries of an array of these *axes*."""
        number = 1
        powers: dict[str, int] = {}
        for size in axes:
            if isinstance(size, int):
                number *= size
            else:
                powers[size] = powers.get(size, 0) + 1
        return Count({tuple(sorted(powers.items())): number} if number else {})

    def __add__(self, other: Count) -> Count:
        return Count(_collected([*self.terms.items(), *other.terms.items()]))

    def __sub__(self, other: Count) -> Count:
        return self + Count({monomial: -number for monomial, number in other.terms.items()})

    def __mul__(self, other: Count | int) -> Count:
        if isinstance(other, int):
            return Count(_collected([(monomial, other * number) for monomial, number in self.terms.items()]))
        return Count(
            _collected(
                [
                    (_joined(one, two), first * second)
                    for one, first in self.terms.items()
                    for two, second in other.terms.items()
                ]
            )
        )

    def at(self, **sizes: int) -> int:
        """Return the number for these sizes."""
        total = 0
        for monomial, number in self.terms.items():
            for size, power in monomial:
                if size not in sizes:
                    raise GradlabError(f"the count {self} needs the size {size}; write .at({size}=…)")
                number *= sizes[size] ** power
            total += number
        return total

    def __int__(self) -> int:
        return self.at()

    def __repr__(self) -> str:
        def degree(monomial: Monomial) -> tuple[int, Monomial]:
            return -sum(power for _, power in monomial), monomial

        written = ""
        for monomial in sorted(self.terms, key=degree):
            number = self.terms[monomial]
            letters = [size if power == 1 else f"{size}^{power}" for size, power in monomial]
            digits = [] if abs(number) == 1 and letters else [str(abs(number))]
            term = " ".join([*digits, *letters])
            sign = "-" if number < 0 else "+"
            written += f" {sign} {term}" if written else f"-{term}" if number < 0 else term
        return written or "0"


def _collected(terms: Sequence[tuple[Monomial, int]]) -> dict[Monomial, int]:
    found: dict[Monomial, int] = {}
    for monomial, number in terms:
        found[monomial] = found.get(monomial, 0) + number
    return {monomial: number for monomial, number in found.items() if number}


def _joined(one: Monomial, two: Monomial) -> Monomial:
    powers = dict(one)
    for size, power in two:
        powers[size] = powers.get(size, 0) + power
    return tuple(sorted(powers.items()))


@dataclass(frozen=True)
class Operations:
    """The scalar operations of a function, and of the function together with its gradient.

    value: of the function alone.  gradient: of both, whatever they share counted once.

    Printed beside each other; ``ratio(n=20)`` divides them for given sizes.
    """

    value: Count
    gradient: Count

    def ratio(self, **sizes: int) -> float:
        """Return how many times the operations of the function the function with its gradient takes."""
        return self.gradient.at(**sizes) / max(self.value.at(**sizes), 1)

    def __repr__(self) -> str:
        return f"f: {self.value}; f and its gradient: {self.gradient}"


def operations(value: Node, partials: Sequence[Node]) -> Operations:
    """Return the scalar operations of *value*, and of *value* and *partials* together."""
    return Operations(counted([value]), counted([value, *partials]))


def counted(outputs: Sequence[Node]) -> Count:
    """Return the scalar operations that *outputs* take, each subexpression counted once.

    >>> from gradlab.graph.kinds import Variable
    >>> from gradlab.graph.kinds.contraction import contraction
    >>> counted([contraction([Variable("A", ("n", "d")), Variable("x", ("d",))], ["ij", "j"], "i")])
    2 d n - n
    """
    backend = _CountingBackend()
    made: dict[Node, Axes] = {}
    for node in topological(outputs):
        backend.axes = node.axes
        made[node] = compute(node, [made[operand] for operand in node.operands], backend)  # type: ignore[arg-type]
    return Count(_collected(list(backend.terms.items())))


class _CountingBackend:
    """An arithmetic whose arrays are their axes and whose operations are counted.

    axes: of the node whose value is asked for, which tell what an operation without a rule here results in.
    """

    def __init__(self) -> None:
        self.terms: dict[Monomial, int] = {}
        self.axes: Axes = ()

    def _add(self, count: Count) -> None:
        for monomial, number in count.terms.items():
            self.terms[monomial] = self.terms.get(monomial, 0) + number

    def variable(self, name: str) -> Axes:
        return self.axes

    def constant(self, value: Coefficient | str, axes: Axes) -> Axes:
        return axes

    def linear(self, coefficients: Sequence[Coefficient], arrays: Sequence[Axes]) -> Axes:
        for coefficient, array in zip(coefficients, arrays, strict=True):
            if not (coefficient.is_rational and abs(coefficient.rational) == 1):
                self._add(Count.of(array.inside if isinstance(array, _Placed) else array))
        placed = [array for array in arrays if isinstance(array, _Placed)]
        plain = len(arrays) - len(placed)
        axes = tuple(arrays[0])
        self._add(Count.of(axes) * max(plain - 1, 0))
        occupied: set[int | None] = set()
        for position, array in enumerate(placed):
            if plain:
                self._add(Count.of(array.inside))
            elif position:
                self._add(array.added_to(occupied))
            occupied |= array.places
        return axes if plain or len(arrays) > 1 else arrays[0]

    def apply(self, operation: Operation, arrays: Sequence[Axes]) -> Axes:
        self._add(Count.of(arrays[0]))
        return arrays[0]

    def contract(self, arrays: Sequence[Axes], inputs: Sequence[Row], output: Row, extents: Axes) -> Axes:
        rows = [tuple(dict.fromkeys(row)) for row in inputs]
        wanted = tuple(dict.fromkeys(output))
        if len(rows) == 1:
            self._sum(rows[0], wanted, extents)
        for step in pairs(tuple(rows), wanted, extents):
            both = tuple(dict.fromkeys((*rows[step.first], *rows.pop(step.second))))
            self._add(Count.of(_sizes(both, extents)))
            self._sum(both, step.row, extents)
            rows[step.first] = step.row
        return tuple(extents[index] for index in output)

    def _sum(self, row: Row, kept: Row, extents: Axes) -> None:
        left = tuple(index for index in row if index in kept)
        if len(left) < len(row):
            self._add(Count.of(_sizes(row, extents)) - Count.of(_sizes(left, extents)))

    def index(self, array: Axes, key: Key) -> Axes:
        kept = [(size, part) for size, part in zip(array, key, strict=True) if isinstance(part, slice)]
        return tuple(len(range(size)[part]) if isinstance(size, int) else size for size, part in kept)

    def scatter(self, array: Axes, key: Key, axes: Axes) -> Axes:
        return _Placed(axes, tuple(array), key)

    def stack(self, arrays: Sequence[Axes], axis: int) -> Axes:
        place = axis % (len(arrays[0]) + 1)
        return (*arrays[0][:place], len(arrays), *arrays[0][place:])

    def log_sum_exp(self, array: Axes, axis: int) -> Axes:
        self._add(Count.of(array) * 4)
        place = axis % len(array)
        return (*array[:place], *array[place + 1 :])

    def softmax(self, array: Axes, axis: int) -> Axes:
        self._add(Count.of(array) * 5)
        return array

    def one_hot(self, array: Axes, size: Size) -> Axes:
        return (*array, size)

    def solve(self, matrix: Axes, right: Axes) -> Axes:
        self._add(Count.of((*matrix, matrix[-1])) + Count.of((*right, matrix[-1])) * 2)
        return right

    def __getattr__(self, name: str) -> Callable[..., Axes]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *arguments: self._other(name, arguments)

    def _other(self, name: str, arguments: Sequence[Any]) -> Axes:
        """Count an operation that has no rule above: as `COSTS` says, else one for each entry."""
        arrays = [argument for argument in arguments if isinstance(argument, tuple)]
        self._add(COSTS.get(name, _entries)(arrays, self.axes))
        return self.axes


class _Placed(tuple[Size, ...]):
    """The axes of an array that is zero except for entries of axes *inside*, which stand at *places*.

    places: along the only axis where that is known, else holding None.
    """

    inside: Axes
    places: frozenset[int | None]

    def __new__(cls, axes: Axes, inside: Axes, key: Key) -> _Placed:
        placed = super().__new__(cls, axes)
        placed.inside = inside
        placed.places = frozenset({None})
        if len(axes) == 1:
            (part,), (size,) = key, axes
            if isinstance(part, int):
                placed.places = frozenset({part % size if isinstance(size, int) else part})
            elif isinstance(size, int):
                placed.places = frozenset(range(size)[part])
        return placed

    def added_to(self, occupied: set[int | None]) -> Count:
        """Return the additions where something stands already."""
        if None in self.places or None in occupied:
            return Count.of(self.inside)
        return Count.of((len(self.places & occupied),))


def _sizes(row: Row, extents: Axes) -> Axes:
    return tuple(extents[index] for index in row)


def _entries(arrays: Sequence[Axes], result: Axes) -> Count:
    return max((Count.of(array) for array in (*arrays, result)), key=lambda count: sum(count.terms.values()))


def _free(arrays: Sequence[Axes], result: Axes) -> Count:
    return Count({})


def _cubic(times: int) -> Callable[[Sequence[Axes], Axes], Count]:
    """Return the cost of a factorization of square matrices."""
    return lambda arrays, result: Count.of((*arrays[0], arrays[0][-1])) * times


COSTS: dict[str, Callable[[Sequence[Axes], Axes], Count]] = {
    **dict.fromkeys(("reshape", "concatenate", "windows", "gather", "roll", "positions", "replace", "frozen"), _free),
    **dict.fromkeys(("determinant", "determinant_sign", "log_determinant", "cholesky"), _cubic(1)),
    "inverse": _cubic(2),
    "triangle": _free,
}
"""What further operations of an arithmetic cost: (axes of the arguments, axes of the result) -> count."""
