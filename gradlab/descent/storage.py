"""One file for a run: NumPy's npz, with the words as JSON beside the arrays. Nothing in it can be code."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from os import PathLike, fspath, fstat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from gradlab import files

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
    Raises ValueError for a file that is none of these, OSError where there is no file.
    """
    with open(path, "rb") as file:
        try:
            return _read(file, fstat(file.fileno()).st_size)
        # What is encrypted, or of a later version of zip, is a NotImplementedError, and so a RuntimeError.
        except (ValueError, KeyError, OSError, EOFError, MemoryError, RuntimeError, zipfile.BadZipFile) as error:
            raise ValueError(f"{fspath(path)} is no saved trajectory: {error}") from error


def _read(file: BinaryIO, size: int) -> tuple[dict[str, Any], dict[str, Array]]:
    import numpy as np

    with zipfile.ZipFile(file) as archive:
        packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist())
        if packed or sum(entry.file_size for entry in archive.infolist()) > size:
            raise ValueError("it claims to hold more than it does")
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    words = json.loads(str(arrays.pop(_WORDS)))
    if not isinstance(words, dict) or words.pop("format", None) != _FORMAT:
        raise ValueError(f"it does not say {_FORMAT!r}")
    if any(array.dtype != np.float64 for array in arrays.values()):
        raise ValueError("it holds something else than numbers")
    return words, arrays
