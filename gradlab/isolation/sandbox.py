"""`Sandbox`: submissions in, outcomes out; each in a process of its own, forked from a server that holds none."""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from gradlab.errors import IsolationError
from gradlab.isolation.inside import frames
from gradlab.isolation.records import Level, Limits, Outcome, Status, Task
from gradlab.isolation.servers import Ended, Server

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIGXCPU, _SIGKILL = 24, 9
_ALIGNED = 64

LONGEST_ERROR = 2000
"""Characters of an error that are kept, whatever the process says."""


class Sandbox:
    r"""Runs submissions isolated at one level, by as many fork servers at once as there are *workers*.

    level: the strongest that holds on this machine if None; Level.NONE runs code that is trusted, in this process.
    Servers start when they are first needed and are kept. Use it as a context manager, or `close` it.
    Raises IsolationError where no level holds, with what to install.

    >>> with Sandbox(Level.NONE) as sandbox:
    ...     outcome = sandbox.run(Task("def f():\n    return 2 + 2", "function", {"entry": "f"}))
    >>> outcome.status, outcome.outputs["result"]
    (<Status.RETURNED: 'returned'>, array(4))
    """

    level: Level
    workers: int

    def __init__(self, level: Level | None = None, *, workers: int = 1) -> None:
        if level is None:
            from gradlab.isolation.probing import available, missing

            level = available()
            if level is Level.NONE:
                raise IsolationError(missing())
        if workers < 1:
            raise ValueError(f"workers={workers}: at least 1 is needed")
        self.level, self.workers = level, workers
        self._idle: dict[str, list[Server]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all servers."""
        with self._lock:
            servers = [server for kept in self._idle.values() for server in kept]
            self._idle.clear()
        for server in servers:
            server.close()

    def run(self, task: Task) -> Outcome:
        """Return what a submission came to; it always comes to something within its limits."""
        if self.level is Level.NONE:
            from gradlab.isolation import trusted

            return trusted.run(task)
        message, inputs, layout = _packed(task)
        with self._lock:
            kept = self._idle.setdefault(task.library, [])
            server = kept.pop() if kept else None
        try:
            if server is None or not server.running:
                server = Server(task.library, self.level)
            ended = server.run(message, inputs, task.limits)
            mutated = _mutated(task, inputs, layout)
        finally:
            os.close(inputs)
        with self._lock:
            if server.running:
                self._idle.setdefault(task.library, []).append(server)
        lines = len(task.source.splitlines()) + 1  # Python counts one more where a text ends too soon
        return _outcome(ended, task.limits, self.level, mutated, lines)

    def run_many(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Return the outcomes of *tasks* in their order, several at once."""
        if self.workers == 1:
            yield from map(self.run, tasks)
            return
        from concurrent.futures import Future, ThreadPoolExecutor

        # Tasks are taken as they are needed, so that a hundred thousand of them are never in memory together.
        with ThreadPoolExecutor(self.workers) as pool:
            waiting: queue.SimpleQueue[Future[Outcome]] = queue.SimpleQueue()
            for number, task in enumerate(tasks):
                if number >= 2 * self.workers:
                    yield waiting.get().result()
                waiting.put(pool.submit(self.run, task))
            while not waiting.empty():
                yield waiting.get().result()


@cache
def shared() -> Sandbox:
    """Return the sandbox that a process shares, at the strongest level; it is closed at exit."""
    import atexit

    sandbox = Sandbox()
    atexit.register(sandbox.close)
    return sandbox


@cache
def trusting() -> Sandbox:
    """Return the sandbox for code that is trusted, which runs in this process."""
    return Sandbox(Level.NONE)


def _packed(task: Task) -> tuple[bytes, int, list[tuple[str, NDArray[Any], int]]]:
    """Return the message to the process, a file in memory with the inputs, and where each of them lies in it."""
    import numpy as np

    place, layout, listed = 0, [], []
    for name, value in task.inputs.items():
        array = np.ascontiguousarray(value).reshape(np.shape(value))
        if array.dtype.name not in frames.DTYPES:
            raise TypeError(f"input {name} has dtype {array.dtype}; there are {', '.join(frames.DTYPES)}")
        layout.append((name, array, place))
        listed.append((name, array.dtype.name, list(array.shape), place))
        place += -(-array.nbytes // _ALIGNED) * _ALIGNED
    inputs = _file_in_memory(max(1, place), layout)
    told = {
        "source": task.source,
        "driver": task.driver,
        "arguments": dict(task.arguments),
        "inputs": listed,
        "seed": task.seed,
    }
    return json.dumps(told).encode("utf-8", "surrogatepass"), inputs, layout


def _file_in_memory(size: int, layout: list[tuple[str, NDArray[Any], int]]) -> int:
    import fcntl

    descriptor = os.memfd_create("inputs", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, size)
    for _, array, place in layout:
        os.pwrite(descriptor, array.tobytes(), place)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
    return descriptor


def _mutated(task: Task, inputs: int, layout: list[tuple[str, NDArray[Any], int]]) -> tuple[str, ...]:
    return tuple(name for name, array, place in layout if os.pread(inputs, array.nbytes, place) != array.tobytes())


def _outcome(ended: Ended, limits: Limits, level: Level, mutated: tuple[str, ...], lines: int) -> Outcome:
    measured: dict[str, Any] = {
        "level": level,
        "mutated": mutated,
        "printed": readable(ended.printed.decode(errors="replace")),
        "cpu_seconds": ended.cpu_seconds,
        "wall_seconds": ended.wall_seconds,
        "memory": ended.memory,
        "forking_seconds": ended.forking_seconds,
    }
    stopped = _stopped(ended, limits)
    if stopped is not None:
        return Outcome(stopped[0], error=stopped[1], **measured)
    try:
        told, outputs = frames.unpacked(bytes(ended.result))
        status, notes, error, line = _told(told, lines)
    except (frames.Malformed, RecursionError) as problem:
        return Outcome(Status.MALFORMED, error=readable(str(problem)), **measured)
    return Outcome(
        status,
        outputs=outputs if status is Status.RETURNED else {},
        notes=notes,
        error=error,
        line=line,
        **measured,
    )


def _stopped(ended: Ended, limits: Limits) -> tuple[Status, str] | None:
    """Return how a process ended that did not come to its end by itself."""
    if ended.flooded:
        return Status.FLOODED, "it sent more than it may"
    if ended.late or ended.signal == _SIGXCPU or (ended.signal and ended.cpu_seconds >= limits.cpu_seconds):
        return Status.TIME, "it took too long"
    if ended.lost:
        return Status.KILLED, "its process and the server that forked it came to an end"
    if ended.signal == _SIGKILL:
        return Status.MEMORY, "it was ended by the system, as happens where memory runs out"
    if ended.signal:
        return Status.KILLED, f"it was ended by signal {ended.signal}"
    if ended.exit:
        return Status.NO_RESULT, f"it ended with exit code {ended.exit}"
    if not ended.result:
        return Status.NO_RESULT, "it ended without a result"
    return None


_STATUSES = {"returned": Status.RETURNED, "raised": Status.RAISED, "syntax": Status.SYNTAX, "memory": Status.MEMORY}


def _told(header: dict[str, Any], lines: int) -> tuple[Status, dict[str, Any], str, int | None]:
    """Return what a frame says of how a submission of so many *lines* ended.

    Raises Malformed where it says nothing that is known.
    """
    status, told = _STATUSES.get(str(header.get("ended"))), header.get("told")
    if status is None or not isinstance(told, dict):
        raise frames.Malformed("it does not say how it ended")
    told = {readable(name): _readable_throughout(value) for name, value in told.items()}
    if status is Status.RETURNED:
        return status, told, "", None
    line = told.get("line")
    error = told.get("error", "")
    said = readable(error[:LONGEST_ERROR]) if isinstance(error, str) else ""
    return status, told, said, line if type(line) is int and 0 < line <= lines else None


def _readable_throughout(value: Any) -> Any:
    """Return what JSON holds with every text in it as it can be shown."""
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, list):
        return [_readable_throughout(each) for each in value]
    if isinstance(value, dict):
        return {readable(name): _readable_throughout(each) for name, each in value.items()}
    return value


def readable(text: str) -> str:
    r"""Return a stranger's text as it can be shown: control characters and directions of writing written out.

    >>> readable("a\x1b[2Jb\n")
    'a\\x1b[2Jb\n'
    """
    return "".join(
        character if character in "\n\t" or character.isprintable() else character.encode("unicode_escape").decode()
        for character in text[: 1 << 20]
    )
