"""Zip files of submissions, unpacked without letting them lead elsewhere or fill the disk."""

from __future__ import annotations

import zlib
from collections import Counter
from lzma import LZMAError
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from gradlab.courses.handed_in import Missed, Unmatched
from gradlab.errors import CourseError

LARGEST_ARCHIVE = 4 << 30
"""Bytes that an archive may unpack to, by what it says of itself; no more than that is written of any file."""

MOST_FILES = 1_000_000


def unpacked(archive: Path, target: Path, missed: Missed) -> None:
    """Unpack a zip file.

    Raises CourseError for names that lead out of it, for more than fits, and for one that is damaged anywhere, since
    what is missing from it would pass for something that was not handed in.
    """
    try:
        with ZipFile(archive) as file:
            _check(archive, target, file.infolist())
            for name, count in Counter(entry.filename for entry in file.infolist()).items():
                if count > 1:
                    missed(Unmatched(name, f"the archive holds it {count} times; the last one is read"))
            file.extractall(target)
    except (BadZipFile, OSError, RuntimeError, EOFError, ValueError, LookupError, zlib.error, LZMAError) as error:
        raise CourseError(f"{archive} cannot be unpacked: {error}") from error


def _check(archive: Path, target: Path, entries: list[ZipInfo]) -> None:
    size = sum(entry.file_size for entry in entries)
    if size > LARGEST_ARCHIVE or len(entries) > MOST_FILES:
        raise CourseError(f"{archive} unpacks to {size:,} bytes in {len(entries):,} files, which is too much")
    top = target.resolve()
    for entry in entries:
        if not (top / entry.filename).resolve().is_relative_to(top):
            raise CourseError(f"{archive} holds {entry.filename!r}, which leads out of it")
