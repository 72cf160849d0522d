"""Which tensors of torch's graph are which operations of gradlab's.

The two graphs are not alike: torch fuses what gradlab expands (``mse_loss``) and the other way round (an addition with
a broadcast), and code that computes ``sin(x)`` twice has two tensors where gradlab has one operation. So nothing is
matched by its kind or by its place. A tensor stands for an operation if two things hold.

- *Same value*, at the point and at a second one nearby, within rounding: at x = 2 alone, x² and 2 x would be one.
- *Same way on*: going towards the output, both first meet the same operations among those that are already matched.
  What a value passes its derivative to settles its gradient, so a tensor that feeds anything else is another one,
  though equal in value: the mean inside a fused variance is not the mean that the writer computed.

The walk goes from the output to the leaves, as the deltas do. Several tensors may stand for one operation, and their
gradients add up. Gradients themselves are never looked at: a wrong one must not change what it is compared with.
Where it cannot be told which of several operations a tensor is, it is none of them. The variables and the output are
known by themselves.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlab.autodiff.recording import Tape
from gradlab.graph.bounded import Bounded

if TYPE_CHECKING:
    from gradlab.graph.point import Array


@dataclass(frozen=True, eq=False)
class Operations:
    """gradlab's graph, as far as deltas flow in it.

    values: of each operation, at each point, with how far torch's may be off.
    ways: from the place of an operation to that of an operand.  leaves: the variables, by place.
    deltas: at the point, by the places of the operations that have one; the last is the output's.
    """

    values: Sequence[Sequence[Bounded]]
    ways: Sequence[tuple[int, int]]
    leaves: Mapping[int, str]
    deltas: Mapping[int, Bounded]


@dataclass(frozen=True, eq=False)
class Alignment:
    """What was found.

    matches: by the place of an operation, the places on the tape of the tensors that stand for it.
    similar: places of the operations whose value torch has too, matched or not.
    """

    matches: Mapping[int, tuple[int, ...]]
    similar: frozenset[int]


def aligned(operations: Operations, tapes: Sequence[Tape]) -> Alignment:
    """Return which tensors stand for which operation; *tapes*: the same run at each of the points."""
    walk = _Walk(operations, tapes)
    walk.go()
    return Alignment(walk.found, frozenset(place for place, tensors in walk.candidates.items() if tensors))


class _Walk:
    def __init__(self, operations: Operations, tapes: Sequence[Tape]) -> None:
        self.operations = operations
        self.entries = tapes[0].entries
        self.candidates = _candidates(operations, tapes)
        self.users: list[list[int]] = [[] for _ in operations.values[0]]
        self.operands: list[list[int]] = [[] for _ in operations.values[0]]
        for user, operand in operations.ways:
            self.users[operand].append(user)
            self.operands[user].append(operand)
        self.consumers: list[list[int]] = [[] for _ in self.entries]
        for place, entry in enumerate(self.entries):
            for below in entry.inputs:
                self.consumers[below].append(place)
        self.found: dict[int, tuple[int, ...]] = {}
        self.owner: dict[int, int] = {}
        self.pending = dict.fromkeys(reversed(self.candidates))
        self.might_be: list[set[int]] = [set() for _ in self.entries]
        for place, tensors in self.candidates.items():
            for at in tensors:
                self.might_be[at].add(place)

    def go(self) -> None:
        if not self.entries:
            return
        if self.pending:  # the output comes first, and what the code returned is it
            output = next(iter(self.pending))
            del self.pending[output]
            self._take(output, (len(self.entries) - 1,))
        while self.pending:
            ready = next((place for place in self.pending if not self._must_wait(place)), next(iter(self.pending)))
            del self.pending[ready]
            self._take(ready, self._standing_for(ready))
        for place, name in self.operations.leaves.items():
            self._take(place, tuple(at for at, entry in enumerate(self.entries) if entry.leaf == name))
        while self._drop_unlike():
            pass

    def _take(self, place: int, tensors: tuple[int, ...]) -> None:
        if tensors:
            self.found[place] = tensors
            self.owner.update(dict.fromkeys(tensors, place))

    def _must_wait(self, place: int) -> bool:
        """Return whether something on the ways on, of it or of its candidates, may still be matched."""
        if any(other in self.pending for other in _reached([place], self.users, self.found) if other != place):
            return True
        own = {place, *self._twins(place)}
        ahead = _reached(self.candidates[place], self.consumers, self.owner)
        return any(other in self.pending for at in ahead for other in self.might_be[at] - own)

    def _standing_for(self, place: int) -> tuple[int, ...]:
        wanted = frozenset(self._met(place, self.users, self.found))
        fitting: dict[int, frozenset[int]] = {}
        for at in self.candidates[place]:
            met = frozenset(self.owner[tensor] for tensor in self._met(at, self.consumers, self.owner))
            if at not in self.owner and met and met <= wanted:
                fitting[at] = met
        rivals = self._rivals(place, wanted)
        if rivals:
            return self._one_of_many(place, rivals, [at for at, met in fitting.items() if met == wanted])
        first = self._without_copies(place, fitting)
        met = frozenset[int]().union(*(fitting[at] for at in first))
        return first if met == wanted else ()

    def _met(self, start: int, edges: Sequence[Sequence[int]], matched: Mapping[int, object]) -> set[int]:
        """Return what is matched already and first met on the ways from *start*."""
        return {place for place in _reached([start], edges, matched) if place in matched and place != start}

    # Several operations of one value ---------------------------------------------------------------

    def _twins(self, place: int) -> list[int]:
        """Return the other operations that one of its candidates might be."""
        return sorted(set[int]().union(*(self.might_be[at] for at in self.candidates[place])) - {place})

    def _rivals(self, place: int, wanted: Set[int]) -> list[int]:
        """Return the operations of the same value, still without a match, that pass it on to the same ones."""
        return [
            other
            for other in self._twins(place)
            if other in self.pending
            and self._met(other, self.users, self.found) == wanted
            and not self._leads_to(other, place)
        ]

    def _one_of_many(self, place: int, rivals: Sequence[int], fitting: Sequence[int]) -> tuple[int, ...]:
        """Return the tensor of one of several operations that have the same delta too: then any will do.

        The one at the same place among the operands, if there is one, so that their names fit.
        """
        delta = self.operations.deltas[place]
        if len(fitting) != 1 + len(rivals) or any(
            (abs(self.operations.deltas[other].value - delta.value) > delta.error).any() for other in rivals
        ):
            return ()
        for user in set(self.users[place]) & self.found.keys():
            inputs = self.entries[self.found[user][0]].inputs
            at = self.operands[user].index(place)
            if len(inputs) == len(self.operands[user]) and inputs[at] in fitting:
                return (inputs[at],)
        return (fitting[0],)

    def _leads_to(self, start: int, end: int) -> bool:
        return end in _reached([start], self.users)

    def _without_copies(self, place: int, fitting: Mapping[int, frozenset[int]]) -> tuple[int, ...]:
        """Return the tensors that are no copies, views or reshapes of others among them.

        Where the operation itself is such a copy of others, the last of them: the rest is left for those others.
        """
        copied_from = [other for other in self._twins(place) if other in self.pending and self._leads_to(other, place)]
        if copied_from and len(fitting) <= len(copied_from):
            return ()
        copies = {at: _reached([at], self.consumers) & fitting.keys() - {at} for at in fitting}
        if copied_from:
            return tuple(at for at in fitting if not copies[at])
        return tuple(at for at in fitting if not any(at in others for others in copies.values()))

    # Several ways to compute one value -------------------------------------------------------------

    def _drop_unlike(self) -> bool:
        """Give up matches whose derivative depends on what else an operation is said to be computed from.

        As with y[0] = 2 x[0] where torch reads y, and gradlab the x from which y came: then ∂/∂y is another one.
        """
        inputs = [list(entry.inputs) for entry in self.entries]
        for place, tensors in self.found.items():
            ours = self._met(place, self.operands, self.found)
            theirs = {self.owner[at] for tensor in tensors for at in self._met(tensor, inputs, self.owner)} - {place}
            if ours == theirs:
                continue
            related = _reached(list(ours ^ theirs), self.users) | _reached(list(ours ^ theirs), self.operands)
            unlike = (ours | theirs) & related - self.operations.leaves.keys()
            for other in unlike:
                for tensor in self.found.pop(other):
                    del self.owner[tensor]
            if unlike:
                return True
        return False


def _reached(starts: Sequence[int], edges: Sequence[Sequence[int]], stop: Container[int] = ()) -> set[int]:
    """Return everything on the ways from *starts*, up to what is in *stop* and with it."""
    seen = set(starts)
    waiting = list(starts)
    while waiting:
        for following in edges[waiting.pop()]:
            if following not in seen:
                seen.add(following)
                if following not in stop:
                    waiting.append(following)
    return seen


def _candidates(operations: Operations, tapes: Sequence[Tape]) -> dict[int, list[int]]:
    """Return the tensors that have the value of each operation at every point; axes of length 1 do not count."""
    import numpy as np

    found: dict[int, list[int]] = {place: [] for place in operations.deltas if place not in operations.leaves}
    groups: dict[tuple[int, ...], list[int]] = {}
    for place in found:
        groups.setdefault(_slim(operations.values[0][place].value.shape), []).append(place)
    stacks = {shape: [_stacked(values, places) for values in operations.values] for shape, places in groups.items()}
    for at in range(len(tapes[0].entries)):
        values = [tape.entries[at].value for tape in tapes]
        shape = None if values[0] is None or tapes[0].entries[at].leaf else _slim(values[0].shape)
        if shape not in groups:
            continue
        same = np.ones(len(groups[shape]), dtype=bool)
        for value, (expected, allowed) in zip(values, stacks[shape], strict=True):
            flat = np.reshape(value, -1)  # pyright: ignore[reportArgumentType, reportCallIssue]  # tapes with one outline
            with np.errstate(all="ignore"):
                near = (np.abs(expected - flat) <= allowed) | (expected == flat)
            same &= near.all(axis=1)
        for place in np.flatnonzero(same):
            found[groups[shape][place]].append(at)
    return found


def _stacked(values: Sequence[Bounded], places: Sequence[int]) -> tuple[Array, Array]:
    """Return the values at *places*, one in each row, and how far each may be off."""
    import numpy as np

    value, allowed = (np.stack([values[place][part].reshape(-1) for place in places]) for part in (0, 1))
    return value, np.where(np.isfinite(allowed), allowed, 0.0)


def _slim(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)
