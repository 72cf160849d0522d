"""Points: a value for every variable, checked once and then read-only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gradlab.errors import PointError
from gradlab.graph.sizes import Axes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class Point(Mapping[str, "Array"]):
    """A read-only mapping from variable name to float64 array; a number is an array without axes.

    >>> point = Point({"x": 3, "w": [1.0, 2.0]})
    >>> point["w"].shape, point
    ((2,), x = 3, w = [1, 2])
    """

    __slots__ = ("_arrays",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._arrays = {name: as_array(name, value) for name, value in values.items()}

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        return ", ".join(f"{name} = {brief(array)}" for name, array in self.items())

    def replaced(self, changes: Mapping[str, Any]) -> Point:
        """Return this point with other values for some variables."""
        return Point({**self, **changes})


def as_array(name: str, value: Any, *, finite: bool = True, data: bool = False) -> Array:
    """Return *value* as a read-only float64 array that nobody else holds.

    Takes numbers, nested lists, NumPy arrays and torch tensors.
    data: take a mask too, as data may hold one: True and False as 1 and 0, and -∞ among the numbers.
    Raises PointError, naming the variable, for anything that is not real numbers, or not *finite* ones.
    """
    import numpy as np

    if parts := _parts(value):
        point = ", ".join(f'"{part}": …' for part in parts)
        raise PointError(
            f"{name} = {_shortened(value)} is not an array but several values; make them variables of their own: "
            f"lambda {', '.join(parts)}: …, at={{{point}}}"
        )
    given = detached(value)
    if np.ma.is_masked(given):
        raise PointError(f"{name} hides {given.mask.sum()} entries; write {name}.filled(0), or leave them out")
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise PointError(f"{name} = {_shortened(value)} is no array: its rows differ in length") from error
    if np.iscomplexobj(array):
        raise PointError(f"{name} = {_shortened(value)} is complex; gradlab works with real numbers")
    if data and array.dtype == bool:
        array = array.astype(np.float64)
    if array.dtype == bool or not np.issubdtype(array.dtype, np.number):
        hint = "; write numbers without quotes" if array.dtype.kind in "US" else ""
        raise PointError(f"{name} = {_shortened(value)} is not a number or an array of numbers{hint}")
    array = np.array(array, dtype=np.float64)
    allowed = np.isfinite(array) | (data & np.isneginf(array))
    if finite and not allowed.all():
        bad = tuple(int(axis) for axis in np.argwhere(~allowed)[0])
        where = f"{name}{list(bad)}" if bad else name
        raise PointError(f"{where} = {array[bad]} is not a finite number")
    array.setflags(write=False)
    return array


def _parts(value: Any) -> list[str]:
    """Return the names of what a dataclass, a named tuple or a mapping holds, none for anything else."""
    held = value if isinstance(value, Mapping) else getattr(type(value), "__dataclass_fields__", None)
    return [str(name) for name in (getattr(value, "_fields", ()) if held is None else held)]


def detached(value: Any) -> Any:
    """Return *value* with torch tensors, also those inside lists, as NumPy arrays."""
    # torch tensors are recognised by what they offer, so that NumPy users need not load torch.
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        tensor = value.detach().cpu()
        return (tensor.double() if tensor.is_floating_point() else tensor).numpy()
    if isinstance(value, (list, tuple)):
        return [detached(entry) for entry in value]
    return value


def read(axes: Mapping[str, Axes], at: Any, defaults: Mapping[str, Any] | None = None) -> Point:
    """Return *at* as a point for variables of these *axes*.

    at: a mapping from name to value, or the bare value where there is one variable.
    defaults: values of variables that *at* need not give.
    Raises PointError if a variable is missing, unknown or of another shape.
    """
    at = completed(axes, at, defaults or {})
    if isinstance(at, Point) and list(at) == list(axes):
        point = at
    elif isinstance(at, Mapping):
        _check_names(axes, at)
        point = Point({name: at[name] for name in axes})
    else:
        wanted = ", ".join(f'"{name}": …' for name in axes)
        raise PointError(f"a point of {len(axes)} variables is a mapping: at={{{wanted}}}, not {_shortened(at)}")
    for name, expected in axes.items():
        check_shape(name, point[name], expected)
    return point


def completed(axes: Mapping[str, Axes], at: Any, defaults: Mapping[str, Any]) -> Any:
    """Return *at* as a mapping with the *defaults* for what it does not give; a bare value as that of its variable.

    Anything that is no point comes back as it is.
    """
    wanted = [name for name in axes if name not in defaults]
    if not isinstance(at, Mapping) and len(wanted or axes) == 1:
        at = {(wanted or list(axes))[0]: at}
    return {**defaults, **at} if defaults and isinstance(at, Mapping) else at


def _check_names(axes: Mapping[str, Axes], at: Mapping[str, Any]) -> None:
    missing = [name for name in axes if name not in at]
    extra = [str(name) for name in at if name not in axes]
    if not missing and not extra:
        return
    said = []
    if missing:
        said.append(f"no value for {', '.join(missing)}")
    if extra:
        said.append(f"no variable named {', '.join(extra)}")
    known = ", ".join(axes) or "none"
    product = next((name for name in missing if len(name) > 1 and set(name) <= set(extra)), None)
    hint = f"; for a product write {'*'.join(product)} instead of {product}" if product else ""
    raise PointError(f"{' and '.join(said)}; the variables are {known}{hint}")


def check_shape(name: str, array: Array, axes: Axes) -> None:
    """Raise PointError if *array* cannot have these *axes*."""
    fits = array.ndim == len(axes) and all(
        isinstance(size, str) or size == length for size, length in zip(axes, array.shape, strict=True)
    )
    if not fits:
        raise PointError(f"{name} = {brief(array)} has shape {array.shape}; {name} {described(axes)}")


def described(axes: Axes) -> str:
    """Return in words what values these *axes* want.

    >>> described(()), described(("n", 3))
    ('is a single number', 'has shape (n, 3)')
    """
    if not axes:
        return "is a single number"
    inside = ", ".join(str(size) for size in axes)
    return f"has shape ({inside},)" if len(axes) == 1 else f"has shape ({inside})"


def sizes_of(axes: Mapping[str, Axes], arrays: Mapping[str, Any]) -> dict[str, int]:
    """Return the number behind every size symbol.

    Raises PointError where one symbol would have to be two numbers.
    """
    sizes: dict[str, int] = {}
    first: dict[str, str] = {}
    for name, expected in axes.items():
        shape = arrays[name].shape
        for size, length in zip(expected, shape, strict=True):
            if isinstance(size, int):
                continue
            if sizes.setdefault(size, length) != length:
                raise PointError(
                    f"{name} has shape {tuple(shape)} and {first[size]} has shape {tuple(arrays[first[size]].shape)}: "
                    f"the size {size} cannot be both {length} and {sizes[size]}"
                )
            first.setdefault(size, name)
    return sizes


def brief(array: Array, digits: int = 6) -> str:
    """Return *array* on one line, long ones shortened.

    >>> import numpy as np
    >>> brief(np.array([1.0, 2.5])), brief(np.arange(100.0))
    ('[1, 2.5]', '[0, 1, 2, …, 97, 98, 99]')
    """
    import numpy as np

    array = array + 0.0  # -0 as 0
    if array.ndim == 0:
        return f"{float(array):.{digits}g}"
    if array.ndim == 1:
        entries = [f"{entry:.{digits}g}" for entry in (array if len(array) <= 8 else array[[0, 1, 2, -3, -2, -1]])]
        if len(array) > 8:
            entries.insert(3, "…")
        return "[" + ", ".join(entries) + "]"
    if array.size <= 12:
        return "[" + ", ".join(brief(row, digits) for row in array) + "]"
    return f"array of shape {array.shape}, from {np.min(array):.{digits}g} to {np.max(array):.{digits}g}"


def _shortened(value: Any, length: int = 60) -> str:
    written = repr(value)
    return written if len(written) <= length else written[: length - 1] + "…"
