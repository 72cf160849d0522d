"""Names of files made of names of people."""

from __future__ import annotations

import hashlib
import re


def file_name(student: str) -> str:
    """Return a name for a student's file or folder: no path, no two alike, whatever the student is called.

    >>> file_name("Ada Lovelace")
    'Ada-Lovelace-76740216'
    """
    plain = re.sub(r"[^\w]+", "-", student).strip("-")[:60] or "student"
    return f"{plain}-{hashlib.sha256(student.encode('utf-8', 'replace')).hexdigest()[:8]}"
