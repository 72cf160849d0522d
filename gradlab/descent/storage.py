"""One file for a run: NumPy's npz, with the words as JSON beside the arrays. Nothing in it can be code."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from os import PathLike, fspath, fstat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from gradlab import files
from gradlab.errors import StorageError

if TYPE_CHECKING:
    from gradlab.graph.point import Array

_WORDS = "words"
_FORMAT = "gradlab trajectory 2"


def write(path: str | PathLike[str], words: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write *words*, which JSON can hold, and float64 *arrays* to the file *path*, exactly as named.

    Raises FileError where that cannot be done.
    """
    import numpy as np

    text = np.array(json.dumps({"format": _FORMAT, **words}, allow_nan=False))
    stored: dict[str, Any] = {_WORDS: text, **arrays}
    with files.writing(Path(path)) as file:  # np.savez given a name would add ".npz" to it
        np.savez(file, **stored)


def read(path: str | PathLike[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return what `write` wrote.

    Safe for files of strangers: nothing is unpickled or run, and nothing is unpacked to more than its size.
    Raises StorageError for a file that is none of these or damaged, OSError where there is no file.
    """
    with open(path, "rb") as file:
        try:
            return _read(file, fstat(file.fileno()).st_size)
        except Exception as error:  # zip's reader and NumPy's raise a dozen kinds, some of them undocumented
            raise StorageError(f"{fspath(path)} is no saved trajectory: {error}") from error


def _read(file: BinaryIO, size: int) -> tuple[dict[str, Any], dict[str, Array]]:
    import numpy as np

    with zipfile.ZipFile(file) as archive:
        packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist())
        if packed or sum(entry.file_size for entry in archive.infolist()) > size:
            raise ValueError("it claims to hold more than it does")
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError("it holds something else than arrays")
    words = json.loads(str(arrays.pop(_WORDS)))
    said = words.pop("format", None) if isinstance(words, dict) else None
    if said != _FORMAT:
        raise ValueError(f"its format is {said!r}, and this gradlab reads {_FORMAT!r}")
    if any(array.dtype != np.float64 for array in arrays.values()):
        raise ValueError("it holds something else than numbers")
    return words, arrays
