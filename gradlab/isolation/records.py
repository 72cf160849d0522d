"""What is run, under which limits, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Level(StrEnum):
    """How a stranger's code is shut off; `available` finds out by trying."""

    FULL = "bubblewrap"
    RESTRICTED = "Landlock and seccomp, no namespaces"
    NONE = "not isolated"


class Status(StrEnum):
    """How a submission's process ended.  Only what RETURNED has outputs."""

    RETURNED = "returned"
    RAISED = "raised an exception"
    SYNTAX = "is not Python"
    TIME = "took too long"
    MEMORY = "took too much memory"
    KILLED = "was ended by a signal"
    NO_RESULT = "ended without a result"
    MALFORMED = "sent something that is no result"
    FLOODED = "sent more than it may"


@dataclass(frozen=True)
class Limits:
    """What one submission may take.

    cpu_seconds, wall_seconds: of its process.  memory: bytes beyond what the libraries take.
    printed: bytes of its output that are kept; the rest is read and dropped, up to a hundred times as much.
    result: bytes of the frame that it returns.
    """

    cpu_seconds: float = 10.0
    wall_seconds: float = 20.0
    memory: int = 1 << 30
    printed: int = 1 << 16
    result: int = 1 << 26


@dataclass(frozen=True, eq=False)
class Task:
    """A submission, and what is to be done with it.

    source: its Python.  driver: a module of `gradlab.isolation.drivers`, which runs beside it.
    arguments: for the driver, as JSON can hold them.  inputs: arrays of numbers by name; the process gets copies.
    library: "numpy" or "torch", which is loaded already when it starts.  seed: of Python's, NumPy's and torch's
    generators.
    """

    source: str
    driver: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    inputs: Mapping[str, Array] = field(default_factory=dict[str, Any])
    library: str = "numpy"
    seed: int = 0
    limits: Limits = Limits()


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a submission came to.  Everything in it but the measurements is a stranger's word.

    outputs: raw numbers by name, of a shape and dtype that were checked against their bytes.
    notes: what the driver remarked.  mutated: the inputs that were changed, seen from outside.
    error, line: the exception as one line of text, and the line of the submission that it came from.
    printed: what it wrote, bounded, without control characters.  memory: the most it took, in bytes.
    forking_seconds: CPU time of the server that forked it; cpu_seconds is the process's own.
    """

    status: Status
    level: Level
    outputs: Mapping[str, Array] = field(default_factory=dict[str, Any])
    notes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    mutated: tuple[str, ...] = ()
    error: str = ""
    line: int | None = None
    printed: str = ""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    memory: int = 0
    forking_seconds: float = 0.0
