"""Text files that somebody hands over: read up to a size, whatever they are."""

from __future__ import annotations

TYPE_CHECKING = False  # as in gradlab/__init__.py
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
