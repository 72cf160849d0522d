"""Calls of NumPy and torch functions on stand-ins, and the attributes of stand-ins.

What a call means is in `gradlab.sources.meanings`; what is not there is refused by name.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradlab.graph.kinds import Constant, Linear
from gradlab.graph.nodes import Node
from gradlab.graph.operations import OPERATIONS
from gradlab.graph.sizes import ONE, Coefficient, Size
from gradlab.sources import linear_algebra
from gradlab.sources.conditions import is_truth
from gradlab.sources.frames import refuse
from gradlab.sources.meanings import INSTEAD, TABLE, UNCHANGED, canonical, last_two_swapped
from gradlab.sources.traced import Traced

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


def numpy_ufunc(trace: Trace, ufunc: Any, method: str, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Return what a NumPy ufunc makes of stand-ins."""
    if method != "__call__":
        refuse(f"numpy.{ufunc.__name__}.{method}", "write np.sum or an explicit expression")
    if options.get("out") is not None:
        refuse("an in-place operation on an array", "write x = x + y, not x += y")
    return _apply(trace, "numpy", ufunc.__name__, inputs, options)


def numpy_function(trace: Trace, function: Any, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Return what a NumPy function makes of stand-ins."""
    module = str(getattr(function, "__module__", "numpy"))
    name = function.__name__
    if name == "concatenate" and options.get("axis", 0) is None:
        refuse("numpy.concatenate with axis=None", "join what .ravel() makes of the arrays")
    return _apply(trace, module, name, arguments, options)


def torch_function(trace: Trace, function: Any, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Return what a torch function makes of stand-ins."""
    name = function.__name__
    if name.endswith("_") and not name.startswith("_") and name not in UNCHANGED:
        refuse(f"torch.{name}", "in-place operations are not read; write x = …")
    name = name.strip("_").removeprefix("special_")
    if name == "where" and type(function).__name__ == "method_descriptor":  # x.where(condition, other)
        arguments = (arguments[1], arguments[0], *arguments[2:])
    if name == "equal":
        refuse("torch.equal", "it compares whole tensors; write torch.eq(a, b) for a comparison of the entries")
    if name in _SWAPPED and len(arguments) == 2:
        name, arguments = _SWAPPED[name], (arguments[1], arguments[0])
    if name in ("iadd", "isub", "imul", "idiv", "itruediv"):
        refuse("an in-place operation on a tensor", "write x = x + y, not x += y")
    if name.startswith("linalg_"):
        return _apply(trace, "torch.linalg", name.removeprefix("linalg_"), arguments, options)
    return _apply(trace, "torch", name, arguments, options)


_SWAPPED = {f"r{name}": name for name in ("add", "sub", "mul", "div", "pow", "matmul")} | {"rtruediv": "div"}


def attribute(traced: Traced, name: str) -> Any:
    """Return an attribute or a bound method of a stand-in; AttributeError if arrays have no such thing."""
    if name.startswith("__"):
        raise AttributeError(name)
    node, trace = traced.node, traced.trace
    if name in ("T", "mT", "H"):
        return trace.wrap(trace.builder.transpose(node, None if name != "mT" else last_two_swapped(node)))
    if name == "shape":
        return tuple(_size(trace, size) for size in node.axes)
    if name == "ndim":
        return node.rank
    if name == "size":
        return _Size(traced)
    if name in ("dim", "numel", "nelement"):
        return lambda: node.rank if name == "dim" else _count(trace, node)
    if name == "where":
        return lambda condition, other: _apply(trace, "", name, (condition, traced, other), {})
    if name == "equal":
        refuse(".equal()", "it compares whole tensors; write torch.eq(a, b) for a comparison of the entries")
    if name in ("data", "grad"):
        refuse(f".{name}", INSTEAD["data"])
    known = canonical("", name)
    own = known in TABLE or f".{name}" in TABLE
    if own or name in UNCHANGED or known in INSTEAD or known in OPERATIONS:
        return lambda *arguments, **options: _apply(trace, "", name, (traced, *arguments), options)
    raise AttributeError(f"arrays have no attribute {name!r} that gradlab can read{_near(name)}")


def _size(trace: Trace, size: Size) -> Any:
    size = trace.builder.sizes.root(size)
    return size if isinstance(size, int) else trace.wrap(Constant(Coefficient.of_size(size)))


def _count(trace: Trace, node: Node) -> Any:
    total = ONE
    for size in node.axes:
        total = total * Coefficient.of_size(trace.builder.sizes.root(size))
    return trace.wrap(Constant(total)) if total.sizes else int(total.rational)


class _Size(Traced):
    """``x.size``: the number of entries in NumPy, a method that returns the shape in torch."""

    __slots__ = ("_whole",)

    def __init__(self, whole: Traced) -> None:
        count = _count(whole.trace, whole.node)
        super().__init__(whole.trace.lift(count), whole.trace)
        self._whole = whole

    def __call__(self, dim: int | None = None) -> Any:
        shape = self._whole.shape
        return shape if dim is None else shape[dim]


def _apply(trace: Trace, module: str, name: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
    spoken = f"{module}.{name}" if module else f".{name}()"
    known = canonical(module, name)
    if options.get("out") is not None or options.get("inplace"):
        refuse(spoken, "in-place operations are not read; write x = …")
    if any(_is_no_float(value) for value in (*arguments[1:], *options.values())) and (
        name in UNCHANGED or "dtype" in options
    ):
        refuse(f"{spoken} to whole numbers or truth values", "leave it out: it cuts digits off, and has no derivative")
    if known == "transpose" and not module and _is_ambiguous(trace, arguments):
        refuse(".transpose(0, 1) of a matrix", "NumPy and torch mean different things by it; write .T")
    if name in UNCHANGED:
        node = trace.lift(arguments[0])
        # As numbers, truth values can be added.
        return trace.wrap(Linear((ONE,), (node,)) if name in _TO_NUMBERS and is_truth(trace, node) else node)
    # A name that the libraries mean differently stands in the table once for each of them.
    call = TABLE.get(f"{module}.{name}") or TABLE.get(known)
    if call is not None:
        chosen = {key: value for key, value in options.items() if key not in ("dtype", "out") and value is not None}
        try:
            inspect.signature(call).bind(trace, *arguments, **chosen)
        except TypeError as error:
            refuse(f"{spoken} with these arguments ({error})", "use its plain form")
        return _wrapped(trace, call(trace, *arguments, **chosen))
    operation = OPERATIONS.get(known)
    plain = not any(value is not None for key, value in options.items() if key not in ("dtype", "out"))
    if operation is not None and operation.arity == len(arguments) and known not in INSTEAD and plain:
        return trace.wrap(trace.builder.apply(operation, *(trace.lift(argument) for argument in arguments)))
    instead = INSTEAD.get(known)
    refuse(spoken, instead or f"write it out, or do without a formula: as_function(f, opaque=True){_near(known)}")


def _wrapped(trace: Trace, result: Any) -> Any:
    """Return stand-ins for what a call returns: one node, or several under the names that the library gives to them."""
    if not isinstance(result, tuple):
        return trace.wrap(result)
    parts = [trace.wrap(part) for part in result]
    return type(result)._make(parts) if isinstance(result, linear_algebra.SignAndLogarithm) else tuple(parts)


_TO_NUMBERS = ("float", "double", "to", "astype", "type", "type_as")


def _is_no_float(value: Any) -> bool:
    """Return whether *value* is a dtype, or an array to be taken as an example of one, that is not of real numbers."""
    if value in (int, bool) if isinstance(value, type) else False:
        return True
    spoken = str(getattr(value, "dtype", value)) if not isinstance(value, (int, float, str, tuple, list)) else ""
    if isinstance(value, str):
        spoken = value
    return any(kind in spoken for kind in ("int", "bool", "complex", "long")) and not isinstance(value, Traced)


def _is_ambiguous(trace: Trace, arguments: Sequence[Any]) -> bool:
    rank = trace.lift(arguments[0]).rank
    return rank == 2 and len(arguments) == 3 and [axis % 2 for axis in arguments[1:]] == [0, 1]


def _near(name: str) -> str:
    names = [known.removeprefix("linalg_") for known in (*TABLE, *OPERATIONS)]
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    return f"; did you mean {close[0]}?" if close else ""
