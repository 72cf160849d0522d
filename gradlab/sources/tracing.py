"""Reading a Python function by running it on stand-ins that record what is done to them."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NoReturn

from gradlab.errors import GradlabError, TraceError
from gradlab.graph.guards import Guard
from gradlab.graph.kinds import Constant, Contraction, Elementwise, Frozen, Index, Linear, Variable
from gradlab.graph.nodes import Node, topological
from gradlab.graph.operations import NOT_EQUAL
from gradlab.graph.sizes import Axes, Coefficient, Size
from gradlab.graph.writes import EMPTY
from gradlab.sources import conditions
from gradlab.sources.builder import Builder, NeedsAxes
from gradlab.sources.custom_functions import applied_as_written, is_applied_by_c, is_apply
from gradlab.sources.frames import REFUSALS, at_line, here, is_writers, name_of, refuse, with_line
from gradlab.sources.memory import Memory, View
from gradlab.sources.outlook import Outlook
from gradlab.sources.rebinding import Rebinding
from gradlab.sources.traced import Traced

LARGEST = 10_000
"""Operations that a function may take; a loop that does not end is stopped there."""


@dataclass(eq=False)
class Trace:
    """One run of a function on stand-ins.

    assumed: "numpy" or "torch": whose meaning to take where they differ; None to go by what the code calls.
    data, data_axes: arrays that the code brought in, by the name under which it found them.
    lets: the writer's own names for intermediate values.
    libraries: "numpy", "torch", "math": whose functions were called.
    layers: the names of the layers of the modules in use, by id.
    layer_outputs: what layers returned, in order, each with the layer's name and whether it has weights.
    truths: the data that were arrays of True and False, which the graph has as 1 and 0.
    masks: arrays of truth values used as indices, by id: the array, a copy, and the positions where it is true.
    mentioned: "numpy", "torch": whose names stand in the code.
    asked: the first thing that NumPy and torch mean differently, if there was one.  answered: torch's was taken.
    guards: the decisions that depend on the variables.
    """

    builder: Builder
    taken: set[str]
    outlook: Outlook
    assumed: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    data_axes: dict[str, Axes] = field(default_factory=dict)
    lets: dict[Node, str] = field(default_factory=dict)
    libraries: set[str] = field(default_factory=set)
    layers: dict[int, str] = field(default_factory=dict)
    layer_outputs: list[tuple[Node, str, bool]] = field(default_factory=list)
    truths: set[str] = field(default_factory=set)
    masks: dict[int, tuple[Any, Any, list[Any]]] = field(default_factory=dict)
    mentioned: set[str] = field(default_factory=set)
    asked: str = ""
    answered: bool | None = None
    guards: dict[tuple[Node, bool], Guard] = field(default_factory=dict)
    _count: int = 0
    _lifted: dict[int, tuple[Any, Any, Node]] = field(default_factory=dict)
    _made: dict[tuple[Any, ...], Node] = field(default_factory=dict)
    _moving: dict[Node, bool] = field(default_factory=dict)
    _live: dict[Node, bool] = field(default_factory=dict)
    _overwritten: set[Node] = field(default_factory=set)
    _gradients: bool = field(default_factory=lambda: _gradients_enabled())
    _applied: list[bool] = field(default_factory=list)  # what torch's own apply found that runs a forward pass now

    def lift(self, value: Any, name: str | None = None) -> Node:
        """Return the node for anything that meets a stand-in in an expression."""
        if isinstance(value, Traced):
            return value.node
        if isinstance(value, (bool, complex)):
            raise TraceError(f"{value!r} is not a real number")
        if isinstance(value, (int, float, Fraction)):
            return self.builder.constant(value)
        if isinstance(value, (list, tuple)) and any(isinstance(entry, Traced) for entry in value):
            return self.builder.stack([self.lift(entry) for entry in value])
        array = self._as_array(value)
        known = self._lifted.get(id(value))
        if known is not None and _same(known[1], array):
            return known[2]
        if array.ndim == 0:
            return self.builder.constant(float(array) if array.dtype.kind == "f" else int(array))
        spoken = name or name_of(value)
        truth = array.dtype == bool
        factor = None if spoken or truth else _identity_factor(array)
        numbers = array.astype(float) if truth else array if factor is None else array / factor
        node = self._bound(numbers, spoken or ("data" if factor is None else "I"))
        if truth and isinstance(node, Variable):
            self.truths.add(node.name)
        if factor not in (None, 1):  # 0.1 * np.eye(3) is written 0.1 I
            node = self.builder.multiply(self.builder.constant(factor), node)
        # The value is kept, so that its id stays its own while the trace lasts; what it holds now is copied, because
        # the code may change it.
        self._lifted[id(value)] = (value, array, node)
        return node

    def size_of(self, value: Any) -> Size:
        """Return what code gives as a length: a number, or the size of an axis."""
        node = self.lift(value)
        if isinstance(node, Constant) and isinstance(node.value, Coefficient) and not node.axes:
            powers, rational = node.value.sizes, node.value.rational
            if node.value.is_rational and rational.denominator == 1:
                return int(rational)
            if rational == 1 and node.value.root == 1 and len(powers) == 1 and powers[0][1] == 1:
                return powers[0][0]
        raise TraceError(f"{value!r} stands where a length is expected")

    def known(self, array: Any, name: str) -> Node:
        """Return the node for an array of numbers that the code made itself; equal ones of one name are one."""
        numbers = self._as_array(array)
        key = (name, numbers.shape, numbers.tobytes())
        if key not in self._made:
            self._made[key] = self._bound(numbers, name)
        return self._made[key]

    # Stand-ins -------------------------------------------------------------------------------

    def wrap(self, node: Node) -> Traced:
        """Return a stand-in for a value that the code computed."""
        return self.counted(Traced(Frozen(node) if self._cut_off() and self.is_live(node) else node, self))

    def given(self, node: Node, owner: str) -> Traced:
        """Return a stand-in for an array that the code did not make and must not change."""
        return Traced(node, self, Memory(node, owner))

    def counted(self, traced: Traced) -> Traced:
        """Return *traced*; refuse where it is one too many."""
        self._count += 1
        if self._count > LARGEST:
            refuse(f"a function of more than {LARGEST:,} operations", "make a loop shorter that runs until then")
        return traced

    def frozen(self, node: Node) -> Node:
        """Return *node* as a value that derivatives hold constant."""
        return Frozen(node) if self.is_live(node) else node

    def viewed(self, view: View) -> View:
        """Return *view* as it is where gradients are off."""
        if not self._cut_off():
            return view
        return View(lambda node: self.frozen(view.take(node)), cut=True)

    def written(self, before: Node, value: Node) -> Node:
        """Return what an array holds that held *before* and is written *value*."""
        self._overwritten.add(before)
        if not self._cut_off():
            return value
        if self.is_live(before):
            refuse(
                "changing a value in place under torch.no_grad(), where its derivative stays that of before,",
                "write y = y + 1 outside the block, or y.detach().clone() to change a value without a derivative",
            )
        return self.frozen(value)

    def _cut_off(self) -> bool:
        return self._gradients and not (self._applied[0] if self._applied else _gradients_enabled())

    # What is known of a node -------------------------------------------------------------------

    def is_known(self, node: Node) -> bool:
        """Return whether *node* is the same whatever the variables are."""
        return not self._reaches(node, self._moving, ())

    def is_live(self, node: Node) -> bool:
        """Return whether *node* has a derivative with respect to some variable."""
        return self._reaches(node, self._live, (Frozen,))

    def is_size(self, node: Node) -> bool:
        """Return whether *node* is made of numbers and sizes alone."""
        return self.is_known(node) and not any(isinstance(part, Variable) for part in topological([node]))

    def _reaches(self, node: Node, known: dict[Node, bool], across: tuple[type[Node], ...]) -> bool:
        waiting = [node]
        while waiting:
            part = waiting[-1]
            below = () if isinstance(part, across) else part.operands
            pending = [operand for operand in below if operand not in known]
            if pending and part not in known:
                waiting += pending
                continue
            waiting.pop()
            if part not in known:
                is_variable = isinstance(part, Variable) and part.name not in self.data
                known[part] = is_variable or any(known[operand] for operand in below)
        return known[node]

    def known_array(self, node: Node) -> Any:
        """Return the array that *node* is whatever the variables are; its sizes are then numbers for good."""
        for part in topological([node]):
            value = getattr(part, "value", None)
            sizes = [size for size, _ in value.sizes] if isinstance(value, Coefficient) else []
            for size in (*sizes, *(part.axes if isinstance(part, Constant) else ())):
                self.builder.sizes.pin(size)
        return self.outlook.value(node, self.data).copy()

    def plain_value(self, node: Node) -> float:
        """Return the number that *node* is whatever the variables are."""
        return float(self.known_array(node))

    def decide(self, node: Node) -> bool:
        """Return whether *node* is true at the point, and remember it where it depends on the variables."""
        for _ in range(node.rank):
            if self.builder.sizes.root(node.axes[0]) != 1:
                refuse(
                    f"the truth of an array of shape {self.builder.sizes.shape_text(node)}",
                    "write (x > 0).all() or .any(), or np.where for a decision about each entry",
                )
            node = self.builder.drop_axis(node, 0)
        if self.is_known(node):
            return bool(self.plain_value(node))
        if not self.is_truth(node):
            node = Elementwise(NOT_EQUAL, (node, self.builder.constant(0)))
        holds = bool(self.outlook.value(node, self.data) != 0)
        self.guards.setdefault((node, holds), Guard(node, holds, here().strip()))
        return holds

    def is_truth(self, node: Node) -> bool:
        """Return whether *node* is made of comparisons: 1 where something holds, else 0."""
        return conditions.is_truth(self, node)

    def truth(self, value: Any) -> Node:
        """Return the node of a value that must be made of comparisons."""
        return conditions.condition(self, value)

    def as_torch(self, what: str) -> bool:
        """Return whether *what* has torch's meaning here, and not that of NumPy and Python."""
        if self.answered is None:
            self.asked = f"{what}{here()}"
            called = "torch" in self.libraries or ("torch" in self.mentioned and "numpy" not in self.libraries)
            self.answered = called if self.assumed is None else self.assumed == "torch"
        return self.answered

    def number_from(self, traced: Traced, what: str) -> Traced:
        """Return the plain number that ``.item()`` and ``float()`` take out; torch no longer differentiates it."""
        node = traced.node
        while node.rank:
            if self.builder.sizes.root(node.axes[0]) != 1:
                refuse(f"{what} of shape {self.builder.sizes.shape_text(node)}", "take a single entry out")
            node = self.builder.drop_axis(node, 0)
        if not self.is_live(node):
            return self.wrap(node)
        return self.wrap(self.frozen(node) if self.as_torch(what) else node)

    def _as_array(self, value: Any) -> Any:
        import numpy as np

        if not isinstance(value, (list, tuple)) and hasattr(value, "detach"):
            self.libraries.add("torch")
            tensor = value.detach().cpu()
            array = (tensor.double() if tensor.is_floating_point() else tensor).numpy()
        elif isinstance(value, (np.ndarray, np.generic, list, tuple)):
            if isinstance(value, (np.ndarray, np.generic)):
                self.libraries.add("numpy")
            array = np.asarray(value)
        else:
            raise TraceError(f"a {type(value).__name__} stands where a number or an array is expected")
        if not any(np.issubdtype(array.dtype, kind) for kind in (np.integer, np.floating, np.bool_)):
            raise TraceError(f"an array of {array.dtype} stands where real numbers are expected")
        return array.copy()

    def _bound(self, array: Any, name: str) -> Node:
        free, number = name, 1
        while free in self.taken:
            number += 1
            free = f"{name}{number}"
        self.taken.add(free)
        self.data[free] = array
        self.data_axes[free] = self.builder.sizes.fresh_axes(free, array.shape)
        return Variable(free, self.data_axes[free])

    def __call__(self, *arguments: Any) -> NoReturn:
        # Every stand-in holds its trace under the name of that method.
        refuse("the method .trace()", "write np.trace(A) or torch.trace(A)")

    def run(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Node:
        """Return the graph of what *function* returns; raises TraceError where it cannot be read."""
        rebound = Rebinding(self).function(function)
        refused: list[TraceError] = []
        token = REFUSALS.set(refused)
        with self._watched(), applied_as_written():
            try:
                result = rebound(*arguments)
                node = None if isinstance(result, (dict, set, str)) or result is None else self.lift(result)
            except NeedsAxes:
                raise
            except GradlabError as error:
                raise with_line(error) from error
            except SystemExit as error:
                raise TraceError(f"the function ends the program: {error!r}{at_line(error)}") from error
            except RecursionError as error:
                deep = f"the function calls itself more than {sys.getrecursionlimit():,} deep: it cannot be read"
                raise TraceError(f"{deep}{at_line(error)}") from error
            except Exception as error:
                raise TraceError(f"{type(error).__name__}: {error}{at_line(error)}") from error
            finally:
                REFUSALS.reset(token)
        if refused:  # the code caught it, and went a way that it goes for no real value
            raise refused[0]
        if node is None:
            raise TraceError(f"the function returns {result!r:.40}; return a number or an array")
        parts = topological([node, *(guard.condition for guard in self.guards.values())])
        if any(isinstance(part, Variable) and part.name == EMPTY for part in parts):
            raise TraceError("the function uses entries of np.empty that it never wrote; write np.zeros")
        self._name_without_added_axes(node)
        return node

    def _name_without_added_axes(self, output: Node) -> None:
        """Give the name of a value that was kept with an axis of length 1 to the value without it, if that is used.

        ``v = X.var(1, keepdims=True)`` is (n, 1) only so that it can be broadcast: what is computed with it is (n,).
        """
        used = set(topological([output]))
        for node, name in list(self.lets.items()):
            slim: Node | None = None if node in used else node
            for position in reversed(range(node.rank)):
                if slim is not None and node.axes[position] == 1:
                    slim = self.builder.taken_back(slim, position)
            if slim is not None and slim is not node and slim not in self.lets:
                self.lets[slim] = name

    @contextmanager
    def _watched(self) -> Generator[None]:
        """Note the local names of the writer's frames: at every call, because a loop binds a name again and again."""
        watched: dict[types.FrameType, dict[str, list[Node]]] = {}
        writers: dict[str, bool] = {}
        by_c = is_applied_by_c()

        def note(frame: types.FrameType | None, event: str, argument: Any) -> None:
            if by_c and event.startswith("c_") and is_apply(argument):
                self._follow_apply(event)
            if self._applied:  # what a forward pass calls its values inside is not what the writer calls them
                return
            if event == "call" and frame is not None:
                frame = frame.f_back
            if frame is None or event not in ("call", "c_call", "return"):
                return
            filename = frame.f_code.co_filename
            own = writers.get(filename)
            if own is None:
                own = writers[filename] = is_writers(filename)
            if not own:
                return
            bound = watched.setdefault(frame, {})
            for name, value in frame.f_locals.items():
                named = isinstance(value, Traced) and name.isidentifier() and not name.startswith("_")
                if named and not value.is_uncertain:
                    nodes = bound.setdefault(name, [])
                    if not nodes or nodes[-1] is not value.node:
                        nodes.append(value.node)
            if event == "return":
                for name, nodes in watched.pop(frame).items():
                    self._name_bindings(nodes, name)

        before = sys.getprofile()
        if before is not None and not callable(before):  # cProfile's, which cannot be put back: do without the names
            yield
            return
        sys.setprofile(note)
        try:
            yield
        finally:
            sys.setprofile(before)

    def _follow_apply(self, event: str) -> None:
        """Note where torch's own apply begins and ends: it turns gradients off, which does not mean detach."""
        if event == "c_call":
            self._applied.append(_gradients_enabled())
        elif self._applied:
            self._applied.pop()

    def _name_bindings(self, nodes: Sequence[Node], name: str) -> None:
        """Name what was bound to *name* one after the other: h, or h1, h2, … where there are several."""
        full = self._overwritten - {nodes[-1]}
        several = [
            node for node, following in zip(nodes, [*nodes[1:], None], strict=True) if not _runs(node, following)
        ]
        # An array that is filled entry by entry has its name once it is full.
        several = [node for node in several if not isinstance(node, (Variable, Constant)) and node not in full]
        if len(nodes) > 1 and all(_is_input(node) for node in several):  # for x in X: X_0, X_1, … say it best
            return
        if len(several) == 1:
            self.name_value(several[0], name)
            return
        for number, node in enumerate(several, 1):
            self.name_value(node, f"{name}_{number}" if name[-1].isdigit() else f"{name}{number}")

    def name_value(self, node: Node, name: str) -> None:
        """Take *name* as what the writer calls *node*, unless it is an input or has a name."""
        if isinstance(node, (Variable, Constant)) or node in self.lets:
            return
        free, number = name, 1
        while free in self.taken:
            number += 1
            free = f"{name}_{number}" if name[-1].isdigit() else f"{name}{number}"
        if number == 1 or name not in self.data_axes:
            self.taken.add(free)
            self.lets[node] = free


def _identity_factor(array: Any) -> float | None:
    """Return the number that *array* is the identity matrix times, or None if it is no such matrix."""
    import numpy as np

    if array.ndim != 2 or array.shape[0] != array.shape[1] or len(array) < 2 or not array[0, 0]:
        return None
    factor = array[0, 0].item()
    return factor if (array == factor * np.eye(len(array))).all() else None


def _runs(node: Node, following: Node | None) -> bool:
    """Return whether the next value is this one with something added or multiplied, as in a running sum."""
    return isinstance(following, (Linear, Contraction)) and following.rank == 0 and node in following.operands


def _is_input(node: Node) -> bool:
    return isinstance(node, Index) and isinstance(node.operands[0], Variable)


def _same(first: Any, second: Any) -> bool:
    return bool(first.shape == second.shape and (first == second).all())


def _gradients_enabled() -> bool:
    torch = sys.modules.get("torch")
    return torch is None or bool(torch.is_grad_enabled())
