"""What a submission returned, by parameter: whichever way of returning several things fits their shapes."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


class NoAnswer(Exception):
    """What came back is not what was asked for; the message is for the student."""


def by_name(result: Any, shapes: Mapping[str, tuple[int, ...]], kind: str) -> dict[str, Any]:
    """Return what was returned for each parameter.

    It may be one array, several in order, a list of numbers, or a mapping; the value may come beside the gradient,
    and losses beside parameters. The first reading counts whose shapes are those of the parameters.
    """
    gradient = kind == "function"
    names = list(shapes)
    if result is None:
        what = "the gradient by" if gradient else "the parameters"
        raise NoAnswer(f"it returned None; it is to return {what} {', '.join(names)}")
    if inspect.isgenerator(result):
        raise NoAnswer("it is a generator, because of `yield`; write `return`")
    if inspect.iscoroutine(result):
        result.close()
        raise NoAnswer("it is a coroutine, because of `async`; write `def` alone")
    readings = list(_readings(result, names, gradient))
    fitting = (each for each in readings if all(_shape(each[name]) == shape for name, shape in shapes.items()))
    found = next(fitting, readings[0] if readings else None)
    if found is None:
        raise NoAnswer(_unread(result, names))
    return found


def _readings(result: Any, names: Sequence[str], gradient: bool) -> Iterator[dict[str, Any]]:
    if isinstance(result, Mapping):
        found = {name: _named(result, name, gradient) for name in names}
        if None not in found.values():
            yield {name: result[key] for name, key in found.items()}
        return
    if isinstance(result, (tuple, list)):
        if len(names) == 1 and not any(hasattr(part, "__len__") for part in result):
            yield {names[0]: result}  # a list of numbers is an array
        yield from _in_order(result, names, gradient)
    if len(names) == 1:
        yield {names[0]: result}
    elif _shape(result) == (len(names),):  # the partial derivatives by numbers, as one array
        yield dict(zip(names, result, strict=True))


def _named(result: Mapping[Any, Any], name: str, gradient: bool) -> str | None:
    """Return under which key the parameter is: its name, or for its gradient what one calls that."""
    spelled = (name, f"d{name}", f"d_{name}", f"grad_{name}", f"{name}_grad", f"g{name}", f"∂{name}")
    return next((each for each in spelled[: None if gradient else 1] if each in result), None)


def _in_order(parts: Sequence[Any], names: Sequence[str], gradient: bool) -> Iterator[dict[str, Any]]:
    if len(parts) == len(names):
        yield dict(zip(names, parts, strict=True))
    # The value is usual before a gradient, and losses after parameters.
    if len(parts) == len(names) + 1:
        for some in (parts[1:], parts[:-1]) if gradient else (parts[:-1], parts[1:]):
            yield dict(zip(names, some, strict=True))
    if len(parts) == 2:
        for part in reversed(parts) if gradient else parts:
            if isinstance(part, (Mapping, tuple, list)) or _shape(part):
                yield from _readings(part, names, gradient)


def _unread(result: Any, names: Sequence[str]) -> str:
    asked = ", ".join(names)
    if isinstance(result, Mapping):
        missing = [name for name in names if name not in result]
        there = f"it has {', '.join(map(str, result))}" if result else "it is empty"
        return f"the mapping that it returned lacks {', '.join(missing)}; {there}"
    count = len(result) if isinstance(result, (tuple, list)) else 1
    return f"it returned {count} value{'s' * (count != 1)}; {len(names)} are asked for: {asked}"


def _shape(value: Any) -> tuple[int, ...] | None:
    import numpy as np

    try:
        return tuple(value.shape) if hasattr(value, "shape") else np.shape(value)
    except (TypeError, ValueError, RuntimeError):
        return None


def as_array(name: str, returned: Any, dtypes: dict[str, str]) -> Any:
    """Return an array of numbers as it is; whatever is none is refused here, and would be by the grader.

    dtypes: gets the type, unless it was a plain number of Python or a list, which have none.
    """
    import numpy as np

    value: Any = returned
    typed = hasattr(value, "dtype")
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(returned, (tuple, list)) and any(isinstance(v, torch.Tensor) for v in value):
        value = torch.stack([torch.as_tensor(each) for each in value])
    if torch is not None and isinstance(value, torch.Tensor):
        value = value.detach().cpu().resolve_conj().resolve_neg().numpy()
    try:
        array = np.array(value)
    except ValueError:
        raise NoAnswer(f"what it returned for {name} is no array: its parts have different shapes") from None
    if array.dtype.kind not in "fiub":
        what = f"an array of {array.dtype}" if typed else f"a {type(value).__name__}"
        raise NoAnswer(f"what it returned for {name} is no array of real numbers but {what}")
    if typed:
        dtypes.setdefault(name, array.dtype.name)
    return array.astype(np.float64) if array.dtype.itemsize > 8 or not typed else array
