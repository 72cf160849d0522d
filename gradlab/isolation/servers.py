"""One fork server, seen from outside: started at a level, given orders, watched, and ended."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradlab.errors import IsolationError
from gradlab.isolation import bubblewrap, filters, launching, places
from gradlab.isolation.inside.server import LARGEST_ORDER, STOP
from gradlab.isolation.records import Level, Limits

STARTING = 120.0
"""Seconds that loading the libraries may take, on a machine that does much else."""

GRACE = 5.0
"""Seconds beyond its limit after which a server that says nothing is ended."""

OVERFLOW = 100
"""How many times what is kept a submission may print before it is ended."""

NOBODY = 65534

_START = """
import json, sys
settings = json.loads(sys.argv[1])
sys.path[:] = settings["path"] + [path for path in sys.path if not path.endswith(("site-packages", "dist-packages"))]
from inside.server import main
main(settings)
"""


@dataclass(eq=False)
class Ended:
    """How the process of one order ended, and the bytes that it sent.

    late, lost: killed at its limit; the server itself went.  flooded: it sent more than it may.
    signal, exit: as the system tells.  result, printed: what came through the two pipes.
    """

    late: bool = False
    lost: bool = False
    flooded: bool = False
    signal: int = 0
    exit: int | None = None
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    memory: int = 0
    forking_seconds: float = 0.0
    result: bytearray = field(default_factory=bytearray)
    printed: bytearray = field(default_factory=bytearray)


class Server:
    """A fork server of one library at one level.

    Raises IsolationError where it does not start, with what it said.
    """

    library: str
    level: Level

    def __init__(self, library: str, level: Level) -> None:
        self.library, self.level = library, level
        command = self._command()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = launching.started(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=places.environment(),
                cwd="/",
                start_new_session=True,
            )
        self._control.settimeout(STARTING)
        _LIVING.add(self)
        if self._answer() is None:
            said = self._last_words()
            self.close()
            raise IsolationError(f"the isolated process for {library} did not start ({level}): {said}")

    def _command(self) -> list[str]:
        needed = places.needed(self.library)
        settings: dict[str, Any] = {
            "library": self.library,
            "drivers": sorted(path.stem for path in (places.HERE / "drivers").glob("[!_]*.py")),
            "path": [str(places.HERE), *places.site_packages()],
            "readable": [*places.SYSTEM, *places.DEVICES, *needed],
            "filter": base64.b64encode(filters.program()).decode(),
            "landlock": _has_landlock(),
            "identity": _identity(self.level, needed),
        }
        program = os.path.realpath(sys.executable)
        words = [program, "-I", "-S", "-B", "-c", _START, json.dumps(settings)]
        if self.level is not Level.FULL:
            return words
        wrapper = bubblewrap.found()
        if wrapper is None:
            raise IsolationError("bubblewrap is not installed: apt-get install bubblewrap")
        return [*bubblewrap.command(wrapper, needed), *words]

    def _answer(self) -> dict[str, Any] | None:
        """Return the server's next answer; None where it has gone or says nothing in time."""
        try:
            message = self._control.recv(LARGEST_ORDER)
        except OSError:
            return None
        return json.loads(message) if message else None

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        self._process.kill()
        stderr = self._process.stderr
        said = stderr.read().decode(errors="replace").strip() if stderr else ""
        return said.splitlines()[-1] if said else "it said nothing"

    def run(self, task: bytes, inputs: int, limits: Limits) -> Ended:
        """Have one process forked for a task, and return how it ended; *inputs* is a file in memory."""
        ended = Ended()
        pairs = [os.pipe() for _ in range(3)]
        (task_from, task_to), (result_from, result_to), (prints_from, prints_to) = pairs
        order = {"cpu_seconds": limits.cpu_seconds, "wall_seconds": limits.wall_seconds, "memory": limits.memory}
        try:
            socket.send_fds(self._control, [json.dumps(order).encode()], [task_from, inputs, result_to, prints_to])
        except OSError:
            ended.lost = True
        for descriptor in (task_from, result_to, prints_to):
            os.close(descriptor)
        if not ended.lost:
            self._watch(ended, task, task_to, result_from, prints_from, limits)
        for descriptor in (result_from, prints_from):
            os.close(descriptor)
        return ended

    def _watch(self, ended: Ended, task: bytes, task_to: int, result: int, prints: int, limits: Limits) -> None:
        """Send the task and take what comes, until the server says how the process ended."""
        flow = _Flow(task, task_to)
        taken = {
            result: _Taken(result, ended.result, limits.result),
            prints: _Taken(prints, ended.printed, limits.printed),
        }
        most = {result: 0, prints: OVERFLOW * limits.printed}
        control = self._control.fileno()
        poll = select.poll()
        for descriptor in (*taken, control):
            poll.register(descriptor, select.POLLIN)
        poll.register(task_to, select.POLLOUT)
        until = time.monotonic() + limits.wall_seconds + GRACE
        told: dict[str, Any] | None = None
        while told is None and not ended.lost:
            ready = poll.poll(max(0.0, until - time.monotonic()) * 1000)
            ended.lost = not ready
            for descriptor, _ in ready:
                if descriptor == control:
                    told = self._answer()
                    ended.lost = told is None
                elif descriptor == task_to:
                    if flow.sent():
                        poll.unregister(task_to)
                elif not taken[descriptor].more() or taken[descriptor].beyond > most[descriptor]:
                    poll.unregister(descriptor)
                    if taken[descriptor].beyond > most[descriptor] and not ended.flooded:
                        ended.flooded = True
                        self._control.send(STOP)
        flow.close()
        if told is None:
            self.close()
            return
        for pipe in taken.values():
            pipe.drain()
        ended.flooded |= taken[result].beyond > 0
        for name in ("late", "signal", "exit", "cpu_seconds", "wall_seconds", "memory", "forking_seconds"):
            setattr(ended, name, told[name])

    @property
    def running(self) -> bool:
        """Whether it can be given an order."""
        # Not by poll(): that frees the number of an ended server, by which `close` ends what it forked.
        return self._control.fileno() >= 0 and not _ended(self._process.pid)

    def forget(self) -> None:
        """Let go of a server that belongs to the process that this one was forked from."""
        self._control.close()

    def close(self) -> None:
        """End the server and with it whatever it forked."""
        self._control.close()
        # The group first, before its number is free for others: a server may have ended and what it forked not.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, 9)
            self._process.kill()
        self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()


