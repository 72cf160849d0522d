"""Processes that are given one answer at a time, and are replaced where they end: whatever it is, it costs one answer.

Who asks for them is a thread of joblib's on this machine, or a worker of a cluster on another one.
"""

from __future__ import annotations

import atexit
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from gradlab.courses import work
from gradlab.courses.results import Result
from gradlab.errors import CourseError

if TYPE_CHECKING:
    from collections.abc import Generator

STARTING = 60.0
"""Seconds that a process may take to start, and to say that it ended."""

_PROGRAM = "import sys; sys.path[:] = {path!r}; from gradlab.courses.alone import serve; serve({end})"


class Alone:
    """A process that grades for one course; the course is a job without items."""

    def __init__(self, course: work.Job) -> None:
        self.course = course
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any] | None = None

    def run(self, item: tuple[str, str, str]) -> Result:
        """Return the result of one answer; a process that ends or hangs is one, too.

        Raises CourseError where no process can be started, and what could not be graded at all.
        """
        if self._process is None or self._process.poll() is not None:
            self._begin()
        assert self._process is not None
        assert self._pipe is not None
        patience = self.course.patience
        problem = work.too_long(1, patience)
        try:
            self._pipe.send(item)
            if self._pipe.poll(work.WALL * patience + STARTING):
                found = self._pipe.recv()
                if isinstance(found, Exception):
                    raise found
                return found
        except (EOFError, OSError, pickle.UnpicklingError):
            with suppress(subprocess.TimeoutExpired):
                problem = work.too_long(self._process.wait(5), patience)
        self.close()
        digest, name, text = item
        points = float(work.loaded(self.course.exercises, self.course.secret)[name].points)
        return work.without_grade(digest, name, text, points, problem)

    def _begin(self) -> None:
        self.close()
        self._pipe, theirs = Pipe()
        end = theirs.fileno()
        command = [sys.executable, "-P", "-c", _PROGRAM.format(path=sys.path, end=end)]
        try:
            # In a group of its own: who interrupts the command by Ctrl-C ends this one by closing the pipe.
            self._process = subprocess.Popen(command, pass_fds=[end], stdin=subprocess.DEVNULL, process_group=0)
            theirs.close()
            self._pipe.send(self.course)
            started = self._pipe.poll(STARTING) and self._pipe.recv()
        except (EOFError, OSError) as error:
            raise CourseError(f"a process that grades could not be started: {error or 'it ended'}") from error
        if not started:
            raise CourseError(f"a process that grades did not start within {STARTING:g} seconds")

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


def serve(end: int) -> None:
    """Grade what comes through a pipe until it is closed."""
    pipe: Connection[Any, Any] = Connection(end)
    with suppress(EOFError, OSError):
        course: work.Job = pipe.recv()
        work.begin(course)
        pipe.send(True)
        while True:
            item = pipe.recv()
            try:
                (found,) = work.run(replace(course, items=[item]))
            except Exception as error:  # that nothing can be graded here, such as a machine that does not isolate
                pipe.send(error)
            else:
                pipe.send(found)


_lock = threading.Lock()
_idle: list[Alone] = []


def run(job: work.Job) -> list[Result]:
    """Return the results of a job, by a process that is kept for the next one."""
    with _borrowed(replace(job, items=())) as process:
        return [process.run(item) for item in job.items]


@contextmanager
def _borrowed(course: work.Job) -> Generator[Alone]:
    with _lock:
        found = next((process for process in _idle if process.course == course), None)
        if found is None:
            close()  # those of another course
            found = Alone(course)
        else:
            _idle.remove(found)
    try:
        yield found
    except BaseException:
        found.close()
        raise
    with _lock:
        _idle.append(found)


def close() -> None:
    """End all processes that nobody uses."""
    for process in _taken():
        process.close()


def _taken() -> Iterator[Alone]:
    while _idle:
        yield _idle.pop()


atexit.register(close)
