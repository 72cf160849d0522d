"""Which values depend on which entries of a variable, and which entries may move in one call.

Entries that no value shares are moved together, and each value tells of one of them: Curtis, Powell & Reid, "On the
estimation of sparse Jacobian matrices", J. Inst. Maths Applics 13 (1974). A sum of terms that each hold few entries is
partially separable: Griewank & Toint, "Partitioned variable metric updates", Numer. Math. 39 (1982).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from gradlab.errors import ShapeError
from gradlab.graph import kinds
from gradlab.graph.backends.contracting import as_float
from gradlab.graph.kinds import Contraction, Elementwise, Let, Linear, Variable
from gradlab.graph.nodes import Node, topological
from gradlab.graph.operations import WHERE
from gradlab.graph.precision import DOUBLE
from gradlab.graph.sizes import ONE, Coefficient, shape_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradlab.graph.point import Array
    from gradlab.numeric.probing import Probe

FEWEST = 8
"""Entries of a variable from which on it is worth asking which terms hold them."""

MOST_ENTRIES = 2**22
"""Values that asking may cost."""

GAIN = 4
"""Calls must become fewer by this factor for terms to be taken apart."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """The pairs of an entry and a value that depends on it, sorted by entry.

    entries, values: shape (p,): positions in the flattened variable and in the row of values.
    colours: shape (m,): entries of one colour share no value.
    """

    entries: NDArray[np.int_]
    values: NDArray[np.int_]
    colours: NDArray[np.int_]

    @property
    def count(self) -> int:
        """How many colours there are: calls for one step."""
        return int(self.colours.max(initial=-1)) + 1


def pattern(depends: NDArray[np.bool_]) -> Pattern:
    """Return the pattern of a boolean matrix of values by entries, coloured greedily in the order of the entries.

    >>> import numpy as np
    >>> tridiagonal = abs(np.subtract.outer(np.arange(1000), np.arange(1000))) <= 1
    >>> pattern(tridiagonal).count
    3
    """
    import numpy as np

    entries, values = np.nonzero(depends.T)
    colours = np.zeros(depends.shape[1], dtype=int)
    starts = np.searchsorted(entries, np.arange(depends.shape[1] + 1))
    taken = [0] * depends.shape[0]  # per value, the colours that move it, as bits
    rows = values.tolist()
    for entry in range(depends.shape[1]):
        own = rows[starts[entry] : starts[entry + 1]]
        busy = 0
        for row in own:
            busy |= taken[row]
        free = (~busy & (busy + 1)).bit_length() - 1
        colours[entry] = free
        for row in own:
            taken[row] |= 1 << free
    return Pattern(entries, values, colours)


def sharing(known: Pattern) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Return the pairs of different entries that share a value: two arrays, the smaller entry first."""
    import numpy as np

    held: dict[int, list[int]] = {}
    for entry, value in zip(known.entries.tolist(), known.values.tolist(), strict=True):
        held.setdefault(value, []).append(entry)
    pairs = sorted({(i, j) for entries in held.values() for place, j in enumerate(entries) for i in entries[:place]})
    first, second = np.array(pairs, dtype=int).reshape(-1, 2).T
    return first, second


def stated(depends: Any, values: int, entries: int) -> Pattern:
    """Return the pattern that a caller states: a matrix of values by entries, not 0 where one depends on the other.

    Raises ShapeError for another shape.
    """
    import numpy as np

    matrix = np.asarray(depends)
    if matrix.shape != (values, entries):
        raise ShapeError(
            f"the sparsity has shape {matrix.shape}; the Jacobian of {values} values with respect to {entries} "
            f"entries has shape ({values}, {entries})"
        )
    return pattern(matrix != 0)


