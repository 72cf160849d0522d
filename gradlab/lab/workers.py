"""Processes that work for the page, each ended and begun anew where an answer takes too long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from multiprocessing import get_context
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from gradlab.lab.answering import Answer, answer

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

LIMITS = {
    "first": 60.0,
    "movable": 5.0,
    "limit": 5.0,
    "descent": 8.0,
    "derivation": 8.0,
    "gradients": 10.0,
    "report": 60.0,
}
"""Seconds that each question may take; a page that waits longer seems dead."""

MEMORY = 3 << 30
"""Bytes that a worker may take: torch and pictures need a tenth of it."""

SOON = 0.5
"""Seconds within which an answer needs no word in between."""

_STARTING = 120.0
"""Seconds that a first answer may take: it loads matplotlib, or torch, on a machine that may be busy."""


def unsaid() -> None:
    """Say nothing where an answer takes its time."""


class Worker:
    """One process that answers one question after the other.

    warm: the question by which it loads what it needs, as soon as it is started.
    """

    def __init__(self, warm: str) -> None:
        self._warm = warm
        self._lock = Lock()
        self._process: Any = None
        self._pipe: Any = None
        self._closed = False

    def start(self) -> None:
        """Begin to load, without waiting for it."""
        Thread(target=self._warmed, daemon=True).start()

    def _warmed(self) -> None:
        with self._lock:
            self._ready()

    def ask(self, question: str, *arguments: Any, slow: Callable[[], object] = unsaid) -> Answer:
        """Return the answer, or after the limit of the question that it took too long.

        slow: called when there is no answer after half a second.
        """
        limit = LIMITS[question]
        with self._turn(slow):
            self._ready(slow)
            if self._closed:
                return Answer(problem="the lab has been closed; start it again with: gradlab lab")
            try:
                self._pipe.send((question, arguments))
                if self._answered(limit, slow):
                    found: Answer = self._pipe.recv()
                    return found
            except (EOFError, OSError):
                self.stop()
                return Answer(problem="the process that was to work this out ended: it may need too much memory")
            self.stop()
        Thread(target=self._warmed, daemon=True).start()
        return Answer(
            problem=f"this takes longer than {limit:g} s and was ended; write something smaller", seconds=limit
        )

    @contextmanager
    def _turn(self, slow: Callable[[], object]) -> Generator[None]:
        """Wait until no other question is being answered."""
        if not self._lock.acquire(timeout=SOON):
            slow()
            self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    def _answered(self, limit: float, slow: Callable[[], object]) -> bool:
        """Return whether there is an answer within *limit* seconds."""
        if self._pipe.poll(min(SOON, limit)):
            return True
        slow()
        return bool(self._pipe.poll(max(limit - SOON, 0.0)))

    def _ready(self, slow: Callable[[], object] = unsaid) -> None:
        """Start the process where there is none, and wait until it is warm."""
        if self._closed or (self._process is not None and self._process.is_alive()):
            return
        context = get_context("spawn")  # a fork of a process with threads may hang
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(theirs, self._warm), daemon=True)
        self._process.start()
        theirs.close()
        try:
            if not self._answered(_STARTING, slow):
                self.stop()
            else:
                self._pipe.recv()
        except EOFError:
            self.stop()

    def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.join()

    def close(self) -> None:
        """End the process for good, so that whoever waits for an answer goes on without one."""
        self._closed = True
        self.stop()


def work(pipe: Connection, warm: str) -> None:
    """Answer questions until the pipe is closed: what runs in the process."""
    _bounded()
    pipe.send(answer(warm))
    while True:
        try:
            question, arguments = pipe.recv()
            pipe.send(answer(question, *arguments))
        except (EOFError, OSError, KeyboardInterrupt):
            return


def _bounded() -> None:
    """Bound the memory of this process, where the system can."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


@cache
def drawing() -> Worker:
    """Return the one that derives and draws."""
    return Worker("first")


@cache
def comparing() -> Worker:
    """Return the one that compares and writes: it loads torch, for which a first picture need not wait."""
    return Worker("warm gradients")


def asked(question: str, *arguments: Any, slow: Callable[[], object] = unsaid) -> Answer:
    """Return the answer to a question, by the worker for it; *slow* is called where it takes over half a second."""
    worker = comparing() if question in ("gradients", "report") else drawing()
    return worker.ask(question, *arguments, slow=slow)
