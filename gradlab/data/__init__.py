"""The data sets that gradlab ships, read without NumPy."""

from __future__ import annotations

import csv
from importlib.resources import files

__all__ = ["load", "names"]

_SUFFIX = ".csv"


def names() -> tuple[str, ...]:
    """Return the names of the shipped data sets, in alphabetical order.

    >>> names()
    ('rollercoaster', 'rollercoaster_published')
    """
    shipped = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in shipped if name.endswith(_SUFFIX)))


def load(name: str) -> dict[str, tuple[float, ...]]:
    """Return the columns of the data set *name*, in the order of the file.

    README.md beside the files says where each one comes from.
    Raises ValueError if no such data set is shipped.

    >>> ride = load("rollercoaster")
    >>> list(ride), len(ride["time"]), ride["speed"][0]
    (['time', 'speed'], 20, 70.4782)
    """
    if name not in names():
        raise ValueError(
            f"no data set named {name!r}; there are {', '.join(names())}; a file of your own is read by numpy.loadtxt"
        )
    text = files(__name__).joinpath(name + _SUFFIX).read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines())
    columns = zip(*rows, strict=True)
    return {title: tuple(map(float, column)) for title, column in zip(header, columns, strict=True)}
