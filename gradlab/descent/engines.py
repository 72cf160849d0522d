"""Where the gradient of a run comes from: one entry for each way, all of the same shape.

An engine is prepared once, at the start; then `evaluate` is called once for each point, with the flat
vector of all variables. What can be done before the first step is done there.
With batches there is one such engine for each shape of them, and `take` hands it the next batch.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gradlab.descent import compiled_steps, torch_steps
from gradlab.descent.batches import Batch
from gradlab.descent.history import Layout
from gradlab.descent.optimizers import Rule, State, Vector
from gradlab.descent.posing import Posed
from gradlab.errors import DomainError, GradlabError
from gradlab.graph import Function, Point
from gradlab.graph.point import as_array
from gradlab.sources import at_point

if TYPE_CHECKING:
    from gradlab.graph.nodes import Node
    from gradlab.graph.point import Array

Evaluate = Callable[[Vector], tuple[float, Vector]]
Chunk = Callable[[Vector, State, int], "tuple[Array, Array, Array, Vector, State]"]
"""(x, state, count) -> points, losses and gradients of that many points from x on, and x and state at the last."""


@dataclass(frozen=True, eq=False)
class Engine:
    """One way to get a gradient, prepared for one function.

    start: the flat vector to begin with, in the engine's own kind of array.
    evaluate: the loss, as float, and its flat gradient at a flat vector.
    stacked: vectors of that kind as the rows of a NumPy array.  vector: a row as such a vector again.
    take: makes the engine evaluate on another batch.
    situation: the function that is evaluated, and its data of this batch.
    chunks: many steps by a rule in one call, None where the rule cannot be compiled.
    dtype: of its tensors, None where it computes in float64 arrays.
    notes: what there is to say after the run.
    """

    name: str
    start: Vector
    evaluate: Evaluate
    stacked: Callable[[Sequence[Vector]], Array]
    vector: Callable[[Array], Vector]
    situation: Callable[[], tuple[Function, Mapping[str, Any]]]
    take: Callable[[Batch], None]
    chunks: Callable[[Rule], Chunk | None] | None = None
    notes: Callable[[], Sequence[str]] = tuple
    dtype: Any = None

    def revived(self, state: State) -> State:
        """Return what a rule remembered, as it was saved, in the engine's own kind of array."""
        return tuple(self.vector(part) if hasattr(part, "shape") and part.shape else part for part in state)


def prepare(name: str, posed: Posed) -> Engine:
    """Return the engine called *name*, ready to step the function of *posed* from its start.

    name: one of `ENGINES`, or "auto": exact where there is a formula, else torch where the code takes tensors,
        else numeric.
    Raises ValueError for another name; NoFormulaError and NotScalarError as the routes do.
    """
    chosen = _automatic(posed) if name == "auto" else name
    if chosen not in ENGINES:
        raise ValueError(f"no engine named {name!r}; there are {', '.join(ENGINES)} and auto")
    engine = ENGINES[chosen](posed)
    return _for_batches(chosen, engine, posed) if posed.given else engine


def _for_batches(name: str, first: Engine, posed: Posed) -> Engine:
    """Return an engine that takes batches of any shapes: it has one for each, and asks the one of the current batch."""
    made: dict[Any, Engine] = {_shapes(posed.given): first}
    current = [first]

    def take(batch: Batch) -> None:
        shapes = _shapes(batch)
        engine = made.get(shapes)
        if engine is None:
            function, _ = at_point(posed.function, {**posed.start, **_point_values(batch)})
            engine = made[shapes] = ENGINES[name](replace(posed, function=function, given=dict(batch)))
        current[0] = engine
        engine.take(batch)

    def evaluate(x: Vector) -> tuple[float, Vector]:
        return current[0].evaluate(x)

    def notes() -> Sequence[str]:
        return tuple(dict.fromkeys(note for engine in made.values() for note in engine.notes()))

    return replace(first, evaluate=evaluate, take=take, situation=lambda: current[0].situation(), notes=notes)


def _shapes(batch: Batch) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(getattr(value, "shape", ())) for value in batch.values())


def _point_values(batch: Batch) -> dict[str, Array]:
    return {name: as_array(name, value, finite=False) for name, value in batch.items()}


def _automatic(posed: Posed) -> str:
    if posed.function.output is not None:
        return "exact"
    return "torch" if _takes_tensors(posed.function, posed.point) else "numeric"


def _takes_tensors(function: Function, start: Point) -> bool:
    """Return whether the code, given tensors, returns one that backward() can start from."""
    torch = sys.modules.get("torch")  # code that needs torch has imported it
    if torch is None or function.code is None:
        return False
    try:
        loss = function.code(*(torch.tensor(array, requires_grad=True) for array in start.values()))
    except Exception:  # whatever it raises: it is not for tensors
        return False
    return isinstance(loss, torch.Tensor) and loss.requires_grad


