"""Copies of the writer's functions that see stand-ins where the originals see arrays."""

from __future__ import annotations

import math
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradlab.graph.operations import OPERATIONS
from gradlab.sources.counting import counted_array, counted_range
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

    def function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return *function*, rebound if it is the writer's own Python function."""
        if not isinstance(function, types.FunctionType) or not is_writers(function.__code__.co_filename):
            return function
        if id(function) in self._made:
            return self._made[id(function)]
        # Functions that share globals or a cell go on sharing them.
        scope = self._scopes.setdefault(id(function.__globals__), dict(function.__globals__))
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
                value = function.__globals__[name]
                counts = "arange" in names and value is sys.modules.get("numpy")
                scope[name] = _Numpy(self.trace) if counts else self.value(value, name)
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
        if isinstance(value, types.BuiltinFunctionType) and value is getattr(sys.modules.get("numpy"), "arange", None):
            return counted_array(self.trace, value)
        from_library = type(value).__module__.partition(".")[0] in ("numpy", "torch")
        # Small and unsigned integers wrap round: what the code does with them is left to their library.
        numbers = str(getattr(value, "dtype", "")).removeprefix("torch.") in _NUMBERS
        if from_library and numbers and getattr(value, "ndim", 0) > 0:
            return self.trace.wrap(self.trace.lift(value, name))
        return value


_NUMBERS = ("float64", "float32", "float16", "bfloat16", "int64", "int32")


def names_used(code: types.CodeType) -> list[str]:
    """Return the names that *code*, and functions defined in it, look up outside of themselves."""
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return list(dict.fromkeys([*code.co_names, *(name for constant in inner for name in names_used(constant))]))


class _Numpy:
    """NumPy, whose ``arange`` also counts up to a size that is a symbol; it does not ask a stand-in what to do."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __getattr__(self, name: str) -> Any:
        plain = getattr(sys.modules["numpy"], name)
        return counted_array(self._trace, plain) if name == "arange" else plain


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
