"""What an answer is."""

from __future__ import annotations

from enum import StrEnum


class Mark(StrEnum):
    """What an answer is."""

    CORRECT = "correct"
    WRONG = "wrong"
    UNDECIDED = "undecided"
