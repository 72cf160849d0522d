"""NumPy and torch as the writer's functions see them: arrays that they make are stand-ins.

A NumPy array cannot hold a stand-in, and ``out = np.zeros(n); out[i] = x[i]**2`` is a common style. So the functions
that make arrays of floating-point numbers return stand-ins; everything else is the library's own.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradlab.graph.kinds import Constant, Variable
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.nodes import Node
from gradlab.graph.sizes import ONE, ZERO, Axes, Coefficient, Size
from gradlab.graph.writes import EMPTY
from gradlab.sources.constants import of_numbers
from gradlab.sources.counting import counted
from gradlab.sources.frames import refuse
from gradlab.sources.traced import Traced

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace

LIBRARIES = ("numpy", "torch")


def library(value: Any, trace: Trace) -> Any:
    """Return what the writer's function sees instead of a library or of one of its factories; None if itself."""
    for name in LIBRARIES:
        module = sys.modules.get(name)
        if module is not None and value is module:
            return Library(module, trace)
        spoken = getattr(value, "__name__", "")
        if module is not None and spoken in FACTORIES and getattr(module, spoken, None) is value:
            return getattr(Library(module, trace), spoken)
    return None


class Library:
    """A module whose factories make stand-ins; its other attributes are the module's own."""

    def __init__(self, module: types.ModuleType, trace: Trace) -> None:
        self.__dict__.update(_module=module, _trace=trace)

    def __getattr__(self, name: str) -> Any:
        plain = getattr(self._module, name)
        factory = FACTORIES.get(name)
        if factory is None or (name in ("array", "identity") and self._module.__name__ != "numpy"):
            return plain

        def call(*arguments: Any, **options: Any) -> Any:
            trace, library = self._trace, self._module.__name__
            if options.get("requires_grad") or options.get("out") is not None:
                return plain(*arguments, **options)
            made = factory(trace, library, plain, arguments, options)
            if isinstance(made, Traced):
                trace.libraries.add(library)
            return made

        return call

    def __dir__(self) -> list[str]:
        return dir(self._module)


