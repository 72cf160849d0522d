"""What is computed from known numbers alone: the library itself computes it, whatever the function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradlab.graph.kinds import Constant
from gradlab.graph.sizes import Coefficient
from gradlab.sources.frames import assigned_name, refuse
from gradlab.sources.traced import Traced

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


def knowable(arguments: Sequence[Any], options: Mapping[str, Any]) -> bool:
    """Return whether every stand-in among the arguments is the same whatever the variables are."""
    return all(stand_in.trace.is_known(stand_in.node) for stand_in in _stand_ins((*arguments, *options.values())))


def computed(
    trace: Trace, spoken: str, plain: Callable[..., Any], arguments: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """Return what the library's function *plain* makes of known numbers."""
    import numpy as np

    given: list[tuple[Any, Any]] = []

    def known(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)(known(entry) for entry in value)
        if not isinstance(value, Traced):
            return value
        array = trace.known_array(value.node)
        if spoken.startswith("torch"):
            import torch

            array = torch.tensor(array)
        given.append((array, array.copy() if isinstance(array, np.ndarray) else array.clone()))
        return array

    try:
        made = plain(*map(known, arguments), **{key: known(value) for key, value in options.items()})
    except Exception as error:
        refuse(f"{spoken}, which raises {type(error).__name__}: {error},", "correct its arguments")
    if made is None or any(not bool((now == before).all()) for now, before in given):
        refuse(f"{spoken}, which changes an array in place,", "write x = x + y, or assign to its entries: x[...] = …")
    return _standing_in(trace, made)


def method(traced: Traced, name: str) -> Callable[..., Any] | None:
    """Return a method that arrays of known numbers have in their library, None if there is no such method."""
    trace = traced.trace
    if not trace.is_known(traced.node) or not hasattr(trace.known_array(traced.node), name):
        return None

    def call(*arguments: Any, **options: Any) -> Any:
        library = "torch" if trace.as_torch(f".{name}() of known numbers") else "numpy"

        def plain(array: Any, *rest: Any, **chosen: Any) -> Any:
            return getattr(array, name)(*rest, **chosen)

        return computed(trace, f"{library}'s .{name}()", plain, (traced, *arguments), options)

    return call


def _stand_ins(values: Sequence[Any]) -> list[Traced]:
    found: list[Traced] = []
    for value in values:
        if isinstance(value, (list, tuple)):
            found += _stand_ins(value)
        elif isinstance(value, Traced):
            found.append(value)
    return found


def _standing_in(trace: Trace, made: Any) -> Any:
    if isinstance(made, (list, tuple)):
        return type(made)(_standing_in(trace, part) for part in made) if type(made) in (list, tuple) else tuple(made)
    real = str(getattr(made, "dtype", "")).removeprefix("torch.") in ("float64", "float32")
    return of_numbers(trace, made) if real else made


def of_numbers(trace: Trace, array: Any) -> Traced:
    """Return a stand-in for an array of known numbers, under the name that the code gives it."""
    import numpy as np

    numbers = np.asarray(array.detach().cpu().double().numpy() if hasattr(array, "detach") else array)
    first = numbers.flat[0] if numbers.size else None
    if first is not None and np.isfinite(first) and (numbers == first).all():
        return trace.wrap(Constant(Coefficient.of(float(first)), numbers.shape)).boxed()
    return trace.wrap(trace.known(array, assigned_name() or "data")).boxed()
