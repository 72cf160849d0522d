"""What a program comes to that makes one mistake, or two: computed from the derived gradient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from gradlab.grading.code.cases import Case
from gradlab.grading.code.kinds import Reference

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True)
class Variation:
    """A way to go wrong; the default goes right.

    factor: what the gradient is multiplied by: a number, "n", "1/n" or "rate".
    accumulated: earlier gradients are added.  gathered: those of one parameter only.
    constant: the gradient of the start is used throughout.
    lagging: the gradient of the step before is used, and none in the first.  frozen: a parameter that stays.
    stopped: no parameter moves.  steps: how many there are beyond those asked for.  single: there is only one.
    swapped: two parameters whose gradients change places.
    lent: a parameter, and the one whose gradient it is moved by.
    averaged: data variables that count as their mean, which is what (n,) minus (n, 1) comes to.
    in_turn: each parameter is updated before the next gradient is computed.
    """

    factor: float | str = 1.0
    accumulated: bool = False
    gathered: str = ""
    constant: bool = False
    lagging: bool = False
    frozen: str = ""
    stopped: bool = False
    steps: int = 0
    single: bool = False
    swapped: tuple[str, str] = ("", "")
    lent: tuple[str, str] = ("", "")
    averaged: str = ""
    in_turn: bool = False

    def number(self, reference: Reference, case: Case) -> float:
        """Return the factor of a case."""
        if not isinstance(self.factor, str):
            return self.factor
        n = examples(reference, case)
        return {"n": float(n), "1/n": 1.0 / n, "rate": case.rate}[self.factor]

    def gradient(self, reference: Reference, case: Case, state: Mapping[str, Array]) -> dict[str, Array]:
        """Return the gradient that goes wrong."""
        import numpy as np

        inputs = dict(state)
        if self.averaged:
            inputs[self.averaged] = np.broadcast_to(np.mean(inputs[self.averaged], axis=0), inputs[self.averaged].shape)
        factor = self.number(reference, case)
        found = {name: factor * partial for name, partial in reference.gradient(inputs).items()}
        one, other = self.swapped
        if one:
            found[one], found[other] = found[other], found[one]
        to, of = self.lent
        if to:
            found[to] = found[of]
        return found

    def run(self, reference: Reference, case: Case) -> dict[str, Array]:
        """Return the parameters after a loop, or a step, that goes wrong."""
        import numpy as np

        state: dict[str, Any] = dict(case.inputs)
        names = [name for name in reference.parameters if name != self.frozen]
        if self.stopped:
            return {name: state[name] for name in reference.parameters}
        kept: dict[str, Array] = {name: np.zeros(np.shape(state[name])) for name in reference.parameters}
        before = kept
        first = self.gradient(reference, case, state)
        for _ in range(1 if self.single else case.steps + self.steps):
            if self.in_turn:
                for name in names:
                    state[name] = state[name] - case.rate * self.gradient(reference, case, state)[name]
                continue
            partials = first if self.constant else self.gradient(reference, case, state)
            if self.accumulated or self.gathered:
                partials = {
                    name: kept[name] + partial if self.gathered in ("", name) else partial
                    for name, partial in partials.items()
                }
                kept = partials
            used, before = (before, partials) if self.lagging else (partials, partials)
            state |= {name: state[name] - case.rate * used[name] for name in names}
        return {name: state[name] for name in reference.parameters}


RIGHT = Variation()


def examples(reference: Reference, case: Case) -> int:
    """Return how many examples there are: the first axis of the data, or of whatever has one."""
    import numpy as np

    data = [array for name, array in case.inputs.items() if name not in reference.parameters]
    arrays = [array for array in (*data, *case.inputs.values()) if np.ndim(array)]
    return int(np.shape(arrays[0])[0]) if arrays else 1


def of_gradients(reference: Reference, case: Case) -> Iterator[tuple[str, Variation]]:
    """Yield the mistakes with the gradient itself, by name."""
    import numpy as np

    yield "wrong sign", Variation(-1.0)
    yield "factor 2 missing", Variation(0.5)
    yield "factor 2 too many", Variation(2.0)
    yield "sum instead of mean", Variation("n")
    yield "divided by n again", Variation("1/n")
    names = reference.parameters
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            if np.shape(case.inputs[one]) == np.shape(case.inputs[other]):
                yield "gradients swapped", Variation(swapped=(one, other))
                yield "gradient of another parameter", Variation(lent=(one, other))
                yield "gradient of another parameter", Variation(lent=(other, one))
    for name, array in case.inputs.items():
        if name not in names and np.ndim(array) == 1:
            yield "broadcasting", Variation(averaged=name)


def of_loops(reference: Reference, case: Case) -> Iterator[tuple[str, Variation]]:
    """Yield the mistakes with training, by name; the likelier of two that come to the same is first."""
    yield "ascent", Variation(-1.0)
    yield "zeroed before the step", Variation(stopped=True)
    yield "never updated", Variation(stopped=True)
    yield "gradient not zeroed", Variation(accumulated=True)
    yield "loss computed once", Variation(constant=True)
    yield "update before backward", Variation(lagging=True)
    yield "update before backward", Variation(steps=-1)
    yield "update before backward", Variation(stopped=True)
    yield "rate applied twice", Variation("rate")
    for name, variation in of_gradients(reference, case):
        if name != "wrong sign":
            yield name, variation
    if len(reference.parameters) > 1:
        for name in reference.parameters:
            yield "parameter left out", Variation(frozen=name)
            yield "graph cut", Variation(frozen=name)
            yield "gradient not zeroed", Variation(gathered=name)
        yield "updated one after the other", Variation(in_turn=True)
    if case.steps > 1:  # a step that is asked for alone is not counted
        yield "one step too few", Variation(steps=-1)
        yield "one step too many", Variation(steps=1)
        yield "one step only", Variation(single=True)


def pairs(singles: list[tuple[str, Variation]]) -> Iterator[tuple[tuple[str, str], Variation]]:
    """Yield two mistakes at once, where they concern different things."""
    for place, (one, first) in enumerate(singles):
        for other, second in singles[place + 1 :]:
            changed = [_changed(variation) for variation in (first, second)]
            if not changed[0].keys() & changed[1].keys() and not (first.stopped or second.stopped):
                yield (one, other), replace(first, **changed[1])


def _changed(variation: Variation) -> dict[str, Any]:
    return {
        each.name: getattr(variation, each.name)
        for each in fields(variation)
        if getattr(variation, each.name) != getattr(RIGHT, each.name)
    }
