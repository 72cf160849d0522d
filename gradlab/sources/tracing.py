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
from gradlab.graph.kinds import Constant, Variable
from gradlab.graph.nodes import Node, topological
from gradlab.graph.sizes import Axes
from gradlab.sources.builder import Builder, NeedsAxes
from gradlab.sources.frames import REFUSALS, at_line, is_writers, name_of, refuse
from gradlab.sources.rebinding import Rebinding
from gradlab.sources.traced import Traced


@dataclass(eq=False)
class Trace:
    """One run of a function on stand-ins.

    data, data_axes: arrays that the code brought in, by the name under which it found them.
    lets: the writer's own names for intermediate values.
    libraries: "numpy", "torch", "math": whose functions were called.
    truths: the data that were arrays of True and False, which the graph has as 1 and 0.
    """

    builder: Builder
    taken: set[str]
    data: dict[str, Any] = field(default_factory=dict)
    data_axes: dict[str, Axes] = field(default_factory=dict)
    lets: dict[Node, str] = field(default_factory=dict)
    libraries: set[str] = field(default_factory=set)
    truths: set[str] = field(default_factory=set)
    _lifted: dict[int, tuple[Any, Any, Node]] = field(default_factory=dict)
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

    def check_gradients(self) -> None:
        """Refuse what is computed under torch.no_grad(): its derivative counts as 0 there, and not in its formula."""
        if self._gradients and not _gradients_enabled():
            refuse("computing under torch.no_grad()", "bind what is to stay fixed: as_function(f, data={…})")

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

    def wrap(self, node: Node) -> Traced:
        return Traced(node, self)

    def __call__(self, *arguments: Any) -> NoReturn:
        # Every stand-in holds its trace under the name of that method.
        refuse("the method .trace()", "write np.trace(A) or torch.trace(A)")

    def run(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Node:
        """Return the graph of what *function* returns; raises TraceError where it cannot be read."""
        rebound = Rebinding(self).function(function)
        refused: list[TraceError] = []
        token = REFUSALS.set(refused)
        with self._watched():
            try:
                result = rebound(*arguments)
            except (GradlabError, NeedsAxes):
                raise
            except SystemExit as error:
                raise TraceError(f"the function ends the program: {error!r}") from error
            except RecursionError as error:
                raise TraceError("the function calls itself too deeply to be read") from error
            except Exception as error:
                raise TraceError(f"{type(error).__name__}: {error}{at_line(error)}") from error
            finally:
                REFUSALS.reset(token)
        if refused:  # the code caught it, and went a way that it goes for no real value
            raise refused[0]
        if isinstance(result, (dict, set, str)) or result is None:
            raise TraceError(f"the function returns {result!r:.40}; return a number or an array")
        output = self.lift(result)
        self._name_without_added_axes(output)
        return output

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


def _identity_factor(array: Any) -> float | None:
    """Return the number that *array* is the identity matrix times, or None if it is no such matrix."""
    import numpy as np

    if array.ndim != 2 or array.shape[0] != array.shape[1] or len(array) < 2 or not array[0, 0]:
        return None
    factor = array[0, 0].item()
    return factor if (array == factor * np.eye(len(array))).all() else None


def _same(first: Any, second: Any) -> bool:
    return bool(first.shape == second.shape and (first == second).all())


def _gradients_enabled() -> bool:
    torch = sys.modules.get("torch")
    return torch is None or bool(torch.is_grad_enabled())
