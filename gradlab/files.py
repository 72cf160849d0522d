"""Files that somebody hands over, read up to a size, and files that are written: whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from gradlab.errors import FileError

TYPE_CHECKING = False  # as in gradlab/__init__.py
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from gradlab.errors import GradlabError

LARGEST = 4_000_000
"""Bytes that are read: a person writes less, and a device such as /dev/zero has no end."""


def text_in(path: Path, raising: Callable[[str], GradlabError], most: int = LARGEST) -> str:
    """Return the text in a file, which is UTF-8 with or without a mark of byte order.

    raising: the kind of error for what cannot be read; it is told why.  most: bytes.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise raising(f"{path} has more than {most:,} bytes; no more are read of a file such as this")
        return content.decode("utf-8-sig")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name, or what is no UTF-8
        raise raising(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def check_place(path: Path, raising: Callable[[str], GradlabError] = FileError) -> None:
    """Raise an error, saying what to do, where no file can be written to *path*: before the work is done."""
    written = repr(str(path))
    try:
        is_folder, has_folder = path.is_dir(), path.parent.is_dir()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise unwritable(path, error, raising) from error
    if is_folder:
        raise raising(f"cannot write {written}: it is a folder")
    if not has_folder:
        raise raising(f"cannot write {written}: there is no folder {str(path.parent)!r}; make it first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise raising(f"cannot write {written}: it is not yours to write; choose another place")


def unwritable(path: Path, error: Exception, raising: Callable[[str], GradlabError] = FileError) -> GradlabError:
    """Return what to tell about an *error* of the file system."""
    return raising(f"cannot write {str(path)!r}: {getattr(error, 'strerror', None) or error}")


@contextmanager
def writing(path: Path, raising: Callable[[str], GradlabError] = FileError) -> Generator[Any]:
    """Give a file to write bytes to, which then takes the place of *path*; raises an error where it cannot."""
    check_place(path, raising)
    try:
        with path.open("wb") if path.exists() and not path.is_file() else _replacing(path) as file:  # as /dev/stdout
            yield file
    except OSError as error:
        raise unwritable(path, error, raising) from error


def save(path: Path, content: bytes | str, raising: Callable[[str], GradlabError] = FileError) -> None:
    """Give *path* this content, text as UTF-8; raises an error where it cannot be done."""
    with writing(path, raising) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def replace(path: Path, content: bytes) -> None:
    """Give *path* this content, at once and whole: a reader sees the old file or the new one.  Raises OSError."""
    with _replacing(path) as file:
        file.write(content)


@contextmanager
def _replacing(path: Path) -> Generator[Any]:
    with NamedTemporaryFile(dir=path.parent, prefix=".gradlab-", delete=False) as temporary:
        try:
            yield temporary
            temporary.close()
            _as_readable_as_others(temporary.name, path)
            os.replace(temporary.name, path)
        except BaseException:
            temporary.close()
            Path(temporary.name).unlink(missing_ok=True)
            raise


def _as_readable_as_others(temporary: str, path: Path) -> None:
    """Give a new file the permissions that it would have had: a temporary file is its owner's alone."""
    if path.exists():
        mode = path.stat().st_mode & 0o777
    else:
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
    os.chmod(temporary, mode)
