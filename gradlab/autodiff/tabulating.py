"""Makes the backpropagation table: one more pass through torch, watched, and lined up with gradlab's operations.

Torch runs the writer's own code where there is some, and the tensors of that very run are lined up with the operations
(`gradlab.autodiff.alignment` says how). Text, SymPy expressions and NumPy code are evaluated by gradlab, one torch
operation or a few for each of its own: there it is known which tensor is which.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gradlab.autodiff.alignment import Alignment, Operations, aligned
from gradlab.autodiff.drafting import Draft, Drafts, drafted, unnamed
from gradlab.autodiff.recording import Entry, Tape, listening, taped, watching
from gradlab.autodiff.running import PRECISIONS, Pass, Task, bound, forward, leaves_of, run_backward
from gradlab.autodiff.table import Passed, Row, Table
from gradlab.errors import GradlabError
from gradlab.graph import Point, guards
from gradlab.graph.backends import TorchBackend
from gradlab.graph.bounded import MARGIN, Bounded
from gradlab.graph.function import recording
from gradlab.graph.kinds import Cholesky, Let, Triangle
from gradlab.graph.nodes import Node, compute, topological
from gradlab.sources.agreement import nearby

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from gradlab.graph.point import Array

DATA = "data: nothing is differentiated with respect to it"
UNREACHED = "no variable reaches it"
INSIDE = "no node of torch's graph: torch computes it inside another operation"
UNSURE = "no node of torch's graph is surely this one: torch passes on this value in another way"


@recording()
def tabulate(task: Task) -> Table:
    """Return the backpropagation table of a task.

    Raises NoFormulaError where the function has no formula, and what ``backward()`` itself raises.
    """
    drafts = drafted(task.function, task.names, weighted=task.cotangent is not None)
    with watching() as seen:
        run = forward(task)
    notes = list(run.notes)
    if run.by_code:
        tape = taped(run.output, run.leaves, seen)
        numbers = _Numbers(task, drafts, run.precision)
        alignment = _lined_up(numbers, tape, notes)
    else:
        run, tensors = _by_operation(task, drafts)
        tape = taped(run.output, run.leaves, {})
        numbers = _Numbers(task, drafts, run.precision)
        alignment = _known(drafts, tensors, tape)
    if run.precision < PRECISIONS["float64"]:
        notes.append(f"torch computes with {run.precision} bits here: the deltas agree or not by the rounding of those")
    with listening(tape, run.leaves):
        run_backward(task, run)
    rows = tuple(_row(place, numbers, tape, alignment) for place in range(len(drafts.rows)))
    return Table(task.function, task.point, rows, run.precision, tuple(notes))


class _Numbers:
    """gradlab's values and deltas at the point, each with how far torch's may be off."""

    def __init__(self, task: Task, drafts: Drafts, bits: int) -> None:
        self.task = task
        self.drafts = drafts
        self.bits = bits
        self.values = drafts.values(task.point, task.cotangent, bits)

    def __getitem__(self, node: Node) -> Bounded:
        return self._allowed(self.values[node])

    def elsewhere(self, point: Point) -> list[Bounded]:
        """Return the value of each operation at another point."""
        found = self.drafts.values(point, self.task.cotangent, self.bits)
        return [self._allowed(found[row.node]) for row in self.drafts.rows]

    def _allowed(self, number: Bounded) -> Bounded:
        import numpy as np

        value = np.asarray(number.value, dtype=float)
        error = np.broadcast_to(np.asarray(number.error, dtype=float), value.shape)
        return Bounded(value, MARGIN * 2.0 ** (53 - self.bits) * error)


# Which tensor is which operation ---------------------------------------------------------------------


def _lined_up(numbers: _Numbers, tape: Tape, notes: list[str]) -> Alignment:
    """Return the alignment of the writer's own code, by its values at the point and at one nearby."""
    task, rows = numbers.task, numbers.drafts.rows
    tapes, values = [tape], [[numbers[row.node] for row in rows]]
    point = nearby(task.point)
    second = _taped_at(point, task)
    if second is not None and second.outline == tape.outline:
        tapes.append(second)
        values.append(numbers.elsewhere(point))
    else:
        notes.append(
            "the code does something else at a point nearby: its tensors are told apart by their values at this one"
        )
    alive = [place for place, row in enumerate(rows) if row.delta is not None]
    leaves = {place: rows[place].node.name for place in alive if rows[place].is_leaf}
    deltas = {place: numbers[delta] for place, row in enumerate(rows) if (delta := row.delta) is not None}
    return aligned(Operations(values, numbers.drafts.ways(), leaves, deltas), tapes)


def _taped_at(point: Point, task: Task) -> Tape | None:
    if guards.failing(task.function, point) is not None:
        return None
    try:
        with watching() as seen:
            run = forward(replace(task, point=point))
    except (GradlabError, ArithmeticError, AssertionError, LookupError):
        return None
    return taped(run.output, run.leaves, seen)


