"""Reading a Python function by running it on stand-ins that record what is done to them."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from gradlab.errors import GradlabError, TraceError
from gradlab.graph.guards import Guard
from gradlab.graph.kinds import Constant, Contraction, Elementwise, Frozen, Index, Variable
from gradlab.graph.nodes import Node, topological
from gradlab.graph.operations import OPERATIONS
from gradlab.graph.sizes import Axes, Coefficient
from gradlab.graph.writes import EMPTY
from gradlab.sources.builder import Builder, NeedsAxes
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
    mentioned: "numpy", "torch": whose names stand in the code.
    asked: the first thing that NumPy and torch mean differently, if there was one.  answered: torch's was taken.
    guards: the decisions that depend on the variables.  truths: nodes that are 1 or 0, as ~(x > 0) is.
    """

    builder: Builder
    taken: set[str]
    outlook: Outlook
    assumed: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    data_axes: dict[str, Axes] = field(default_factory=dict)
    lets: dict[Node, str] = field(default_factory=dict)
    libraries: set[str] = field(default_factory=set)
    mentioned: set[str] = field(default_factory=set)
    asked: str = ""
    answered: bool | None = None
    guards: dict[tuple[Node, bool], Guard] = field(default_factory=dict)
    truths: set[Node] = field(default_factory=set)
    _count: int = 0
    _lifted: dict[int, tuple[Any, Any, Node]] = field(default_factory=dict)
    _made: dict[tuple[Any, ...], Node] = field(default_factory=dict)
    _moving: dict[Node, bool] = field(default_factory=dict)
    _live: dict[Node, bool] = field(default_factory=dict)
    _gradients: bool = field(default_factory=lambda: _gradients_enabled())

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
        node = self._bound(array, name or name_of(value) or "data")
        # The value is kept, so that its id stays its own while the trace lasts; what it holds now is copied, because
        # the code may change it.
        self._lifted[id(value)] = (value, array, node)
        return node

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
        if not self._cut_off():
            return value
        if self.is_live(before):
            refuse(
                "changing a value in place under torch.no_grad(), where its derivative stays that of before,",
                "write y = y + 1 outside the block, or y.detach().clone() to change a value without a derivative",
            )
        return self.frozen(value)

    def _cut_off(self) -> bool:
        return self._gradients and not _gradients_enabled()

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
            node = Elementwise(OPERATIONS["not_equal"], (node, self.builder.constant(0)))
        holds = bool(self.outlook.value(node, self.data) != 0)
        self.guards.setdefault((node, holds), Guard(node, holds, here().strip()))
        return holds

    def is_truth(self, node: Node) -> bool:
        """Return whether *node* is made of comparisons: 1 where something holds, else 0."""
        if node in self.truths or (isinstance(node, Elementwise) and node.operation in _COMPARISONS):
            return True
        if isinstance(node, (Index, Contraction)) and not getattr(node, "summed", ()):
            return all(self.is_truth(operand) for operand in node.operands)
        return False

    def truth(self, value: Any) -> Node:
        """Return the node of a value that must be made of comparisons."""
        node = self.lift(value)
        return node if self.is_truth(node) else self.builder.apply(_COMPARISONS[-1], node, self.builder.constant(0))

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
        if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
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

    def run(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Node:
        """Return the graph of what *function* returns; raises TraceError where it cannot be read."""
        rebound = Rebinding(self).function(function)
        refused: list[TraceError] = []
        token = REFUSALS.set(refused)
        with self._watched():
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
        return node

    @contextmanager
    def _watched(self) -> Generator[None]:
        """Note the local names of the writer's frames as they return."""

        def note(frame: types.FrameType, event: str, argument: Any) -> None:
            if event == "return" and is_writers(frame.f_code.co_filename):
                for name, value in frame.f_locals.items():
                    if isinstance(value, Traced) and name.isidentifier() and not name.startswith("_"):
                        self._name(value.node, name)

        before = sys.getprofile()
        if before is not None and not callable(before):  # cProfile's, which cannot be put back: do without the names
            yield
            return
        sys.setprofile(note)
        try:
            yield
        finally:
            sys.setprofile(before)

    def _name(self, node: Node, name: str) -> None:
        if isinstance(node, (Variable, Constant)) or node in self.lets:
            return
        free, number = name, 1
        while free in self.taken:
            number += 1
            free = f"{name}{number}"
        if number == 1 or name not in self.data_axes:
            self.taken.add(free)
            self.lets[node] = free


def _same(first: Any, second: Any) -> bool:
    return bool(first.shape == second.shape and (first == second).all())


def _gradients_enabled() -> bool:
    torch = sys.modules.get("torch")
    return torch is None or bool(torch.is_grad_enabled())


_COMPARISONS = tuple(OPERATIONS[name] for name in ("greater", "greater_equal", "equal", "not_equal"))