_LIVING: weakref.WeakSet[Server] = weakref.WeakSet()


def _forget_all() -> None:
    for server in list(_LIVING):
        server.forget()


# Two processes that gave orders to one server would get each other's answers.
os.register_at_fork(after_in_child=_forget_all)


def _ended(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


class _Flow:
    """A task on its way into a pipe."""

    def __init__(self, task: bytes, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._rest, self._descriptor = memoryview(task), descriptor

    def sent(self) -> bool:
        """Send what goes in now; return whether that was the last of it."""
        with contextlib.suppress(BlockingIOError):
            try:
                self._rest = self._rest[os.write(self._descriptor, self._rest) :]
            except BrokenPipeError:  # the process has ended without reading it
                self._rest = self._rest[:0]
        if not self._rest:
            self.close()
        return not self._rest

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class _Taken:
    """What comes out of a pipe, kept up to a number of bytes.  beyond: how many were dropped."""

    def __init__(self, descriptor: int, kept: bytearray, most: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor, self._kept, self._most, self.beyond = descriptor, kept, most, 0

    def more(self) -> bool:
        """Read once; return whether more can come."""
        try:
            read = os.read(self._descriptor, 1 << 16)
        except BlockingIOError:
            return True
        room = max(0, self._most - len(self._kept))
        self._kept += read[:room]
        self.beyond += max(0, len(read) - room)
        return bool(read)

    def drain(self) -> None:
        """Read what a process left that has ended."""
        before = -1
        while before != (before := len(self._kept) + self.beyond) and self.more():
            pass


def _has_landlock() -> bool:
    from gradlab.isolation.inside import confinement

    return confinement.landlock_version() > 0


def _identity(level: Level, needed: tuple[str, ...]) -> int | None:
    """Return the unprivileged user to become: nobody, where root may and nobody can read the libraries."""
    if os.geteuid() != 0:
        return None
    if level is Level.FULL or all(_open_to_all(Path(path)) for path in needed):
        return NOBODY
    return None


def _open_to_all(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)
