"""Reading a Python function by running it on stand-ins that record what is done to them."""

from __future__ import annotations

import inspect
import linecache
import math
import os
import sys
import types
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NoReturn

from gradlab.errors import GradlabError, TraceError
from gradlab.graph.kinds import Constant, Variable
from gradlab.graph.nodes import Node
from gradlab.graph.operations import ABS, OPERATIONS
from gradlab.graph.sizes import Axes, Coefficient
from gradlab.sources.builder import Builder, NeedsAxes

_LIBRARIES = (os.path.dirname(os.path.dirname(__file__)), os.path.dirname(os.__file__))
"""Frames of gradlab and of Python itself are not the writer's: their names and lines say nothing to a reader."""


@dataclass(eq=False)
class Trace:
    """One run of a function on stand-ins.

    data, data_axes: arrays that the code brought in, by the name under which it found them.
    lets: the writer's own names for intermediate values.
    libraries: "numpy", "torch", "math": whose functions were called.
    """

    builder: Builder
    taken: set[str]
    data: dict[str, Any] = field(default_factory=dict)
    data_axes: dict[str, Axes] = field(default_factory=dict)
    lets: dict[Node, str] = field(default_factory=dict)
    libraries: set[str] = field(default_factory=set)
    _lifted: dict[int, tuple[Any, Node]] = field(default_factory=dict)

    def lift(self, value: Any, name: str | None = None) -> Node:
        """Return the node for anything that meets a stand-in in an expression."""
        if isinstance(value, Traced):
            return value.node
        if isinstance(value, (bool, complex)):
            raise TraceError(f"{value!r} is not a real number")
        if isinstance(value, (int, float, Fraction)):
            return self.builder.constant(value)
        known = self._lifted.get(id(value))
        if known is not None:
            return known[1]
        node = self._lifted_array(value, name)
        # The array is kept, so that its id stays its own while the trace lasts.
        self._lifted[id(value)] = (value, node)
        return node

    def _lifted_array(self, value: Any, name: str | None) -> Node:
        import numpy as np

        if isinstance(value, (list, tuple)) and any(isinstance(entry, Traced) for entry in value):
            return self.builder.stack([self.lift(entry) for entry in value])
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
        if array.ndim == 0:
            return self.builder.constant(float(array) if array.dtype.kind == "f" else int(array))
        return self._bound(array, name or _name_of(value) or "data")

    def _bound(self, array: Any, name: str) -> Node:
        free, number = name, 1
        while free in self.taken:
            number += 1
            free = f"{name}{number}"
        self.taken.add(free)
        self.data[free] = array
        self.data_axes[free] = self.builder.fresh_axes(free, array.shape)
        return Variable(free, self.data_axes[free])

    def wrap(self, node: Node) -> Traced:
        return Traced(node, self)

    def run(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Node:
        """Return the graph of what *function* returns; raises TraceError where it cannot be read."""
        rebound = _Rebinding(self).function(function)
        with self._watched():
            try:
                result = rebound(*arguments)
            except (GradlabError, NeedsAxes):
                raise
            except RecursionError as error:
                raise TraceError("the function calls itself too deeply to be read") from error
            except Exception as error:
                raise TraceError(f"{type(error).__name__}: {error}{_at_line(error)}") from error
        if isinstance(result, (dict, set, str)) or result is None:
            raise TraceError(f"the function returns {result!r:.40}; return a number or an array")
        return self.lift(result)

    @contextmanager
    def _watched(self) -> Generator[None]:
        """Note the local names of the writer's frames as they return."""

        def note(frame: types.FrameType, event: str, argument: Any) -> None:
            if event == "return" and _is_writers(frame.f_code.co_filename):
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


def _caller() -> types.FrameType | None:
    """Return the frame that called the function that calls this."""
    frame = inspect.currentframe()
    return frame.f_back.f_back if frame and frame.f_back else None


def _name_of(value: Any) -> str | None:
    """Return the name under which the writer's code holds *value*, or None."""
    frame = _caller()
    while frame is not None:
        if _is_writers(frame.f_code.co_filename):
            for scope in (frame.f_locals, frame.f_globals):
                for name, held in scope.items():
                    if held is value and name.isidentifier() and not name.startswith("_"):
                        return name
        frame = frame.f_back
    return None


def _is_writers(filename: str) -> bool:
    """Return whether code from *filename* is the writer's: not a library's, not Python's own."""
    return not (filename.startswith((*_LIBRARIES, "<frozen", "<__array")) or "site-packages" in filename)


def _at_line(error: BaseException) -> str:
    """Return the line of the writer's code in which *error* was raised, as an addition to its message."""
    trace = error.__traceback__
    found = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if _is_writers(code.co_filename):
            found = _line(code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def _line(filename: str, number: int) -> str:
    line = linecache.getline(filename, number).strip()
    return f"\n  line {number}: {line}" if line else f"\n  line {number}"


def _here() -> str:
    """Return the line of the writer's code that is running."""
    frame = _caller()
    while frame is not None and not _is_writers(frame.f_code.co_filename):
        frame = frame.f_back
    return _line(frame.f_code.co_filename, frame.f_lineno) if frame is not None else ""


def refuse(what: str, instead: str) -> NoReturn:
    """Raise TraceError: what cannot be read, on which line, and what to write instead."""
    raise TraceError(f"{what} cannot be read as mathematics; {instead}{_here()}")


class Traced:
    """A stand-in for a number or an array: it records instead of computing.

    Answers the operators of Python, the protocols of NumPy and torch, and the methods of their arrays.
    """

    __slots__ = ("node", "trace")
    __array_priority__ = 1000

    def __init__(self, node: Node, trace: Trace) -> None:
        self.node = node
        self.trace = trace

    def _new(self, node: Node) -> Traced:
        return Traced(node, self.trace)

    def _binary(self, operation: Callable[[Builder, Node, Node], Node], other: Any, swapped: bool = False) -> Any:
        try:
            second = self.trace.lift(other)
        except TraceError:
            if isinstance(other, (str, bytes, dict, set, type(None))):
                return NotImplemented
            raise
        pair = (second, self.node) if swapped else (self.node, second)
        return self._new(operation(self.trace.builder, *pair))

    def __add__(self, other: Any) -> Any:
        return self._binary(Builder.add, other)

    def __radd__(self, other: Any) -> Any:
        # sum([...]) starts from 0, which nobody wrote.
        if isinstance(other, int) and other == 0:
            return self
        return self._binary(Builder.add, other, swapped=True)

    def __sub__(self, other: Any) -> Any:
        return self._binary(Builder.subtract, other)

    def __rsub__(self, other: Any) -> Any:
        return self._binary(Builder.subtract, other, swapped=True)

    def __mul__(self, other: Any) -> Any:
        return self._binary(Builder.multiply, other)

    def __rmul__(self, other: Any) -> Any:
        return self._binary(Builder.multiply, other, swapped=True)

    def __truediv__(self, other: Any) -> Any:
        return self._binary(Builder.divide, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._binary(Builder.divide, other, swapped=True)

    def __pow__(self, other: Any) -> Any:
        return self._binary(Builder.power, other)

    def __rpow__(self, other: Any) -> Any:
        return self._binary(Builder.power, other, swapped=True)

    def __matmul__(self, other: Any) -> Any:
        return self._binary(Builder.matmul, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self._binary(Builder.matmul, other, swapped=True)

    def __neg__(self) -> Traced:
        return self._new(self.trace.builder.negative(self.node))

    def __pos__(self) -> Traced:
        return self

    def __abs__(self) -> Traced:
        return self._new(self.trace.builder.apply(ABS, self.node))

    def __getitem__(self, key: Any) -> Traced:
        return self._new(self.trace.builder.index(self.node, key))

    def __iter__(self) -> Iterator[Traced]:
        if self.node.rank == 0:
            count = _unpacked_count(_caller())
            self.trace.builder.need_axes(self.node, (count if count else "n",))
            refuse("going through a single number", "give its shape: shapes={…: (3,)}")
        count = _unpacked_count(_caller())
        size = self.node.axes[0]
        builder = self.trace.builder
        if count and builder.number(size) is None and isinstance(builder.root(size), str):
            builder.numbers[str(builder.root(size))] = count
        return iter([self[place] for place in range(builder.pin(size))])

    def __len__(self) -> int:
        if self.node.rank == 0:
            self.trace.builder.need_axes(self.node, ("n",))
            raise TypeError("a single number has no length")
        return self.trace.builder.pin(self.node.axes[0])

    def __index__(self) -> int:
        value = self.node.value if isinstance(self.node, Constant) else None
        if isinstance(value, Coefficient) and value.rational == 1 and len(value.sizes) == 1 and value.sizes[0][1] == 1:
            return self.trace.builder.pin(value.sizes[0][0])
        refuse("using a traced value as a whole number", "positions and counts must be plain numbers")

    def __int__(self) -> int:
        return self.__index__()

    def __float__(self) -> float:
        refuse(
            "float(…) of a traced value, as math's functions or .item() need it,",
            "write it with NumPy or torch (np.exp, torch.exp), or pass opaque=True for the numeric routes alone",
        )

    def __bool__(self) -> bool:
        _refuse_comparison()

    def __lt__(self, other: Any) -> bool:
        _refuse_comparison()

    __le__ = __gt__ = __ge__ = __lt__

    def __setitem__(self, key: Any, value: Any) -> None:
        refuse(
            "assigning to entries of an array",
            "build the array from its parts: torch.stack([…]) or np.stack([…])",
        )

    def __array__(self, *arguments: Any, **options: Any) -> Any:
        refuse("turning a traced value into a NumPy array", "use it as it is, or np.stack([…]) to join values")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        from gradlab.sources import calls

        self.trace.libraries.add("numpy")
        return calls.numpy_ufunc(self.trace, ufunc, method, inputs, options)

    def __array_function__(self, function: Any, kinds: Any, arguments: Any, options: Any) -> Any:
        from gradlab.sources import calls

        self.trace.libraries.add("numpy")
        return calls.numpy_function(self.trace, function, arguments, options)

    @classmethod
    def __torch_function__(cls, function: Any, kinds: Any, arguments: Any = (), options: Any = None) -> Any:
        from gradlab.sources import calls

        trace = _trace_in((*arguments, *(options or {}).values()))
        trace.libraries.add("torch")
        return calls.torch_function(trace, function, arguments, options or {})

    def __getattr__(self, name: str) -> Any:
        from gradlab.sources import calls

        return calls.attribute(self, name)

    def __repr__(self) -> str:
        return f"<a traced value: {self.node!r}>"

    def __hash__(self) -> int:
        return id(self)


def _refuse_comparison() -> NoReturn:
    refuse(
        "a decision that depends on the values (if, while, max(), <, >)",
        "write np.maximum, torch.maximum, torch.relu or abs, or pass opaque=True for the numeric routes alone",
    )


def _trace_in(values: Sequence[Any]) -> Trace:
    for value in values:
        if isinstance(value, Traced):
            return value.trace
        if isinstance(value, (list, tuple)):
            for entry in value:
                if isinstance(entry, Traced):
                    return entry.trace
    raise TraceError("a torch function was called without a traced value")


def _unpacked_count(frame: types.FrameType | None) -> int | None:
    """Return how many names ``a, b, c = value`` unpacks to, if that is what *frame* is doing.

    The writer's code says the length there, so that it need not be said again.
    """
    import dis

    if frame is None:
        return None
    code = frame.f_code.co_code
    at = frame.f_lasti
    return code[at + 1] if dis.opname[code[at]] == "UNPACK_SEQUENCE" else None


class _Rebinding:
    """Copies of the writer's functions in which the arrays they close over are stand-ins.

    So ``t**2`` of a captured array ``t`` stays ``t_i²`` instead of becoming a nameless column of numbers, and
    Python's ``math`` functions work.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._made: dict[int, Any] = {}
        self._kept: list[Any] = []

    def function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return *function*, rebound if it is the writer's own Python function."""
        if not isinstance(function, types.FunctionType) or not _is_writers(function.__code__.co_filename):
            return function
        if id(function) in self._made:
            return self._made[id(function)]
        scope = dict(function.__globals__)
        cells = tuple(types.CellType() for _ in function.__closure__ or ())
        copy = types.FunctionType(function.__code__, scope, function.__name__, function.__defaults__, cells)
        copy.__kwdefaults__ = function.__kwdefaults__
        self._made[id(function)] = copy
        self._kept.append(function)
        for name in _names_used(function.__code__):
            if name in function.__globals__:
                scope[name] = self.value(function.__globals__[name], name)
        for name, old, new in zip(
            function.__code__.co_freevars, function.__closure__ or (), copy.__closure__ or (), strict=True
        ):
            try:
                new.cell_contents = self.value(old.cell_contents, name)
            except ValueError:  # a cell that is still empty: the name is assigned later
                continue
        return copy

    def value(self, value: Any, name: str) -> Any:
        """Return what the copy sees under *name* instead of *value*."""
        if value is math:
            return _Math(self.trace)
        if isinstance(value, types.BuiltinFunctionType) and getattr(math, value.__name__, None) is value:
            return getattr(_Math(self.trace), value.__name__)
        if isinstance(value, types.FunctionType):
            return self.function(value)
        from_library = type(value).__module__.partition(".")[0] in ("numpy", "torch")
        numbers = any(kind in str(getattr(value, "dtype", "")) for kind in ("float", "int"))
        if from_library and numbers and getattr(value, "ndim", 0) > 0:
            return self.trace.wrap(self.trace.lift(value, name))
        return value


def _names_used(code: types.CodeType) -> list[str]:
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return list(dict.fromkeys([*code.co_names, *(name for constant in inner for name in _names_used(constant))]))


class _Math:
    """Python's `math`, whose functions also take stand-ins."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __getattr__(self, name: str) -> Any:
        plain = getattr(math, name)
        operation = OPERATIONS.get({"fabs": "abs"}.get(name, name))

        def call(*arguments: Any) -> Any:
            if not any(isinstance(argument, Traced) for argument in arguments):
                return plain(*arguments)
            self._trace.libraries.add("math")
            nodes = [self._trace.lift(argument) for argument in arguments]
            if name == "pow":
                return self._trace.wrap(self._trace.builder.power(*nodes))
            if operation is None or operation.arity != len(nodes):
                refuse(f"math.{name}", "write it with the functions of NumPy or torch")
            return self._trace.wrap(self._trace.builder.apply(operation, *nodes))

        return call if callable(plain) else plain


def parameters(function: Callable[..., Any]) -> list[str]:
    """Return the names of the parameters that a caller must give."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise TypeError(f"cannot see the parameters of {function!r}; name them: variables=[…]") from error
    names = []
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.KEYWORD_ONLY):
            continue
        if parameter.default is parameter.empty:
            names.append(parameter.name)
    return names
