"""One answer after the other in a process of its own, for those among which one ends its process."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from gradlab.courses import work
from gradlab.courses.results import Result

STARTING = 60.0
"""Seconds that a process may take to start beyond the patience for an answer."""


class Alone:
    """A process that is given one answer at a time, and another one where it ends.  Use it as a context manager."""

    def __init__(self, job: work.Job) -> None:
        self._job = job
        self._process: Any = None
        self._pipe: Connection[Any, Any] | None = None

    def __enter__(self) -> Alone:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def run(self, item: tuple[str, str, str]) -> Result:
        """Return the result of one answer; a process that ends or hangs is one, too."""
        if self._process is None or not self._process.is_alive():
            self._begin()
        assert self._pipe is not None
        digest, name, text = item
        try:
            self._pipe.send(item)
            if self._pipe.poll(self._job.patience + STARTING):
                return self._pipe.recv()
            problem = f"grading took longer than {self._job.patience:g} seconds"
        except (EOFError, OSError):
            process: Any = self._process
            process.join(5)
            code = process.exitcode
            problem = (
                f"grading took longer than {self._job.patience:g} seconds"
                if code == 1
                else f"the process that graded it ended (exit code {code})"
            )
        self._end()
        points = float(work.loaded(self._job.exercises, self._job.secret)[name].points)
        return work.without_grade(digest, name, text, points, problem)

    def _begin(self) -> None:
        self._end()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self._job), daemon=True)
        self._process.start()
        theirs.close()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


def serve(pipe: Connection[Any, Any], job: work.Job) -> None:
    """Grade what comes through the pipe until it is closed."""
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        (result,) = work.run(replace(job, items=[item]))
        pipe.send(result)
