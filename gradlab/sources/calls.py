"""Calls of NumPy and torch functions on stand-ins, and the attributes of stand-ins.

What a call means is in `gradlab.sources.meanings`; what is not there is refused by name.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from gradlab.graph.kinds import Constant, Linear
from gradlab.graph.nodes import Node
from gradlab.graph.operations import OPERATIONS
from gradlab.graph.sizes import ONE, Coefficient, Size
from gradlab.sources.conditions import is_truth
from gradlab.sources.constants import computed, knowable, method
from gradlab.sources.frames import refuse
from gradlab.sources.meanings import INSTEAD, TABLE, UNCHANGED, canonical, last_two_swapped
from gradlab.sources.memory import View
from gradlab.sources.traced import Traced

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


def numpy_ufunc(trace: Trace, ufunc: Any, method: str, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Return what a NumPy ufunc makes of stand-ins."""
    if method != "__call__":
        refuse(f"numpy.{ufunc.__name__}.{method}", "write np.sum or an explicit expression")
    return _apply(trace, "numpy", ufunc.__name__, inputs, options, ufunc)


def numpy_function(trace: Trace, function: Any, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Return what a NumPy function makes of stand-ins."""
    module = str(getattr(function, "__module__", "numpy"))
    name = function.__name__
    if name == "concatenate" and options.get("axis", 0) is None:
        refuse("numpy.concatenate with axis=None", "join what .ravel() makes of the arrays")
    return _apply(trace, module, name, arguments, options, function)


def torch_function(trace: Trace, function: Any, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Return what a torch function makes of stand-ins."""
    name = function.__name__
    if name.startswith("__i") or name == "__setitem__" or (_is_in_place(name) and not isinstance(arguments[0], Traced)):
        refuse(
            f"torch.Tensor.{name} on a tensor that was made outside",
            "make it inside the function, with torch.zeros(…), or write x = x + y",
        )
    if _is_in_place(name):
        return in_place(trace, f"torch.{name}", name[:-1], arguments, options)
    name = name.strip("_").removeprefix("special_")
    if name == "where" and type(function).__name__ == "method_descriptor":  # x.where(condition, other)
        arguments = (arguments[1], arguments[0], *arguments[2:])
    if name == "equal":
        refuse("torch.equal", "it compares whole tensors; write torch.eq(a, b) for a comparison of the entries")
    if name in _SWAPPED and len(arguments) == 2:
        name, arguments = _SWAPPED[name], (arguments[1], arguments[0])
    if name.startswith("linalg_"):
        return _apply(trace, "torch.linalg", name.removeprefix("linalg_"), arguments, options, function)
    return _apply(trace, "torch", name, arguments, options, function)


def _is_in_place(name: str) -> bool:
    return name.endswith("_") and not name.startswith("_") and name not in UNCHANGED


def in_place(trace: Trace, spoken: str, name: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Do what torch's ``x.name_(…)`` does: the same as ``x.name(…)``, written into x."""
    target = arguments[0]
    trace.libraries.add("torch")
    if name in _RESHAPING or name == "detach":
        refuse(spoken, f"write x = x.{name}(…): a stand-in keeps its shape and its derivative")
    for other in arguments[1:]:
        target.refuse_overlap(other)
    if name == "zero":
        value = trace.builder.constant(0)
    elif name in ("fill", "copy"):
        value = trace.lift(arguments[1])
    else:
        value = _apply(trace, "torch", name, arguments, options).node
    target.write(value)
    return target


_RESHAPING = ("t", "transpose", "swapaxes", "swapdims", "unsqueeze", "squeeze", "resize", "resize_as", "set")
"""What changes the shape in place in torch, not the entries."""

_SWAPPED = {f"r{name}": name for name in ("add", "sub", "mul", "div", "pow", "matmul")} | {"rtruediv": "div"}


def attribute(traced: Traced, name: str) -> Any:
    """Return an attribute or a bound method of a stand-in; AttributeError if arrays have no such thing."""
    if name.startswith("__"):
        raise AttributeError(name)
    node, trace = traced.node, traced.trace
    if name in ("T", "mT", "H"):
        swap = name == "mT"
        take = trace.builder.transpose
        return traced.seen_through(View(lambda node: take(node, last_two_swapped(node) if swap else None)))
    if name == "shape":
        return tuple(_size(trace, size) for size in node.axes)
    if name in ("dtype", "device"):
        return _kind(traced, name)
    if name == "ndim":
        return node.rank
    if name == "size":
        return _Size(traced)
    if name in ("dim", "numel", "nelement"):
        return lambda: node.rank if name == "dim" else _count(trace, node)
    if name in ("is_nested", "is_sparse", "is_cuda"):
        return False
    if name == "where":
        return lambda condition, other: _apply(trace, "", name, (condition, traced, other), {})
    if name == "equal":
        refuse(".equal()", "it compares whole tensors; write torch.eq(a, b) for a comparison of the entries")
    if name == "grad":
        refuse(".grad", "return the loss; gradlab derives its gradient itself")
    if name == "data":
        return _detached(traced)
    if name in _TAKES_OUT:
        return lambda *arguments: _TAKES_OUT[name](traced, *arguments)
    if name in _TORCH_ONLY:
        trace.libraries.add("torch")
    if name == "requires_grad_":
        return lambda requires_grad=True: traced if requires_grad else _refuse_off()
    if name == "fill":
        return lambda value: traced.write(trace.lift(value))
    if _is_in_place(name):
        return lambda *arguments, **options: in_place(trace, f".{name}()", name[:-1], (traced, *arguments), options)
    known = canonical("", name)
    own = known in TABLE or f".{name}" in TABLE
    if own or name in UNCHANGED or known in INSTEAD or known in OPERATIONS:
        return lambda *arguments, **options: _apply(trace, "", name, (traced, *arguments), options)
    computing = method(traced, name)
    if computing is not None:
        return computing
    raise AttributeError(f"arrays have no attribute {name!r} that gradlab can read{_near(name)}")


_TORCH_ONLY = ("clone", "unsqueeze", "numel", "nelement", "pow", "exp", "log", "sqrt", "sigmoid", "relu", "tanh", "abs")
"""Methods that only torch's tensors have: code that calls one is torch's, though nothing in it says so."""


def _detached(traced: Traced) -> Traced:
    traced.trace.libraries.add("torch")
    return traced.seen_through(View(traced.trace.frozen, cut=True))


def _as_numpy(traced: Traced) -> Traced:
    traced.trace.libraries.add("torch")
    if traced.trace.is_live(traced.node):
        refuse(".numpy() of a value that depends on the variables", "write .detach().numpy(), or leave it a tensor")
    return traced


def _listed(traced: Traced) -> Any:
    return [_listed(part) for part in traced] if traced.node.rank else traced.trace.number_from(traced, ".tolist()")


def _kind(traced: Traced, name: str) -> Any:
    """Return the dtype or the device that arrays have when the function is run."""
    if name == "dtype" and not traced.trace.as_torch(".dtype"):
        import numpy as np

        return np.dtype(np.float64)
    import torch

    return torch.float64 if name == "dtype" else torch.device("cpu")


def _refuse_off() -> NoReturn:
    refuse("requires_grad_(False)", "write x.detach() for a value that derivatives hold constant")


_TAKES_OUT: dict[str, Callable[..., Any]] = {
    "item": lambda traced: traced.trace.number_from(traced, ".item()"),
    "tolist": _listed,
    "detach": _detached,
    "numpy": _as_numpy,
}


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


def _apply(
    trace: Trace,
    module: str,
    name: str,
    arguments: Sequence[Any],
    options: Mapping[str, Any],
    plain: Callable[..., Any] | None = None,
) -> Any:
    """Return what a function makes of stand-ins.  plain: the library's own, for numbers that are known."""
    spoken = f"{module}.{name}" if module else f".{name}()"
    known = canonical(module, name)
    if name in _TAKES_OUT and isinstance(arguments[0], Traced):
        return _TAKES_OUT[name](*arguments)
    if options.get("out") is not None or options.get("inplace"):
        return _into(trace, module, name, arguments, options)
    if any(_is_no_float(value) for value in (*arguments[1:], *options.values())) and (
        name in UNCHANGED or ("dtype" in options and name != "arange")
    ):
        refuse(f"{spoken} to whole numbers or truth values", "leave it out: it cuts digits off, and has no derivative")
    if known == "transpose" and not module and _is_ambiguous(trace, arguments):
        refuse(".transpose(0, 1) of a matrix", "NumPy and torch mean different things by it; write .T")
    if name in UNCHANGED:
        return _same_values(trace, name, arguments[0], options)
    # A name that the libraries mean differently stands in the table once for each of them.
    own = TABLE.get(f".{name}") if not module else TABLE.get(f"{module}.{name}")
    call = own or TABLE.get(f"{_library(trace, module, known, options)}.{known}") or TABLE.get(known)
    if call is not None:
        chosen = {key: value for key, value in options.items() if key not in ("dtype", "out") and value is not None}
        try:
            inspect.signature(call).bind(trace, *arguments, **chosen)
        except TypeError as error:
            refuse(f"{spoken} with these arguments ({error})", "use its plain form")
        return _shared(trace, name, arguments, lambda *given: call(trace, *given, **chosen))
    operation = OPERATIONS.get(known)
    optionless = not any(value is not None for key, value in options.items() if key not in ("dtype", "out"))
    if operation is not None and operation.arity == len(arguments) and known not in INSTEAD and optionless:
        return trace.wrap(trace.builder.apply(operation, *(trace.lift(argument) for argument in arguments)))
    if plain is not None and knowable(arguments, options):
        return computed(trace, spoken, plain, arguments, options)
    instead = INSTEAD.get(known)
    shapes = [trace.builder.sizes.shape_text(value.node) for value in arguments if isinstance(value, Traced)]
    of = f" of shape {' and '.join(shapes)}" if any(shape != "()" for shape in shapes) else ""
    without = f"write it out, or do without a formula: as_function(f, opaque=True){_near(known)}"
    refuse(spoken + of, instead or without)


_TO_NUMBERS = ("float", "double", "to", "astype", "type", "type_as")


def _library(trace: Trace, module: str, known: str, options: Mapping[str, Any]) -> str:
    """Return "numpy" or "torch", whichever a name belongs to; "" for a method of which nothing tells."""
    if module:
        return module.partition(".")[0]
    libraries = trace.libraries - {"math"}
    if libraries == {"torch"} or {"dim", "keepdim"} & set(options):
        return "torch"
    if libraries == {"numpy"} or {"axis", "keepdims"} & set(options):
        return "numpy"
    if f"numpy.{known}" in TABLE and f"torch.{known}" in TABLE:
        return "torch" if trace.as_torch(f".{known}()") else "numpy"
    return ""


def _wrapped(trace: Trace, result: Any) -> Any:
    """Return stand-ins for nodes, also for several in a named tuple."""
    if isinstance(result, tuple):
        parts = [_wrapped(trace, part) for part in result]
        # _make, because a named tuple's own __new__ is taken for the writer's code, and its fields for his names.
        make: Any = getattr(type(result), "_make", tuple)
        return make(parts)
    return trace.wrap(result) if isinstance(result, Node) else result


SHOWS = frozenset(
    {"transpose", "t", "permute", "unsqueeze", "expand_dims", "squeeze", "expand", "expand_as", "broadcast_to", "view"}
    | {"view_as", "swapaxes", "swapdims", "moveaxis", "movedim", "diagonal", "narrow", "select", "split", "chunk"}
    | {"unbind", "array_split", "hsplit", "vsplit", "tensor_split"}
)
"""Functions whose result shows the memory of their argument, in NumPy and in torch."""

MAY_SHOW = frozenset(
    {"reshape", "reshape_as", "flatten", "unflatten", "ravel", "contiguous", "ascontiguousarray", "asarray", "to"}
    | {"float", "double", "type", "type_as", "cpu", "positive", "flip", "fliplr", "flipud", "rot90", "atleast_1d"}
    | {"atleast_2d", "einsum", "real", "dropout", "as_tensor"}
)
"""Functions whose result may, or may not: it depends on the library, on the strides, on the dtype."""


def _shared(trace: Trace, name: str, arguments: Sequence[Any], call: Callable[..., Any]) -> Any:
    """Return what *call* makes of the arguments, in the memory where NumPy and torch have it."""
    whole = arguments[0] if arguments and isinstance(arguments[0], Traced) else None
    if whole is not None and name in SHOWS:
        rest = arguments[1:]
        first = call(*arguments)
        if isinstance(first, tuple):
            return tuple(
                whole.seen_through(View(lambda node, place=place: call(Traced(node, trace), *rest)[place]))
                for place in range(len(first))
            )
        return whole.seen_through(View(lambda node: call(Traced(node, trace), *rest)))
    result = call(*arguments)
    # einsum's arrays come after its equation.
    shown = next((value for value in arguments if isinstance(value, Traced)), None) if name in MAY_SHOW else None
    if shown is None:
        return _wrapped(trace, result)
    return tuple(map(shown.perhaps_copied, result)) if isinstance(result, tuple) else shown.perhaps_copied(result)


def _same_values(trace: Trace, name: str, value: Any, options: Mapping[str, Any]) -> Any:
    if name == "requires_grad_":
        return value
    if isinstance(value, Traced) and (name in MAY_SHOW or options.get("copy") is False):
        node = value.node
        # As numbers, truth values can be added.
        as_numbers = name in _TO_NUMBERS and is_truth(trace, node)
        return trace.wrap(Linear((ONE,), (node,))) if as_numbers else value.perhaps_copied(node)
    return trace.wrap(trace.lift(value))


def _into(trace: Trace, module: str, name: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Write a result where ``out=`` or ``inplace=True`` says."""
    spoken = f"{module}.{name}" if module else f".{name}()"
    out = options.get("out", arguments[0] if arguments else None)
    target = out[0] if isinstance(out, tuple) and len(out) == 1 else out
    if not isinstance(target, Traced) or ("out" in options and module.startswith("torch")):
        refuse(f"{spoken} into a given array", "write x = x + y, or x[...] = … into an array made in the function")
    rest = {key: value for key, value in options.items() if key not in ("out", "inplace")}
    target.write(_apply(trace, module, name, arguments, rest).node)
    return target


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
