"""Copies of the writer's functions that see stand-ins where the originals see arrays."""

from __future__ import annotations

import builtins
import dis
import math
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradlab.graph.operations import OPERATIONS
from gradlab.sources.counting import counted_range
from gradlab.sources.factories import LIBRARIES, library
from gradlab.sources.frames import is_writers, refuse
from gradlab.sources.traced import Traced

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


class Rebinding:
    """Copies of the writer's functions in which the arrays they close over are stand-ins.

    So ``t**2`` of a captured array ``t`` stays ``t_i²`` instead of becoming a nameless column of numbers, and
    Python's ``math`` functions work.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._made: dict[int, Any] = {}
        self._scopes: dict[int, dict[str, Any]] = {}
        self._cells: dict[int, types.CellType] = {}
        self._kept: list[Any] = []  # what is known by its id must outlive this

        self._float: bool | None = None  # whether the code uses `float` for calls only

    def function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return *function*, rebound if it is the writer's own Python function."""
        if not isinstance(function, types.FunctionType) or not is_writers(function.__code__.co_filename):
            return function
        if id(function) in self._made:
            return self._made[id(function)]
        if self._float is None:
            self._float = _calls_float_only(function, set())
        # Functions that share globals or a cell go on sharing them.
        scope = self._scopes.get(id(function.__globals__))
        if scope is None:
            scope = self._scopes[id(function.__globals__)] = dict(function.__globals__)
            scope["__builtins__"] = {**vars(builtins), "__import__": self._import}
            if self._float and "float" not in scope:
                scope["float"] = self._as_float
        cells = tuple(self._cells.setdefault(id(cell), types.CellType()) for cell in function.__closure__ or ())
        copy = types.FunctionType(function.__code__, scope, function.__name__, function.__defaults__, cells)
        copy.__kwdefaults__ = function.__kwdefaults__
        self._made[id(function)] = copy
        self._kept += [function, *(function.__closure__ or ())]
        names = names_used(function.__code__)
        for name in names:
            if name == "range" and name not in function.__globals__:
                scope[name] = counted_range(self.trace)
            if name in function.__globals__ and scope[name] is function.__globals__[name]:
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
        self._note(value)
        seen = library(value, self.trace)
        if seen is not None:
            return seen
        if isinstance(value, types.BuiltinFunctionType) and getattr(math, value.__name__, None) is value:
            return getattr(_Math(self.trace), value.__name__)
        if isinstance(value, types.FunctionType):
            return self.function(value)
        from_library = type(value).__module__.partition(".")[0] in ("numpy", "torch")
        # Small and unsigned integers wrap round: what the code does with them is left to their library.
        numbers = str(getattr(value, "dtype", "")).removeprefix("torch.") in _NUMBERS
        if from_library and numbers and getattr(value, "ndim", 0) > 0:
            return self.trace.given(self.trace.lift(value, name), f"the array {name}")
        return value

    def _note(self, value: Any) -> None:
        """Take the library of *value* for the one that the code is written in, until a call tells."""
        of = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)
        home = str(of if isinstance(of, str) else type(value).__module__).partition(".")[0]
        if home in LIBRARIES:
            self.trace.mentioned.add(home)

    def _import(self, name: str, *arguments: Any) -> Any:
        return self.value(__import__(name, *arguments), name.partition(".")[0])

    def _as_float(self, value: Any = 0.0) -> Any:
        """Return ``float(value)``; of a stand-in another one."""
        return self.trace.number_from(value, "float(…)") if isinstance(value, Traced) else float(value)


_NUMBERS = ("float64", "float32", "float16", "bfloat16", "int64", "int32")


def names_used(code: types.CodeType) -> list[str]:
    """Return the names that *code*, and functions defined in it, look up outside of themselves."""
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return list(dict.fromkeys([*code.co_names, *(name for constant in inner for name in names_used(constant))]))


def _calls_float_only(function: types.FunctionType, seen: set[int]) -> bool:
    """Return whether the writer's functions use the name ``float`` for calls alone, not for a type."""
    if id(function) in seen or not is_writers(function.__code__.co_filename):
        return True
    seen.add(id(function))
    cells = [_content(cell) for cell in function.__closure__ or ()]
    others = [function.__globals__.get(name) for name in names_used(function.__code__)]
    return _called_only(function.__code__, "float") and all(
        _calls_float_only(other, seen) for other in (*cells, *others) if isinstance(other, types.FunctionType)
    )


def _called_only(code: types.CodeType, name: str) -> bool:
    for step in dis.get_instructions(code) if name in code.co_names else ():
        # A global that is called is loaded together with a place for `self`: the lowest bit says so.
        if step.argval == name and not (step.opname == "LOAD_GLOBAL" and step.arg is not None and step.arg & 1):
            return False
    return all(_called_only(inner, name) for inner in code.co_consts if isinstance(inner, types.CodeType))


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # empty still
        return None


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
            spoken = f"math.{name}"
            nodes = [
                self._trace.number_from(argument, spoken).node
                if isinstance(argument, Traced)
                else self._trace.lift(argument)
                for argument in arguments
            ]
            if name == "pow":
                return self._trace.wrap(self._trace.builder.power(*nodes))
            if operation is None or operation.arity != len(nodes):
                refuse(spoken, "write it with the functions of NumPy or torch")
            return self._trace.wrap(self._trace.builder.apply(operation, *nodes))

        return call if callable(plain) else plain