def _by_operation(task: Task, drafts: Drafts) -> tuple[Pass, dict[Node, Tensor]]:
    """Return a forward pass by formula, and the tensor of each operation, each with a node of its own."""
    leaves = leaves_of(task, task.dtype)
    backend = TorchBackend({**bound(task), **leaves}, task.function.sizes(task.point), task.dtype)
    tensors: dict[Node, Tensor] = {}
    output = drafts.rows[-1].node
    for node in topological([output]):
        below = [tensors[operand] for operand in node.operands]
        tensor = compute(node, below, backend)
        if any(tensor is operand for operand in below) and not isinstance(node, Let):
            tensor = tensor.view_as(tensor)  # an operation that changes nothing has a delta of its own all the same
        tensors[node] = tensor
    return Pass(leaves, tensors[output], by_code=False), tensors


def _known(drafts: Drafts, tensors: Mapping[Node, Tensor], tape: Tape) -> Alignment:
    places = {(entry.leaf or entry.key): place for place, entry in enumerate(tape.entries)}
    found: dict[int, tuple[int, ...]] = {}
    for place, row in enumerate(drafts.rows):
        tensor = tensors[row.node]
        at = places.get(row.node.name if row.is_leaf else (tensor.grad_fn, tensor.output_nr))
        if at is not None and row.delta is not None:
            found[place] = (at,)
    return Alignment(found, frozenset())


# Rows ------------------------------------------------------------------------------------------------


def _row(place: int, numbers: _Numbers, tape: Tape, alignment: Alignment) -> Row:
    drafts = numbers.drafts
    draft = drafts.rows[place]
    row = Row(
        name=draft.name,
        operation=draft.operation,
        inputs=draft.operands,
        value=numbers[draft.node].value,
        passed=tuple(_passed(draft, numbers)),
    )
    if draft.delta is None:
        is_data = draft.is_leaf and draft.node.name in numbers.task.function.data
        return replace(row, alone=DATA if is_data else UNREACHED)
    delta = numbers[draft.delta]
    row = replace(row, formula=drafts.written(draft.delta, opened=True), delta=delta.value)
    entries = [tape.entries[at] for at in alignment.matches.get(place, ())]
    if not entries:
        return replace(row, alone=UNSURE if place in alignment.similar else INSIDE)
    theirs = _received(entries, tape, delta.value.shape)
    apart, agrees = _judged(delta, theirs, _counting(draft.node, delta.value), numbers.bits)
    return replace(row, node=_spoken(entries), torch_delta=theirs, apart=apart, agrees=agrees)


def _received(entries: Sequence[Entry], tape: Tape, shape: tuple[int, ...]) -> Array:
    """Return the gradient that torch gave to several tensors together; 0 where it gave none."""
    import numpy as np

    total = np.zeros(shape)
    for entry in entries:
        gradient = tape.gradient(entry)
        if gradient is not None:
            total = total + gradient.reshape(shape)
    return total


def _passed(draft: Draft, numbers: _Numbers) -> Iterator[Passed]:
    names = {row.node: row.name for row in numbers.drafts.rows}
    for flow in draft.flows:
        rule, because = flow.pull.rule.name, flow.pull.rule.formula
        operand = names.get(unnamed(flow.operation.operands[flow.place]), "")
        local = flow.pull.local
        if local is None:
            yield Passed(operand, rule, because)
        else:
            yield Passed(operand, rule, because, numbers.drafts.written(local), numbers[local].value)


def _spoken(entries: Sequence[Entry]) -> str:
    """Return the names of torch's nodes, those of one name counted: AddmmBackward0 × 2."""
    counts = Counter(entry.name for entry in entries)
    return " + ".join(name if count == 1 else f"{name} × {count}" for name, count in counts.items())


def _counting(node: Node, like: Array) -> NDArray[np.bool_]:
    """Return where the delta of *node* says something: a factor has nothing on one side of its diagonal to change."""
    import numpy as np

    everywhere = np.ones(like.shape, dtype=bool)
    match node:
        case Cholesky():
            return np.tril(everywhere)
        case Triangle():
            return np.triu(everywhere, node.offset) if node.upper else np.tril(everywhere, node.offset)
        case _:
            return everywhere


def _judged(ours: Bounded, theirs: Array, where: NDArray[np.bool_], bits: int) -> tuple[float, bool | None]:
    """Return how far two deltas are apart, relative to their largest entry, and whether that is within rounding."""
    import numpy as np

    mine, other, allowed = (np.asarray(part)[where] for part in (ours.value, theirs, ours.error))
    if not mine.size:
        return 0.0, True
    if not (np.isfinite(mine).all() and np.isfinite(allowed).all()):
        return (0.0, True) if np.array_equal(mine, other) else (float("nan"), None)
    if not np.isfinite(other).all():
        return float("inf"), False
    zero = (np.abs(mine) <= allowed) & (np.abs(other) <= allowed)
    off = np.where(zero, 0.0, np.abs(mine - other))
    largest = max(np.abs(mine).max(), np.abs(other).max())
    # Torch's kernels are accurate for the array as a whole: an entry in the tail of gelu may have few right digits.
    allowed = np.maximum(allowed, MARGIN * 2.0**-bits * largest)
    return float(off.max() / largest) if off.any() else 0.0, bool((off <= allowed).all())