def _exact(posed: Posed) -> Engine:
    """The derived gradient, evaluated by NumPy; what does not depend on the variables is computed once.

    Where the code decides by its values (``if``), each step looks whether it still goes the same way; where it does
    not, the way that it goes there is derived too, and the engine remembers both.
    """
    function, layout = posed.function, posed.layout
    branches = [_Branch(function, posed.point, layout)]
    given = dict(posed.given)
    flat = layout.flat(posed.start)

    def take(batch: Batch) -> None:
        given.update(_point_values(batch))
        for branch in branches:
            branch.give(given)

    def following(x: Array) -> tuple[float, Array]:
        for branch in branches:
            found = branch.evaluate(x)
            if branch.holds():
                return found
        point = {**given, **layout.unpacked(x)}
        branches.append(_Branch(*at_point(function, {name: point[name] for name in function.variables}), layout))
        return branches[-1].evaluate(x)

    def notes() -> Sequence[str]:
        ways = len(branches)
        return (f"the code went {ways} ways (if, while); the gradient of each was derived",) if ways > 1 else ()

    evaluate = following if function.guards else branches[0].evaluate
    return Engine("exact", flat, evaluate, rows, _copied, lambda: (function, given), take, notes=notes)


class _Branch:
    """The value and the gradient of a formula, and whether the formula is the function there."""

    def __init__(self, function: Function, point: Point, layout: Layout) -> None:
        from gradlab.graph.backends import NumpyBackend
        from gradlab.graph.nodes import compute, topological
        from gradlab.symbolic import derive

        partials = derive(function, list(layout.shapes)).partials
        self._layout = layout
        self._guards = function.guards
        self._outputs = [function.formula, *(partials[name] for name in layout.shapes)]
        self._values: dict[str, Any] = {**function.data, **point}
        self._backend = NumpyBackend(self._values, function.sizes(point))
        self._compute = compute
        moving: set[Node] = {node for name, node in function.nodes.items() if name in layout.shapes}
        self._varying: list[Node] = []
        self._fixed: list[Node] = []
        self._known: dict[Node, Any] = {}
        for node in topological([*self._outputs, *(guard.condition for guard in function.guards)]):
            if node in moving or not moving.isdisjoint(node.operands):
                moving.add(node)
                self._varying.append(node)
            else:
                self._fixed.append(node)
        self._run(self._fixed)

    def give(self, data: Mapping[str, Any]) -> None:
        """Take other values for the data variables."""
        self._values.update(data)
        self._run(self._fixed)

    def evaluate(self, x: Array) -> tuple[float, Array]:
        import numpy as np

        self._values.update(self._layout.unpacked(x))
        self._run(self._varying)
        loss, *partials = (self._known[output] for output in self._outputs)
        return float(loss), np.concatenate([np.reshape(partial, -1) for partial in partials])

    def _run(self, nodes: Sequence[Node]) -> None:
        known, compute, backend = self._known, self._compute, self._backend
        for node in nodes:
            known[node] = compute(node, [known[operand] for operand in node.operands], backend)

    def holds(self) -> bool:
        """Return whether the code goes this way where `evaluate` was last called."""
        return all(bool(self._known[guard.condition] != 0) == guard.holds for guard in self._guards)


def _numeric(posed: Posed) -> Engine:
    """Finite differences at every point: the slow way, which needs nothing but values."""
    import numpy as np

    from gradlab.numeric import estimate

    function, layout = posed.function, posed.layout
    given = dict(posed.given)
    names = list(layout.shapes)

    def take(batch: Batch) -> None:
        given.update(_point_values(batch))

    def evaluate(x: Array) -> tuple[float, Array]:
        point = {**given, **layout.unpacked(x)}
        point = {name: point[name] for name in function.variables}
        try:
            found = estimate(function, point, wrt=names)
        except DomainError:  # the loop tells inf from nan, and knows the point before
            return float(function(point)), np.full(layout.size, np.nan)
        return found.value, layout.flat(found.partials)

    return Engine("numeric", layout.flat(posed.start), evaluate, rows, _copied, lambda: (function, given), take)


def _torch(posed: Posed) -> Engine:
    """backward(), as in the loop that torch users write by hand; see `torch_steps`."""
    steps = torch_steps.Steps(posed.function, posed.point, posed.layout, posed.given, posed.dtype)
    evaluate = steps.one if steps.alone else steps.several
    return Engine(
        "torch",
        steps.start,
        evaluate,
        torch_steps.rows,
        steps.vector,
        lambda: (posed.function, steps.given),
        steps.take,
        dtype=steps.dtype,
    )


def _compiled(posed: Posed) -> Engine:
    """The derived gradient as machine code by numba where that is installed, by NumPy where not; see `compiled_steps`.

    A quadratic is stepped through its moments: its gradient costs the same for any number of data points.
    """
    function, layout = posed.function, posed.layout
    if function.guards:
        raise GradlabError(
            f"{function.signature} decides by its values ({function.guards[0]}), which compiled steps would not check; "
            "choose engine='exact', which follows the code from way to way"
        )
    given = dict(posed.given)
    steps = compiled_steps.Steps(function, posed.point, layout, list(given))

    def take(batch: Batch) -> None:
        given.update(_point_values(batch))
        steps.give(given)

    return Engine(
        "compiled",
        layout.flat(posed.start),
        steps.evaluate,
        rows,
        _copied,
        lambda: (function, given),
        take,
        None if given else steps.chunks,
        lambda: (steps.note,),
    )


def rows(vectors: Sequence[Array]) -> Array:
    """Return vectors as the rows of an array."""
    import numpy as np

    return np.stack(list(vectors))


def _copied(row: Array) -> Array:
    import numpy as np

    return np.array(row, dtype=np.float64)


ENGINES: Mapping[str, Callable[[Posed], Engine]] = {
    "exact": _exact,
    "torch": _torch,
    "numeric": _numeric,
    "compiled": _compiled,
}
"""The ways to a gradient, by the word for `engine`."""