Factory = Callable[["Trace", str, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]


def _is_real(options: dict[str, Any]) -> bool:
    """Return whether the array that is asked for holds floating-point numbers."""
    spoken = str(options.get("dtype") or "float")
    return "float" in spoken or "double" in spoken


def _axes(trace: Trace, shape: Any) -> Axes:
    given = shape if isinstance(shape, (tuple, list)) else (shape,)
    return tuple(_size(trace, size) for size in given)


def _size(trace: Trace, size: Any) -> Size:
    """Return a size; one that is a size of a variable stays a symbol."""
    if isinstance(size, Traced) and isinstance(size.node, Constant) and isinstance(size.node.value, Coefficient):
        value = size.node.value
        if value.rational == 1 and len(value.sizes) == 1 and value.sizes[0][1] == 1:
            return trace.builder.sizes.root(value.sizes[0][0])
    return size.__index__()


def _filled(make: Callable[[Axes], Node]) -> Factory:
    def factory(
        trace: Trace, library: str, plain: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        shape = options.pop("size", options.pop("shape", arguments[0] if len(arguments) == 1 else arguments))
        if library == "numpy" and len(arguments) > 1:
            options["dtype"], shape = arguments[1], arguments[0]
        if not _is_real(options):
            return plain(shape, **options)
        return trace.wrap(make(_axes(trace, shape))).boxed()

    return factory


def _like(make: Callable[[Axes], Node]) -> Factory:
    def factory(
        trace: Trace, library: str, plain: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        like = arguments[0]
        if isinstance(like, Traced) and _is_real(options) and len(arguments) == 1:
            return trace.wrap(make(like.node.axes)).boxed()
        made = plain(*arguments, **options)
        return of_numbers(trace, made) if "float" in str(getattr(made, "dtype", "")) else made

    return factory


def _full(
    trace: Trace, library: str, plain: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    shape, value = _two(arguments, options, ("shape" if library == "numpy" else "size", "fill_value"))
    if not _is_real(options) or (isinstance(value, int) and "dtype" not in options):
        return plain(shape, value, **options)
    node = trace.builder.fitted(trace.lift(value), _axes(trace, shape), f"cannot fill shape {shape!r} with")
    return trace.wrap(node).boxed()


def _full_like(
    trace: Trace, library: str, plain: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    like, value = _two(arguments, options, ("a" if library == "numpy" else "input", "fill_value"))
    if not _is_real(options) or not isinstance(like, Traced):
        return plain(like, value, **options)
    return trace.wrap(trace.builder.fitted(trace.lift(value), like.node.axes, "cannot fill an array with")).boxed()


def _two(arguments: tuple[Any, ...], options: dict[str, Any], names: tuple[str, str]) -> tuple[Any, Any]:
    given = list(arguments)
    first, second = (given.pop(0) if given else options.pop(name) for name in names)
    return first, second


def _eye(
    trace: Trace, library: str, plain: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    if not _is_real(options) or len(arguments) != 1 or set(options) - {"dtype"}:
        made = plain(*arguments, **options)
        return of_numbers(trace, made) if "float" in str(made.dtype) else made
    size = _size(trace, arguments[0])
    label = ("diagonal", size)
    return trace.wrap(contraction([Constant(ONE)], [[]], [label, label]))


def _spaced(
    trace: Trace, library: str, plain: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    made = plain(*arguments, **options)
    return of_numbers(trace, made) if "float" in str(getattr(made, "dtype", "")) else made


def _array(
    trace: Trace, library: str, plain: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    given = arguments[0]
    if isinstance(given, Traced):
        if not _is_real(options):
            refuse("turning a traced value into whole numbers", "leave dtype out")
        copied = plain.__name__ == "array" and options.get("copy", True)
        return trace.wrap(given.node).boxed() if copied else given.perhaps_copied(given.node)
    if _holds_stand_ins(given):
        if not _is_real(options):
            refuse("turning traced values into whole numbers", "leave dtype out")
        return trace.wrap(_joined(trace, given)).boxed()
    made = plain(*arguments, **options)
    return of_numbers(trace, made) if made is not given and str(made.dtype) in ("float64", "float32") else made


def _tensor(
    trace: Trace, library: str, plain: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    given = arguments[0]
    if isinstance(given, Traced) and plain.__name__ == "as_tensor":
        return given.perhaps_copied(given.node)
    if _holds_stand_ins(given) and not trace.is_live(node := _joined(trace, given)):
        return trace.wrap(node).boxed()
    if _holds_stand_ins(given):
        refuse(
            f"torch.{plain.__name__} of values that depend on the variables, which cuts them off,",
            "join values with torch.stack([…])",
        )
    made = plain(*arguments, **options)
    real = str(made.dtype) in ("torch.float64", "torch.float32")
    return of_numbers(trace, made) if made is not given and real else made


def _holds_stand_ins(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_holds_stand_ins(entry) for entry in value)
    return isinstance(value, Traced)


def _joined(trace: Trace, value: Any) -> Node:
    if isinstance(value, (list, tuple)):
        return trace.builder.stack([_joined(trace, entry) for entry in value])
    return trace.lift(value)


def _constant(value: Coefficient) -> Callable[[Axes], Node]:
    return lambda axes: Constant(value, axes)


def _counted(
    trace: Trace, library: str, plain: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """Return 0, 1, 2, …: positions where they go up to a size that is a symbol, else numbers."""
    positions = counted(trace, arguments, options)
    return positions if positions is not None else _spaced(trace, library, plain, arguments, options)


FACTORIES: dict[str, Factory] = {
    "zeros": _filled(_constant(ZERO)),
    "ones": _filled(_constant(ONE)),
    "empty": _filled(lambda axes: Variable(EMPTY, axes)),
    "zeros_like": _like(_constant(ZERO)),
    "ones_like": _like(_constant(ONE)),
    "empty_like": _like(lambda axes: Variable(EMPTY, axes)),
    "full": _full,
    "full_like": _full_like,
    "eye": _eye,
    "identity": _eye,
    "linspace": _spaced,
    "logspace": _spaced,
    "arange": _counted,
    "array": _array,
    "asarray": _array,
    "tensor": _tensor,
    "as_tensor": _tensor,
}
"""Functions that make arrays of numbers; the names that NumPy and torch share mean the same in both."""
