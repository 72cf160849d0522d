"""The fork server: loads the libraries once, then forks a process for each submission.

It is told over a socket which file descriptors a submission gets, and answers with how its process ended. What the
submission is and what it returns go between the grader and that process alone, so that nothing of one submission
is ever in the memory from which the next one is forked.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import time
from typing import Any

from . import child, confinement, warming

DESCRIPTORS = 4
"""Of each order: the task, the inputs, the result, what is printed."""

STOP = b"stop"

_fork = ctypes.PyDLL(None).fork
"""Fork without what Python does for a child whose parent had other threads, which takes 150 page faults: this has
none. Random generators are seeded for each submission."""

LARGEST_ORDER = 4096


def main(settings: dict[str, Any]) -> None:
    """Serve orders from the socket on descriptor 0 until it is closed.

    settings: library, drivers, readable (paths), identity (a user to become, or None), landlock, filter.
    """
    # Standard input is the control socket; a submission must not get hold of it.
    control = socket.socket(fileno=os.dup(0))
    os.set_inheritable(control.fileno(), False)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    _first_to_go()
    drivers = warming.load(settings["library"], settings["drivers"])
    confinement_of = _confined(settings)
    warming.freeze()
    mapped = confinement.mapped()
    control.send(b'{"ready": true}')
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, LARGEST_ORDER, DESCRIPTORS)
        if not message:
            return
        if message != STOP:  # of a process that ended before it was told to
            told = _served(control, json.loads(message), descriptors, drivers, confinement_of, mapped)
            control.send(json.dumps(told).encode())


def _first_to_go() -> None:
    """Have the system end this process and its forks before the grader or anything else, where memory runs out."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")


def _confined(settings: dict[str, Any]) -> tuple[int | None, bytes]:
    """Give up what the server itself does not need; return what each submission is held to."""
    rules = confinement.ruleset(settings["readable"]) if settings["landlock"] else None
    program = base64.b64decode(settings["filter"])
    if settings["identity"] is not None:
        confinement.as_nobody(settings["identity"])
    confinement.without_privileges()
    return rules, program


def _served(
    control: socket.socket,
    order: dict[str, Any],
    descriptors: list[int],
    drivers: dict[str, Any],
    confinement_of: tuple[int | None, bytes],
    mapped: tuple[int, int],
) -> dict[str, Any]:
    began, before = time.monotonic(), time.process_time()
    server, pid = os.getpid(), _fork()
    if pid == 0:
        try:
            confinement.end_with(server)
            child.run({**order, "mapped": mapped}, descriptors, drivers, confinement_of)
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(child.BROKEN)
    for descriptor in descriptors:
        os.close(descriptor)
    late = _waited(pid, control, began + order["wall_seconds"])
    _, status, used = os.wait4(pid, 0)
    return {
        "late": late,
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        "exit": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "wall_seconds": time.monotonic() - began,
        "memory": used.ru_maxrss * 1024,
        "forking_seconds": time.process_time() - before,
    }


def _waited(pid: int, control: socket.socket, until: float) -> bool:
    """Wait for a process to end; kill it where it does not in time, or where the grader says so.

    Return whether time was over.
    """
    handle = os.pidfd_open(pid)
    try:
        ready, _, _ = select.select([handle, control], [], [], max(0.0, until - time.monotonic()))
        if handle not in ready:
            os.kill(pid, signal.SIGKILL)
        return not ready
    finally:
        os.close(handle)
