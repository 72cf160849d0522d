"""What a reader should be told of how a text was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradlab.sources.syntax import Span


@dataclass(frozen=True, slots=True)
class Note:
    """A warning: *message* says how ``text[slice(*span)]`` was read, and how to write what else may be meant."""

    message: str
    span: Span