def found(probe: Probe, variable: str) -> Pattern | None:
    """Return the pattern of a formula, by sending nan through it; None where that would cost too much or may deceive.

    What holds a choice (a mask, a maximum over an axis, a sorted order) may let a nan vanish.
    """
    import numpy as np

    size = probe.point[variable].size
    if probe.f.output is None or probe.f.guards or size * probe.centre.size > MOST_ENTRIES:
        return None
    if not _transparent(probe, variable):
        return None
    asked = np.repeat(probe.point[variable].reshape(1, -1), size, axis=0)
    np.fill_diagonal(asked, np.nan)
    # No call of f: its formula is asked what it holds.
    lost = np.isnan(probe.with_values({variable: asked.reshape(size, *probe.point[variable].shape)}, size))
    return pattern(lost.T & ~np.isnan(probe.centre)[:, None])


def terms(f: Node) -> list[tuple[Coefficient, Node]]:
    """Return parts of a formula whose entries, times their coefficients, add up to it.

    >>> from gradlab import as_function
    >>> f = as_function(lambda x: (x**2).sum() + 3 * (x[1:] * x[:-1]).sum(), shapes={"x": (5,)})
    >>> [part.axes for _, part in terms(f.output)]
    [(5,), (4,)]
    """
    if isinstance(f, Let):
        return terms(f.operands[0])
    if isinstance(f, Linear):
        pairs = zip(f.coefficients, f.operands, strict=True)
        return [(outer * inner, part) for outer, operand in pairs for inner, part in terms(operand)]
    if isinstance(f, Contraction) and not f.output and f.summed:
        # Indices that all factors carry stay apart; the others are summed within a term.
        shared = tuple(index for index in f.summed if all(index in row for row in f.inputs))
        if shared:
            if len(f.operands) == 1 and f.inputs[0] == shared:
                return [(ONE, f.operands[0])]
            return [(ONE, Contraction(f.operands, f.inputs, shared, f.extents))]
    return [(ONE, f)]


def _transparent(probe: Probe, variable: str) -> bool:
    """Return whether a nan that enters the formula comes out of all that depends on it."""
    moving: set[Node] = set()
    for node in topological(list(probe.nodes)):
        if (isinstance(node, Variable) and node.name == variable) or any(part in moving for part in node.operands):
            moving.add(node)
    return all(_passes(node) for node in moving)


def _passes(node: Node) -> bool:
    if isinstance(node, Elementwise):
        return not node.operation.truth and node.operation is not WHERE
    return isinstance(node, _PASSING)


_PASSING = (
    kinds.Concatenate, kinds.Constant, kinds.Contraction, kinds.Flip, kinds.Gather, kinds.Index, kinds.Let,
    kinds.Linear, kinds.LogSumExp, kinds.Norm, kinds.Reshape, kinds.Roll, kinds.Softmax, kinds.Stack, kinds.Standardize,
    kinds.Variable, kinds.Variance, kinds.Windows,
)  # fmt: skip
"""Kinds of arithmetic alone, in which nothing is chosen by its value."""


_KNOWN: WeakKeyDictionary[Node, dict[tuple[Any, ...], Pattern | None]] = WeakKeyDictionary()
"""By formula: the patterns of its terms found so far, by variable and sizes."""


def separated(probe: Probe, variable: str) -> tuple[Probe, Pattern, Array] | None:
    """Return f's terms as a probe of their own, their pattern and coefficients; None where that saves too little."""
    import numpy as np

    size = probe.point[variable].size
    if size < FEWEST or probe.f.output is None or probe.bits < DOUBLE or probe.f.guards or probe.held is not probe.f:
        return None
    parts = terms(probe.held.formula)
    counts = [prod(shape_of(part.axes, probe.sizes)) for _, part in parts]
    if max(counts) == 1:
        return None
    moving = replace(probe, outputs=tuple(part for _, part in parts))
    # A descent asks again at every step, and the pattern is the formula's, not the point's.
    asked = _KNOWN.setdefault(probe.held.formula, {})
    key = variable, size, *probe.sizes.items()
    if key not in asked:
        asked[key] = found(moving, variable)
    known = asked[key]
    if known is None or GAIN * known.count > size:
        return None
    weights = [as_float(coefficient, probe.sizes) for coefficient, _ in parts]
    return moving, known, np.repeat(weights, counts)
